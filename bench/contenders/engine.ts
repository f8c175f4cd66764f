import { cpSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Stack } from "../../lab/engine";
import { ProviderMemory } from "../processes";
import { OPS, type Op } from "../rows";
import { command } from "./command";
import type { Contender, Task, Worker } from "./contender";

const PROGRAMS = resolve(__dirname, "../programs");

const ARGUMENTS: Readonly<Record<Op, string>> = {
  up: "up",
  "no change": "up",
  refresh: "refresh",
  update: "up",
  destroy: "destroy",
};

export type Program = "floor" | "ours" | "plugin" | "exec";

/** How the engine is to run besides. */
export interface EngineOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** engineContender is a program of bench/programs on the real engine. */
function engineContender(name: Program): Contender {
  return {
    name,
    engine: true,
    real: name !== "floor",
    ops: OPS,
    start: ({ checkpoints, ...task }) =>
      startEngine(name, task, checkpoints ? {} : { env: { PULUMI_SKIP_CHECKPOINTS: "true" } }),
  };
}

export const floor = engineContender("floor");
export const ours = engineContender("ours");
/** The same resources by the other door. */
export const plugin = engineContender("plugin");
/** The usual way to write a provider: each operation connects, and each command is an exec. */
export const exec = engineContender("exec");

/** startEngine gives a program a stack of its own in a folder. */
export async function startEngine(
  name: Program,
  { hosts, folder }: Omit<Task, "checkpoints">,
  { env = {}, args = [] }: EngineOptions,
): Promise<Worker> {
  cpSync(PROGRAMS, join(folder, "programs"), { recursive: true });
  const specification = join(folder, "specification.json");
  const stack = await Stack.open({
    program: join(folder, "programs", name),
    home: folder,
    env: { BENCH_SPECIFICATION: specification, ...env },
  });
  const connections = hosts.map(({ connection }) => connection);
  return {
    async perform(op, tunnels, signal) {
      writeFileSync(specification, JSON.stringify({ connections, tunnels }));
      const memory = new ProviderMemory();
      const line = [ARGUMENTS[op], "--yes", "--skip-preview", "--non-interactive", ...args];
      try {
        const watch = (pid: number) => memory.watch(pid);
        await command(["pulumi", "-C", stack.program, ...line], { signal, env: stack.env, watch });
        return { providerMb: memory.peak };
      } finally {
        memory.stop();
      }
    },
  };
}
