/**
 * main.ts [--short | --n N,… [--cases CASE,…] [--hosts N] [--delay MS] [--no-checkpoints] [--udev] [--cycles N]]:
 * measures this package beside its peers. The whole of it goes into docs/benchmark.md and bench/results.json; the short form, and
 * any choice made by hand, only onto the screen and into .cache/bench/results.json.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { CACHE, ROOT } from "../lab/engine";
import { Lab } from "../lab/lab";
import { write } from "./document";
import { environment } from "./environment";
import { goalsOf, goalText, verdict } from "./goals";
import { Host } from "./host";
import { measure } from "./measure";
import { type Plan, short, whole } from "./plan";
import { say } from "./progress";
import { CASES, type Case, type Measured, type Row, rowsOf } from "./rows";
import { counterTable, failures, goalTable, timeTables } from "./table";

/** What Ansible needs on a host, and nobody else. */
const PACKAGES = ["python3"];

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    n: { type: "string" },
    cases: { type: "string", default: CASES.join(",") },
    hosts: { type: "string", default: "1" },
    delay: { type: "string", default: "0" },
    "no-checkpoints": { type: "boolean", default: false },
    udev: { type: "boolean", default: false },
    cycles: { type: "string", default: "1" },
  },
});

function chosen(): Plan {
  if (options.short) return short;
  if (options.n === undefined) return whole;
  const wanted = options.cases.split(",");
  const unknown = wanted.filter((name) => !CASES.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`there are the cases ${CASES.join(", ")}, and no ${unknown.join(", ")}`);
  const sizes = options.n.split(",").map(Number);
  const setting = {
    hosts: Number(options.hosts),
    delayMs: Number(options.delay),
    checkpoints: !options["no-checkpoints"],
    udev: options.udev,
    cases: wanted as Case[],
    cycles: Number(options.cycles),
    samples: 1,
  };
  return {
    small: Math.min(...sizes),
    medium: Math.min(...sizes),
    large: Math.max(...sizes),
    parts: sizes.map((n) => ({ n, ...setting })),
  };
}

async function main(): Promise<void> {
  const plan = chosen();
  const names = ["a", "b", "c", "d"].slice(0, Math.max(...plan.parts.map(({ hosts }) => hosts)));
  const lab = await Lab.start({ hosts: names, packages: PACKAGES, say });
  const hosts: Host[] = [];
  try {
    for (const machine of lab.machines) hosts.push(await Host.of(machine));
    const facts = await environment(lab.machines[0]);
    for (const fact of facts) say(fact);
    const measured: Measured[] = [];
    for (const part of plan.parts) {
      measured.push(...(await measure(part, hosts.slice(0, part.hosts), say)));
      // What was measured before somebody stopped it is not lost.
      save(join(CACHE, "bench", "results.json"), rowsOf(measured));
    }
    report(plan, rowsOf(measured), facts);
  } finally {
    for (const host of hosts) await host.close();
    await lab.stop();
  }
}

function report(plan: Plan, rows: readonly Row[], facts: readonly string[]): void {
  // A choice made by hand leaves most of them out.
  const goals = goalsOf(rows, plan).filter((goal) => plan === whole || verdict(goal) !== "not measured");
  const failed = failures(rows);
  const text = [
    facts.map((fact) => `- ${fact}`).join("\n"),
    timeTables(rows),
    goalTable(goals),
    counterTable(rows),
    ...(failed === "" ? [] : [`What failed:\n\n${failed}`]),
  ].join("\n\n");
  console.log(`\n${text}\n`);
  for (const goal of goals) console.log(`goal: ${goalText(goal)}`);
  if (plan !== whole) return;
  write("benchmark", text);
  save(join(ROOT, "bench", "results.json"), rows);
}

/** save writes one row a line, so that two runs can be compared with any tool for text. */
function save(file: string, rows: readonly Row[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
