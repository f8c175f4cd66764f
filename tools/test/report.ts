import { z } from "zod";

/** JestReport is the part of jest's --json file that decides about a suite. */
export const JestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});
export type JestReport = z.infer<typeof JestReport>;

/** Outcome is what one suite came to. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly note: string;
}

/** Ended is how a suite's process ended: its exit code, or null when a signal ended it. */
export interface Ended {
  readonly name: string;
  readonly code: number | null;
  readonly seconds: number;
}

const TIMEOUT_CODE = 124;

const ending = ({ code }: Ended): string => {
  if (code === null) return "ended by a signal";
  return code === TIMEOUT_CODE ? "did not end before its deadline" : `exit code ${code}`;
};

/** singleOutcome counts a suite that is one command as one test. */
export function singleOutcome(ended: Ended): Outcome {
  const ok = ended.code === 0;
  return { ...ended, passed: ok ? 1 : 0, failed: ok ? 0 : 1, note: ok ? "" : ending(ended) };
}

/**
 * jestOutcome never calls a suite good that did not prove anything: no report, no test, a skipped test and an exit
 * code that no failing test explains are failures. Only a run that was narrowed by hand may leave tests out.
 */
export function jestOutcome(ended: Ended, report: JestReport | undefined, narrowed: boolean): Outcome {
  if (report === undefined) return { ...ended, passed: 0, failed: 1, note: `no report, ${ending(ended)}` };
  const passed = report.numPassedTests;
  const skipped = narrowed ? 0 : report.numPendingTests + report.numTodoTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + skipped;
  if (passed + failed === 0) return { ...ended, passed, failed: 1, note: "ran no test" };
  if (ended.code !== 0 && failed === 0) return { ...ended, passed, failed: 1, note: ending(ended) };
  return { ...ended, passed, failed, note: skipped === 0 ? "" : `${skipped} skipped, counted as failed` };
}

/** summary is the table of all suites and, as its last line, the totals. */
export function summary(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => [
    outcome.name,
    String(outcome.passed),
    String(outcome.failed),
    `${outcome.seconds.toFixed(1)} s`,
    outcome.note,
  ]);
  const table = [["suite", "passed", "failed", "time", ""], ...rows].map(([name = "", ...cells]) =>
    `${name.padEnd(8)}${cells.map((cell, i) => (i === 3 ? `  ${cell}` : cell.padStart(10))).join("")}`.trimEnd(),
  );
  const total = (count: (outcome: Outcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + count(outcome), 0);
  const totals = `${total((o) => o.passed)} passed, ${total((o) => o.failed)} failed`;
  return [...table, "", totals].join("\n");
}
