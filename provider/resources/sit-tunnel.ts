import { z } from "zod";
import { bitsOf, canonicalPrefix, familyOf, lengthOf } from "../net";
import { always, defineResource, type Problem } from "../resource";
import { attribute, flag, type Info, mode } from "../tunnel/attribute";
import { type Kind, tunnelOf } from "../tunnel/contract";
import { below, device, mtuOf, outputs, settings } from "../tunnel/device";
import { encap, encapAttribute, encapHeader } from "../tunnel/encap";
import { IPV4_HEADER, outer4, outer4Attributes } from "../tunnel/outer4";
import { between, replaces, tunnelProblems } from "../tunnel/problems";
import { adopt, connection, managementPath, mark, namespace, persist } from "./common";

/** That of 6to4 (RFC 3056), which the kernel gives a new device. */
const SIX_TO_FOUR = { prefix: "2002::/16", relayPrefix: "0.0.0.0/0" };

const prefixOf = (family: 4 | 6, example: string) =>
  z.string().transform((text, ctx) => {
    const prefix = canonicalPrefix(text);
    if (prefix !== undefined && familyOf(prefix) === family) return prefix;
    ctx.addIssue({
      code: "custom",
      message: `"${text}" is no IPv${family} network: write it like "${example}"`,
    });
    return z.NEVER;
  });

/** 6rd: how IPv4 addresses are found in IPv6 destinations. */
const SixRd = z.strictObject({
  /**
   * IPv6 prefix that is followed by the IPv4 address of the tunnel's other end, `2001:db8::/32`. With what `relayPrefix`
   * leaves of that address it has at most 64 bits.
   */
  prefix: prefixOf(6, "2001:db8::/32"),
  /** IPv4 prefix whose bits the destinations leave out, `10.0.0.0/8`, since all ends have it. */
  relayPrefix: prefixOf(4, "10.0.0.0/8").default(SIX_TO_FOUR.relayPrefix),
});

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  ...device,
  /**
   * What goes through the tunnel: `ip6ip` IPv6, `ipip` IPv4, `mplsip` MPLS, `any` all of them (ip-link(8)); RFC 4213,
   * RFC 2003, RFC 4023. Another one replaces the device.
   */
  mode: z.enum(["ip6ip", "ipip", "mplsip", "any"]).default("ip6ip"),
  ...outer4,
  ...below,
  /**
   * Whether the device belongs to an ISATAP site (RFC 5214): its link-local address holds its IPv4 address, and so do
   * those of the hosts that it sends to. For a `remote` of `any`. Another value replaces the device.
   */
  isatap: z.boolean().default(false),
  /**
   * Prefixes of an IPv6 rapid deployment (RFC 5969): a destination below `prefix` tells where its packets go. For a
   * `remote` of `any`; without one it is that of 6to4 (RFC 3056).
   */
  sixRd: SixRd.default(SIX_TO_FOUR),
  ...encap,
  /**
   * Largest packet in bytes that fits through the tunnel whole, 1280 (RFC 8200) to 65515. `auto` takes what the route
   * to `remote` has, less 20 for the outer header (RFC 4213) and what `encap` adds, and differs when that route changes.
   * Left out, the kernel takes the MTU of the route's device less the headers once; taken out later, it becomes that of
   * Ethernet less them, 1480.
   */
  mtu: mtuOf(1280, 65_535 - IPV4_HEADER),
  ...settings,
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

type Desired = z.output<typeof inputs>;

export const sitKind: Kind = {
  word: "sit",
  family: 4,
  attributes: [
    mode,
    ...outer4Attributes,
    flag("isatap", "isatap", (info) => info.isatap === true, false),
    attribute<Desired["sixRd"]>(
      "sixRd",
      ({ prefix, relayPrefix }) => ["6rd-prefix", prefix, "6rd-relay_prefix", relayPrefix],
      (info) => sixRdIn(info),
      SIX_TO_FOUR,
    ),
    encapAttribute,
  ],
  overhead: (desired) => IPV4_HEADER + encapHeader(desired.encap as Desired["encap"]),
};

/**
 * A SIT tunnel device: IPv6 in IPv4 (RFC 4213, ip-link(8) `type sit`), IP protocol 41, 20 bytes of outer header; also
 * 6rd, 6to4 and ISATAP. It does not encrypt. Multicast inside it passes between Linux hosts, elsewhere
 * it may not: GRE is the kind for it.
 *
 * @example
 * const tunnel = new SitTunnel("tunnel", {
 *   connection,
 *   name: "sit1",
 *   local: "203.0.113.10",
 *   remote: "198.51.100.20",
 *   addresses: ["fd00:50::1/64"],
 * });
 */
export const sitTunnel = defineResource({
  type: "SitTunnel",
  inputs,
  outputs,
  replaces: { ...replaces, mode: always, isatap: always, remote: between },
  module: "sit",
  problems,
  ...tunnelOf<typeof inputs>(sitKind),
});

/** A kernel without CONFIG_IPV6_SIT_6RD tells nothing of it. */
function sixRdIn({ prefix, prefixlen, relay_prefix, relay_prefixlen }: Info): Desired["sixRd"] {
  if (prefix === undefined) return SIX_TO_FOUR;
  const relay = `${relay_prefix ?? "0.0.0.0"}/${relay_prefixlen ?? 0}`;
  return {
    prefix: canonicalPrefix(`${prefix}/${prefixlen}`) ?? String(prefix),
    relayPrefix: canonicalPrefix(relay) ?? relay,
  };
}

function problems(known: Partial<Desired>): Problem[] {
  const found = tunnelProblems(inputs, known, { family: 4, fallback: "sit0" });
  const { remote, isatap, sixRd, mode } = known;
  const toAll = (key: string, what: string) => {
    const message = `${what} finds the other end in each packet's destination: leave \`remote\` out`;
    found.push({ path: [key], message });
  };
  const pointed = remote !== undefined && remote !== "any";
  if (isatap === true && pointed) toAll("isatap", "ISATAP");
  if (sixRd !== undefined && pointed && sixRd.prefix !== SIX_TO_FOUR.prefix) toAll("sixRd", "6rd");
  if (sixRd !== undefined) found.push(...sixRdProblems(sixRd));
  if (isatap === true && mode !== undefined && mode !== "ip6ip" && mode !== "any")
    found.push({ path: ["isatap"], message: `ISATAP is IPv6's: use \`mode: "ip6ip"\`` });
  return found;
}

/** The half of an IPv6 address that is the host's own, which 6rd may not take of (ipip6_tunnel_update_6rd in net/ipv6/sit.c). */
const HOST_BITS = 64;

function sixRdProblems({ prefix, relayPrefix }: Partial<Desired["sixRd"]>): Problem[] {
  if (prefix === undefined || relayPrefix === undefined) return [];
  const left = bitsOf(4) - lengthOf(relayPrefix);
  if (lengthOf(prefix) + left <= HOST_BITS) return [];
  const message = `${prefix} and the ${left} bits that ${relayPrefix} leaves of an IPv4 address are more than ${HOST_BITS} bits: give a shorter \`prefix\`, or a longer \`relayPrefix\``;
  return [{ path: ["sixRd"], message }];
}
