import type { Command } from "../../../provider/host/host";
import { rulesOf } from "../../../provider/ip/rules";
import { View } from "../../../provider/ip/view";
import { reload } from "../../../provider/manager/files";
import { type Danger, dangerOf } from "../../../provider/path/danger";
import { questions, vrfOf, type Way, wayOf } from "../../../provider/path/way";

/** What a change may do to the way by which a host is reached: nothing, something, or surely cut it. */

const over4 = { peer: "198.51.100.7", local: "203.0.113.10", port: 22 };
const over6 = { peer: "fd00:9::7", local: "fd00:1::10", port: 22 };

/** A router's usual rules, and one of a neighbour's for the packets of a branch. */
const rules = rulesOf([
  { priority: 0, src: "all", table: "255" },
  { priority: 900, src: "10.10.1.0", srclen: 24, table: "100" },
  { priority: 1000, src: "all", fwmark: "0x1", table: "200" },
  { priority: 32766, src: "all", table: "254" },
  { priority: 32767, src: "all", table: "253" },
]);
const base = { carriers: new Set(["eth0"]), beyond: [], table: 254, rules };
const by4: Way = { ...base, destination: "0.0.0.0/0", metric: 100 };
const by6: Way = { ...base, destination: "::/0", metric: 1024 };

function command(line: string): Command {
  const [words = "", stdin] = line.split(" <<< ");
  const within = /^ip -n (\S+) (.*)$/.exec(words);
  const argv = within === null ? words.split(" ") : ["ip", ...(within[2] ?? "").split(" ")];
  return { argv, ...(within?.[1] && { netns: within[1] }), ...(stdin !== undefined && { stdin }) };
}

const kindOf = (danger: Danger | undefined) =>
  danger === undefined ? "harmless" : danger.certain ? "surely" : "maybe";

type Kind = "harmless" | "maybe" | "surely";

