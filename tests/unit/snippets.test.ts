import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import * as sdk from "../../sdk";
import { Published, strict } from "../support/published";

const ROOT = resolve(__dirname, "../..");
const papers = [ROOT, join(ROOT, "docs"), join(ROOT, "docs", "registry")].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

interface Snippet {
  readonly where: string;
  readonly language: string;
  readonly text: string;
}

/** snippetsIn finds the fenced programs of a paper, also those that stand in a list. */
function snippetsIn(paper: string): Snippet[] {
  const text = readFileSync(paper, "utf8");
  return [...text.matchAll(/^( *)```(ts|js|typescript)\n(.*?)^\1```$/gms)].map(
    ({ index, 2: language = "", 3: code = "" }) => ({
      where: `${basename(paper)}, line ${text.slice(0, index).split("\n").length}`,
      language,
      text: code,
    }),
  );
}

/** What a piece of a program may take for granted. */
const PRELUDE = `
import { type ConnectionArgs, ${Object.keys(sdk).join(", ")} } from "pulumi-ipip";
declare const connection: ConnectionArgs;
declare const login: { host: string };
declare const tunnel: IpipTunnel;
declare const otherEnd: IpipTunnel;
export const classes = [${Object.keys(sdk).join(", ")}];
`;

/** The file that a snippet would be: a whole program in its module system, or a piece of one in a block. */
function fileOf({ language, text }: Snippet, name: string): readonly [string, string] {
  if (/\brequire\(/.test(text)) return [`${name}.cjs`, text];
  if (/^import /m.test(text)) return [language === "js" ? `${name}.mjs` : `${name}.mts`, text];
  return [`${name}.mts`, `${PRELUDE}{\n${text}\n}`];
}

const snippets = papers.flatMap(snippetsIn);
const files = snippets.map((snippet, index) => fileOf(snippet, `snippet${index}`));

let published: Published;
let errors: string[];
beforeAll(async () => {
  published = await Published.make();
  errors = published.errors(Object.fromEntries(files), { ...strict, allowJs: true, checkJs: true });
}, 120_000);

test.each(snippets.map(({ where }, index) => [where, index] as const))("%s compiles", (_where, index) => {
  const [file = ""] = files[index] ?? [];
  expect(errors.filter((error) => error.startsWith(`${file}:`))).toEqual([]);
});

test("the README shows a CommonJS program and an ES module, and the reference an example of every class", () => {
  const textsOf = (paper: string) =>
    snippets.filter(({ where }) => where.startsWith(paper)).map(({ text }) => text);
  const readme = textsOf("README.md");
  expect(readme.filter((text) => text.includes('require("pulumi-ipip")'))).toHaveLength(1);
  expect(readme.filter((text) => text.includes('from "pulumi-ipip"'))).toHaveLength(1);
  const reference = textsOf("reference.md").join("");
  const { resources, components } = published.api;
  for (const { name } of [...resources, ...components]) expect(reference).toContain(`new ${name}(`);
});

test.each(papers.map((paper) => [relative(ROOT, paper), paper] as const))(
  "%s links to what is there",
  (_name, paper) => {
    const links = [...readFileSync(paper, "utf8").matchAll(/\]\(([^):]*)\)/g)].map(([, link = ""]) => link);
    const broken = links.filter((link) => {
      const [file = "", heading] = link.split("#");
      const target = file === "" ? paper : resolve(dirname(paper), file);
      return !existsSync(target) || (heading !== undefined && !headingsIn(target).includes(heading));
    });
    expect(broken).toEqual([]);
  },
);

/** The names by which the headings of a paper, which are single words where we link to them, can be linked to. */
function headingsIn(paper: string): string[] {
  return [...readFileSync(paper, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text.toLowerCase());
}
