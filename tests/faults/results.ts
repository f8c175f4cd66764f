import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../lab/engine";

/** Verdict is what came of one fault. All lists are empty when all is as it must be. */
export interface Verdict {
  /** Whether the fault struck at all. */
  readonly met: boolean;
  /** How many operations failed of it. */
  readonly failed: number;
  /** What kept the estate from becoming what the program says. */
  readonly wrong: readonly string[];
  readonly lies: readonly string[];
  readonly orphans: readonly string[];
  readonly secrets: readonly string[];
}

/** Result is a verdict as a run keeps it. */
export interface Result extends Verdict {
  readonly id: string;
  readonly kind: string;
  readonly host: string;
}

const FOLDER = join(CACHE, "test", "faults");

/** forget begins a new run: nothing of an earlier one is counted. */
export function forget(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** record keeps a result. Each test file has a file of its own, since they may run at the same time. */
export function record(result: Result): void {
  mkdirSync(FOLDER, { recursive: true });
  appendFileSync(join(FOLDER, `${result.host.replaceAll(" ", "-")}.jsonl`), `${JSON.stringify(result)}\n`);
}

/** isGood tells whether all is as it must be. */
export function isGood({ wrong, lies, orphans, secrets }: Verdict): boolean {
  return [wrong, lies, orphans, secrets].every((list) => list.length === 0);
}

/** recorded gives all results since the last forget. */
export function recorded(): Result[] {
  mkdirSync(FOLDER, { recursive: true });
  const lines = readdirSync(FOLDER).flatMap((file) => readFileSync(join(FOLDER, file), "utf8").split("\n"));
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Result);
}

const HEAD = ["fault", "host", "faults", "struck", "failed", "converged", "orphans", "lies", "secrets"];

/** tableOf counts results by what went wrong and where, as a table of Markdown. */
export function tableOf(results: readonly Result[]): string {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const key = `${result.kind}\0${result.host}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const rows = [...groups].map(([key, group]) => [...key.split("\0"), ...counts(group)]);
  const all = [HEAD, ...rows, ["all", "", ...counts(results)]];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) => row.map((cell, column) => padded(cell, column, widths)).join(" | "));
  const rule = widths.map((width, column) => (column < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  lines.splice(1, 0, rule.join(" | "));
  return lines.map((line) => `| ${line} |`).join("\n");
}

function padded(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

function counts(results: readonly Result[]): string[] {
  const having = (is: (result: Result) => boolean) => String(results.filter(is).length);
  return [
    String(results.length),
    having(({ met }) => met),
    having(({ failed }) => failed > 0),
    having(({ wrong }) => wrong.length === 0),
    having(({ orphans }) => orphans.length > 0),
    having(({ lies }) => lies.length > 0),
    having(({ secrets }) => secrets.length > 0),
  ];
}
