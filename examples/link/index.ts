import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, TunnelLink, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
  /** The private network behind it; there is one to begin with. */
  network?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");

/** A host and its private network: here a cable that ends in the host itself has an address of it. */
function site(name: "a" | "b", usual: string) {
  const { underlay, network = usual, ...own } = config.requireObject<HostConfig>(name);
  const connection = { ...ssh, ...own };
  new VethPair(`${name}-lan`, {
    connection,
    a: { name: "lan0", addresses: [network.replace(/0\/24$/, "1/24")] },
    b: { name: "lan1" },
  });
  return { connection, underlay: underlay ?? own.host ?? "", networks: [network] };
}

const link = new TunnelLink("site-link", {
  a: {
    ...site("a", "10.10.1.0/24"),
    address: config.get("tunnelA") ?? "192.168.50.1/30",
    device: config.get("device"),
  },
  b: { ...site("b", "10.10.2.0/24"), address: "192.168.50.2/30", device: config.get("device") },
  ttl: config.getNumber("ttl"),
  mtu: config.getNumber("mtu"),
});

export const mtu = link.mtu;
export const topology = link.topology;
export const tryIt = "on host a: ping -I 10.10.1.1 10.10.2.1";
