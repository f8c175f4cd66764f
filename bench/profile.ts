/**
 * profile.ts [--n N]: where the time of this package goes, without checkpoints, on one host. It stands beside the
 * floor's, measured in the same run, in docs/benchmark.md, unless it is asked for another number of tunnels than usual.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CACHE } from "../lab/engine";
import { Lab } from "../lab/lab";
import { write } from "./document";
import { environment } from "./environment";
import { Host } from "./host";
import { measure } from "./measure";
import { part } from "./plan";
import { say } from "./progress";
import type { Case, Measured, Op } from "./rows";
import { table } from "./table";
import { type Session, sessionsIn } from "./traced";

const N = 500;
/** Those that log in: an `up` without a change asks no host. */
const TRACED: readonly Op[] = ["up", "refresh", "update", "destroy"];
const TRACE = join(CACHE, "bench", "trace");

const { values: options } = parseArgs({ options: { n: { type: "string", default: String(N) } } });
const n = Number(options.n);

const seconds = (value: number) => `${value.toFixed(2)} s`;

function lineOf(op: Op, measured: readonly Measured[], session: Session): string[] {
  const took = (name: Case) =>
    (measured.find((one) => one.case === name && one.op === op)?.samples[0]?.ms ?? 0) / 1000;
  const [ours, floor] = [took("ours"), took("floor")];
  const spent = [...session.spent].sort(([, one], [, other]) => other.seconds - one.seconds);
  const host = spent.reduce((sum, [, each]) => sum + each.seconds, 0);
  const each = spent.map(([what, one]) => `${one.count} × \`${what}\` ${seconds(one.seconds)}`);
  const times = [ours, floor, host, ours - floor - host].map(seconds);
  return [op, ...times, String(session.rounds), each.join(", ")];
}

async function main(): Promise<void> {
  const lab = await Lab.start({ hosts: ["a"], packages: ["python3"], say });
  let host: Host | undefined;
  try {
    host = await Host.of(lab.host("a"));
    const facts = await environment(lab.host("a"));
    rmSync(TRACE, { force: true });
    process.env.PULUMI_IPIP_TRACE = TRACE;
    const setting = part(n, ["floor", "ours"], 1, { checkpoints: false, samples: 1 });
    const measured = await measure(setting, [host], say);
    const sessions = sessionsIn(readFileSync(TRACE, "utf8"));
    if (sessions.length !== TRACED.length) throw new Error(`there were ${sessions.length} sessions`);
    const lines = sessions.map((session, index) => lineOf(TRACED[index] ?? "up", measured, session));
    const header = [
      `${n} tunnels`,
      "ours",
      "floor",
      "waiting for the host",
      "all else",
      "rounds",
      "waiting for",
    ];
    const text = [facts.map((fact) => `- ${fact}`).join("\n"), table(header, lines)].join("\n\n");
    console.log(`\n${text}\n`);
    if (n === N) write("profile", text);
  } finally {
    await host?.close();
    await lab.stop();
  }
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
