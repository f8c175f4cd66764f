import { Lifecycle } from "../../provider/lifecycle";
import { changesBetween, type Fields } from "../../provider/state";
import { unknown } from "../../provider/unknown";
import { CONNECTION, MARK } from "../support/mini-engine";
import { samples } from "../support/samples";

const TUNNEL = { name: "tun0", local: "10.0.0.1", remote: "10.0.0.2" };
const TUNNEL6 = { name: "tun0", local: "fd00::1", remote: "fd00::2" };
const PAIR = { a: { name: "va" }, b: { name: "vb" } };
const ROUTE = { destination: "10.10.2.0/24", via: "10.0.0.2" };
const FOU = { port: 5555, ipproto: "ipip" };
const WAYS = [{ via: "10.0.0.2", dev: "u0" }, { via: "10.0.0.3" }];
const SYSCTL = { key: "net.ipv4.ip_forward", value: 1 };

const bases: Readonly<Record<string, Fields>> = {
  Namespace: { connection: CONNECTION, mark: MARK, name: "n1" },
  VethPair: { connection: CONNECTION, mark: MARK, ...PAIR },
  IpipTunnel: { connection: CONNECTION, mark: MARK, ...TUNNEL },
  SitTunnel: { connection: CONNECTION, mark: MARK, ...TUNNEL },
  GreTunnel: { connection: CONNECTION, mark: MARK, ...TUNNEL },
  Ip6Tunnel: { connection: CONNECTION, mark: MARK, ...TUNNEL6 },
  Ip6GreTunnel: { connection: CONNECTION, mark: MARK, ...TUNNEL6 },
  Route: { connection: CONNECTION, mark: MARK, ...ROUTE },
  Sysctl: { connection: CONNECTION, ...SYSCTL },
  Rule: { connection: CONNECTION, mark: MARK, priority: 100, table: 100 },
  Address: { connection: CONNECTION, dev: "eth0", address: "10.0.0.1/24" },
  Link: { connection: CONNECTION, dev: "eth0", mtu: 9000 },
  FouPort: { connection: CONNECTION, ...FOU },
  MssClamp: { connection: CONNECTION, mark: MARK, dev: "tun0" },
  MplsLabelTable: { connection: CONNECTION, platformLabels: 1000 },
  MplsInput: { connection: CONNECTION, dev: "tun0" },
  ManagerExemption: { connection: CONNECTION, mark: MARK, manager: "systemd-networkd" },
  MplsRoute: { connection: CONNECTION, mark: MARK, label: 100, as: [200], via: "10.0.0.2" },
};

/** checked is what check says of inputs, with those of a good program where nothing else is said. */
function checked(type: string, inputs: Fields) {
  const sample = samples[type];
  if (sample === undefined) throw new Error(`there is no sample of ${type}`);
  const lifecycle = new Lifecycle(sample.contract, () => {
    throw new Error("check must not ask a host");
  });
  const { inputs: canonical, problems } = lifecycle.check({ ...bases[type], ...inputs });
  return {
    inputs: canonical,
    problems: problems.map(({ path, message }) => `${path.join(".")}: ${message}`),
  };
}

test.each(Object.keys(samples))("a good %s has no problems", (type) => {
  expect(checked(type, {}).problems).toEqual([]);
});

