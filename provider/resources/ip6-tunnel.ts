import { z } from "zod";
import { defineResource, type Problem } from "../resource";
import { mode } from "../tunnel/attribute";
import { type Kind, tunnelOf } from "../tunnel/contract";
import { below, device, mtuOf, outputs, settings } from "../tunnel/device";
import { encap6, encap6Attribute, encapHeader } from "../tunnel/encap";
import { external, externalAttribute } from "../tunnel/external";
import { dscp, dscpAttribute, outer6, outer6Attributes, outer6Header, takenBack } from "../tunnel/outer6";
import { replaces, tunnelProblems } from "../tunnel/problems";
import { adopt, connection, managementPath, mark, namespace, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  ...device,
  /**
   * What goes through the tunnel: `ip6ip6` IPv6, `ipip6` IPv4, `any` both, and MPLS (ip-link(8)); RFC 2473, RFC 4023.
   */
  mode: z.enum(["ip6ip6", "ipip6", "any"]).default("any"),
  ...outer6,
  ...below,
  ...dscp,
  ...external,
  ...encap6,
  /**
   * Largest packet in bytes that fits through the tunnel whole, 68 to 65495, at least 1280 with IPv6 inside (RFC 8200).
   * `auto` takes what the route to `remote` has, less 40 for the outer header (RFC 8200), 8 for `encaplimit` (RFC 2473)
   * and what `encap` adds, and differs when that route changes. Left out, the kernel takes the MTU of the route's device
   * less the headers once; taken out later, it becomes that of Ethernet less them, 1452 or 1460.
   */
  mtu: mtuOf(68, 65_535 - 40),
  ...settings,
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

type Desired = z.output<typeof inputs>;

export const ip6Kind: Kind = {
  word: "ip6tnl",
  family: 6,
  attributes: [externalAttribute, mode, ...outer6Attributes, dscpAttribute, encap6Attribute],
  overhead: (desired) => outer6Header(desired) + encapHeader(desired.encap as Desired["encap"]),
};

/**
 * A tunnel device with IPv6 outside: IPv4 in IPv6, IPv6 in IPv6, MPLS in IPv6 (RFC 2473, ip-link(8) `type ip6tnl`), IP
 * protocols 4, 41 and 137, 40 bytes of outer header and 8 for `encaplimit`. It does not encrypt. Multicast
 * inside it passes between Linux hosts, elsewhere it may not: GRE is the kind for it.
 *
 * @example
 * const tunnel = new Ip6Tunnel("tunnel", {
 *   connection,
 *   name: "tun6",
 *   mode: "ipip6",
 *   local: "2001:db8:a::1",
 *   remote: "2001:db8:b::1",
 *   addresses: ["192.168.50.1/30"],
 * });
 */
export const ip6Tunnel = defineResource({
  type: "Ip6Tunnel",
  inputs,
  outputs,
  replaces: { ...replaces, dscpInherit: takenBack },
  module: "ip6_tunnel",
  problems: (known: Partial<Desired>): Problem[] =>
    tunnelProblems(inputs, known, { family: 6, fallback: "ip6tnl0" }),
  ...tunnelOf<typeof inputs>(ip6Kind),
});
