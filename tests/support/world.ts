import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE, ROOT, Stack, type StackOptions } from "../../lab/engine";
import type { Machine } from "../../lab/lab";

/** connectionTo is how a program reaches a machine of the lab. */
export function connectionTo({ port, hostKey, privateKeyPath }: Machine) {
  return { host: "127.0.0.1", port, hostKey, privateKeyPath };
}

/** Workplace is a program of its own with a stack of its own, in a folder that goes with it. */
export interface Workplace {
  readonly dir: string;
  readonly stack: Stack;
  close(): void;
}

/** workplace copies a program (a folder below the clone) to where its files may be changed. */
export async function workplace(program: string, options: Partial<StackOptions> = {}): Promise<Workplace> {
  const dir = join(CACHE, "e2e", randomBytes(6).toString("hex"));
  mkdirSync(dir, { recursive: true });
  cpSync(join(ROOT, program), join(dir, "program"), { recursive: true });
  // `make types` has checked the types of them all.
  const env = { PULUMI_NODEJS_TRANSPILE_ONLY: "true", ...options.env };
  const stack = await Stack.open({ program: join(dir, "program"), home: dir, ...options, env });
  return { dir, stack, close: () => rmSync(dir, { recursive: true, force: true }) };
}

/** shell runs a command on a machine and insists on its success. */
export async function shell(machine: Machine, command: string): Promise<string> {
  const { code, stdout, stderr } = await machine.run(command);
  if (code !== 0) throw new Error(`${machine.name}# ${command}\nexit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** Devices that the kernel makes in every namespace when their modules are loaded, and that nobody can remove. */
const FALLBACKS = ["tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip6gre0"];

/** What changes by itself, and so proves nothing. */
const VOLATILE =
  /^net\/(netfilter\/nf_conntrack_count|ipv4\/(tcp_mem|udp_mem|tcp_fastopen_key)|.*stable_secret)/;

/** What the module for MPLS brings, with nothing set: the kernel keeps it as long as the machine runs. */
const UNSET = /^net\/mpls\/(conf\/[^/]+\/input:0|default_ttl:255|ip_ttl_propagate:1|platform_labels:0)$/;

const DIVIDER = "--";

/** What the parts of a snapshot are the answers of. */
const PARTS = {
  links: "ip -json -details address show",
  routes4: "ip -json -4 route show table all",
  routes6: "ip -json -6 route show table all",
  // Before the module is loaded nobody answers.
  fous: "ip -json fou show 2>/dev/null || true",
  labels: "ip -M route show",
  // The number that a namespace gets once another one refers to it is the kernel's affair.
  namespaces: "ip netns list | sed 's/ (id: .*)//'",
  // sysctl(8) takes three times as long, and a snapshot is taken often. Some can only be written.
  sysctls: `cd /proc/sys && grep -rs ${FALLBACKS.map((device) => `--exclude-dir=${device}`).join(" ")} '' net || true`,
};

// udev gives new devices another Ethernet address. An IPv6 address, and what comes with it, is settled when the kernel
// knows that nobody else has it.
const SETTLED =
  "udevadm settle; timeout 60 sh -c 'while ip -6 address show tentative | grep -q .; do sleep 0.1; done'";

const SNAPSHOT = `set -e; ${SETTLED}; ${Object.values(PARTS).join(`; echo ${DIVIDER}; `)}`;

/** snapshot is all of a machine that our resources can touch, as text that can be compared. */
export async function snapshot(machine: Machine): Promise<Record<string, unknown>> {
  const texts = (await shell(machine, SNAPSHOT)).split(`${DIVIDER}\n`);
  const part = (name: keyof typeof PARTS) => texts[Object.keys(PARTS).indexOf(name)] ?? "";
  const json = (name: keyof typeof PARTS) => JSON.parse(part(name) || "[]") as object[];
  return {
    links: json("links").filter((link) => !("ifname" in link && FALLBACKS.includes(String(link.ifname)))),
    routes4: json("routes4"),
    routes6: json("routes6"),
    fous: json("fous"),
    labels: part("labels"),
    namespaces: part("namespaces"),
    sysctls: part("sysctls")
      .split("\n")
      .filter((line) => !VOLATILE.test(line) && !UNSET.test(line))
      .sort(),
  };
}
