import { familyOf, IPV6_MIN_MTU } from "../../provider/net";
import type { Problem } from "../../provider/resource";
import { outer4Problems } from "../../provider/tunnel/outer4";
import { headerOf, isGre, KINDS, type Kind, type KindName, kindOf } from "./kinds";
import { addressesOf, type KnownLink, type KnownOptions, networksOf, SIDES } from "./known";

/** The smallest MTU of an IPv4 link, and the largest packet that there is (RFC 791). */
const MIN_MTU = 68;
const MAX_PACKET = 65_535;

const over4 = ({ underlay }: Kind) => underlay === 4;
const over6 = ({ underlay }: Kind) => underlay === 6;

/** Options that some kinds don't have: which ones do, and what the others have in place of it. */
const FITS = {
  ttl: { of: over4, instead: "hoplimit" },
  tos: { of: over4, instead: "tclass" },
  pmtudisc: { of: over4 },
  hoplimit: { of: over6, instead: "ttl" },
  tclass: { of: over6, instead: "tos" },
  encaplimit: { of: over6 },
  key: { of: isGre },
  seq: { of: isGre },
  csum: { of: isGre },
} as const satisfies Readonly<
  Partial<Record<keyof KnownOptions, { readonly of: (kind: Kind) => boolean; readonly instead?: string }>>
>;

/** optionProblems finds what is wrong with how a tunnel of a kind is made. */
export function optionProblems(link: KnownLink, name: KindName): Problem[] {
  const kind = kindOf(name);
  const found = Object.entries(FITS).flatMap(([option, fit]): Problem[] => {
    if (link[option as keyof typeof FITS] === undefined || fit.of(kind)) return [];
    const instead = "instead" in fit ? `give \`${fit.instead}\` in place of it` : "leave it out";
    const message = `${name} has no such option, ${kindsWith(fit.of)} have: ${instead}, or choose another \`kind\``;
    return [{ path: [option], message }];
  });
  if (over4(kind)) found.push(...outer4Problems({ ttl: link.ttl, pmtudisc: link.pmtudisc }, false));
  if (link.encap?.type === "fou" && kind.protocol === undefined) {
    const message = `a port of \`fou\` takes one protocol alone, and ${name} has one for IPv4 and one for IPv6: use "gue", or ${kindsWith(({ underlay, protocol }) => underlay === kind.underlay && protocol !== undefined, "or")}`;
    found.push({ path: ["encap", "type"], message });
  }
  return [...found, ...mtuProblems(link, kind)];
}

function kindsWith(has: (kind: Kind) => boolean, last = "and"): string {
  const names = Object.keys(KINDS).filter((name) => has(kindOf(name as KindName)));
  return `${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;
}

function mtuProblems(link: KnownLink, kind: Kind): Problem[] {
  const { mtu } = link;
  if (mtu === undefined) return [];
  const header = headerOf(kind, link);
  const least = kind.carries.includes(4) ? MIN_MTU : IPV6_MIN_MTU;
  const most = MAX_PACKET - header;
  if (mtu < least || mtu > most) {
    const message = `${mtu} can't be: with ${header} bytes of headers it is ${least} to ${most}; over Ethernet it is ${1500 - header} as a rule`;
    return [{ path: ["mtu"], message }];
  }
  const inside = SIDES.flatMap((side) => [...addressesOf(link[side], side), ...networksOf(link[side], side)]);
  const ipv6 = inside.find(({ network }) => familyOf(network) === 6);
  if (ipv6 === undefined || mtu >= IPV6_MIN_MTU) return [];
  const message = `${mtu} is too small for ${ipv6.network}: IPv6 needs at least ${IPV6_MIN_MTU} (RFC 8200)`;
  return [{ path: ["mtu"], message }];
}
