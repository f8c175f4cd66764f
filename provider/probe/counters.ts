import { z } from "zod";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import { readJson } from "../ip/json";
import type { Family } from "../net";

/** What the kernel counts, from which it shows how far a packet came. */

export interface Counters {
  /** Packets that left by the device, and that came in by it. */
  readonly out: number;
  readonly in: number;
  /** Packets that the device should have sent and could not. */
  readonly unsent: number;
  /** ICMP's "destination unreachable" from other hosts. */
  readonly unreachable: number;
  /** Packets of the whole namespace that the reverse path filter dropped. */
  readonly reversePath: number;
}

const Stats = z.object({ packets: z.number(), errors: z.number(), dropped: z.number() });
const DeviceJson = z.tuple([z.object({ stats64: z.object({ rx: Stats, tx: Stats }) })]);

const cat = (path: string, netns?: string): Command =>
  netns === undefined ? { argv: ["cat", path] } : { argv: ["cat", path], netns };

/** counterQueries ask for all of it; an answer to `outer`, the family of the packets that carry, is read by countersOf. */
export function counterQueries(dev: string, outer: Family, netns?: string): Command[] {
  return [
    ip(netns, "-statistics", "-json", "link", "show", "dev", dev),
    cat("/proc/net/netstat", netns),
    cat(outer === 4 ? "/proc/net/snmp" : "/proc/net/snmp6", netns),
  ];
}

/** countersOf reads the answers; what a kernel does not count, or does not show, stays at 0. */
export function countersOf(device: string, netstat: string, snmp: string): Counters {
  const [shown] = DeviceJson.safeParse(parsed(device)).data ?? [];
  const { rx, tx } = shown?.stats64 ?? {};
  const told = { ...valuesIn(netstat), ...valuesIn(snmp) };
  const icmp = (direction: "In" | "Out") =>
    (told[`Icmp:${direction}DestUnreachs`] ?? 0) + (told[`Icmp6${direction}DestUnreachs`] ?? 0);
  return {
    out: tx?.packets ?? 0,
    in: rx?.packets ?? 0,
    unsent: (tx?.errors ?? 0) + (tx?.dropped ?? 0),
    // What the host tells itself is counted both ways.
    unreachable: icmp("In") - icmp("Out"),
    reversePath: told["TcpExt:IPReversePathFilter"] ?? 0,
  };
}

/** grown is what was counted between two looks. */
export function grown(before: Counters, after: Counters): Counters {
  return {
    out: after.out - before.out,
    in: after.in - before.in,
    unsent: after.unsent - before.unsent,
    unreachable: after.unreachable - before.unreachable,
    reversePath: after.reversePath - before.reversePath,
  };
}

/** The files have some kilobytes; who shows more has something else to show. */
const MAX_LENGTH = 100_000;

/** Both forms: a line of names with one of values below it (snmp, netstat), and a name and its value a line (snmp6). */
function valuesIn(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  const lines = text
    .slice(0, MAX_LENGTH)
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  for (const [index, [first = "", ...rest]] of lines.entries()) {
    const [below, ...numbers] = lines[index + 1] ?? [];
    if (first.endsWith(":") && below === first && Number.isNaN(Number(rest[0])))
      for (const [at, name] of rest.entries()) values[`${first}${name}`] = Number(numbers[at]);
    else if (rest.length === 1 && !first.endsWith(":")) values[first] = Number(rest[0]);
  }
  return values;
}

function parsed(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}
