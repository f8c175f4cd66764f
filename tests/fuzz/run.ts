/**
 * run.ts INPUTS SEED [PART-OF-A-NAME]: puts so many hostile inputs, shared out among all targets, into what reads what
 * hosts say and into what makes commands; prints a line for each target, and ends with exit code 1 when one did harm. A
 * target that is silent for a minute hangs.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { openTargets } from "./targets";

/** Seconds for which a target may be silent. */
const PATIENCE = 60;
/** How many inputs one that is fast gets for one that a slow target gets. */
const FAST = 10;
/** Every so often a target tells how far it is. */
const BEAT = 20;

interface Told {
  readonly done?: number;
  readonly accepted?: number;
  readonly refused?: number;
  readonly harm?: string;
}

/** Each target has a process of its own, which can be ended when it hangs, and cannot use up another one's memory. */
async function child(index: number, inputs: number, seed: number): Promise<void> {
  const targets = openTargets();
  const one = targets.all[index];
  const tell = (told: Told) => new Promise((resolve) => process.send?.(told, resolve));
  try {
    const beat = (done: number) => {
      if (done % BEAT === 0) void tell({ done });
    };
    await tell((await one?.run(inputs, seed, beat)) ?? {});
  } catch (error) {
    await tell({ harm: error instanceof Error ? error.message : String(error) });
  }
  targets.close();
  process.disconnect();
}

async function parent(inputs: number, seed: number, part: string): Promise<number> {
  const targets = openTargets();
  const chosen = targets.all.flatMap(({ name, slow }, index) =>
    name.includes(part) ? [{ name, index, weight: slow ? 1 : FAST }] : [],
  );
  targets.close();
  const whole = chosen.reduce((sum, { weight }) => sum + weight, 0);
  const began = performance.now();
  const width = Math.max(...chosen.map(({ name }) => name.length));
  const row = (name: string, ...cells: readonly unknown[]) =>
    process.stdout.write(
      `${[name.padEnd(width), ...cells.map((cell) => String(cell).padStart(9))].join(" ")}\n`,
    );
  row("", "inputs", "accepted", "refused", "crashed or hung");
  const total = { inputs: 0, accepted: 0, refused: 0, harm: 0 };
  let before = 0;
  for (const { name, index, weight } of chosen) {
    const upTo = (weights: number) => Math.round((weights * inputs) / whole);
    const share = upTo(before + weight) - upTo(before);
    before += weight;
    const { accepted = 0, refused = 0, harm } = await watched(index, share, seed);
    if (harm !== undefined) process.stderr.write(`${harm}\n`);
    row(name, share, accepted, refused, harm === undefined ? 0 : 1);
    total.inputs += share;
    total.accepted += accepted;
    total.refused += refused;
    total.harm += harm === undefined ? 0 : 1;
  }
  row("all", total.inputs, total.accepted, total.refused, total.harm);
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`seed ${seed}, ${seconds} s\n`);
  return total.harm === 0 ? 0 : 1;
}

async function watched(index: number, inputs: number, seed: number): Promise<Told> {
  const one = fork(__filename, ["--child", String(index), String(inputs), String(seed)]);
  let [last, told]: [number, Told] = [0, { harm: "it ended without a word" }];
  const hung = () => {
    told = { harm: `target ${index}, seed ${seed}: an input between ${last} and ${last + BEAT} hangs` };
    one.kill("SIGKILL");
  };
  let timer = setTimeout(hung, PATIENCE * 1000);
  one.on("message", (message: Told) => {
    if (message.done === undefined) told = message;
    else last = message.done;
    clearTimeout(timer);
    timer = setTimeout(hung, PATIENCE * 1000);
  });
  await once(one, "exit");
  clearTimeout(timer);
  return told;
}

const [first = "", ...rest] = process.argv.slice(2);
if (first === "--child") {
  const [index = 0, inputs = 0, seed = 0] = rest.map(Number);
  void child(index, inputs, seed);
} else {
  const [seed = "1", part = ""] = rest;
  void parent(Number(first), Number(seed), part).then((code) => {
    process.exitCode = code;
  });
}
