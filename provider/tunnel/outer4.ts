import { z } from "zod";
import { Ipv4OrAny } from "../net";
import type { Problem } from "../resource";
import { attribute, flag, hexadecimal, NumberOrHex, numberIn } from "./attribute";

/** What kinds have whose outer header is IPv4. */

/** An IPv4 header without options (RFC 791, section 3.1). */
export const IPV4_HEADER = 20;

export const INHERIT_TTL = 0;
/** The kernel's word for inheriting: the lowest bit, which no DSCP uses alone (ip-link(8)). */
const INHERIT_TOS = 1;

const End = Ipv4OrAny.default("any");

const A_TTL = 'give "inherit" or a number from 1 to 255';
const Ttl = z
  .union([z.literal("inherit").transform(() => INHERIT_TTL), z.int().min(0, A_TTL).max(255, A_TTL)], A_TTL)
  .default(INHERIT_TTL);

const A_TOS = 'give "inherit", a number from 0 to 255 or one like "0x10"';
const Tos = z
  .union([z.literal("inherit").transform(() => INHERIT_TOS), NumberOrHex(2, A_TOS)], A_TOS)
  .default(0);

const A_FWMARK = 'give a number from 0 to 4294967295 or one like "0x10"';
/** FwMark: a packet mark, as a number or in hexadecimal. */
export const FwMark = NumberOrHex(8, A_FWMARK);

export const outer4 = {
  /**
   * IPv4 address of this end in the underlay, the outer source address; it should be one of this host's. `any`
   * lets the kernel choose by route.
   */
  local: End,
  /**
   * IPv4 address of the other end in the underlay, the outer destination. With `any` the device sends to each
   * packet's gateway and takes packets from everywhere; going between `any` and an address replaces the device.
   */
  remote: End,
  /** TTL of the outer header: 1 to 255, or `inherit` (0) for that of the inner packet. */
  ttl: Ttl,
  /** Type of service of the outer header: 0 to 255, as a number or as `"0x10"`, or `inherit` (1) from the inner one. */
  tos: Tos,
  /**
   * Path MTU discovery: sets the outer DF bit, so that a packet too large for the path is reported, not cut up. A
   * fixed `ttl` always comes with it, so `false` needs a `ttl` that inherits (ip-tunnel(8)).
   */
  pmtudisc: z.boolean().default(true),
  /**
   * Mark of the tunnelled packets, by which rules (ip-rule(8)) choose their route and nftables knows them: 0 to
   * 4294967295, as a number or as `"0x10"`; 0 is none (ip-link(8)).
   */
  fwmark: FwMark.default(0),
};

export const outer4Attributes = [
  attribute<string>(
    "local",
    (local) => ["local", local],
    ({ local }) => String(local ?? "any"),
  ),
  attribute<string>(
    "remote",
    (remote) => ["remote", remote],
    ({ remote }) => String(remote ?? "any"),
  ),
  attribute<number>(
    "ttl",
    (ttl) => ["ttl", ttl === INHERIT_TTL ? "inherit" : String(ttl)],
    ({ ttl }) => numberIn(ttl),
  ),
  attribute<number>(
    "tos",
    (tos) => ["tos", tos === INHERIT_TOS ? "inherit" : hexadecimal(tos)],
    ({ tos }) => (tos === "inherit" ? INHERIT_TOS : numberIn(tos)),
  ),
  flag("pmtudisc", "pmtudisc", ({ pmtudisc }) => pmtudisc === true),
  attribute<number>(
    "fwmark",
    (mark) => ["fwmark", hexadecimal(mark)],
    ({ fwmark }) => numberIn(fwmark),
    0,
  ),
];

interface Outer4 extends Ends {
  readonly ttl?: number | undefined;
  readonly pmtudisc?: boolean | undefined;
}

/** outer4Problems: what is wrong with the outer header; `multicast` is for kinds that may send to a group. */
export function outer4Problems({ local, remote, ttl, pmtudisc }: Outer4, multicast: boolean): Problem[] {
  const found = endProblems({ local, remote }, (end) => firstOf(end) >= 224, isGroup, multicast);
  if (pmtudisc === false && ttl !== undefined && ttl !== INHERIT_TTL) {
    const message =
      "a fixed `ttl` needs path MTU discovery (ip-tunnel(8)): leave `pmtudisc` on, or let `ttl` inherit";
    found.push({ path: ["pmtudisc"], message });
  }
  return found;
}

const firstOf = (address = "any") => (address === "any" ? 0 : Number(address.split(".", 1)[0]));

/** isGroup tells the addresses of multicast (RFC 1112, section 4). */
export function isGroup(address: string | undefined): boolean {
  return firstOf(address) >= 224 && firstOf(address) < 240;
}

/** Ends are the addresses of the outer header. */
export interface Ends {
  readonly local?: string | undefined;
  readonly remote?: string | undefined;
}

/** endProblems is what is wrong with the ends of a family, by which of its addresses are no host's and which a group's. */
export function endProblems(
  { local, remote }: Ends,
  isNoHost: (end: string) => boolean,
  isOfGroup: (end: string) => boolean,
  multicast: boolean,
): Problem[] {
  const found: Problem[] = [];
  if (local !== undefined && local !== "any" && local === remote) {
    const message = `${remote} is \`local\` too: give the address of the other host`;
    found.push({ path: ["remote"], message });
  }
  for (const [key, end] of [["local", local] as const, ["remote", remote] as const]) {
    if (end === undefined || !isNoHost(end) || (multicast && key === "remote" && isOfGroup(end))) continue;
    const why = multicast ? "" : "; only GRE sends to a group";
    found.push({ path: [key], message: `${end} is no host's address${why}` });
  }
  return found;
}
