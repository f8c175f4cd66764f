import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly cwd?: string;
}

/** run gives the outcome of a command, whatever its exit code; only a command that cannot start is an error. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { ...(options.cwd !== undefined && { cwd: options.cwd }) });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    // A command that a signal ended has no code; the shell's convention is as good as any.
    child.once("close", (code) => resolve(code ?? 128));
  });
  // A command may end without reading its input; its exit code then tells the story.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** must gives the standard output of a command that has to succeed. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Error(`${argv.join(" ")}: exit code ${code}\n${stderr.trim()}`);
  return stdout;
}

/**
 * hasCode tells what went wrong in a call to the system. It does not ask for the class: under jest, the errors of
 * Node's own modules are of another Error than the tests'.
 */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}

/**
 * ProcessId is a process and the moment it started, in the kernel's ticks: a number that the kernel gave to another
 * process in the meantime is not taken for it.
 */
export interface ProcessId {
  readonly pid: number;
  readonly start: string;
}

interface Stat {
  readonly state: string;
  readonly session: number;
  readonly start: string;
}

function stat(pid: number | "self"): Stat | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state = "", , , session = ""] = fields;
  return { state, session: Number(session), start: fields[19] ?? "" };
}

/** ownProcess is the process that this code runs in. */
export function ownProcess(): ProcessId {
  return { pid: process.pid, start: stat("self")?.start ?? "" };
}

export function isAlive(id: ProcessId): boolean {
  const now = stat(id.pid);
  return now !== undefined && now.start === id.start && now.state !== "Z";
}

/** parseProcessId reads what RECORD wrote. */
export function parseProcessId(line: string): ProcessId {
  const [pid = "", start = ""] = line.trim().split(" ");
  return { pid: Number(pid), start };
}

/**
 * sessionIn lists the living processes of the session that `leader` began, as far as they are in the network
 * namespace at `netns`. Children outlive a killed leader, and keep the session's number from being given away; the
 * namespace tells them from a later session of that number.
 */
export function sessionIn(netns: string, leader: ProcessId): number[] {
  const namespace = statSync(netns, { throwIfNoEntry: false })?.ino;
  if (namespace === undefined) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const now = stat(pid);
      return (
        now !== undefined && now.state !== "Z" && now.session === leader.pid && netnsOf(pid) === namespace
      );
    });
}

function netnsOf(pid: number): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return undefined;
  }
}

/** RECORD is a shell text that writes the process's own id to the file $0 and then becomes the command in $@. */
const RECORD = 'set -e; echo "$$ $(cut -d " " -f 22 /proc/$$/stat)" >"$0.new"; mv "$0.new" "$0"; exec "$@"';

export interface SpawnOptions {
  readonly netns: string;
  readonly cwd: string;
  readonly stdio: StdioOptions;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * spawnRecorded starts a command in a session of its own, in the network namespace at `netns`. The process notes its id by
 * itself before it becomes the command, so there is no moment at which it runs and nobody could find it again.
 */
export function spawnRecorded(pidFile: string, argv: readonly string[], options: SpawnOptions): ChildProcess {
  const { netns, ...rest } = options;
  return spawn("sh", ["-c", RECORD, pidFile, "nsenter", `--net=${netns}`, "--", ...argv], {
    detached: true,
    ...rest,
  });
}
