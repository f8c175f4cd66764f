import { exitCodeOf, type Finding } from "../drift";
import { countsOf } from "./summary";
import { printableJson } from "./text";

/** json is for programs: every object that was looked at, also those that are as asked for. */
export function json(findings: readonly Finding[]): string {
  return printableJson({
    version: 1,
    exitCode: exitCodeOf(findings),
    counts: countsOf(findings),
    objects: findings,
  });
}