describe("what can't be is told with what would be right", () => {
  const connection = (more: Fields) => ({ connection: { host: "gw", ...more } });
  const end = (more: Fields) => ({ b: { name: "vb", ...more } });
  const MTU = 'mtu: give "auto" or a number from 68 to 65515';
  const noVia = { via: undefined };

  test.each<[string, Fields, string]>([
    // Rules.
    ...[0, 32_766, 32_767].map((priority): [string, Fields, string] => [
      "Rule",
      { priority },
      `priority: ${priority} is that of a rule of the kernel's own: choose another one, from 1 to 32765 to come before the main table`,
    ]),
    [
      "Rule",
      { from: "10.0.0.1/24" },
      'from: "10.0.0.1/24" has bits set beyond its /24: the network is "10.0.0.0/24"',
    ],
    ["Rule", { from: "10.0.0.0/8", to: "fd00::1" }, "to: fd00::1/128 is not of IPv4, the family of `from`"],
    ["Rule", { family: "inet6", to: "10.0.0.1" }, "to: 10.0.0.1/32 is not of IPv6, as `family` says"],
    ["Rule", { family: "inet6", from: "0.0.0.0/0" }, "from: 0.0.0.0/0 is not of IPv6, as `family` says"],
    ["Rule", { fwmark: "0x110/0xff" }, "fwmark: has bits beyond its mask, which nothing could match"],
    ["Rule", { fwmark: "0/0" }, 'fwmark: a mask of 0 takes any mark: leave it out, or give "any"'],
    [
      "Rule",
      { fwmark: 4_294_967_296 },
      'fwmark: give a number from 0 to 4294967295, or a text like "0x10" or "0x10/0xff"',
    ],
    ["Rule", { tos: 17 }, "tos: its two lowest bits are those of ECN, which a rule can't match (RFC 3168)"],
    ["Rule", { tos: 32 }, "tos: 32 is not one that the kernel takes for IPv4: give 4 to 28, in steps of 4"],
    ["Rule", { sport: 0 }, 'sport: give a port from 1 to 65535, two like "1-100", or "any"'],
    ["Rule", { dport: "200-100" }, 'dport: give a port from 1 to 65535, two like "1-100", or "any"'],
    [
      "Rule",
      { uidrange: 4_294_967_295 },
      'uidrange: give a user\'s number from 0 to 4294967294, two like "0-99", or "any"',
    ],
    ["Rule", { action: "blackhole" }, "table: a rule to blackhole looks nothing up: leave `table` out"],
    ["Rule", { l3mdev: true }, "table: `l3mdev` looks up in the table of the VRF device: leave `table` out"],
    [
      "Rule",
      { table: undefined, l3mdev: true, suppressPrefixLength: 8 },
      "suppressPrefixLength: ip(8) does not show it of a rule with `l3mdev`: leave `suppressPrefixLength` out",
    ],
    [
      "Rule",
      { table: undefined, l3mdev: true, suppressIfgroup: 3 },
      "suppressIfgroup: ip(8) does not show it of a rule with `l3mdev`: leave `suppressIfgroup` out",
    ],
    ["Rule", { suppressPrefixLength: 33 }, "suppressPrefixLength: 33 is more than 32, the longest of IPv4"],
    // Addresses.
    [
      "Address",
      { address: "10.0.0.1" },
      'address: "10.0.0.1" is not an address with a prefix length: write it like "192.168.50.1/30" or "fd00::1/64"',
    ],
    ["Address", { address: "fd00::1/64", label: "eth0" }, "label: an IPv6 address has none: leave it out"],
    ["Address", { nodad: true }, "nodad: is about IPv6 alone: leave it out"],
    [
      "Address",
      { label: "eth1:x" },
      'label: "eth1:x" does not begin with the device: write it like "eth0:web"',
    ],
    ["Address", { label: "eth0:0123456789x" }, "label: a label has at most 15 characters"],
    [
      "Address",
      { peer: "10.0.0.1" },
      "peer: 10.0.0.1 is the address itself: give that of the other end, or leave it out",
    ],
    ["Address", { peer: "fd00::1" }, "peer: fd00::1 is not of IPv4, the family of 10.0.0.1/24"],
    ["Address", { preferredLft: 60 }, 'preferredLft: give "forever", or 0 for a deprecated address'],
    // Settings of devices.
    ["Link", { mtu: undefined }, "dev: nothing is set: give one or more of alias, group, txqlen, mtu, up"],
    ["Link", { alias: "pulumi:a" }, 'alias: "pulumi:" begins the marks of what this package makes'],
    ["Link", { alias: "two\nlines" }, "alias: an alias is one line of at most 255 printable characters"],
    ["Link", { group: "uplinks" }, "group: give a number from 0 to 2147483647; names are the host's own"],
    // Ends of a tunnel.
    [
      "IpipTunnel",
      { local: "10.0.0" },
      'local: "10.0.0" is not an IP address: give an IPv4 address, like "203.0.113.10"',
    ],
    [
      "IpipTunnel",
      { local: "010.0.0.1" },
      'local: "010.0.0.1" is not an IP address: give an IPv4 address, like "203.0.113.10"',
    ],
    [
      "IpipTunnel",
      { remote: "b.example" },
      'remote: "b.example" is not an IP address: give an IPv4 address, like "203.0.113.10"',
    ],
    [
      "IpipTunnel",
      { remote: "10.0.0.2/24" },
      'remote: "10.0.0.2/24" is not an IP address: give an IPv4 address, like "203.0.113.10"',
    ],
    [
      "IpipTunnel",
      { local: "fd00::1" },
      'local: "fd00::1" is an IPv6 address: give an IPv4 address, like "203.0.113.10"',
    ],
    ["IpipTunnel", { local: 5 }, "local: Invalid input: expected string, received number"],
    [
      "IpipTunnel",
      { local: undefined, remote: undefined },
      "remote: a tunnel needs `local`, `remote` or both: the one without either is the kernel's tunl0",
    ],
    [
      "IpipTunnel",
      { local: "0.0.0.0", remote: "any" },
      "remote: a tunnel needs `local`, `remote` or both: the one without either is the kernel's tunl0",
    ],
    [
      "IpipTunnel",
      { remote: "10.0.0.1" },
      "remote: 10.0.0.1 is `local` too: give the address of the other host",
    ],
    [
      "IpipTunnel",
      { remote: "239.1.1.1" },
      "remote: 239.1.1.1 is no host's address; only GRE sends to a group",
    ],
    [
      "IpipTunnel",
      { local: "255.255.255.255" },
      "local: 255.255.255.255 is no host's address; only GRE sends to a group",
    ],
    // Other kinds.
    ["SitTunnel", { mtu: 1279 }, 'mtu: give "auto" or a number from 1280 to 65515'],
    [
      "SitTunnel",
      { remote: "fd00::2" },
      'remote: "fd00::2" is an IPv6 address: give an IPv4 address, like "203.0.113.10"',
    ],
    [
      "SitTunnel",
      { isatap: true },
      "isatap: ISATAP finds the other end in each packet's destination: leave `remote` out",
    ],
    [
      "SitTunnel",
      { sixRd: { prefix: "2001:db8::/32" } },
      "sixRd: 6rd finds the other end in each packet's destination: leave `remote` out",
    ],
    [
      "SitTunnel",
      { remote: "any", local: "10.0.0.1", sixRd: { prefix: "2001:db8:1::/48" } },
      "sixRd: 2001:db8:1::/48 and the 32 bits that 0.0.0.0/0 leaves of an IPv4 address are more than 64 bits: give a shorter `prefix`, or a longer `relayPrefix`",
    ],
    [
      "Ip6Tunnel",
      { remote: "10.0.0.2" },
      'remote: "10.0.0.2" is an IPv4 address: give an IPv6 address, like "2001:db8::1"',
    ],
    ["Ip6Tunnel", { encaplimit: 256 }, 'encaplimit: give "none" or a number from 0 to 255'],
    [
      "Ip6Tunnel",
      { flowlabel: "0x100000" },
      'flowlabel: give "inherit", a number from 0 to 1048575 or one like "0x12345"',
    ],
    ["Ip6Tunnel", { remote: "ff02::5" }, "remote: ff02::5 is no host's address; only GRE sends to a group"],
    ["GreTunnel", { ikey: "x" }, 'ikey: give "none", a number from 0 to 4294967295 or one like "10.0.0.1"'],
    [
      "GreTunnel",
      { ignoreDf: true },
      "ignoreDf: packets are either sent with DF or cut up: set `pmtudisc: false` with it",
    ],
    [
      "GreTunnel",
      { local: undefined, remote: undefined },
      "remote: a tunnel needs `local`, `remote` or both: the one without either is the kernel's gre0",
    ],
    [
      "IpipTunnel",
      { external: true, remote: "any", local: "any", ttl: 5 },
      "ttl: with `external` each packet brings its own: leave `ttl` out",
    ],
    [
      "IpipTunnel",
      { encap: { type: "fou", dport: 5555, remcsum: true } },
      'encap.remcsum: `fou` has no remote checksum offload: use `type: "gue"`',
    ],
    [
      "IpipTunnel",
      { encap: { type: "none", dport: 5555 } },
      "encap.dport: without encapsulation there is none: leave it out",
    ],
    [
      "IpipTunnel",
      { mtu: "auto", remote: "any" },
      "mtu: `auto` follows the route to `remote`: give `remote` an address, or `mtu` a number",
    ],
    [
      "IpipTunnel",
      { dev: "eth0", underlayNamespace: "" },
      "dev: a device of another namespace can't be named to the kernel: leave `dev` out, and the route to `remote` decides",
    ],
    // Names.
    ["IpipTunnel", { name: "sixteen-letters1" }, "name: a device name has at most 15 characters"],
    [
      "IpipTunnel",
      { name: "tun0;reboot" },
      'name: a device name is made of letters, digits, "_", "." and "-"',
    ],
    ["IpipTunnel", { name: "$(reboot)" }, 'name: a device name is made of letters, digits, "_", "." and "-"'],
    ["IpipTunnel", { name: "tun 0" }, 'name: a device name is made of letters, digits, "_", "." and "-"'],
    ["IpipTunnel", { name: "tün0" }, 'name: a device name is made of letters, digits, "_", "." and "-"'],
    ["IpipTunnel", { name: "a/b" }, 'name: a device name is made of letters, digits, "_", "." and "-"'],
    ["IpipTunnel", { name: ".." }, 'name: "." and ".." are no device names'],
    [
      "IpipTunnel",
      { name: "tunl0" },
      'name: tunl0 belongs to the kernel: choose another name, "tun0" for example',
    ],
    ["IpipTunnel", { name: "lo" }, 'name: lo belongs to the kernel: choose another name, "tun0" for example'],
    ["IpipTunnel", { name: "all" }, 'name: "all" means something else in net.ipv4.conf: choose another name'],
    ["IpipTunnel", { name: undefined }, "name: is required"],
    [
      "IpipTunnel",
      { namespace: "a b" },
      'namespace: a namespace name is made of letters, digits, "_", "." and "-"',
    ],
    ["IpipTunnel", { dev: "`id`" }, 'dev: a device name is made of letters, digits, "_", "." and "-"'],
    [
      "VethPair",
      { a: { name: "gre0" } },
      'a.name: gre0 belongs to the kernel: choose another name, "tun0" for example',
    ],
    ["VethPair", end({ name: "va" }), 'b.name: "va" is the other end\'s name too, in the same namespace'],
    ["Namespace", { name: "a/b" }, 'name: a namespace name is made of letters, digits, "_", "." and "-"'],
    ["Namespace", { name: ".." }, 'name: "." and ".." are no namespace names'],
    ["Namespace", { name: "n".repeat(256) }, "name: a namespace name has at most 255 characters"],
    ["Namespace", { name: undefined }, "name: is required"],
    [
      "Namespace",
      { mark: "mine" },
      'mark: begins with "pulumi:" and has no blanks, "#" or more than 255 characters',
    ],
    // Numbers and words.
    ["IpipTunnel", { mtu: 67 }, MTU],
    ["IpipTunnel", { mtu: 65_516 }, MTU],
    ["IpipTunnel", { mtu: "1400" }, MTU],
    [
      "IpipTunnel",
      { mtu: 1279, addresses: ["fd00::1/64"] },
      "mtu: 1279 is too small for the IPv6 address fd00::1/64: IPv6 needs at least 1280 (RFC 8200)",
    ],
    ["IpipTunnel", { ttl: 256 }, 'ttl: give "inherit" or a number from 1 to 255'],
    ["IpipTunnel", { ttl: "64" }, 'ttl: give "inherit" or a number from 1 to 255'],
    [
      "IpipTunnel",
      { ttl: 64, pmtudisc: false },
      "pmtudisc: a fixed `ttl` needs path MTU discovery (ip-tunnel(8)): leave `pmtudisc` on, or let `ttl` inherit",
    ],
    ["IpipTunnel", { tos: 256 }, 'tos: give "inherit", a number from 0 to 255 or one like "0x10"'],
    ["IpipTunnel", { tos: "0x100" }, 'tos: give "inherit", a number from 0 to 255 or one like "0x10"'],
    ["IpipTunnel", { up: 1 }, "up: Invalid input: expected boolean, received number"],
    ["VethPair", end({ mtu: 65_536 }), "b.mtu: Too big: expected number to be <=65535"],
    [
      "VethPair",
      end({ mtu: 1000, addresses: ["fd00::1/64"] }),
      "b.mtu: 1000 is too small for the IPv6 address fd00::1/64: IPv6 needs at least 1280 (RFC 8200)",
    ],
    [
      "VethPair",
      end({ mac: "02-00-00-00-00-01" }),
      'b.mac: write an Ethernet address like "02:00:00:00:00:01"',
    ],
    ["VethPair", end({ mac: "01:00:00:00:00:01" }), "b.mac: a group address can't be a device's own"],
    ["VethPair", end({ mac: "00:00:00:00:00:00" }), "b.mac: an address of zeros can't be a device's own"],
    // Addresses.
    [
      "IpipTunnel",
      { addresses: ["10.1.0.1/30", "10.1.0.5"] },
      'addresses.1: "10.1.0.5" is not an address with a prefix length: write it like "192.168.50.1/30" or "fd00::1/64"',
    ],
    [
      "IpipTunnel",
      { addresses: ["10.1.0.1/33"] },
      'addresses.0: "10.1.0.1/33" is not an address with a prefix length: write it like "192.168.50.1/30" or "fd00::1/64"',
    ],
    [
      "IpipTunnel",
      { addresses: ["fd00::1/64", "fd00:0::1/128"] },
      "addresses: fd00::1 is there with another prefix length too; a device has an IPv6 address once",
    ],
    ["IpipTunnel", { addresses: "10.1.0.1/30" }, "addresses: Invalid input: expected array, received string"],
    // Routes.
    [
      "Route",
      { destination: "10.10.2.1/24" },
      'destination: "10.10.2.1/24" has bits set beyond its /24: the network is "10.10.2.0/24"',
    ],
    [
      "Route",
      { destination: "fd00::1/64", via: "fd01::1" },
      'destination: "fd00::1/64" has bits set beyond its /64: the network is "fd00::/64"',
    ],
    [
      "Route",
      { destination: "10.10.2/24" },
      'destination: "10.10.2/24" is not a network: write it like "10.10.2.0/24", "fd00:2::/64", "10.0.0.1" or "default"',
    ],
    [
      "Route",
      { destination: "fd00::/64" },
      "via: 10.0.0.2 is an IPv4 gateway, which an IPv6 destination can't have: give an IPv6 address",
    ],
    ["Route", { via: "gw" }, 'via: "gw" is not an IP address: give an IPv4 or IPv6 address, like "10.0.0.1"'],
    ["Route", { via: "0.0.0.0" }, "via: 0.0.0.0 is no host's address: leave it out, or give one"],
    ["Route", { via: "fe80::1" }, "dev: fe80::1 is an address on one device only: name the device"],
    ["Route", { src: "fd00::1" }, "src: fd00::1 is not of IPv4, the family of 10.10.2.0/24"],
    [
      "Route",
      { destination: "default", src: "fd00::1" },
      "src: fd00::1 is not of IPv4, the family of default",
    ],
    ["Route", noVia, "via: a unicast route needs a gateway in `via`, a device in `dev`, or both"],
    ["Route", { ...noVia, dev: "u0", onlink: true }, "onlink: is about a gateway: give `via` too"],
    ["Route", { onlink: true }, "dev: a gateway that no route leads to needs a device: name it"],
    ["Route", { type: "blackhole" }, "via: a blackhole route sends nowhere: leave `via` out"],
    ["Route", { ...noVia, type: "throw", mtu: 1400 }, "mtu: a throw route sends nowhere: leave `mtu` out"],
    ["Route", { type: "local" }, "via: a local route needs no gateway: leave `via` out"],
    [
      "Route",
      { ...noVia, type: "local", dev: "lo", scope: "link" },
      "scope: a local route reaches this host and no further: leave it out",
    ],
    ["Route", { scope: "link" }, "scope: a route by a gateway goes farther than `link`: leave it out"],
    [
      "Route",
      { destination: "fd00::/64", via: "fd01::1", scope: "link" },
      "scope: IPv6 routes have no scope: leave it out",
    ],
    ["Route", { metric: -1 }, "metric: Too small: expected number to be >=0"],
    [
      "Route",
      { table: "vpn" },
      'table: give a number from 1 to 4294967295, or "main", "local" or "default"; other names are the host\'s own',
    ],
    [
      "Route",
      { type: "nat" },
      'type: Invalid option: expected one of "unicast"|"local"|"blackhole"|"unreachable"|"prohibit"|"throw"',
    ],
    // Routes by several ways, and with labels.
    ["Route", { nexthops: WAYS }, "via: each of `nexthops` has its own `via`"],
    ["Route", { ...noVia, nexthops: WAYS, dev: "u0" }, "dev: each of `nexthops` has its own `dev`"],
    ["Route", { ...noVia, nexthops: WAYS, onlink: true }, "onlink: each of `nexthops` has its own `onlink`"],
    [
      "Route",
      { ...noVia, nexthops: WAYS, encap: { mpls: [100] } },
      "encap: each of `nexthops` has its own `encap`",
    ],
    ["Route", { ...noVia, nexthops: WAYS.slice(1) }, "nexthops: one way alone is said by `via` and `dev`"],
    [
      "Route",
      { ...noVia, nexthops: WAYS, type: "prohibit" },
      "nexthops: a prohibit route sends nowhere: leave `nexthops` out",
    ],
    [
      "Route",
      { ...noVia, nexthops: WAYS, type: "local" },
      "nexthops: a local route delivers here: leave `nexthops` out",
    ],
    [
      "Route",
      { ...noVia, nexthops: WAYS, scope: "link" },
      "scope: a route by a gateway goes farther than `link`: leave it out",
    ],
    ...(
      [
        [{}, "via: a way needs a gateway in `via`, a device in `dev`, or both"],
        [{ via: "fe80::1" }, "dev: fe80::1 is an address on one device only: name the device"],
        [{ dev: "u0", onlink: true }, "onlink: is about a gateway: give `via` too"],
        [{ via: "10.0.0.9", onlink: true }, "dev: a gateway that no route leads to needs a device: name it"],
        [{ via: "10.0.0.9", weight: 0 }, "weight: a weight is a number from 1 to 256"],
        [{ via: "10.0.0.9", weight: 257 }, "weight: a weight is a number from 1 to 256"],
        [{ via: "10.0.0.3", weight: 9 }, "via: this way is there already: give it a `weight` instead"],
        [{ via: "10.0.0.9", encap: { mpls: [] } }, "encap.mpls: give at least one label"],
      ] as const
    ).map(([way, message]): [string, Fields, string] => [
      "Route",
      { ...noVia, nexthops: [...WAYS, way] },
      `nexthops.2.${message}`,
    ]),
    [
      "Route",
      { ...noVia, destination: "fd00::/64", nexthops: [{ via: "fd01::1" }, { dev: "u0" }] },
      "nexthops.1.via: each of several ways of an IPv6 route needs a gateway",
    ],
    [
      "Route",
      { ...noVia, destination: "fd00::/64", nexthops: [{ via: "fd01::1" }, { via: "10.0.0.1" }] },
      "nexthops.1.via: 10.0.0.1 is an IPv4 gateway, which an IPv6 destination can't have: give an IPv6 address",
    ],
    [
      "Route",
      { encap: { mpls: [3] } },
      "encap.mpls.0: label 3 is never sent, it means none: leave the label out",
    ],
    ["Route", { encap: { mpls: [1_048_576] } }, "encap.mpls.0: a label is a number from 0 to 1048575"],
    ["Route", { encap: { mpls: [100], ttl: 0 } }, 'encap.ttl: give "inherit" or a number from 1 to 255'],
    [
      "Route",
      { encap: { mpls: Array(31).fill(100) } },
      "encap.mpls: Linux puts at most 30 labels on a packet",
    ],
    [
      "Route",
      { encap: { mpls: [100], exp: 1 } },
      "encap.exp: there is no property of this name; there are mpls, ttl",
    ],
    [
      "Route",
      { ...noVia, dev: "lo", type: "local", encap: { mpls: [100] } },
      "encap: a local route sends nowhere: leave `encap` out",
    ],
    // Labels.
    [
      "MplsRoute",
      { label: 15 },
      "label: a route's label is a number from 16 to 1048574; those below 16 are reserved (RFC 3032)",
    ],
    [
      "MplsRoute",
      { via: undefined },
      'dev: give the neighbour in `via`, a device in `dev`, or both; `dev: "lo"` is this host',
    ],
    ["MplsRoute", { via: "fe80::1" }, "dev: fe80::1 is an address on one device only: name the device"],
    ["MplsRoute", { dev: "lo" }, "via: `lo` has no neighbours: leave `via` out"],
    [
      "MplsRoute",
      { via: undefined, dev: "lo" },
      "as: a label that is swapped is to be sent on: name a device other than `lo`, or leave `as` out",
    ],
    ["MplsRoute", { ttlPropagate: "no" }, 'ttlPropagate: give true, false or "inherit"'],
    [
      "MplsRoute",
      { ...noVia, nexthops: [{ dev: "u0" }, { dev: "u1" }] },
      "as: each of `nexthops` has its own `as`",
    ],
    [
      "MplsRoute",
      { as: [], via: undefined, nexthops: [{ dev: "u0" }, { dev: "u0" }] },
      "nexthops.1: this way is there already: leave one out",
    ],
    [
      "MplsRoute",
      { as: [], via: undefined, nexthops: [{ dev: "u0" }] },
      "nexthops: one way alone is said by `as`, `via` and `dev`",
    ],
    [
      "MplsLabelTable",
      { platformLabels: 16 },
      "platformLabels: give a number from 17 to 1048575, larger than the largest label of a route",
    ],
    ["MplsInput", { dev: undefined }, "dev: is required"],
    // Sysctls.
    ["Sysctl", { key: "ip_forward" }, 'key: write a key as sysctl(8) does, like "net.ipv4.ip_forward"'],
    [
      "Sysctl",
      { key: "net.ipv4.$(reboot)" },
      'key: write a key as sysctl(8) does, like "net.ipv4.ip_forward"',
    ],
    ["Sysctl", { key: "net.ipv4.//.ip_forward" }, "key: a part of a key can't be made of slashes"],
    [
      "Sysctl",
      { key: "kernel.panic", namespace: "n1" },
      "key: \"kernel.panic\" is the whole host's; only net.* is a namespace's own",
    ],
    ["Sysctl", { value: undefined }, "value: is required"],
    ["Sysctl", { value: true }, "value: give a whole number or text"],
    ["Sysctl", { value: "1\n2" }, "value: a value is one line of printable text"],
    // FOU ports.
    ["FouPort", { port: 0 }, "port: give a port from 1 to 65535"],
    ["FouPort", { port: "5555" }, "port: give a port from 1 to 65535"],
    ["FouPort", { ipproto: "udp" }, 'ipproto: give "ipip", "ipv6", "gre", "mpls" or a number from 1 to 255'],
    ["FouPort", { ipproto: 256 }, 'ipproto: give "ipip", "ipv6", "gre", "mpls" or a number from 1 to 255'],
    [
      "FouPort",
      { ipproto: undefined },
      'ipproto: FOU must be told what comes in: give "ipip", "ipv6", "gre" or "mpls", or set `encap: "gue"`',
    ],
    ["FouPort", { encap: "gue" }, "ipproto: GUE says of each packet what it is: leave `ipproto` out"],
    ["FouPort", { family: 5 }, "family: give 4 or 6"],
    ["FouPort", { local: "0.0.0.0" }, "local: 0.0.0.0 is no host's address: leave it out, or give one"],
    ["FouPort", { family: 4, local: "fd00::1" }, "local: fd00::1 is not of IPv4, the family of the port"],
    [
      "FouPort",
      { local: "fd00::1", peer: "10.0.0.2", peerPort: 1 },
      "peer: 10.0.0.2 is not of IPv6, the family of the port",
    ],
    [
      "FouPort",
      { local: "fe80::1", dev: "eth0" },
      "local: fe80::1 is an address on one device only, which the kernel can't be told here: give another",
    ],
    [
      "FouPort",
      { peer: "10.0.0.2" },
      "peerPort: `peer` needs it: give the port that the other end sends from",
    ],
    ["FouPort", { peerPort: 7 }, "peerPort: is about one sender: give `peer` too"],
    ["FouPort", { dev: "eth0" }, "local: `dev` needs it: give the address of this host that packets come to"],
    // MSS clamps.
    ["MssClamp", { dev: undefined }, "dev: is required"],
    ["MssClamp", { dev: 'a"b' }, 'dev: a device name is made of letters, digits, "_", "." and "-"'],
    ["MssClamp", { ipv4: 535 }, 'ipv4: give "pmtu", "none" or a number of bytes from 536 to 65495'],
    ["MssClamp", { ipv6: 1219 }, 'ipv6: give "pmtu", "none" or a number of bytes from 1220 to 65475'],
    ["MssClamp", { ipv4: "auto" }, 'ipv4: give "pmtu", "none" or a number of bytes from 536 to 65495'],
    [
      "MssClamp",
      { ipv4: "none", ipv6: "none" },
      'ipv6: with `ipv4` "none" too there is nothing to clamp: leave one of them out',
    ],
    [
      "MssClamp",
      { mark: 'pulumi:a"b' },
      "mark: the comment of an nftables rule can't have a double quote: leave it out",
    ],
    // Properties that there are not.
    ["IpipTunnel", { adress: [] }, 'adress: there is no property of this name; did you mean "addresses"?'],
    ["IpipTunnel", { TTL: 64 }, 'TTL: there is no property of this name; did you mean "ttl"?'],
    [
      "IpipTunnel",
      { key: 5 },
      "key: there is no property of this name; there are connection, host, namespace, name, mode, local, remote, ttl, tos, pmtudisc, fwmark, dev, underlayNamespace, external, encap, mtu, addresses, multicast, up, persist, adopt, allowManagementPath, mark",
    ],
    ["VethPair", end({ mtuu: 1400 }), 'b.mtuu: there is no property of this name; did you mean "mtu"?'],
    [
      "Namespace",
      connection({ insecureIgnoreHostKey: true, undoTimeout: 10 }),
      "connection.undoTimeout: leaves no time for one attempt to connect: give 15 or more",
    ],
    [
      "Namespace",
      connection({ insecureIgnoreHostKey: true, usr: "root" }),
      'connection.usr: there is no property of this name; did you mean "user"?',
    ],
    [
      "Namespace",
      connection({
        insecureIgnoreHostKey: true,
        proxy: [{ host: "b", insecureIgnoreHostKey: true, usr: "x" }],
      }),
      'connection.proxy.0.usr: there is no property of this name; did you mean "user"?',
    ],
    // Exemptions.
    [
      "ManagerExemption",
      { manager: "NetworkManager" },
      "devices: NetworkManager takes only devices: name those that it is to leave alone",
    ],
    [
      "ManagerExemption",
      { manager: "NetworkManager", devices: ["tun*"], routing: true },
      "routing: NetworkManager takes no routes but those of devices: leave it out",
    ],
    [
      "ManagerExemption",
      { routing: false },
      "devices: nothing would be left alone: name devices, or leave `routing` out",
    ],
    [
      "ManagerExemption",
      { devices: ["tun0", "?*"] },
      "devices.1: this would take the host's own devices from the manager too: name those of this program",
    ],
    [
      "ManagerExemption",
      { devices: ["tun0;x"] },
      'devices.0: give the name of a device like "tun0", or a pattern with `*` and `?` like "tun*", at most 15 characters',
    ],
    ["ManagerExemption", { name: "../x" }, 'name: give a file name like "pulumi-ipip", without a slash'],
    // What is missing.
    [
      "Namespace",
      connection({ insecureIgnoreHostKey: true, proxy: [{ insecureIgnoreHostKey: true }] }),
      "connection.proxy.0.host: is required",
    ],
    [
      "Namespace",
      { connection: undefined },
      "connection: is required: say how to reach the host, or give the name of one of the provider's hosts as `host`",
    ],
    ["Rule", { priority: undefined }, "priority: is required"],
    ["Address", { dev: undefined }, "dev: is required"],
    ["Namespace", { connection: { insecureIgnoreHostKey: true } }, "connection.host: is required"],
    ["Namespace", { connection: "gw" }, "connection: Invalid input: expected object, received string"],
    ["VethPair", { b: undefined }, "b: is required"],
    ["VethPair", { b: {} }, "b.name: is required"],
    ["Route", { destination: undefined }, "destination: is required"],
  ])("%s %j", (type, inputs, problem) => {
    expect(checked(type, inputs).problems).toEqual([problem]);
  });

  test.each(Object.keys(samples))(
    "a %s without a key that the host is known by is told where to find one",
    (type) => {
      const [problem, ...more] = checked(type, connection({})).problems;
      expect(problem).toMatch(
        /^connection\.hostKey: the host must prove who it is: set hostKey to a line of `ssh-keyscan gw`/,
      );
      expect(more).toEqual([]);
    },
  );

  test("every mistake is told at once, each at its own place", () => {
    const wrong = { local: "x", mtu: 3, ttll: 1, connection: { host: "gw", port: 0 }, addresses: ["1/2"] };
    const places = checked("IpipTunnel", wrong).problems.map((problem) => problem.split(":")[0]);
    expect(places.sort()).toEqual([
      "addresses.0",
      "connection.hostKey",
      "connection.port",
      "local",
      "mtu",
      "ttll",
    ]);
  });
});

