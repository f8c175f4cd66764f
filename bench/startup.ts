/**
 * startup.ts [--runs N]: how long a provider's process takes from its start until it says at which port it listens, the
 * plugin's beside others. The table goes into docs/benchmark.md, unless it is asked for another number of runs than usual.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { CACHE, ROOT } from "../lab/engine";
import { write } from "./document";
import { environment } from "./environment";
import { median } from "./statistics";
import { table } from "./table";

const RUNS = 15;
/** Where the engine would be; nobody listens there, and none of them asks before it is asked. */
const ENGINE = "127.0.0.1:1";

const { values: options } = parseArgs({ options: { runs: { type: "string", default: String(RUNS) } } });
const runs = Number(options.runs);

const ON_THE_SDK = join(__dirname, "startup/provider.js");
const IN_ONE_FILE = join(CACHE, "bench/startup/provider.js");
const DYNAMIC = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
const OUR_CODE = join(ROOT, "dist/provider/index.js");

const PLUGIN = "the plugin";
/** What is started, all by the same Node; the first line of each is a number. */
const STARTED: readonly (readonly [what: string, args: readonly string[]])[] = [
  ["Node, which only prints a number", ["-p", "0"]],
  [PLUGIN, [join(ROOT, "dist/plugin/pulumi-resource-ipip"), ENGINE]],
  ["a provider that does nothing, on the SDK's server", [ON_THE_SDK, ENGINE]],
  ["the same, bundled into one file as the plugin is", [IN_ONE_FILE, ENGINE]],
  ["the process of dynamic resources", [DYNAMIC, ENGINE]],
  ["the same, with the code that it loads for ours", ["-r", OUR_CODE, DYNAMIC, ENGINE]],
];

/** startOf gives the milliseconds until a process has printed its number; then it is ended. */
async function startOf(what: string, args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    for await (const line of createInterface(child.stdout)) {
      const ms = performance.now() - began;
      if (!/^\d+$/.test(line)) throw new Error(`${what} printed ${JSON.stringify(line)} instead of a port`);
      return ms;
    }
    throw new Error(`${what} ended without a word`);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function main(): Promise<void> {
  await build({
    entryPoints: [ON_THE_SDK],
    outfile: IN_ONE_FILE,
    bundle: true,
    platform: "node",
    target: "node20",
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "warning",
  });
  const times = new Map(STARTED.map(([what]) => [what, [] as number[]]));
  // In turn, so that what else the machine does meets all alike; the first time the files are read from the disk.
  for (let run = 0; run <= runs; run++) {
    for (const [what, args] of STARTED) {
      const ms = await startOf(what, args);
      if (run > 0) times.get(what)?.push(ms);
    }
  }
  const of = (what: string) => times.get(what) ?? [];
  const lines = STARTED.map(([what]) => [
    what,
    ...[median(of(what)), Math.min(...of(what)), Math.max(...of(what))].map((ms) => `${ms.toFixed(0)} ms`),
    `×${(median(of(what)) / median(of(PLUGIN))).toFixed(2)}`,
  ]);
  const facts = await environment();
  const header = [`${runs} starts of each`, "median", "least", "most", "÷ the plugin"];
  const text = [facts.map((fact) => `- ${fact}`).join("\n"), table(header, lines)].join("\n\n");
  console.log(`\n${text}\n`);
  if (runs === RUNS) write("startup", text);
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
