import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, TunnelMesh, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the hosts. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");
/** The sites by their numbers. A site's number is its own for ever: the tunnel subnets follow from two of them. */
const sites = config.getObject<Record<string, number>>("sites") ?? { berlin: 0, madrid: 1, oslo: 2, rome: 3 };

/** A host and its private network: here a cable that ends in the host itself has an address of it. */
function site(name: string, id: number) {
  const { underlay, ...own } = config.requireObject<HostConfig>(name);
  const connection = { ...ssh, ...own };
  new VethPair(`${name}-lan`, {
    connection,
    a: { name: "lan0", addresses: [`10.30.${id}.1/24`] },
    b: { name: "lan1" },
  });
  return { name, id, connection, underlay: underlay ?? own.host ?? "", networks: [`10.30.${id}.0/24`] };
}

const mesh = new TunnelMesh("wan", {
  pool: "172.31.0.0/24",
  sites: Object.entries(sites).map(([name, id]) => site(name, id)),
});

export const mtu = mesh.mtu;
export const topology = mesh.topology;
export const tryIt = "on any host: ping 10.30.N.1, with the number of another site";
