import type { Fields } from "../../provider/state";
import { FakeHost } from "../support/fake-host";
import { CONNECTION, MiniEngine } from "../support/mini-engine";
import { samples } from "../support/samples";

function contractOf(type: string) {
  const sample = samples[type];
  if (sample === undefined) throw new Error(`there is no sample of ${type}`);
  return sample.contract;
}

const tunnel = { name: "tun0", remote: "10.0.0.2" };
const route = { destination: "10.10.2.0/24", via: "10.0.0.2" };

// An id is unique on its host, and stands in states for ever.
test.each<[string, Fields, string, string]>([
  ["Namespace", { name: "n1" }, "203.0.113.1//n1", "namespace n1"],
  ["IpipTunnel", tunnel, "203.0.113.1//tun0", "tunnel tun0"],
  ["IpipTunnel", { ...tunnel, namespace: "n1" }, "203.0.113.1/n1/tun0", "tunnel tun0 in namespace n1"],
  [
    "IpipTunnel",
    { ...tunnel, connection: { ...CONNECTION, port: 2222 } },
    "203.0.113.1:2222//tun0",
    "tunnel tun0",
  ],
  [
    "VethPair",
    { a: { name: "va", namespace: "n1" }, b: { name: "vb" } },
    "203.0.113.1//n1:va/:vb",
    "veth pair va in namespace n1 and vb",
  ],
  [
    "Route",
    route,
    "203.0.113.1//10.10.2.0/24 table 254 metric 0",
    "route 10.10.2.0/24 (table 254, metric 0)",
  ],
  [
    "Route",
    { ...route, metric: 50, table: 100, namespace: "n1" },
    "203.0.113.1/n1/10.10.2.0/24 table 100 metric 50",
    "route 10.10.2.0/24 (table 100, metric 50) in namespace n1",
  ],
  [
    "Sysctl",
    { key: "net.ipv4.ip_forward", value: 1 },
    "203.0.113.1//net.ipv4.ip_forward",
    "sysctl net.ipv4.ip_forward",
  ],
  ["Rule", { priority: 100, table: 100 }, "203.0.113.1//inet/100", "rule 100 (inet)"],
  [
    "Rule",
    { priority: 100, from: "fd00::/8", namespace: "n1" },
    "203.0.113.1/n1/inet6/100",
    "rule 100 (inet6) in namespace n1",
  ],
  [
    "Address",
    { dev: "lo", address: "FD00::1/128", namespace: "n1" },
    "203.0.113.1/n1/lo/fd00::1/128",
    "address fd00::1/128 on lo in namespace n1",
  ],
  ["Link", { dev: "eth0", mtu: 9000 }, "203.0.113.1//eth0", "settings of eth0"],
  ["FouPort", { port: 5555, encap: "gue" }, "203.0.113.1//port 5555 family 4", "FOU port 5555 family 4"],
  [
    "FouPort",
    { port: 5555, ipproto: 41, local: "fd00::1", dev: "eth0", namespace: "n1" },
    "203.0.113.1/n1/port 5555 family 6 local fd00::1",
    "FOU port 5555 family 6 local fd00::1 in namespace n1",
  ],
  ["MssClamp", { dev: "tun0" }, "203.0.113.1//pulumi_ipip_mss_tun0", "MSS clamp of tun0"],
  ["MplsLabelTable", { platformLabels: 1000 }, "203.0.113.1//mpls", "MPLS label table of the host"],
  [
    "MplsLabelTable",
    { platformLabels: 1000, namespace: "n1" },
    "203.0.113.1/n1/mpls",
    "MPLS label table in namespace n1",
  ],
  ["MplsInput", { dev: "tun0" }, "203.0.113.1//tun0", "MPLS input of tun0"],
  [
    "MplsRoute",
    { label: 100, dev: "lo", namespace: "n1" },
    "203.0.113.1/n1/mpls 100",
    "MPLS route 100 in namespace n1",
  ],
])("%s %j has an id and a name for people", (type, inputs, id, name) => {
  const contract = contractOf(type);
  const desired = new MiniEngine(contract, new FakeHost()).check(inputs);
  expect([contract.id(desired), contract.describe(desired)]).toEqual([id, name]);
});

test.each([
  ["Namespace", true],
  ["VethPair", true],
  ["IpipTunnel", true],
  ["Route", false],
  ["MplsLabelTable", true],
  ["MplsInput", true],
  ["MplsRoute", false],
  ["Sysctl", true],
  ["Rule", false],
  ["Address", true],
  ["Link", true],
  ["FouPort", true],
  ["MssClamp", true],
])("a %s must be gone before another one takes its place: %p", (type, gone) => {
  expect(contractOf(type).deleteBeforeReplace).toBe(gone);
});
