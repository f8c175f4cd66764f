import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "./scratch";

/** busybox is as many programs as it has names; of them a host may have its shell. */
const busybox = join(scratch(), "sh");
symlinkSync("/bin/busybox", busybox);

/** SHELLS are what hosts have as their /bin/sh, by name and path. */
export const SHELLS: readonly [name: string, path: string][] = [
  ["dash", "/bin/dash"],
  ["bash", "/bin/bash"],
  ["BusyBox's ash", busybox],
];
