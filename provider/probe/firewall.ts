import { z } from "zod";
import type { Command } from "../host/host";
import { listOf, readJson } from "../ip/json";

/** What the host's own rules of nftables (nft(8)) do to the packets of a probe, as far as that shows. */

/** Terse: the elements of sets may be very many. */
export function rulesQuery(netns?: string): Command {
  const argv = ["nft", "-json", "-terse", "list", "ruleset"];
  return netns === undefined ? { argv } : { argv, netns };
}

const RuleJson = z.object({
  rule: z.object({
    family: z.string(),
    table: z.string(),
    chain: z.string(),
    handle: z.number(),
    expr: listOf(z.record(z.string(), z.unknown())),
  }),
});
const MatchJson = z.object({
  op: z.string(),
  left: z.object({
    payload: z.object({ protocol: z.string(), field: z.string() }).optional(),
    meta: z.object({ key: z.string() }).optional(),
  }),
  right: z.unknown(),
});
const CounterJson = z.object({ packets: z.number() });

/** Packets are those that a probe sends and waits for. */
export interface Packets {
  readonly dev: string;
  /** Numbers of the IP protocols: the one that carries, and ICMP. */
  readonly protocols: readonly number[];
  /** Addresses that they come from or go to. */
  readonly addresses: readonly string[];
}

interface Dropping {
  /** In the words of nft: `inet filter input, handle 4`. */
  readonly where: string;
  readonly counted: number | undefined;
  readonly matches: readonly z.output<typeof MatchJson>[];
}

/** dropped lists the rules about such packets that dropped or rejected some between two looks. */
export function dropped(before: string, after: string, packets: Packets): string[] {
  return grownIn(before, after)
    .filter(({ matches }) => {
      const judged = judge(matches, packets);
      return judged.includes(true) && !judged.includes(false);
    })
    .map(({ where }) => where);
}

/**
 * mayDrop lists the rules that would drop such packets by what they say, and count nothing, and those that dropped
 * something between two looks, whatever it was.
 */
export function mayDrop(before: string, after: string, packets: Packets): string[] {
  const grown = grownIn(before, after).map(({ where }) => where);
  return droppingIn(after)
    .filter(({ where, counted, matches }) => {
      const judged = judge(matches, packets);
      if (counted !== undefined) return grown.includes(where) && !judged.includes(false);
      return judged.length > 0 && judged.every((one) => one === true);
    })
    .map(({ where }) => where);
}

function grownIn(before: string, after: string): Dropping[] {
  const earlier = new Map(droppingIn(before).map(({ where, counted }) => [where, counted]));
  return droppingIn(after).filter(({ where, counted = 0 }) => counted > (earlier.get(where) ?? counted));
}

/** The names that nft gives protocols, with and without /etc/protocols. */
const NAMES: Readonly<Record<number, readonly string[]>> = {
  1: ["icmp"],
  4: ["ipencap"],
  17: ["udp"],
  41: ["ipv6"],
  47: ["gre"],
  58: ["icmpv6", "ipv6-icmp"],
};

/** What each condition of a rule says of the packets: that it is about them, that it is not, or nothing certain. */
function judge(matches: Dropping["matches"], packets: Packets): (boolean | undefined)[] {
  const { dev, protocols, addresses } = packets;
  const known: unknown[] = protocols.flatMap((number) => [number, ...(NAMES[number] ?? [])]);
  return matches.map(({ op, left: { payload, meta }, right }) => {
    const values = valuesOf(right);
    if (op !== "==") return undefined;
    if (meta?.key === "iifname" || meta?.key === "oifname") return values.includes(dev);
    if (meta?.key === "l4proto" || payload?.field === "protocol" || payload?.field === "nexthdr")
      return values.some((value) => known.includes(value));
    if (payload?.field === "saddr" || payload?.field === "daddr")
      return values.every(isText) ? values.some((value) => addresses.includes(value)) : undefined;
    // Requests leave, and only answers are waited for.
    if (payload?.protocol.startsWith("icmp")) return values.includes("echo-reply");
    return payload === undefined || known.includes(payload.protocol) ? undefined : false;
  });
}

function droppingIn(text: string): Dropping[] {
  return entriesIn(text).flatMap((entry) => {
    const { data } = RuleJson.safeParse(entry);
    if (data === undefined) return [];
    const { family, table, chain, handle, expr } = data.rule;
    if (!expr.some((one) => "drop" in one || "reject" in one)) return [];
    const [counted] = expr.flatMap((one) => CounterJson.safeParse(one.counter).data?.packets ?? []);
    const matches = expr.flatMap((one) => ("match" in one ? [MatchJson.safeParse(one.match).data] : []));
    // One that can't be read may well keep the rule from concerning anything.
    const readable = matches.every((match) => match !== undefined);
    const where = `${family} ${table} ${chain}, handle ${handle}`;
    return [{ where, counted, matches: readable ? matches : [] }];
  });
}

function entriesIn(text: string): unknown[] {
  try {
    return z.object({ nftables: z.array(z.unknown()) }).parse(readJson(text)).nftables;
  } catch {
    // Without nft, or without the right to ask it, nothing is known.
    return [];
  }
}

function valuesOf(right: unknown): unknown[] {
  if (typeof right === "object" && right !== null && "set" in right && Array.isArray(right.set))
    return right.set;
  return [right];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
