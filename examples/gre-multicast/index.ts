import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, GreTunnel, Sysctl, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");

/** A router and the network behind it: here a cable that ends in the host itself has an address of it. */
function router(name: "a" | "b", id: string, lan: string) {
  const { underlay, ...own } = config.requireObject<HostConfig>(name);
  const other = config.requireObject<HostConfig>(name === "a" ? "b" : "a");
  const connection = { ...ssh, ...own };

  new VethPair(`${name}-lan`, { connection, a: { name: "lan0", addresses: [lan] }, b: { name: "lan1" } });
  new Sysctl(`${name}-forwarding`, { connection, key: "net.ipv4.ip_forward", value: 1 });
  const tunnel = new GreTunnel(`${name}-tunnel`, {
    connection,
    name: "ospf0",
    local: underlay ?? own.host,
    remote: other.underlay ?? other.host,
    ikey: 89,
    okey: 89,
    multicast: true,
    // OSPF sends with a TTL of 1. A tunnel that inherits it reaches no farther than the first router of the underlay.
    ttl: 64,
    addresses: [`${id}/30`],
  });

  // Which routes there are is OSPF's affair, so there is no Route here. This is for BIRD, FRR does as well.
  return pulumi.interpolate`router id ${id};
protocol device {}
protocol kernel {
  ipv4 { import none; export where source ~ [ RTS_OSPF, RTS_OSPF_IA ]; };
}
protocol ospf v2 {
  area 0 {
    interface "${tunnel.name}" { type ptp; hello 1; };
    interface "lan0" { stub; };
  };
}
`;
}

/** For /etc/bird/bird.conf of each host. */
export const bird = {
  a: router("a", "192.168.55.1", "10.55.1.1/24"),
  b: router("b", "192.168.55.2", "10.55.2.1/24"),
};
export const tryIt = "on host a: ip route show proto bird; ping -I 10.55.1.1 10.55.2.1";