describe("the canonical form", () => {
  test.each<[string, Fields, Fields]>([
    ["IpipTunnel", { ttl: "inherit", tos: "0x1F" }, { ttl: 0, tos: 31 }],
    ["IpipTunnel", { tos: "inherit", ttl: 64 }, { ttl: 64, tos: 1 }],
    ["IpipTunnel", { local: "0.0.0.0" }, { local: "any" }],
    ["IpipTunnel", { local: undefined }, { local: "any", pmtudisc: true, up: true, adopt: false }],
    [
      "IpipTunnel",
      { addresses: ["FD00:0:0::1/64", "10.1.0.1/30", "fd00::1/64"] },
      { addresses: ["fd00::1/64", "10.1.0.1/30"] },
    ],
    [
      "VethPair",
      { b: { name: "vb", mac: "02:00:00:00:00:AB" } },
      { b: { name: "vb", mac: "02:00:00:00:00:ab", up: true } },
    ],
    ["Route", {}, { metric: 0, table: 254, type: "unicast", onlink: false }],
    ["Route", { destination: "10.10.2.1" }, { destination: "10.10.2.1/32" }],
    [
      "Route",
      { destination: "FD00:2::/64", via: "fd00:0::1" },
      { destination: "fd00:2::/64", via: "fd00::1", metric: 1024 },
    ],
    ["Route", { destination: "fd00::/64", via: "fd01::1", metric: 0 }, { metric: 1024 }],
    ["Route", { destination: "default" }, { destination: "0.0.0.0/0", metric: 0 }],
    ["Route", { destination: "default", via: "fd00::1" }, { destination: "::/0", metric: 1024 }],
    ["Route", { destination: "default", via: undefined, dev: "u0", src: "fd00::1" }, { destination: "::/0" }],
    ["Route", { table: "local" }, { table: 255 }],
    [
      "Route",
      {
        destination: "default",
        via: undefined,
        nexthops: [{ via: "FD00::1" }, { via: "fd00::2", weight: 2 }],
      },
      {
        destination: "::/0",
        metric: 1024,
        nexthops: [
          { via: "fd00::1", weight: 1, onlink: false },
          { via: "fd00::2", weight: 2, onlink: false },
        ],
      },
    ],
    ["Route", { encap: { mpls: [100] } }, { encap: { mpls: [100], ttl: "inherit" } }],
    ["MplsRoute", { as: undefined }, { as: [], ttlPropagate: "inherit" }],
    ["MplsInput", {}, { input: true }],
    [
      "Sysctl",
      { key: "net/ipv4/conf/eth0.100/rp_filter" },
      { key: "net.ipv4.conf.eth0/100.rp_filter", value: "1" },
    ],
    ["Sysctl", { value: " 4096\t87380   6291456 " }, { value: "4096 87380 6291456" }],
    ["FouPort", {}, { encap: "fou", ipproto: 4, family: 4, local: "any", peer: "any" }],
    ["FouPort", { ipproto: "mpls", local: "FD00:0::1" }, { ipproto: 137, family: 6, local: "fd00::1" }],
    ["FouPort", { encap: "gue", ipproto: undefined, peer: "fd00::2", peerPort: 7 }, { family: 6 }],
    ["FouPort", { family: 6 }, { family: 6, local: "any" }],
    ["MssClamp", {}, { ipv4: "pmtu", ipv6: "pmtu" }],
    [
      "Rule",
      {},
      {
        family: "inet",
        from: "all",
        to: "all",
        iif: "any",
        fwmark: "any",
        tos: 0,
        sport: "any",
        action: "lookup",
      },
    ],
    ["Rule", { table: undefined }, { table: 254 }],
    ["Rule", { from: "::/0", to: "FD00::/8" }, { family: "inet6", from: "all", to: "fd00::/8" }],
    ["Rule", { from: "::/0" }, { family: "inet6", from: "all" }],
    ["Rule", { fwmark: "16/0xFF", tos: "0x10" }, { fwmark: "0x10/0xff", tos: 16 }],
    ["Rule", { fwmark: "0x10/0xffffffff" }, { fwmark: "0x10" }],
    ["Rule", { fwmark: 0, ipproto: "tcp", sport: 80 }, { fwmark: "0x0", ipproto: 6, sport: "80" }],
    ["Rule", { dport: "80-80", uidrange: 5 }, { dport: "80", uidrange: "5-5" }],
    ["Address", { address: "FD00:0::1/64", preferredLft: 0 }, { address: "fd00::1/64", preferredLft: 0 }],
    ["Link", { group: "default" }, { group: 0, mtu: 9000 }],
    ["Namespace", {}, { loopback: true, connection: { port: 22, user: "root" } }],
  ])("of %s %j", (type, inputs, canonical) => {
    const found = checked(type, inputs);
    expect(found.problems).toEqual([]);
    expect(found.inputs).toMatchObject(canonical);
  });

  test.each(Object.keys(samples))(
    "of %s is its own canonical form, and has no key without a value",
    (type) => {
      const { inputs } = checked(type, {});
      expect(checked(type, inputs)).toEqual({ inputs, problems: [] });
      expect(JSON.parse(JSON.stringify(inputs))).toEqual(inputs);
      expect(Object.values(inputs)).not.toContain(undefined);
    },
  );
});