/** By what is known once the way was looked at, and by the connection's ends alone. */
const rows: readonly (readonly [line: string, seen: Kind, unseen: Kind])[] = [
  // Another namespace is not that of sshd.
  ["ip -n blue link set dev eth0 down", "harmless", "harmless"],
  ["ip -n blue -4 route add blackhole 0.0.0.0/0", "harmless", "harmless"],
  ["ip netns delete blue", "harmless", "harmless"],
  ["modprobe ipip", "harmless", "harmless"],
  // Devices.
  ["ip link add name tun0 type ipip local 203.0.113.10 remote 198.51.100.7", "harmless", "harmless"],
  ["ip link set dev tun0 down", "harmless", "maybe"],
  ["ip link delete dev tun0", "harmless", "maybe"],
  ["ip link set dev eth0 alias eth1", "harmless", "harmless"],
  ["ip link set dev eth0 group 7", "harmless", "harmless"],
  ["ip link set dev eth0 txqueuelen 5000", "harmless", "harmless"],
  ["ip link set dev eth0 up", "harmless", "harmless"],
  ["ip link set dev eth0 mtu 68", "maybe", "maybe"],
  ["ip link set dev eth0 address 02:00:00:00:00:01", "maybe", "maybe"],
  ["ip link change name eth0 type ipip ttl 9", "maybe", "maybe"],
  ["ip link set dev eth0 down", "surely", "maybe"],
  ["ip link delete dev eth0", "surely", "maybe"],
  ["ip link delete dev eth0 type veth", "surely", "maybe"],
  // Routes.
  ["ip -4 route add unicast 10.10.2.0/24 dev tun0 table 254", "harmless", "harmless"],
  ["ip -6 route add blackhole ::/0 table 254", "harmless", "harmless"],
  ["ip -4 route add unicast 198.51.100.0/24 dev tun0 table 254", "maybe", "maybe"],
  ["ip -4 route replace unicast 0.0.0.0/0 via 203.0.113.2 table 254 metric 100", "maybe", "maybe"],
  ["ip -4 route add unicast 0.0.0.0/0 via 203.0.113.2 table 254", "maybe", "maybe"],
  ["ip -4 route add unicast 0.0.0.0/0 via 203.0.113.2 table 254 metric 200", "harmless", "maybe"],
  ["ip -4 route delete unicast 0.0.0.0/0 table 254 metric 100", "maybe", "maybe"],
  ["ip -4 route delete unicast 0.0.0.0/0 table 254 metric 200", "harmless", "maybe"],
  ["ip -4 route delete unicast 198.51.100.0/24 table 254 metric 0", "harmless", "maybe"],
  ["ip -4 route add blackhole 198.51.100.7/32 table 254", "surely", "maybe"],
  ["ip -4 route add unreachable 198.51.100.0/24 table 254 metric 5", "surely", "maybe"],
  ["ip -4 route add prohibit 0.0.0.0/0 table 254 metric 200", "harmless", "maybe"],
  ["ip -4 route add throw 198.51.100.7/32 table 254", "maybe", "maybe"],
  ["ip -4 route add local 198.51.100.7/32 dev lo table 254", "surely", "maybe"],
  // What decides is whether a rule leads there, for packets that may be ours.
  ["ip -4 route add blackhole 0.0.0.0/0 table 100", "harmless", "maybe"],
  ["ip -4 route add blackhole 0.0.0.0/0 table 200", "maybe", "maybe"],
  ["ip -4 route add blackhole 0.0.0.0/0 table 253", "harmless", "maybe"],
  ["ip -4 route add blackhole 0.0.0.0/0 table 77", "harmless", "maybe"],
  ["ip -4 route delete local 203.0.113.10/32 table 255 metric 0", "maybe", "maybe"],
  // Rules.
  ["ip -4 rule add priority 500 blackhole", "surely", "maybe"],
  ["ip -4 rule add priority 500 to 198.51.100.0/24 unreachable", "surely", "maybe"],
  ["ip -4 rule add priority 500 from 203.0.113.10/32 prohibit", "surely", "maybe"],
  ["ip -4 rule add priority 500 from 10.0.0.0/8 blackhole", "harmless", "harmless"],
  ["ip -4 rule add priority 500 to 10.0.0.0/8 table 5", "harmless", "harmless"],
  ["ip -4 rule add priority 500 not from 10.0.0.0/8 blackhole", "maybe", "maybe"],
  ["ip -4 rule add priority 500 fwmark 0x1/0xffffffff blackhole", "maybe", "maybe"],
  ["ip -4 rule add priority 500 iif eth1 blackhole", "maybe", "maybe"],
  ["ip -4 rule add priority 500 oif tun0 blackhole", "harmless", "maybe"],
  ["ip -4 rule add priority 500 ipproto 17 blackhole", "harmless", "harmless"],
  ["ip -4 rule add priority 500 ipproto 6 blackhole", "surely", "maybe"],
  ["ip -4 rule add priority 500 table 5", "maybe", "maybe"],
  ["ip -4 rule add priority 40000 blackhole", "harmless", "maybe"],
  ["ip -6 rule add priority 500 blackhole", "harmless", "harmless"],
  ["ip -4 rule delete priority 500 table 5 protocol 204", "maybe", "maybe"],
  ["ip -4 rule delete priority 500 blackhole protocol 204", "maybe", "maybe"],
  // Addresses.
  ["ip address add 10.0.0.1/24 dev tun0", "harmless", "harmless"],
  ["ip address add 198.51.100.1/24 dev tun0", "maybe", "maybe"],
  ["ip address add 10.0.0.1 peer 198.51.100.7/32 dev tun0", "maybe", "maybe"],
  ["ip address add 198.51.100.7/32 dev lo", "surely", "surely"],
  ["ip address add 203.0.113.11/24 dev eth0", "harmless", "harmless"],
  ["ip address delete 203.0.113.10/24 dev eth0", "surely", "surely"],
  ["ip address delete 203.0.113.11/24 dev eth0", "maybe", "maybe"],
  ["ip address delete 10.0.0.1/24 dev tun0", "harmless", "maybe"],
  ["ip address delete fd00:1::10/64 dev eth0", "harmless", "harmless"],
  // Parameters.
  ["tee /proc/sys/net/ipv4/ip_forward <<< 1", "maybe", "maybe"],
  ["tee /proc/sys/net/ipv4/conf/all/rp_filter <<< 1", "maybe", "maybe"],
  ["tee /proc/sys/net/ipv4/conf/eth0/rp_filter <<< 1", "maybe", "maybe"],
  ["tee /proc/sys/net/ipv4/conf/tun0/rp_filter <<< 1", "harmless", "maybe"],
  ["tee /proc/sys/net/ipv4/conf/default/rp_filter <<< 1", "harmless", "harmless"],
  ["tee /proc/sys/net/ipv6/conf/all/forwarding <<< 1", "harmless", "harmless"],
  ["tee /proc/sys/kernel/panic <<< 1", "harmless", "harmless"],
];

