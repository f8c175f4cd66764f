import type { Command } from "../host/host";
import type { Module } from "./advice";

/** ip is one iproute2 command in a namespace, or in the session's own. */
export function ip(netns: string | undefined, ...argv: readonly string[]): Command {
  return netns === undefined ? { argv: ["ip", ...argv] } : { argv: ["ip", ...argv], netns };
}

/** nft changes rules in one transaction: all lines take effect together, or none does (nft(8)). */
export function nft(netns: string | undefined, ...lines: readonly string[]): Command {
  const command = { argv: ["nft", "-f", "-"], stdin: `${lines.join("\n")}\n` };
  return netns === undefined ? command : { ...command, netns };
}

/** write puts text into a file of /proc/sys as a namespace sees it. */
export function write(netns: string | undefined, path: string, text: string): Command {
  const command = { argv: ["tee", path], stdin: `${text}\n` };
  return netns === undefined ? command : { ...command, netns };
}

/** modprobe loads a kernel module, which is there for all namespaces then. */
export function modprobe(module: Module): Command {
  return { argv: ["modprobe", module] };
}