describe("the canonical connection", () => {
  const canonical = (connection: Fields) => {
    const { inputs, problems } = checked("Namespace", { connection });
    expect(problems).toEqual([]);
    return inputs.connection;
  };

  test("has no more in it than an older build wrote, so that an upgrade is no change", () => {
    expect(canonical({ host: "gw", insecureIgnoreHostKey: true })).toEqual({
      host: "gw",
      port: 22,
      user: "root",
      insecureIgnoreHostKey: true,
      perDialTimeout: 15,
      dialErrorLimit: 10,
      operationTimeout: 300,
    });
  });

  test("by an alias leaves to the file what the program leaves out, and is its own canonical form", () => {
    const patience = { perDialTimeout: 15, dialErrorLimit: 10, operationTimeout: 300 };
    const found = canonical({ sshConfigHost: "gw" });
    expect(found).toEqual({
      host: "gw",
      sshConfigHost: "gw",
      insecureIgnoreHostKey: false,
      ...patience,
    });
    expect(canonical(found as Fields)).toEqual(found);
  });

  test("has its hops in canonical form too, what is not known of them left open", () => {
    const proxy = [
      { host: unknown, hostKey: unknown },
      { host: "b2", knownHosts: "x", password: unknown },
    ];
    expect(canonical({ host: "gw", insecureIgnoreHostKey: true, proxy })).toMatchObject({
      proxy: [
        { host: unknown, port: 22, user: "root", hostKey: unknown },
        { host: "b2", port: 22, user: "root", knownHosts: "x", password: unknown },
      ],
    });
  });

  test.each<[string, Fields, Fields, boolean]>([
    ["an alias for the same host", { host: "gw" }, { host: "gw", sshConfigHost: "gw" }, false],
    ["another alias", { sshConfigHost: "gw" }, { sshConfigHost: "gw2" }, true],
    [
      "another alias for the same host",
      { host: "h", sshConfigHost: "a" },
      { host: "h", sshConfigHost: "b" },
      false,
    ],
    ["another port", { sshConfigHost: "gw" }, { sshConfigHost: "gw", port: 2222 }, true],
    [
      "another way",
      { host: "gw" },
      { host: "gw", proxy: [{ host: "b", insecureIgnoreHostKey: true }] },
      false,
    ],
  ])("with %s replaces only what is on another machine", (_, from, to, replaced) => {
    const proven = { insecureIgnoreHostKey: true };
    const [before, after] = [from, to].map((part) =>
      checked("Namespace", { connection: { ...proven, ...part } }),
    );
    const contract = samples.Namespace?.contract;
    if (contract === undefined || before === undefined || after === undefined) throw new Error("no sample");
    const { changed, replaces } = changesBetween(contract, before.inputs, after.inputs);
    expect(changed).toEqual(["connection"]);
    expect(replaces).toEqual(replaced ? ["connection"] : []);
  });
});

