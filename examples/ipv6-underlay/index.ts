import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, TunnelLink, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv6 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");

/** A host and its private networks: here a cable that ends in the host itself has an address of each. */
function site(name: "a" | "b", id: number) {
  const { underlay, ...own } = config.requireObject<HostConfig>(name);
  const connection = { ...ssh, ...own };
  new VethPair(`${name}-lan`, {
    connection,
    a: { name: "lan0", addresses: [`10.40.${id}.1/24`, `fd00:40:${id}::1/64`] },
    b: { name: "lan1" },
  });
  return {
    connection,
    underlay: underlay ?? own.host ?? "",
    // One of each family that the networks are of: the routes go by them.
    addresses: [`192.168.40.${id}/30`, `fd00:40::${id}/126`],
    networks: [`10.40.${id}.0/24`, `fd00:40:${id}::/64`],
  };
}

const link = new TunnelLink("sites", {
  a: site("a", 1),
  b: site("b", 2),
  // IPv4 and IPv6 in IPv6. "ip6gre" does so too; over IPv4 it is "gre".
  kind: config.get<"ip6tnl" | "ip6gre">("kind") ?? "ip6tnl",
  key: config.getNumber("key"),
  hoplimit: config.getNumber("hoplimit"),
  encaplimit: "none",
  // `up` fails unless packets come through.
  probe: { required: true },
  // Where the underlay lets nothing but UDP pass, and where it loses "packet too big".
  encap: config.getObject<{ type: "fou" | "gue"; port: number }>("encap"),
  mssClamp: config.getBoolean("mssClamp"),
});

export const mtu = link.mtu;
export const works = link.works;
export const topology = link.topology;
export const tryIt = "on host a: ping -I fd00:40:1::1 fd00:40:2::1, and ping -I 10.40.1.1 10.40.2.1";
