import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, TunnelMesh, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the hosts. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");

/** A host and its private network: here a cable that ends in the host itself has an address of it. */
function site(name: string, id: number) {
  const { underlay, ...own } = config.requireObject<HostConfig>(name);
  const connection = { ...ssh, ...own };
  new VethPair(`${name}-lan`, {
    connection,
    a: { name: "lan0", addresses: [`10.20.${id}.1/24`] },
    b: { name: "lan1" },
  });
  return { name, id, connection, underlay: underlay ?? own.host ?? "", networks: [`10.20.${id}.0/24`] };
}

// The numbers are the sites' own: they stay when a site comes or goes, and with them every tunnel's addresses.
const mesh = new TunnelMesh("wan", {
  pool: "172.31.0.0/24",
  sites: [site("hub", 0), site("east", 1), site("west", 2)],
  hubs: ["hub"],
  ttl: config.getNumber("ttl"),
});

export const mtu = mesh.mtu;
export const topology = mesh.topology;
export const tryIt = "on host east: ping -I 10.20.1.1 10.20.2.1";
