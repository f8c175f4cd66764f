/**
 * scale.ts [--hosts N]: how far one stack goes. The engine by itself, with its settings, and this package
 * with a thousand hosts, which are SSH servers in this process. The tables go into docs/benchmark.md, unless it is
 * asked for another number of hosts than usual.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CACHE } from "../lab/engine";
import type { Target } from "./contenders/contender";
import { type EngineOptions, type Program, startEngine } from "./contenders/engine";
import { write } from "./document";
import { environment } from "./environment";
import { say } from "./progress";
import { OPS, type Op } from "./rows";
import { Simulation } from "./scale/simulation";
import { table } from "./table";
import { type Tunnel, tunnelsOn } from "./tunnels";

const HOSTS = 1000;
const LIMIT_MINUTES = 20;
const NO_CHECKPOINTS = { env: { PULUMI_SKIP_CHECKPOINTS: "true" } };

const { values: options } = parseArgs({ options: { hosts: { type: "string", default: String(HOSTS) } } });
const count = Number(options.hosts);

type Setting = readonly [string, EngineOptions];

/** What the engine can be told that may change how far it goes. */
const SETTINGS: readonly [Setting, Setting, ...Setting[]] = [
  ["as it comes", {}],
  ["PULUMI_SKIP_CHECKPOINTS=true", NO_CHECKPOINTS],
  [
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
    { env: { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" } },
  ],
  ["PULUMI_DIY_BACKEND_GZIP=true", { env: { PULUMI_DIY_BACKEND_GZIP: "true" } }],
  ["--parallel 64", { args: ["--parallel", "64"] }],
];

const folder = join(CACHE, "bench", "scale");
let stacks = 0;

interface Times {
  readonly seconds: ReadonlyMap<Op, number>;
  readonly providerMb: number;
}

/** through goes through all operations with one stack of one program. */
async function through(
  program: Program,
  hosts: readonly Target[],
  engine: EngineOptions,
  after: (op: Op) => void = () => undefined,
): Promise<Times> {
  const home = join(folder, `stack-${stacks++}`);
  mkdirSync(home, { recursive: true });
  const worker = await startEngine(program, { hosts, folder: home }, engine);
  const seconds = new Map<Op, number>();
  let providerMb = 0;
  for (const op of OPS) {
    const began = performance.now();
    const signal = AbortSignal.timeout(LIMIT_MINUTES * 60_000);
    const outcome = await worker.perform(
      op,
      oneEach(hosts, op === "update" || op === "destroy" ? 65 : 64),
      signal,
    );
    seconds.set(op, (performance.now() - began) / 1000);
    providerMb = Math.max(providerMb, outcome.providerMb ?? 0);
    after(op);
    say(
      `${program}, ${hosts.length} tunnels, ${JSON.stringify(engine)}, ${op}: ${seconds.get(op)?.toFixed(1)} s`,
    );
  }
  rmSync(home, { recursive: true, force: true });
  return { seconds, providerMb };
}

/** oneEach is a tunnel on each host, and nothing else. */
function oneEach(hosts: readonly Target[], ttl: number): Tunnel[] {
  const addresses = hosts.map((_, host) => `10.${70 + (host >> 12)}.${(host >> 4) & 255}.${(host & 15) + 1}`);
  return tunnelsOn(addresses, hosts.length, ttl).map(({ destination: _, ...tunnel }) => tunnel);
}

const cells = ({ seconds }: Times) => OPS.map((op) => `${(seconds.get(op) ?? 0).toFixed(1)} s`);

/** somewhere is hosts that a program which does nothing is told of. */
function somewhere(number: number): Target[] {
  const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  return Array.from({ length: number }, (_, host) => ({
    connection: { host: `h${host}`, port: 22, hostKey, privateKeyPath: "/nowhere" },
  }));
}

/** theEngine is how the engine's own time grows with the number of resources, and what its settings do to that. */
async function theEngine(): Promise<string> {
  const lines: string[][] = [];
  for (const number of [count / 8, count / 4, count / 2]) {
    // What changes little is seen at one number as well as at three.
    for (const [name, engine] of number === count / 4 ? SETTINGS : SETTINGS.slice(0, 2)) {
      lines.push([String(number), name, ...cells(await through("floor", somewhere(number), engine))]);
    }
  }
  return table(["resources", "setting", ...OPS], lines);
}

/** theHosts is this package with one tunnel on each of many hosts, in one stack and in several. */
async function theHosts(simulation: Simulation): Promise<string> {
  const lines: string[][] = [];
  const parallel = { ...NO_CHECKPOINTS, args: ["--parallel", "64"] };
  const settings: readonly (readonly [Program, ...Setting])[] = [
    ["ours", ...SETTINGS[1]],
    ["ours", "the same, --parallel 64", parallel],
    ["plugin", `${SETTINGS[1][0]}, by the plugin`, NO_CHECKPOINTS],
  ];
  for (const [program, name, engine] of settings) {
    let most = 0;
    const times = await through(program, simulation.targets, engine, (op) => {
      most = Math.max(most, proved(simulation, op === "destroy" ? 0 : count));
    });
    lines.push([`1 stack, ${name}`, ...cells(times), String(most), `${times.providerMb.toFixed(0)} MB`]);
  }
  lines.push(await bySites(simulation));
  return table([`${count} hosts`, ...OPS, "connections at once", "provider"], lines);
}

/** bySites is an estate that is split: a stack for each site, one after another, as the engine comes. */
async function bySites(simulation: Simulation): Promise<string[]> {
  const sites = 10;
  const size = Math.ceil(count / sites);
  const sums = new Map<Op, number>();
  let providerMb = 0;
  simulation.connections();
  for (let site = 0; site < sites; site++) {
    const times = await through("ours", simulation.targets.slice(site * size, (site + 1) * size), {});
    for (const [op, seconds] of times.seconds) sums.set(op, (sums.get(op) ?? 0) + seconds);
    providerMb = Math.max(providerMb, times.providerMb);
  }
  const most = proved(simulation, 0);
  const name = `${sites} stacks in turn, as it comes`;
  return [name, ...cells({ seconds: sums, providerMb }), String(most), `${providerMb.toFixed(0)} MB`];
}

/** proved makes sure that the hosts are as they should be, and gives the most connections at one time. */
function proved(simulation: Simulation, tunnels: number): number {
  const found = simulation.tunnels();
  if (found !== tunnels) throw new Error(`${found} hosts have a tunnel instead of ${tunnels}`);
  return simulation.connections().most;
}

async function main(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const facts = await environment();
  for (const fact of facts) say(fact);
  const simulation = await Simulation.start(join(folder, "hosts"), count);
  say(`${count} hosts listen`);
  try {
    const parts = [facts.map((fact) => `- ${fact}`).join("\n")];
    for (const measured of [() => theHosts(simulation), theEngine]) {
      parts.push(await measured());
      console.log(`\n${parts.at(-1)}\n`);
      // What was measured before somebody stopped it is not lost.
      if (count === HOSTS) write("scale", parts.join("\n\n"));
    }
  } finally {
    await simulation.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