test.each(rows)("%s: %s, and %s before anybody has looked", (line, seen, unseen) => {
  const steps = [command(line)];
  expect(kindOf(dangerOf(steps, over4, by4))).toBe(seen);
  expect(kindOf(dangerOf(steps, over4))).toBe(unseen);
});

test.each([
  ["tee /proc/sys/net/ipv6/conf/eth0/disable_ipv6 <<< 1", "surely"],
  ["tee /proc/sys/net/ipv6/conf/tun0/disable_ipv6 <<< 1", "harmless"],
  ["tee /proc/sys/net/ipv6/conf/all/disable_ipv6 <<< 0", "maybe"],
  ["tee /proc/sys/net/ipv4/ip_forward <<< 1", "harmless"],
  ["tee /proc/sys/net/ipv4/tcp_mtu_probing <<< 1", "maybe"],
  ["ip -6 route add blackhole fd00:9::/64 table 254 metric 1024", "surely"],
  ["ip -4 route add blackhole 0.0.0.0/0 table 254", "harmless"],
  ["ip -6 rule add priority 5 to fd00:9::/64 blackhole", "surely"],
  ["ip address delete fd00:1::10/64 dev eth0", "surely"],
])("over IPv6, %s: %s", (line, kind) => {
  expect(kindOf(dangerOf([command(line)], over6, by6))).toBe(kind);
});

test("what a change makes itself carries nothing yet", () => {
  const making = [
    "ip link add name tun0 type ipip",
    "ip link set dev tun0 mtu 1400",
    "ip link set dev tun0 up",
  ];
  expect(dangerOf(making.map(command), over4)).toBeUndefined();
});

test("an address that comes again with another prefix length may be gone for a moment only", () => {
  const steps = ["ip address add 203.0.113.10/25 dev eth0", "ip address delete 203.0.113.10/24 dev eth0"];
  expect(kindOf(dangerOf(steps.map(command), over4, by4))).toBe("maybe");
});

test("the worst of several steps is told, and whether more may go with any of them", () => {
  const steps = ["ip link set dev eth0 mtu 68", "ip -4 rule add priority 500 blackhole"].map(command);
  expect(dangerOf(steps, over4, by4)).toEqual({
    command: steps[1],
    why: "rule 500 takes packets from 203.0.113.10 to 198.51.100.7",
    certain: true,
    takesMore: true,
  });
});

test("what leads to the other end of a tunnel that carries the way counts as well", () => {
  const tunnelled: Way = { ...by4, carriers: new Set(["tun0", "eth0"]), beyond: ["192.0.2.9"] };
  const route = command("ip -4 route add unicast 192.0.2.0/24 dev eth1 table 254");
  expect(kindOf(dangerOf([route], over4, tunnelled))).toBe("maybe");
  expect(kindOf(dangerOf([command("ip link delete dev tun0")], over4, tunnelled))).toBe("surely");
});

describe("the way through a VRF", () => {
  const through: Way = {
    carriers: new Set(["mgmt", "eth0"]),
    beyond: [],
    destination: "198.51.100.0/24",
    table: 10,
    metric: 0,
    rules: rulesOf([
      { priority: 0, src: "all", table: "255" },
      { priority: 1000, src: "all", l3mdev: null },
      { priority: 32766, src: "all", table: "254" },
    ]),
    vrf: "mgmt",
  };

  test.each<[string, Kind]>([
    ["ip -4 route add blackhole 198.51.100.7/32 table 10", "surely"],
    ["ip -4 route add unicast 198.51.100.7/32 dev d0 table 10", "maybe"],
    ["ip -4 route add blackhole 198.51.100.7/32 table 254", "harmless"],
    ["ip -4 route add blackhole 0.0.0.0/0 table 254", "harmless"],
    ["ip -4 rule add priority 500 to 198.51.100.0/24 blackhole", "surely"],
    ["ip -4 rule add priority 500 oif mgmt blackhole", "surely"],
    ["ip -4 rule add priority 500 oif blue blackhole", "harmless"],
    ["ip -4 rule add priority 2000 blackhole", "harmless"],
    ["ip link set dev mgmt down", "maybe"],
    ["ip link delete dev mgmt", "maybe"],
    ["ip link set dev eth0 down", "surely"],
    ["ip link set dev eth1 down", "harmless"],
  ])("%s is %s", (line, kind) => {
    expect(kindOf(dangerOf([command(line)], over4, through))).toBe(kind);
  });
});

