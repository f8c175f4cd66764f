import { appendFileSync, cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { CACHE, ROOT } from "../../lab/engine";
import { type Workplace, workplace } from "./world";

/** PLUGIN is the folder of the provider plugin, as it is published. */
export const PLUGIN = join(ROOT, "dist", "plugin");
/** PYTHON is the folder of a Python that has Pulumi's SDK and ours. */
export const PYTHON = join(CACHE, "python", "bin");

/** What Pulumi.yaml says for the engine to find it. */
export const FINDS_PLUGIN = `plugins:\n  providers:\n    - name: ipip\n      path: ${PLUGIN}\n`;

/** What has a Go program built as the engine was, so that it is compiled once. */
const BUILT_AS_THE_ENGINE = { CGO_ENABLED: "0", GOFLAGS: "-trimpath -buildvcs=false", GOWORK: "off" };

export const LANGUAGES = { yaml: "Pulumi.yaml", python: "__main__.py", go: "main.go" } as const;
export type Language = keyof typeof LANGUAGES;

/** programIn copies an example in another language, and makes it find the plugin and the SDK that are not published yet. */
export async function programIn(language: Language): Promise<Workplace> {
  const place = await workplace(`examples/${language}-two-hosts`, {
    ...(language === "python" && { first: PYTHON }),
    ...(language === "go" && { env: BUILT_AS_THE_ENGINE }),
  });
  const file = (name: string) => join(place.stack.program, name);
  appendFileSync(file("Pulumi.yaml"), FINDS_PLUGIN);
  if (language === "python") symlinkSync(join(CACHE, "python"), file("venv"));
  if (language === "go") {
    appendFileSync(file("go.mod"), `\n${pinned()}\nreplace ${GO_SDK} => ${join(CACHE, "sdks", "go")}\n`);
    cpSync(join(ENGINE, "go.sum"), file("go.sum"));
  }
  return place;
}

const GO_SDK = "github.com/pulumi-ipip/pulumi-ipip/sdk/go";
const ENGINE = join(ROOT, "tools", "engine", "cli");

/** The engine's own pins of what both need. */
function pinned(): string {
  const indirect = readFileSync(join(ENGINE, "go.mod"), "utf8").match(/^\t.* \/\/ indirect$/gm) ?? [];
  const others = indirect.filter((line) => !line.includes("github.com/pulumi/pulumi/sdk/v3 "));
  return `require (\n${others.join("\n")}\n)`;
}
