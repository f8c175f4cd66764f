import type { Command } from "../host/host";
import { type ManagerName, reloads } from "../manager/files";
import { type Family, inSameSubnet, ipOf, lengthOf } from "../net";

/** IpReading is what a command of ours says that is one of `ip`. */
export interface IpReading {
  readonly kind: "ip";
  readonly object: "link" | "address" | "route" | "rule";
  readonly family: Family | undefined;
  readonly verb: string;
  readonly words: readonly string[];
}

/** ParameterReading is what one says that sets a kernel parameter below net. */
export interface ParameterReading {
  readonly kind: "parameter";
  readonly path: readonly string[];
  readonly value: string;
}

/** ReloadReading is what one says that has another manager of the network read its files anew. */
export interface ReloadReading {
  readonly kind: "reload";
  readonly manager: ManagerName;
}

export type Reading = IpReading | ParameterReading | ReloadReading;

const SYSCTLS = "/proc/sys/net/";
const OBJECTS = ["link", "address", "route", "rule"] as const;

/** read takes a command of ours apart; undefined for one that changes nothing about devices and routing. */
export function read(command: Command): Reading | undefined {
  const { argv, stdin = "" } = command;
  const manager = reloads(command);
  if (manager !== undefined) return { kind: "reload", manager };
  const [program, ...words] = argv;
  if (program === "tee" && words[0]?.startsWith(SYSCTLS)) {
    return { kind: "parameter", path: words[0].slice(SYSCTLS.length).split("/"), value: stdin.trim() };
  }
  if (program !== "ip") return undefined;
  const family = /^-[46]$/.test(words[0] ?? "") ? (Number(words.shift()?.slice(1)) as Family) : undefined;
  const [said, verb = "", ...rest] = words;
  const object = OBJECTS.find((one) => one === said);
  return object && { kind: "ip", object, family, verb, words: rest };
}

/** following is the word behind another one. */
export function following(words: readonly string[], word: string): string | undefined {
  const at = words.indexOf(word);
  return at === -1 ? undefined : words[at + 1];
}

/** within tells whether an address lies in a network. */
export function within(address: string, network: string): boolean {
  return inSameSubnet(address, `${ipOf(network)}/${lengthOf(network)}`);
}
