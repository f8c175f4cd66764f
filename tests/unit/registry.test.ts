import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import schema from "../../provider/plugin/schema.json";
import { wholeProgram } from "../support/paper";

/** The pages for Pulumi's registry say what holds. */

const ROOT = resolve(__dirname, "../..");
const PAGES = join(ROOT, "docs/registry");
const pages = readdirSync(PAGES);
const page = (name: string) => readFileSync(join(PAGES, name), "utf8");

test.each(["yaml", "python", "go"])(
  "the program in %s of the overview is that of docs/languages.md, which the engine has previewed",
  (language) => {
    const paper = readFileSync(join(ROOT, "docs/languages.md"), "utf8");
    expect(wholeProgram(page("_index.md"), language)).toBe(wholeProgram(paper, language));
  },
);

test("the overview names every resource", () => {
  const names = Object.keys(schema.resources).map((token) => token.split(":")[2] ?? "");
  const overview = page("_index.md");
  expect(names.filter((name) => !overview.includes(`\`${name}\``))).toEqual([]);
});

test("the reference of the configuration has every option of the schema, and no other", () => {
  const text = page("installation-configuration.md");
  const rows = [...text.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) => cell.split(", "));
  const named = rows.map((name) => name.replaceAll("`", "")).filter((name) => !name.startsWith("PULUMI_"));
  const options = [
    ...Object.keys(schema.config.variables).map((key) => `ipip:${key}`),
    ...Object.keys(schema.types["ipip:index:Connection"].properties),
  ];
  expect(named.sort()).toEqual(options.sort());
});

test.each(pages)("%s begins as the registry wants it, and what its choosers offer is there", (name) => {
  const text = page(name);
  expect(text).toMatch(/^---\ntitle: .+\nmeta_desc: .+\nlayout: package\n---\n\n/);
  const choosers = [...text.matchAll(/\{\{< chooser language "([^"]*)" >\}\}\n(.*?)\{\{< \/chooser >\}\}/gs)];
  expect(choosers).toHaveLength(text.split("{{< chooser").length - 1);
  for (const [, languages = "", body = ""] of choosers) {
    const shown = [
      ...body.matchAll(/\{\{% choosable language (\w+) %\}\}\n.*?\n\{\{% \/choosable %\}\}/gs),
    ].map(([, language]) => language);
    expect(shown).toEqual(languages.split(","));
  }
});
