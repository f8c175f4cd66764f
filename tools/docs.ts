/**
 * docs.ts [--check]: writes the papers that are made of the schemas, or says which are not current.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readApi } from "./api/read";
import { reference } from "./reference";
import { schemaText } from "./schema";
import { tunnelTable } from "./tunnels";

async function main(): Promise<void> {
  const api = await readApi();
  const papers = {
    "docs/reference.md": reference(api),
    "docs/tunnels.md": tunnelTable(),
    "provider/plugin/schema.json": schemaText(api),
  };
  for (const [name, text] of Object.entries(papers)) {
    const file = resolve(__dirname, "..", name);
    if (!process.argv.includes("--check")) writeFileSync(file, text);
    else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
      console.error(
        `${name} does not say what the schemas say: run \`npm run docs\` and commit what it changes`,
      );
      process.exitCode = 1;
    }
  }
}

void main();
