import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Run, Stack } from "../../lab/engine";
import { signal } from "../../lab/record";
import { until } from "../../lab/wait";

/** Running is a command of the engine that a test can interrupt. */
export class Running {
  /** What the command came to. A signal that ended it counts as exit code 128. */
  readonly done: Promise<Run>;
  protected readonly engine: ChildProcess;
  private stdout = "";
  private stderr = "";

  constructor(stack: Stack, ...args: readonly string[]) {
    this.engine = this.start(stack, args);
    this.engine.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk));
    this.engine.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk));
    this.done = new Promise((resolve, reject) => {
      this.engine.on("error", reject);
      this.engine.on("close", (code) =>
        resolve({ code: code ?? 128, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  protected start(stack: Stack, args: readonly string[]): ChildProcess {
    return spawn("pulumi", ["-C", stack.program, "--non-interactive", ...args], {
      env: stack.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  get ended(): boolean {
    return this.engine.exitCode !== null || this.engine.signalCode !== null;
  }

  /** until waits for what must happen while the engine still runs. */
  async until(what: string, happened: () => Promise<boolean>): Promise<void> {
    const probe = async () => {
      if (this.ended) throw new Error(`the engine ended before ${what}:\n${this.stdout}${this.stderr}`);
      return (await happened()) || undefined;
    };
    await until(probe, { for: what, seconds: 60, explain: () => this.stdout + this.stderr });
  }

  /** interrupt is what ^C does. */
  interrupt(): void {
    this.engine.kill("SIGINT");
  }

  /** says returns when the engine has printed a text. */
  async says(text: string): Promise<void> {
    await this.until(`it says "${text}"`, async () => (this.stdout + this.stderr).includes(text));
  }

  /** kill ends the engine and all that it has started, at once. */
  kill(): void {
    if (this.engine.pid === undefined) return;
    // Each is stopped before its children are listed, so that none can start another one meanwhile.
    const family = (pid: number): number[] => {
      signal(pid, "SIGSTOP");
      return [pid, ...childrenOf(pid).flatMap(family)];
    };
    for (const pid of family(this.engine.pid)) signal(pid, "SIGKILL");
  }
}

/** AtTerminal is a command of the engine as a person has it before them: at a terminal, with the interactive display. */
export class AtTerminal extends Running {
  protected override start(stack: Stack, args: readonly string[]): ChildProcess {
    const command = ["stty rows 50 cols 200; exec pulumi -C", stack.program, ...args].join(" ");
    return spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
      env: stack.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  /** interrupt types ^C, which the terminal makes a signal of for everything that runs in its foreground. */
  override interrupt(): void {
    this.engine.stdin?.write("\x03");
  }
}

function childrenOf(parent: number): number[] {
  const threads = readdirSync(`/proc/${parent}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${parent}/task/${thread}/children`, "utf8"));
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}
