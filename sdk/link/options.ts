import { z } from "zod";
import { MAX_U32 } from "../../provider/net";
import { gre } from "../../provider/tunnel/gre";
import { outer4 } from "../../provider/tunnel/outer4";
import { outer6 } from "../../provider/tunnel/outer6";
import { fixedly } from "../component";
import { KINDS, type KindName } from "./kinds";

const A_PORT = "give a port from 1 to 65535";

/** Encapsulation of a link in UDP, the same at both ends. */
const UdpEncap = z.strictObject({
  /**
   * `fou`: the tunnel's packet right after the UDP header, 8 bytes a packet more; `gue`: with a header of Generic UDP
   * Encapsulation between, 12 bytes (ip-fou(8)). A port of `fou` takes one protocol alone, so `ip6tnl` needs `gue`.
   */
  type: fixedly(z.enum(["fou", "gue"])),
  /** UDP port that both hosts take the link's packets at, 1 to 65535. */
  port: fixedly(z.int(A_PORT).min(1, A_PORT).max(65_535, A_PORT)),
});

/** How a link is probed: when it is made, when it changes and at a refresh. */
const LinkProbe = z.strictObject({
  /** Whether `up` fails as long as packets do not come through. */
  required: z.boolean().default(false),
});

/** How each tunnel of a link or a mesh is made. What a kind does not have is refused. */
export const tunnelOptions = {
  /**
   * Kind of the tunnel, of both ends, for others do not understand each other. Over IPv4: `ipip` carries IPv4 (RFC 2003,
   * IP protocol 4), `sit` IPv6 (RFC 4213, protocol 41), each 20 bytes a packet more; `gre` both (RFC 2784, protocol 47),
   * 24. Over IPv6, 40 bytes more and 8 for `encaplimit`: `ipip6` carries IPv4, `ip6ip6` IPv6, `ip6tnl` both (RFC 2473,
   * protocols 4 and 41); `ip6gre` both (RFC 7676, protocol 47), 4 more. Another kind replaces both ends.
   */
  kind: fixedly(z.enum(Object.keys(KINDS) as [KindName, ...KindName[]])).default("ipip"),
  /**
   * Largest packet in bytes that fits through the tunnel whole, of both ends; 68, for IPv6 inside 1280 (RFC 8200), to
   * 65535 less what the kind, its options and `encap` put before each packet: 65515 for `ipip`. Left out, each kernel
   * takes that of its route to the other host less the same.
   */
  mtu: z.int().min(1, "give a number of bytes").optional(),
  /** TTL of the outer header over IPv4: 1 to 255, or `inherit` for that of the inner packet. Left out, `inherit`. */
  ttl: outer4.ttl.unwrap().optional(),
  /**
   * Type of service of the outer header over IPv4: 0 to 255, as a number or as `"0x10"`, or `inherit` from the inner
   * one. Left out, 0.
   */
  tos: outer4.tos.unwrap().optional(),
  /**
   * Path MTU discovery over IPv4: sets the outer DF bit, so that a packet too large for the path is reported, not cut
   * up. Left out, it is on; `false` needs a `ttl` that inherits (ip-tunnel(8)). IPv6 always has it.
   */
  pmtudisc: outer4.pmtudisc.unwrap().optional(),
  /**
   * Hop limit of the outer header over IPv6: 1 to 255, or `inherit` for that of the inner packet. Left out, 64
   * (ip-link(8)).
   */
  hoplimit: outer6.hoplimit.unwrap().optional(),
  /**
   * Traffic class of the outer header over IPv6: 0 to 255, as a number or as `"0x10"`, or `inherit` from the inner one.
   * Left out, 0.
   */
  tclass: outer6.tclass.unwrap().optional(),
  /**
   * How many more tunnels a packet may be put into on its way over IPv6: 0 to 255, or `none` for no limit. The limit
   * takes 8 bytes of each packet (RFC 2473, section 4.1.1). Left out, 4.
   */
  encaplimit: outer6.encaplimit.unwrap().optional(),
  /**
   * Key of GRE, which tells tunnels between the same two hosts apart and takes 4 bytes of each packet (RFC 2890): a
   * number from 0 to 4294967295, one like `"10.0.0.1"`, or `none`. Both ends send it and insist on it. Left out, `none`.
   */
  key: gre.ikey.unwrap().optional(),
  /**
   * Sequence numbers of GRE, 4 bytes of each packet (RFC 2890): packets that come out of turn are dropped. The kernel
   * counts on when the other end is made anew, which begins at 0 again, as after a reboot: then both ends have to be made
   * anew, with `pulumi up --replace` of both. Left out, there are none.
   */
  seq: gre.iseq.unwrap().optional(),
  /** Checksum over GRE's header and what it carries, 4 bytes of each packet (RFC 2784). Left out, there is none. */
  csum: gre.icsum.unwrap().optional(),
  /**
   * Encapsulation in UDP, for a path that lets nothing else pass: a `FouPort` on each host, and both ends that send
   * there. Links of a program that use one port of a host share its `FouPort`, so what they use must be the same. The
   * kernel needs CONFIG_NET_FOU_IP_TUNNELS. Left out, there is none.
   */
  encap: fixedly(UdpEncap).optional(),
  /** Routing table of both hosts for the routes to the other side, 1 to 4294967295. Left out, `main` (254). */
  table: z.int().min(1).max(MAX_U32).optional(),
  /**
   * Whether TCP connections through the tunnel are told of a segment size that fits it, by an `MssClamp` at each end: for
   * underlays that lose ICMP's "packet too big". The hosts need nftables.
   */
  mssClamp: fixedly(z.boolean()).default(false),
  /**
   * Whether the hosts make all of it again when they boot, but for the `probe`. `none`: the next `pulumi up` makes it.
   * `systemd`: as with `persist` of each resource. A namespace that is given needs it too. Links of a program that share
   * the forwarding or the UDP port of a host have one value.
   */
  persist: fixedly(z.enum(["none", "systemd"])).default("none"),
  /**
   * Probes from `a`, with a `TunnelProbe`, whether packets to the first address of `b` come through, once tunnels and
   * routes are there; `{}` just tells. What comes of it is in `works` and `reason`. Left out, nobody looks.
   */
  probe: fixedly(LinkProbe).optional(),
};

type Schemas = typeof tunnelOptions;

/** Options are those of a tunnel in canonical form. */
export type Options = { readonly [K in keyof Schemas]: z.output<Schemas[K]> };

const NAMES = Object.keys(tunnelOptions) as (keyof Schemas)[];

/** optionsIn takes the options out of arguments that have more. */
export function optionsIn<A extends { readonly [K in keyof Schemas]?: unknown }>(
  args: A,
): Pick<A, keyof Schemas> {
  return Object.fromEntries(NAMES.map((name) => [name, args[name]])) as Pick<A, keyof Schemas>;
}
