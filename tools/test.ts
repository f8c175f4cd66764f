/**
 * test.ts [SUITE…] [-- JEST-ARGUMENT…]: runs the suites one after the other, all of them by default, and ends with
 * the totals. A failing suite does not keep the next one from running.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { JestReport, jestOutcome, type Outcome, singleOutcome, summary } from "./test/report";
import { type Suite, suites } from "./test/suites";

const root = resolve(__dirname, "..");
const env = { ...process.env, PATH: `${root}/.cache/engine/bin${delimiter}${process.env.PATH ?? ""}` };

async function run(suite: Suite, narrowed: boolean): Promise<Outcome> {
  console.log(`\n==> ${suite.name}: ${suite.command.join(" ")}`);
  if (suite.report !== undefined) rmSync(suite.report, { force: true });
  const started = performance.now();
  const [program = "", ...args] = suite.command;
  const [code]: (number | null)[] = await once(spawn(program, args, { stdio: "inherit", env }), "exit");
  const ended = { name: suite.name, code: code ?? null, seconds: (performance.now() - started) / 1000 };
  return suite.report === undefined ? singleOutcome(ended) : jestOutcome(ended, read(suite.report), narrowed);
}

/** A jest that was killed leaves no report, or the beginning of one. */
function read(report: string): JestReport | undefined {
  try {
    return JestReport.parse(JSON.parse(readFileSync(report, "utf8")));
  } catch {
    return undefined;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const names = args.slice(0, end);
  const jestArgs = args.slice(end + 1);
  const all = suites(jestArgs);
  const unknown = names.filter((name) => !all.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(
      `no such suite: ${unknown.join(", ")}; there are ${all.map((suite) => suite.name).join(", ")}`,
    );
    return 2;
  }

  process.chdir(root);
  mkdirSync(".cache/test", { recursive: true });
  // The terminal interrupts the running suite as well; waiting for it lets it put its machines away.
  let interrupted = false;
  process.on("SIGINT", () => {
    interrupted = true;
  });

  const outcomes: Outcome[] = [];
  for (const suite of all.filter(({ name }) => names.length === 0 || names.includes(name))) {
    outcomes.push(await run(suite, jestArgs.length > 0));
    if (interrupted) return 130;
  }
  console.log(`\n${summary(outcomes)}`);
  return outcomes.some((outcome) => outcome.failed > 0) ? 1 : 0;
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
