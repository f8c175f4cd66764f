import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { kill } from "../processes";

export interface CommandOptions {
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly watch?: (pid: number) => void;
}

/** How much of what a command printed is told of its failure. */
const TOLD = 1500;

/** command gives the standard output of a command that has to succeed; at the signal it ends with all it has started. */
export async function command(
  [program = "", ...args]: readonly string[],
  { signal, stdin = "", watch, ...options }: CommandOptions,
): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: "pipe" });
  const ended = exitOf(child);
  const { pid } = child;
  const stop = () => pid !== undefined && kill(pid);
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (pid !== undefined) watch?.(pid);
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    if (signal.aborted) throw new Error("it took longer than it may");
    if (code !== 0) throw new Error(`${program}: exit code ${code}: ${`${stdout}${stderr}`.slice(-TOLD)}`);
    return stdout;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
}
