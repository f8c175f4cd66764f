import { z } from "zod";
import { Connection } from "../../provider/host/connection";
import { Cidr, Destination, Ip, MAX_U32, NetnsName, OwnIfName } from "../../provider/net";
import { parentName } from "../../provider/resource";
import { fixedly } from "../component";
import { KINDS, type KindName } from "./kinds";

const Network = Destination.refine((text) => text !== "default" && !text.endsWith("/0"), {
  error: (issue) =>
    `"${issue.input}" is everywhere, the other host too: the tunnel's own packets would go into the tunnel. Give the networks that are there, like "10.10.2.0/24"`,
});

const A_TTL = 'give "inherit" or a number from 1 to 255';
const A_TOS = 'give "inherit", a number from 0 to 255 or one like "0x10"';

/** How each tunnel of a link or a mesh is made. */
export const tunnelOptions = {
  /**
   * Kind of the tunnel. `ipip`: IPv4 in IPv4 (RFC 2003), 20 bytes a packet more, IP protocol 4 in the underlay. Both
   * ends are of one kind, for others do not understand each other.
   */
  kind: fixedly(z.enum(Object.keys(KINDS) as [KindName, ...KindName[]])).default("ipip"),
  /**
   * Largest packet in bytes that fits through the tunnel whole, of both ends; 68 to 65515, for IPv6 inside at least
   * 1280 (RFC 8200). Left out, each kernel takes that of its route to the other host less the outer header.
   */
  mtu: z.int().min(1, "give a number of bytes").optional(),
  /** TTL of the outer header: 1 to 255, or `inherit` for that of the inner packet. Left out, `inherit`. */
  ttl: z.union([z.literal("inherit"), z.int().min(0, A_TTL).max(255, A_TTL)], A_TTL).optional(),
  /**
   * Type of service of the outer header: 0 to 255, as a number or as `"0x10"`, or `inherit` from the inner one. Left
   * out, 0.
   */
  tos: z
    .union(
      [
        z.literal("inherit"),
        z.string().regex(/^0x[0-9A-Fa-f]{1,2}$/, A_TOS),
        z.int().min(0, A_TOS).max(255, A_TOS),
      ],
      A_TOS,
    )
    .optional(),
  /**
   * Path MTU discovery: sets the outer DF bit, so that a packet too large for the path is reported, not cut up. Left
   * out, it is on; `false` needs a `ttl` that inherits (ip-tunnel(8)).
   */
  pmtudisc: z.boolean().optional(),
  /** Routing table of both hosts for the routes to the other side, 1 to 4294967295. Left out, `main` (254). */
  table: z.int().min(1).max(MAX_U32).optional(),
};

/** A host and what is behind it, whether it is joined with one other or with many. */
export const place = {
  /** How to reach the host over SSH. It need not be by the address that the tunnel uses. */
  connection: Connection,
  /**
   * Network namespace that the tunnel and its routes are in: a `Namespace`, or the name of one. Left out, the host's
   * own.
   */
  namespace: parentName(NetnsName).optional(),
  /**
   * Address of this host in the underlay, the network that lies between the hosts: one of the host's own, and the one
   * that the other side sends to.
   */
  underlay: Ip,
  /**
   * Private networks behind this host, `10.10.1.0/24`: the other side gets a route to each of them. They can't be
   * outputs, for the routes are named after them. Left out, there are none, and only the hosts reach each other.
   */
  networks: fixedly(z.array(Network)).default([]),
  /**
   * Whether the host is made to pass packets on (`net.ipv4.ip_forward`, for IPv6 `net.ipv6.conf.all.forwarding`) where
   * there are networks behind it. All links of a program share this setting of a host, and it stays until the last of
   * them goes. Set `false` where something else sees to it: another program, or a `Sysctl` of your own.
   */
  forwarding: fixedly(z.boolean()).default(true),
};

/** One side of a link: a host, its end of the tunnel, and what is behind it. */
const side = z.strictObject({
  ...place,
  /**
   * Address of this end inside the tunnel with the length of the subnet that both ends share, `192.168.50.1/30`. A /31
   * has room for just two (RFC 3021).
   */
  address: Cidr,
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
 * forwarding. It makes an `IpipTunnel`, `Route`s and a `Sysctl` on each host, which are resources like any other.
 *
 * What can't work is refused with the reason, at preview as far as it is known by then: tunnel addresses that are not
 * of one subnet, networks that overlap the underlay, each other or those of another link of the program, a route to the
 * other host that would lead into the tunnel itself, an MTU that can't be, ends or devices that another link has. That
 * the ends mirror each other needs no check: each is made of both sides.
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
