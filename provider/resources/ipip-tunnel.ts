import { z } from "zod";
import { always, defineResource, type Problem } from "../resource";
import { mode } from "../tunnel/attribute";
import { type Kind, tunnelOf } from "../tunnel/contract";
import { below, device, mtuOf, outputs, settings } from "../tunnel/device";
import { encap, encapAttribute, encapHeader } from "../tunnel/encap";
import { external, externalAttribute } from "../tunnel/external";
import { IPV4_HEADER, outer4, outer4Attributes } from "../tunnel/outer4";
import { between, replaces, tunnelProblems } from "../tunnel/problems";
import { adopt, connection, managementPath, mark, namespace, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  ...device,
  /**
   * What goes through the tunnel: `ipip` IPv4, `mplsip` MPLS, `any` both (ip-link(8)); RFC 2003, RFC 4023. Another one
   * replaces the device.
   */
  mode: z.enum(["ipip", "mplsip", "any"]).default("ipip"),
  ...outer4,
  ...below,
  ...external,
  ...encap,
  /**
   * Largest packet in bytes that fits through the tunnel whole, 68 to 65515, at least 1280 with IPv6 addresses
   * (RFC 8200). `auto` takes what the route to `remote` has, less 20 for the outer header (RFC 2003) and what `encap`
   * adds, and differs when that route changes. Left out, the kernel takes the MTU of the route's device less the headers
   * once; taken out later, it becomes that of Ethernet less them, 1480.
   */
  mtu: mtuOf(68, 65_535 - IPV4_HEADER),
  ...settings,
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

type Desired = z.output<typeof inputs>;

export const ipipKind: Kind = {
  word: "ipip",
  family: 4,
  attributes: [externalAttribute, mode, ...outer4Attributes, encapAttribute],
  overhead: (desired) => IPV4_HEADER + encapHeader(desired.encap as Desired["encap"]),
};

/**
 * An IPIP tunnel device: IPv4 in IPv4 (RFC 2003, ip-link(8) `type ipip`), IP protocol 4, 20 bytes of outer header; also
 * MPLS in IPv4 (protocol 137). It does not encrypt. Multicast inside it passes between Linux
 * hosts, elsewhere it may not: GRE is the kind for it.
 *
 * @example
 * const tunnel = new IpipTunnel("tunnel", {
 *   connection,
 *   name: "tun0",
 *   local: "203.0.113.10",
 *   remote: "198.51.100.20",
 *   addresses: ["192.168.50.1/30"],
 * });
 */
export const ipipTunnel = defineResource({
  type: "IpipTunnel",
  inputs,
  outputs,
  replaces: { ...replaces, mode: always, remote: between },
  module: "ipip",
  problems: (known: Partial<Desired>): Problem[] =>
    tunnelProblems(inputs, known, { family: 4, fallback: "tunl0" }),
  ...tunnelOf<typeof inputs>(ipipKind),
});
