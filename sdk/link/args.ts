import { z } from "zod";
import { Connection, named } from "../../provider/host/connection";
import { Cidr, Destination, HostName, Ip, NetnsName, OwnIfName } from "../../provider/net";
import { parentName } from "../../provider/resource";
import { fixedly } from "../component";
import { tunnelOptions } from "./options";

const Network = Destination.refine((text) => text !== "default" && !text.endsWith("/0"), {
  error: (issue) =>
    `"${issue.input}" is everywhere, the other host too: the tunnel's own packets would go into the tunnel. Give the networks that are there, like "10.10.2.0/24"`,
});

/** A host and what is behind it, whether it is joined with one other or with many. */
export const place = {
  /** How to reach the host over SSH. It need not be by the address that the tunnel uses. Required, unless there is `host`. */
  connection: named(Connection),
  /** Name of a host of the provider's configuration, `ipip:hosts`, in place of `connection`. */
  host: HostName.optional(),
  /**
   * Network namespace that the tunnel and its routes are in: a `Namespace`, or the name of one. Left out, the host's
   * own.
   */
  namespace: parentName(NetnsName).optional(),
  /**
   * Address of this host in the underlay, the network that lies between the hosts: one of the host's own, and the one
   * that the other side sends to. The kind says whether it is of IPv4 or of IPv6.
   */
  underlay: Ip,
  /**
   * Private networks behind this host, `10.10.1.0/24` or `fd00:10:1::/64`: the other side gets a route to each of them,
   * by the tunnel address of the same family. They can't be outputs, for the routes are named after them. Left out, there
   * are none, and only the hosts reach each other.
   */
  networks: fixedly(z.array(Network)).default([]),
  /**
   * Whether the host is made to pass packets on (`net.ipv4.ip_forward`, for IPv6 `net.ipv6.conf.all.forwarding`) where
   * there are networks behind it. All links of a program share this setting of a host, and it stays until the last of
   * them goes. Set `false` where something else sees to it: another program, or a `Sysctl` of your own. A host that passes
   * on IPv6 no longer heeds router advertisements, and loses a default route that it has from one, unless
   * `net.ipv6.conf.DEVICE.accept_ra` is 2 there (the kernel's ip-sysctl.rst).
   */
  forwarding: fixedly(z.boolean()).default(true),
};

/** One side of a link: a host, its end of the tunnel, and what is behind it. */
const side = z.strictObject({
  ...place,
  /**
   * Address of this end inside the tunnel with the length of the subnet that both ends share, `192.168.50.1/30` or
   * `fd00:50::1/64`. A /31 (RFC 3021) or /127 (RFC 6164) has room for just two. Left out, give `addresses`.
   */
  address: Cidr.optional(),
  /**
   * In place of `address`, one of IPv4 and one of IPv6 where the link carries both. A family that networks are of needs an
   * address at both ends, though the kernel could send without: else packets of the hosts themselves would bear an address
   * of another device, which answers would not find the way back to.
   */
  addresses: z.array(Cidr).min(1, "give one, or two of different families").optional(),
  /**
   * Name of the tunnel's device here. Left out, it is the link's own name, or, where that is no name of a device or
   * longer than 15 characters, its beginning and a digest.
   */
  device: fixedly(OwnIfName).optional(),
  /**
   * Networks that are not behind this host itself, but that the other side reaches through it, over further links: of
   * the other spokes, where this is a hub. They are routed as `networks` are.
   */
  transit: fixedly(z.array(Network)).default([]),
});

const inputs = z.strictObject({
  /** One side. */
  a: fixedly(side),
  /** The other side. */
  b: fixedly(side),
  ...tunnelOptions,
});

/**
 * Two hosts joined: a tunnel with both its ends, on each side the routes to the networks behind the other, and
 * forwarding. It makes a tunnel of its `kind`, `Route`s and a `Sysctl` on each host, with `encap` a `FouPort`, with
 * `mssClamp` an `MssClamp` and with `probe` a `TunnelProbe`, which are resources like any other.
 *
 * What can't work is refused with the reason, at preview as far as it is known by then: what the kind of tunnel does not
 * have or carry, tunnel addresses that are not of one subnet, networks that overlap the underlay, each other or those of
 * another link of the program, a route to the other host that would lead into the tunnel itself, an MTU that can't be,
 * ends, devices or UDP ports that another link has. That the ends mirror each other needs no check: each is made of both
 * sides.
 *
 * @example
 * const link = new TunnelLink("office-dc", {
 *   a: {
 *     connection: { host: "203.0.113.10", knownHosts: "~/.ssh/known_hosts" },
 *     underlay: "203.0.113.10",
 *     address: "192.168.50.1/30",
 *     networks: ["10.10.1.0/24"],
 *   },
 *   b: {
 *     connection: { host: "198.51.100.20", knownHosts: "~/.ssh/known_hosts" },
 *     underlay: "198.51.100.20",
 *     address: "192.168.50.2/30",
 *     networks: ["10.10.2.0/24"],
 *   },
 * });
 */
export const tunnelLink = { type: "TunnelLink", inputs } as const;

export type LinkInputs = typeof inputs;
