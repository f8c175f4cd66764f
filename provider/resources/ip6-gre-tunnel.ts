import { z } from "zod";
import { defineResource, type Problem } from "../resource";
import { type Kind, tunnelOf } from "../tunnel/contract";
import { below, device, mtuOf, outputs, settings } from "../tunnel/device";
import { encap6, encap6Attribute, encapHeader } from "../tunnel/encap";
import { external, externalAttribute } from "../tunnel/external";
import { gre, greAttributes, greHeader, sameKey } from "../tunnel/gre";
import { dscp, dscpAttribute, outer6, outer6Attributes, outer6Header, takenBack } from "../tunnel/outer6";
import { replaces, tunnelProblems } from "../tunnel/problems";
import { adopt, connection, managementPath, mark, namespace, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  ...device,
  ...outer6,
  ...below,
  ...dscp,
  ...gre,
  ...external,
  ...encap6,
  /**
   * Largest packet in bytes that fits through the tunnel whole, 68 to 65491, at least 1280 with IPv6 addresses
   * (RFC 8200). `auto` takes what the route to `remote` has, less 40 for the outer header (RFC 8200), 8 for `encaplimit`
   * (RFC 2473), 4 for GRE's header (RFC 2784), 4 for each of `okey`, `oseq` and `ocsum` (RFC 2890) and what
   * `encap` adds, and differs when that route changes. Left out, the kernel takes the MTU of the route's device less the
   * headers once; taken out later, it becomes that of Ethernet less them.
   */
  mtu: mtuOf(68, 65_535 - 44),
  ...settings,
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

type Desired = z.output<typeof inputs>;

export const ip6GreKind: Kind = {
  word: "ip6gre",
  family: 6,
  attributes: [externalAttribute, ...outer6Attributes, dscpAttribute, ...greAttributes, encap6Attribute],
  overhead: (desired) =>
    outer6Header(desired) + greHeader(desired) + encapHeader(desired.encap as Desired["encap"]),
  rivals: sameKey,
};

/**
 * A tunnel device of GRE over IPv6: IPv4, IPv6 and MPLS, also multicast (RFC 7676, RFC 2890, ip-link(8) `type ip6gre`),
 * IP protocol 47, 44 to 64 bytes of headers. It does not encrypt.
 *
 * @example
 * const tunnel = new Ip6GreTunnel("tunnel", {
 *   connection,
 *   name: "gre1",
 *   local: "2001:db8:a::1",
 *   remote: "2001:db8:b::1",
 *   addresses: ["192.168.50.1/30"],
 * });
 */
export const ip6GreTunnel = defineResource({
  type: "Ip6GreTunnel",
  inputs,
  outputs,
  replaces: { ...replaces, dscpInherit: takenBack },
  module: "ip6_gre",
  problems,
  ...tunnelOf<typeof inputs>(ip6GreKind),
});

function problems(known: Partial<Desired>): Problem[] {
  const keyed = known.ikey !== undefined && known.ikey !== "none";
  return tunnelProblems(inputs, known, {
    family: 6,
    ...(!keyed && { fallback: "ip6gre0" }),
    multicast: true,
  });
}