test("another manager of the network reading its files anew may do anything", () => {
  for (const manager of ["systemd-networkd", "NetworkManager"] as const) {
    const danger = dangerOf([reload(manager, ["/etc/x"])], over4, by4);
    expect(danger).toMatchObject({
      why: `${manager} reads all its files anew`,
      certain: false,
      takesMore: true,
    });
  }
});

describe("the way that a host shows", () => {
  const link = (ifname: string, more: object = {}) => ({
    ifindex: 1,
    ifname,
    flags: ["UP"],
    mtu: 1500,
    ...more,
  });
  const route = {
    type: "1",
    dst: "default",
    gateway: "192.0.2.1",
    dev: "vlan7",
    table: "254",
    flags: [],
    metric: 5,
  };

  function answered(
    queries: readonly Command[],
    routes: readonly object[] | undefined,
    links: readonly object[],
  ): View {
    const answers = queries.map(({ argv }) => {
      const listing = argv.includes("get") ? routes : argv.includes("rule") ? [] : links;
      return { code: listing === undefined ? 2 : 0, stdout: JSON.stringify(listing ?? ""), stderr: "" };
    });
    return new View("host", queries, answers);
  }

  const shown = (routes: readonly object[] | undefined, links: readonly object[]) =>
    wayOf(over4, answered(questions(over4), routes, links));

  test("has the devices that carry the one it leaves by: a VLAN's bond, and its ports", () => {
    const links = [
      link("vlan7", { link: "bond0" }),
      link("bond0"),
      link("eth0", { master: "bond0" }),
      link("eth1", { master: "bond0" }),
      link("eth2"),
    ];
    expect(shown([route], links)).toEqual({
      carriers: new Set(["vlan7", "bond0", "eth0", "eth1"]),
      beyond: [],
      destination: "0.0.0.0/0",
      table: 254,
      metric: 5,
      rules: [],
    });
  });

  test("has the ends of a tunnel, and all devices of several ways", () => {
    const tunnel = { info_kind: "ipip", info_data: { local: "192.0.2.8", remote: "192.0.2.9" } };
    const links = [link("tun0", { link: "eth0", linkinfo: tunnel }), link("eth0"), link("eth1")];
    const both = {
      ...route,
      gateway: undefined,
      dev: undefined,
      nexthops: [
        { dev: "tun0", flags: [] },
        { dev: "eth1", flags: [] },
      ],
    };
    expect(shown([both], links)).toMatchObject({
      carriers: new Set(["tun0", "eth0", "eth1"]),
      beyond: ["192.0.2.9", "192.0.2.8"],
    });
  });

  test("is that of the VRF which the address is in, with no other device of that", () => {
    const address = { family: "inet", local: over4.local, prefixlen: 24, scope: "global" };
    const links = [
      link("mgmt", { linkinfo: { info_kind: "vrf", info_data: { table: 10 } } }),
      link("eth0", { master: "mgmt", addr_info: [address] }),
      link("eth1", { master: "mgmt" }),
    ];
    const view = answered(questions(over4, "mgmt"), [{ ...route, dev: "eth0", table: "10" }], links);
    expect(vrfOf(over4, view)).toBe("mgmt");
    expect(wayOf(over4, view, "mgmt")).toMatchObject({
      carriers: new Set(["mgmt", "eth0"]),
      table: 10,
      vrf: "mgmt",
    });
  });

  test("is not known where the host names no route", () => {
    expect(shown(undefined, [])).toBeUndefined();
  });
});
