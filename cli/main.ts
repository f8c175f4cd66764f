#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { ExitCode, messageOf } from "./errors";
import { program } from "./program";
import { linesOf } from "./report/text";

const { version } = JSON.parse(readFileSync(require.resolve("pulumi-ipip/package.json"), "utf8")) as {
  version: string;
};

let code: ExitCode = ExitCode.none;
program(version, (told) => {
  code = told;
})
  .parseAsync()
  .catch((error: unknown) => {
    code = ExitCode.trouble;
    process.stderr.write(`pulumi-ipip: ${linesOf(messageOf(error)).join("\n  ")}\n`);
  })
  // Connections would be kept for more work.
  .finally(() => process.exit(code));
