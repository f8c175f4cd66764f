import type { Family } from "../../provider/net";
import { encapHeader } from "../../provider/tunnel/encap";
import { greHeader } from "../../provider/tunnel/gre";
import { IPV4_HEADER } from "../../provider/tunnel/outer4";
import { outer6Header } from "../../provider/tunnel/outer6";
import type { KnownOptions } from "./known";

/** Kind is what a kind of tunnel carries over what. */
export interface Kind {
  /** Its word in ip-link(8), for which there is one class. To the kernel all tunnels of a word are of one kind. */
  readonly word: "ipip" | "sit" | "gre" | "ip6tnl" | "ip6gre";
  /** What goes through it, where the word alone does not say so. */
  readonly mode?: "ipip6" | "ip6ip6" | "any";
  /** Family of the addresses that the two hosts reach each other by. */
  readonly underlay: Family;
  /** Families of the packets inside. */
  readonly carries: readonly Family[];
  /** The one protocol that follows the outer header; absent where there are two. */
  readonly protocol?: "ipip" | "ipv6" | "gre";
}

/** KINDS: the kinds of tunnels that a link can be of. */
export const KINDS = {
  // RFC 2003, IPv4 in IPv4: IP protocol 4.
  ipip: { word: "ipip", underlay: 4, carries: [4], protocol: "ipip" },
  // RFC 4213, section 3, IPv6 in IPv4: protocol 41.
  sit: { word: "sit", underlay: 4, carries: [6], protocol: "ipv6" },
  // RFC 2784: protocol 47.
  gre: { word: "gre", underlay: 4, carries: [4, 6], protocol: "gre" },
  // RFC 2473: protocol 4 for IPv4 in IPv6, 41 for IPv6 in IPv6. The names are those of `mode` in ip-link(8).
  ipip6: { word: "ip6tnl", mode: "ipip6", underlay: 6, carries: [4], protocol: "ipip" },
  ip6ip6: { word: "ip6tnl", mode: "ip6ip6", underlay: 6, carries: [6], protocol: "ipv6" },
  ip6tnl: { word: "ip6tnl", mode: "any", underlay: 6, carries: [4, 6] },
  // RFC 7676, GRE over IPv6: protocol 47.
  ip6gre: { word: "ip6gre", underlay: 6, carries: [4, 6], protocol: "gre" },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;

/** kindOf is a kind by its name. */
export function kindOf(name: KindName): Kind {
  return KINDS[name];
}

/** isGre tells the kinds that have GRE's own header, with its options. */
export function isGre({ protocol }: Kind): boolean {
  return protocol === "gre";
}

/** headerOf is how many bytes a tunnel with these options puts before each packet. */
export function headerOf(kind: Kind, { encaplimit, key, seq, csum, encap }: KnownOptions): number {
  const outer = kind.underlay === 4 ? IPV4_HEADER : outer6Header({ encaplimit });
  const inner = isGre(kind) ? greHeader({ okey: key, oseq: seq, ocsum: csum }) : 0;
  return outer + encapHeader(encap?.type && { type: encap.type }) + inner;
}
