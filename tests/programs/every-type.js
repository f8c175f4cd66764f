// One resource of every type, on the machine that the README calls host a; but for MssClamp, since the kernel of the lab's
// usual machines lacks the family inet of nftables.
const {
  Address,
  FouPort,
  GreTunnel,
  Ip6GreTunnel,
  Ip6Tunnel,
  IpipTunnel,
  Link,
  ManagerExemption,
  MplsInput,
  MplsLabelTable,
  MplsRoute,
  Namespace,
  Route,
  Rule,
  SitTunnel,
  Sysctl,
  TunnelProbe,
  VethPair,
} = require("pulumi-ipip");

const connection = {
  host: "203.0.113.10",
  privateKeyPath: "~/.ssh/id_ed25519",
  knownHosts: "~/.ssh/known_hosts",
};

const namespace = new Namespace("blue", { connection, name: "blue" });
new Sysctl("forwarding", { connection, namespace, key: "net.ipv4.ip_forward", value: 1 });
new VethPair("cable", { connection, a: { name: "veth0" }, b: { name: "veth1", namespace } });
const tunnel = new IpipTunnel("tunnel", {
  connection,
  namespace,
  name: "tun0",
  local: "203.0.113.10",
  remote: "198.51.100.20",
  addresses: ["192.168.50.1/30"],
});
const ends = { connection, namespace, local: "203.0.113.10", remote: "198.51.100.20" };
new SitTunnel("sit", { ...ends, name: "sit1" });
new GreTunnel("gre", { ...ends, name: "gre1", ikey: 1, okey: 1 });
const ends6 = { connection, namespace, local: "2001:db8:a::1", remote: "2001:db8:b::1" };
new Ip6Tunnel("ip6tnl", { ...ends6, name: "tun6" });
new Ip6GreTunnel("ip6gre", { ...ends6, name: "gre6" });
new Route("route", { connection, namespace, destination: "10.10.2.0/24", via: "192.168.50.2", dev: tunnel });
new Rule("rule", { connection, namespace, priority: 1000, from: "10.10.1.0/24", table: 100 });
new Address("address", { connection, namespace, dev: "lo", address: "10.255.0.1/32" });
new ManagerExemption("exemption", { connection, manager: "systemd-networkd", devices: ["tun*"] });
new Link("link", { connection, namespace, dev: "lo", txqlen: 500 });
new FouPort("fou", { connection, namespace, port: 5555, ipproto: "ipip" });
const labels = new MplsLabelTable("labels", { connection, namespace, platformLabels: 1000 });
new MplsInput("input", { connection, namespace, dev: tunnel });
new MplsRoute("pop", { connection, namespace, label: 100, dev: "lo" }, { dependsOn: labels });
new TunnelProbe("probe", { connection, namespace, dev: tunnel, target: "192.168.50.2" });
