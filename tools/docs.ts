/**
 * docs.ts [--check]: writes the papers that are made of the schemas, or says which are not current.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readApi } from "./api/read";
import { reference } from "./reference";
import { tunnelTable } from "./tunnels";

async function main(): Promise<void> {
  const papers = { "reference.md": reference(await readApi()), "tunnels.md": tunnelTable() };
  for (const [name, text] of Object.entries(papers)) {
    const file = resolve(__dirname, "../docs", name);
    if (!process.argv.includes("--check")) writeFileSync(file, text);
    else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
      console.error(
        `docs/${name} does not say what the schemas say: run \`npm run docs\` and commit what it changes`,
      );
      process.exitCode = 1;
    }
  }
}

void main();
