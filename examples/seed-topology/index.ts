import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, IpipTunnel, Namespace, Route, Sysctl, VethPair } from "pulumi-ipip";

const config = new pulumi.Config();
const connection = config.requireObject<ConnectionArgs>("connection");
const ttl = config.getNumber("ttl") ?? 255;
const tunnelName = config.get("tunnel") ?? "tun0";

// Two hosts and the router between them, each a namespace.
const host1 = new Namespace("host1", { connection, name: "host1" });
const internet = new Namespace("internet", { connection, name: "internet" });
const host2 = new Namespace("host2", { connection, name: "host2" });

// The underlay: host1 -- internet -- host2. Addresses of different subnets, so that packets are really routed.
const cable1 = new VethPair("veth0-veth1", {
  connection,
  a: { name: "veth0", namespace: host1, addresses: ["172.16.10.2/24"] },
  b: { name: "veth1", namespace: internet, addresses: ["172.16.10.1/24"] },
});
const cable2 = new VethPair("veth2-veth3", {
  connection,
  a: { name: "veth2", namespace: internet, addresses: ["152.16.10.1/24"] },
  b: { name: "veth3", namespace: host2, addresses: ["152.16.10.2/24"] },
});
new Sysctl("forwarding", { connection, namespace: internet, key: "net.ipv4.ip_forward", value: 1 });
const there = new Route("host1-to-host2", {
  connection,
  namespace: host1,
  destination: "152.16.10.0/24",
  via: "172.16.10.1",
  dev: cable1.a.name,
});
const back = new Route("host2-to-host1", {
  connection,
  namespace: host2,
  destination: "172.16.10.0/24",
  via: "152.16.10.1",
  dev: cable2.b.name,
});

// The overlay: both ends of the tunnel in one small subnet, as if host1 and host2 were neighbours.
const underlay = { dependsOn: [there, back] };
const tunnel1 = new IpipTunnel(
  "host1-tunnel",
  {
    connection,
    namespace: host1,
    name: tunnelName,
    local: "172.16.10.2",
    remote: "152.16.10.2",
    ttl,
    addresses: ["192.168.50.1/30"],
  },
  underlay,
);
const tunnel2 = new IpipTunnel(
  "host2-tunnel",
  {
    connection,
    namespace: host2,
    name: tunnelName,
    local: "152.16.10.2",
    remote: "172.16.10.2",
    ttl,
    addresses: ["192.168.50.2/30"],
  },
  underlay,
);

export const mtu = pulumi.all([tunnel1.effectiveMtu, tunnel2.effectiveMtu]);
export const tryIt = "ip netns exec host1 ping 192.168.50.2";
