import { readdirSync, readFileSync } from "node:fs";

/** What runs a dynamic provider, to the end, since another Node looks for it first; and the plugin. */
const PROVIDERS = ["cmd/dynamic-provider/index.js", "plugin/pulumi-resource-ipip"];

interface Process {
  readonly pid: number;
  readonly parent: number;
}

function all(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const status = read(`/proc/${name}/status`);
      const parent = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
      return parent === undefined ? [] : [{ pid: Number(name), parent: Number(parent) }];
    });
}

/** A process may end at any moment. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** descendants are a process and all that it has started, directly or not, as far as they are still alive. */
export function descendants(root: number): number[] {
  const processes = all();
  const found = [root];
  for (const pid of found) {
    found.push(...processes.filter(({ parent }) => parent === pid).map((child) => child.pid));
  }
  return found;
}

/** kill ends a process and all that it has started. */
export function kill(root: number): void {
  for (const pid of descendants(root)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

const LOOK_MS = 200;
/** Once there is one, another is looked for less often, since that reads all of /proc. */
const LOOKS_PER_SEARCH = 5;

/** ProviderMemory watches how much memory the provider's process below an engine holds at most. */
export class ProviderMemory {
  private timer: NodeJS.Timeout | undefined;
  private pids: number[] = [];
  private looks = 0;
  private peakKb = 0;

  watch(engine: number): void {
    this.timer = setInterval(() => this.look(engine), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The peak so far in megabytes, or null when no provider was seen. */
  get peak(): number | null {
    return this.peakKb === 0 ? null : this.peakKb / 1024;
  }

  private look(engine: number): void {
    if (this.looks++ % LOOKS_PER_SEARCH === 0 || this.pids.length === 0) {
      this.pids = descendants(engine).filter((pid) => {
        const line = read(`/proc/${pid}/cmdline`);
        return PROVIDERS.some((provider) => line.includes(provider));
      });
    }
    for (const pid of this.pids) {
      // The kernel keeps the peak itself, so nothing between two looks is missed.
      const peak = /^VmHWM:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
      this.peakKb = Math.max(this.peakKb, Number(peak ?? 0));
    }
  }
}
