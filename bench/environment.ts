import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { CACHE, ROOT } from "../lab/engine";
import type { Machine } from "../lab/lab";
import { run } from "../lab/process";
import { ANSIBLE } from "./contenders/ansible";

/** environment says what was measured with what, one line a thing. Without a machine nothing is said of one. */
export async function environment(machine?: Machine): Promise<string[]> {
  const { version } = JSON.parse(
    readFileSync(join(ROOT, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
  ) as { version: string };
  const engine = await firstLine([join(CACHE, "engine", "bin", "pulumi"), "version"]);
  const lines = [
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Machine: ${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, ${gigabytes(totalmem())} GB of memory`,
    `Kernel: Linux ${release()}`,
    `Versions: Node ${process.versions.node}, Pulumi engine ${engine}, @pulumi/pulumi ${version}`,
  ];
  if (machine === undefined) return lines;
  const guest = await machine.run(
    "uname -r; ip -V; awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo",
  );
  const [kernel, iproute2, memory] = guest.stdout.trim().split("\n");
  return [
    ...lines,
    `Hosts: User-mode Linux ${kernel}, ${memory} MB of memory, ${iproute2?.replace("ip utility, ", "")}`,
    `Peers: ${await firstLine([ANSIBLE, "--version"])}, ${await firstLine(["ssh", "-V"])}`,
  ];
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(0);
}

async function firstLine(argv: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(argv);
    return `${stdout}${stderr}`.split("\n", 1)[0] ?? "";
  } catch {
    return `no ${argv[0]}`;
  }
}