describe("what is not known yet", () => {
  test.each(Object.entries(bases))("any one input of %s, and nothing else, stays open", (type, base) => {
    const { inputs: known } = checked(type, {});
    for (const key of Object.keys(base)) {
      const { inputs, problems } = checked(type, { [key]: unknown });
      expect(problems).toEqual([]);
      expect(inputs[key]).toBe(unknown);
      const rest = Object.entries(inputs).filter(([, value]) => value !== unknown);
      expect(known).toMatchObject(Object.fromEntries(rest));
    }
  });

  test.each<[string, Fields, Fields]>([
    [
      "IpipTunnel",
      { connection: { ...CONNECTION, host: unknown } },
      { connection: { host: unknown, port: 22 } },
    ],
    ["IpipTunnel", { connection: { host: "gw", hostKey: unknown } }, { connection: { hostKey: unknown } }],
    [
      "IpipTunnel",
      { connection: { ...CONNECTION, become: { method: "sudo", password: unknown } } },
      { connection: { become: { user: "root", password: unknown } } },
    ],
    ["IpipTunnel", { local: unknown, remote: undefined }, { local: unknown, remote: "any" }],
    ["IpipTunnel", { addresses: [unknown, "fd00::1/64"], mtu: 1000 }, { addresses: [unknown, "fd00::1/64"] }],
    ["IpipTunnel", { ttl: 64, pmtudisc: unknown }, { ttl: 64, pmtudisc: unknown }],
    [
      "VethPair",
      { a: { name: "v", namespace: unknown }, b: { name: "v" } },
      { a: { name: "v", namespace: unknown, up: true } },
    ],
    ["VethPair", { b: unknown }, { a: { up: true }, b: unknown }],
    [
      "Route",
      { destination: unknown, via: undefined, dev: unknown },
      { destination: unknown, metric: unknown, table: 254 },
    ],
    ["Route", { destination: unknown, metric: 5 }, { destination: unknown, metric: 5 }],
    ["Route", { destination: "default", via: unknown }, { destination: unknown, metric: unknown }],
    ["Route", { destination: "default", via: undefined, dev: "u0", src: unknown }, { destination: unknown }],
    [
      "Route",
      { destination: "default", via: undefined, nexthops: [{ dev: "u0" }, { via: unknown, dev: "u0" }] },
      { destination: unknown },
    ],
    [
      "Route",
      { via: undefined, nexthops: [{ dev: unknown }, { dev: unknown }, unknown] },
      { nexthops: [{ dev: unknown, weight: 1 }, { dev: unknown }, unknown] },
    ],
    ["MplsRoute", { as: [unknown], via: unknown }, { as: [unknown], via: unknown, label: 100 }],
    ["Route", { type: unknown }, { type: unknown, via: "10.0.0.2" }],
    ["Sysctl", { key: unknown, namespace: "n1" }, { key: unknown, value: "1" }],
    ["FouPort", { local: unknown }, { local: unknown, family: unknown }],
    ["FouPort", { local: unknown, peer: "fd00::2", peerPort: 7 }, { local: unknown, family: 6 }],
    ["FouPort", { encap: unknown, ipproto: unknown, dev: unknown }, { family: 4 }],
    ["MssClamp", { dev: unknown, ipv4: unknown, ipv6: "none" }, { dev: unknown, ipv4: unknown }],
  ])("deep in %s %p is no failure, and the rest has its canonical form", (type, inputs, canonical) => {
    const found = checked(type, inputs);
    expect(found.problems).toEqual([]);
    expect(found.inputs).toMatchObject(canonical);
  });

  test("hides no mistake beside it", () => {
    const { problems } = checked("VethPair", {
      a: { name: unknown, mtu: 3 },
      b: { name: "vb", up: unknown, mac: "x" },
    });
    expect(problems.map((problem) => problem.split(":")[0])).toEqual(["a.mtu", "b.mac"]);
  });
});
