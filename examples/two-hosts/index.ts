import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, IpipTunnel, Namespace, Route, Sysctl, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");
const ttl = config.getNumber("ttl");
const tunnelName = config.get("tunnel") ?? "tun0";
/** With "systemd" the hosts make it all again when they boot. */
const persist = config.get<"none" | "systemd">("persist") ?? "none";

/**
 * A site is a host with a private network behind it: a namespace stands for the machines there. Each site has an
 * address of the tunnel's own little subnet, and knows which network is behind the other.
 */
function site(
  name: "a" | "b",
  net: { private: string; tunnel: string; otherTunnel: string; otherPrivate: string },
) {
  const { underlay, ...own } = config.requireObject<HostConfig>(name);
  const other = config.requireObject<HostConfig>(name === "a" ? "b" : "a");
  const connection = { ...ssh, ...own };

  const inside = new Namespace(`${name}-private`, { connection, name: "private", persist });
  const cable = new VethPair(`${name}-cable`, {
    connection,
    a: { name: "private0", addresses: [`${net.private}.1/24`] },
    b: { name: "eth0", namespace: inside, addresses: [`${net.private}.2/24`] },
    persist,
  });
  new Route(`${name}-private-default`, {
    connection,
    namespace: inside,
    destination: "default",
    via: `${net.private}.1`,
    dev: cable.b.name,
    persist,
  });
  new Sysctl(`${name}-forwarding`, { connection, key: "net.ipv4.ip_forward", value: 1, persist });

  const tunnel = new IpipTunnel(`${name}-tunnel`, {
    connection,
    name: tunnelName,
    local: underlay ?? own.host,
    remote: other.underlay ?? other.host,
    addresses: [`${net.tunnel}/30`],
    persist,
    ...(ttl === undefined ? {} : { ttl }),
  });
  new Route(`${name}-to-other`, {
    connection,
    destination: `${net.otherPrivate}.0/24`,
    via: net.otherTunnel,
    dev: tunnel,
    persist,
  });
  return tunnel;
}

const a = site("a", {
  private: "10.10.1",
  tunnel: "192.168.50.1",
  otherTunnel: "192.168.50.2",
  otherPrivate: "10.10.2",
});
const b = site("b", {
  private: "10.10.2",
  tunnel: "192.168.50.2",
  otherTunnel: "192.168.50.1",
  otherPrivate: "10.10.1",
});

export const link = pulumi.interpolate`${a.local} (mtu ${a.effectiveMtu}) <-> ${b.local} (mtu ${b.effectiveMtu})`;
export const tryIt = "on host a: ip netns exec private ping 10.10.2.2";
