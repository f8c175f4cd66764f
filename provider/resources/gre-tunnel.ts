import { z } from "zod";
import { numberOf } from "../net";
import { defineResource, type Problem } from "../resource";
import { flag } from "../tunnel/attribute";
import { type Kind, tunnelOf } from "../tunnel/contract";
import { below, device, mtuOf, outputs, settings } from "../tunnel/device";
import { encap, encapAttribute, encapHeader } from "../tunnel/encap";
import { external, externalAttribute } from "../tunnel/external";
import { gre, greAttributes, greHeader, sameKey } from "../tunnel/gre";
import { IPV4_HEADER, isGroup, outer4, outer4Attributes } from "../tunnel/outer4";
import { between, replaces, tunnelProblems } from "../tunnel/problems";
import { adopt, connection, managementPath, mark, namespace, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  ...device,
  ...outer4,
  ...below,
  ...gre,
  /**
   * Whether packets that say "don't fragment" may be cut up all the same (ip-link(8)); only without `pmtudisc`.
   */
  ignoreDf: z.boolean().default(false),
  ...external,
  ...encap,
  /**
   * Largest packet in bytes that fits through the tunnel whole, 68 to 65511, at least 1280 with IPv6 addresses
   * (RFC 8200). `auto` takes what the route to `remote` has, less 20 for the outer header, 4 for GRE's (RFC 2784), 4 for
   * each of `okey`, `oseq` and `ocsum` (RFC 2890) and what `encap` adds, and differs when that route changes.
   * Left out, the kernel takes the MTU of the route's device less the headers once; taken out later, it becomes that of
   * Ethernet less them.
   */
  mtu: mtuOf(68, 65_535 - IPV4_HEADER - 4),
  ...settings,
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

type Desired = z.output<typeof inputs>;

export const greKind: Kind = {
  word: "gre",
  family: 4,
  attributes: [
    externalAttribute,
    ...outer4Attributes,
    ...greAttributes,
    flag("ignoreDf", "ignore-df", (info) => info.ignore_df === true, false),
    encapAttribute,
  ],
  overhead: (desired) => IPV4_HEADER + greHeader(desired) + encapHeader(desired.encap as Desired["encap"]),
  // As long as DF is ignored it can't be asked for (ipgre_netlink_parms in net/ipv4/ip_gre.c).
  first: (desired, observed) => (observed.ignoreDf === true && !desired.ignoreDf ? ["noignore-df"] : []),
  rivals: sameKey,
};

/**
 * A GRE tunnel device: IPv4, IPv6 and MPLS, also multicast, in GRE in IPv4 (RFC 2784, RFC 2890, ip-link(8) `type gre`),
 * IP protocol 47, 24 to 36 bytes of headers. It does not encrypt. Routing protocols run over it, for it carries
 * multicast.
 *
 * @example
 * const tunnel = new GreTunnel("tunnel", {
 *   connection,
 *   name: "gre1",
 *   local: "203.0.113.10",
 *   remote: "198.51.100.20",
 *   ikey: 42,
 *   okey: 42,
 *   addresses: ["192.168.50.1/30"],
 * });
 */
export const greTunnel = defineResource({
  type: "GreTunnel",
  inputs,
  outputs,
  // A device to one host, to all and to a group are three different things to the kernel (ip_tunnel_changelink in
  // net/ipv4/ip_tunnel.c).
  replaces: { ...replaces, remote: (from, to) => between(from, to) || isGroup(from) !== isGroup(to) },
  module: "ip_gre",
  // iproute2 gives a tunnel to a group the group's address as its key, unless it is told another one.
  complete({ remote, ikey, okey }) {
    if (remote === undefined || !isGroup(remote)) return {};
    const group = numberOf(remote);
    return { ...(ikey === "none" && { ikey: group }), ...(okey === "none" && { okey: group }) };
  },
  problems,
  ...tunnelOf<typeof inputs>(greKind),
});

function problems(known: Partial<Desired>): Problem[] {
  const { pmtudisc, ignoreDf, ikey } = known;
  const keyed = ikey !== undefined && ikey !== "none";
  const found = tunnelProblems(inputs, known, {
    family: 4,
    ...(!keyed && { fallback: "gre0" }),
    multicast: true,
  });
  if (ignoreDf === true && pmtudisc === true) {
    const message = "packets are either sent with DF or cut up: set `pmtudisc: false` with it";
    found.push({ path: ["ignoreDf"], message });
  }
  return found;
}
