import { z } from "zod";
import { canonicalPrefix } from "../net";

/** A rule as `ip -json -details -Numeric rule show` prints it: what we use of it, in our form. */

/** The actions in the kernel's numbering (FR_ACT_BLACKHOLE … in linux/fib_rules.h). */
const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["6", "blackhole"],
  ["7", "unreachable"],
  ["8", "prohibit"],
]);

/** What stands in the listing for a selector that takes anything. */
export const ALL = "all";
export const ANY = "any";
export const NONE = "none";

const text = z.coerce.string();
const word = text.optional();
const RuleJson = z.looseObject({
  priority: z.number(),
  src: text.default(ALL),
  srclen: z.number().optional(),
  dst: text.default(ALL),
  dstlen: z.number().optional(),
  tos: word,
  fwmark: word,
  fwmask: word,
  iif: word,
  oif: word,
  uid_start: z.number().optional(),
  uid_end: z.number().optional(),
  ipproto: word,
  sport: word,
  sport_start: z.number().optional(),
  sport_end: z.number().optional(),
  dport: word,
  dport_start: z.number().optional(),
  dport_end: z.number().optional(),
  table: z.coerce.number().optional(),
  suppress_prefixlen: word,
  suppress_ifgroup: word,
  action: word,
  protocol: z.coerce.number().default(0),
});

/** Keys that are there, without a value, when something holds; and those that say nothing of the rule itself. */
const FLAGS = ["not", "l3mdev", "iif_detached", "oif_detached"];
const KNOWN = new Set([...Object.keys(RuleJson.shape), ...FLAGS]);

export interface RuleEntry {
  readonly priority: number;
  readonly not: boolean;
  readonly from: string;
  readonly to: string;
  readonly tos: number;
  readonly fwmark: string;
  readonly iif: string;
  readonly oif: string;
  readonly uidrange: string;
  readonly l3mdev: boolean;
  readonly ipproto: number;
  readonly sport: string;
  readonly dport: string;
  readonly table: number | undefined;
  /** What becomes of a packet, with what else the rule says that no input of ours can. */
  readonly action: string;
  readonly suppressPrefixLength: string | number;
  readonly suppressIfgroup: string | number;
  readonly protocol: number;
  /** Whether a device that it names is not there. */
  readonly detached: boolean;
}

/** rulesOf reads the entries of a listing. */
export function rulesOf(entries: readonly unknown[]): RuleEntry[] {
  return entries.map((entry) => ruleOf(RuleJson.parse(entry)));
}

function ruleOf(json: z.output<typeof RuleJson>): RuleEntry {
  const { priority, tos, iif, oif, uid_start, uid_end, ipproto, protocol } = json;
  const named = json.action === undefined ? "lookup" : (ACTIONS.get(json.action) ?? json.action);
  const strange = Object.keys(json).filter((key) => !KNOWN.has(key));
  const l3mdev = "l3mdev" in json;
  return {
    priority,
    not: "not" in json,
    from: network(json.src, json.srclen),
    to: network(json.dst, json.dstlen),
    tos: Number(tos ?? 0),
    fwmark: json.fwmark === undefined && json.fwmask === undefined ? ANY : fwmark(json.fwmark, json.fwmask),
    iif: iif ?? ANY,
    oif: oif ?? ANY,
    uidrange: uid_start === undefined ? ANY : `${uid_start}-${uid_end}`,
    l3mdev,
    // iproute2 prints `ipproto-6`, or the name that the host has for it.
    ipproto: ipproto === undefined ? 0 : numberOf(ipproto),
    sport: ports(json.sport, json.sport_start, json.sport_end),
    dport: ports(json.dport, json.dport_start, json.dport_end),
    // Only a look-up in a table has one that matters.
    table: named === "lookup" && !l3mdev ? json.table : undefined,
    action: [named, ...strange].join(" "),
    suppressPrefixLength: json.suppress_prefixlen === undefined ? NONE : Number(json.suppress_prefixlen),
    suppressIfgroup: json.suppress_ifgroup === undefined ? NONE : Number(json.suppress_ifgroup),
    protocol,
    detached: "iif_detached" in json || "oif_detached" in json,
  };
}

/** A single address stands without its length, as do those of all. */
function network(address: string, length: number | undefined): string {
  if (address === ALL) return ALL;
  const given = length === undefined ? address : `${address}/${length}`;
  return canonicalPrefix(given) ?? given;
}

/** fwmark gives a mark the form in which it is compared: hexadecimal, the mask left out where it has all bits. */
export function fwmark(mark = "0", mask = "0xffffffff"): string {
  const hex = (digits: string) => `0x${Number(digits).toString(16)}`;
  return hex(mask) === "0xffffffff" ? hex(mark) : `${hex(mark)}/${hex(mask)}`;
}

function ports(one: string | undefined, first: number | undefined, last: number | undefined): string {
  return one ?? (first === undefined ? ANY : `${first}-${last}`);
}

/** PROTOCOLS are the names of IANA's registry that iproute2 may print where the host knows them (protocols(5)). */
export const PROTOCOLS = {
  icmp: 1,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  ospf: 89,
  sctp: 132,
} as const;

function numberOf(protocol: string): number {
  const digits = /^(?:ipproto-)?(\d+)$/.exec(protocol)?.[1];
  if (digits !== undefined) return Number(digits);
  return Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol as keyof typeof PROTOCOLS] : -1;
}
