import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { labFolder, netnsPath } from "../../lab/record";

/** processesBelow lists what works in a folder or below it, also when that is gone: all that a lab starts does. */
function processesBelow(folder: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(folder);
    } catch {
      return false;
    }
  });
}

/** Remains is what may be left of a lab once it has ended. */
interface Remains {
  readonly processes: readonly string[];
  readonly mounts: boolean;
  readonly netns: boolean;
  readonly folder: boolean;
}

export const NOTHING: Remains = { processes: [], mounts: false, netns: false, folder: false };

/** remainsOf looks for what there is of a lab. */
export function remainsOf(id: string, folder = labFolder(id)): Remains {
  return {
    processes: processesBelow(folder),
    mounts: readFileSync("/proc/mounts", "utf8").includes(id),
    netns: existsSync(netnsPath(id)),
    folder: existsSync(folder),
  };
}
