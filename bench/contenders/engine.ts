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

/** engineContender is a program of bench/programs on the real engine. */
function engineContender(name: "floor" | "ours" | "exec"): Contender {
  return { name, engine: true, real: name !== "floor", ops: OPS, start: (task) => start(name, task) };
}

export const floor = engineContender("floor");
export const ours = engineContender("ours");
/** The usual way to write a provider: each operation connects, and each command is an exec. */
export const exec = engineContender("exec");

async function start(name: string, { hosts, checkpoints, folder }: Task): Promise<Worker> {
  cpSync(PROGRAMS, join(folder, "programs"), { recursive: true });
  const specification = join(folder, "specification.json");
  const stack = await Stack.open({
    program: join(folder, "programs", name),
    home: folder,
    env: { BENCH_SPECIFICATION: specification, PULUMI_SKIP_CHECKPOINTS: String(!checkpoints) },
  });
  const connections = hosts.map(({ connection }) => connection);
  return {
    async perform(op, tunnels, signal) {
      writeFileSync(specification, JSON.stringify({ connections, tunnels }));
      const memory = new ProviderMemory();
      const args = [ARGUMENTS[op], "--yes", "--skip-preview", "--non-interactive"];
      try {
        const watch = (pid: number) => memory.watch(pid);
        await command(["pulumi", "-C", stack.program, ...args], { signal, env: stack.env, watch });
        return { providerMb: memory.peak };
      } finally {
        memory.stop();
      }
    },
  };
}
