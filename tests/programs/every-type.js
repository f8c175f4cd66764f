// One resource of every type, on the machine that the README calls host a.
const { IpipTunnel, Namespace, Route, Sysctl, TunnelProbe, VethPair } = require("pulumi-ipip");

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
new Route("route", { connection, namespace, destination: "10.10.2.0/24", via: "192.168.50.2", dev: tunnel });
new TunnelProbe("probe", { connection, namespace, dev: tunnel, target: "192.168.50.2" });
