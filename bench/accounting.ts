/**
 * The kernel's process accounting (acct(5)): it writes a record for every process that ends, so nothing has to watch,
 * and what a contender starts can be told from what the host does by itself.
 */

/** A file in memory on the host. */
export const FILE = "/run/bench-accounting";

/** TURN_ON is a shell text; acct(2) has no command of its own in the hosts' image. */
export const TURN_ON = `: >${FILE} && python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).acct(b"${FILE}"))'`;

/** The record of version 2 in linux/acct.h, and where in it the program's name is. */
const VERSION = 2;
const SIZE = 64;
const NAME = { from: 36, to: 53 };

/** udev looks at every device that comes or goes, whoever made it; the rest are threads of the kernel. */
const OF_THE_HOST = /^(\(udev-worker\)|systemd-udevd|systemd-sysctl|kworker.*)$/;

/** programsIn are the names of the processes that have ended, in order. */
export function programsIn(records: Buffer): string[] {
  return Array.from({ length: Math.floor(records.length / SIZE) }, (_, index) => {
    const record = records.subarray(index * SIZE, (index + 1) * SIZE);
    const version = (record[1] ?? 0) & 0x0f;
    if (version !== VERSION) throw new Error(`this kernel writes accounting records of version ${version}`);
    const name = record.subarray(NAME.from, NAME.to);
    const end = name.indexOf(0);
    return name.toString("latin1", 0, end === -1 ? undefined : end);
  });
}

/** startedIn counts those that somebody has started from outside. */
export function startedIn(records: Buffer): number {
  return programsIn(records).filter((name) => !OF_THE_HOST.test(name)).length;
}
