import fc from "fast-check";
import { unknown } from "../../../provider/unknown";
import { linkArgs, problemsIn } from "../../support/links";

type Args = Parameters<typeof linkArgs>[0];

const IPV6_INSIDE = {
  a: { address: "fd50::1/64", networks: ["fd00:1::/64"] },
  b: { address: "fd50::2/64", networks: ["fd00:2::/64"] },
};

const bothInside = (number: number) => ({
  address: undefined,
  addresses: [`192.168.50.${number}/30`, `fd50::${number}/64`],
  networks: [`10.10.${number}.0/24`, `fd00:${number}::/64`],
});
const BOTH_INSIDE = { a: bothInside(1), b: bothInside(2) };

/** A link over IPv6. */
function over6(kind: string, { a, b, ...more }: NonNullable<Args> = {}): NonNullable<Args> {
  return { kind, a: { underlay: "2001:db8:a::1", ...a }, b: { underlay: "2001:db8:b::1", ...b }, ...more };
}

test("a link that is right has no problems", () => {
  expect(problemsIn(linkArgs())).toEqual([]);
  expect(problemsIn(linkArgs({ mtu: 68, ttl: "inherit", tos: "0x10", table: 100 }))).toEqual([]);
  expect(
    problemsIn(
      linkArgs({ mtu: 65_515, a: { address: "192.168.50.0/31" }, b: { address: "192.168.50.1/31" } }),
    ),
  ).toEqual([]);
  // Two namespaces of one host.
  const one = { connection: { host: "h", insecureIgnoreHostKey: true } };
  expect(problemsIn(linkArgs({ a: { ...one, namespace: "n1" }, b: one }))).toEqual([]);
});

/** A link of each kind with all that it can have, and what the headers take of each packet then. */
const kinds: readonly (readonly [NonNullable<Args>, number])[] = [
  [{ kind: "ipip", ttl: 9, tos: 4 }, 20],
  [{ kind: "ipip", pmtudisc: false, encap: { type: "fou", port: 5555 } }, 28],
  [{ kind: "ipip", encap: { type: "gue", port: 6080 } }, 32],
  [{ kind: "sit", ...IPV6_INSIDE, ttl: "inherit" }, 20],
  [{ kind: "gre", ...BOTH_INSIDE }, 24],
  [{ kind: "gre", ...BOTH_INSIDE, key: "10.0.0.1", seq: true, csum: true }, 36],
  [{ kind: "gre", key: 0, encap: { type: "fou", port: 5555 } }, 36],
  [{ kind: "gre", key: "none", seq: false, csum: false }, 24],
  [over6("ipip6", { hoplimit: "inherit" }), 48],
  [over6("ipip6", { encaplimit: "none", encap: { type: "fou", port: 5555 } }), 48],
  [over6("ip6ip6", { ...IPV6_INSIDE, tclass: "inherit", encaplimit: 0 }), 48],
  [over6("ip6tnl", { ...BOTH_INSIDE, encaplimit: "none" }), 40],
  [over6("ip6tnl", { ...BOTH_INSIDE, encap: { type: "gue", port: 5555 } }), 60],
  [over6("ip6gre", { ...BOTH_INSIDE, key: 1, encaplimit: "none" }), 48],
  [over6("ip6gre", { csum: true }), 56],
];

test.each(kinds)("a link is right as %j, with %d bytes of headers", (args, header) => {
  expect(problemsIn(linkArgs({ ...args, mtu: 65_535 - header }))).toEqual([]);
  expect(problemsIn(linkArgs({ ...args, mtu: 65_536 - header }))).toEqual([
    expect.stringContaining(`with ${header} bytes of headers`),
  ]);
});

test("options that are not known yet are as good as left out", () => {
  const open = { ttl: unknown, hoplimit: unknown, key: unknown, encaplimit: unknown, mtu: 65_515 };
  expect(problemsIn(linkArgs(open))).toEqual([]);
});

const mistakes: Readonly<Record<string, readonly [Args, ...string[]]>> = {
  "addresses of two subnets": [
    { b: { address: "192.168.50.6/30" } },
    "b.address: 192.168.50.6/30 is not in the subnet of `a.address`, 192.168.50.0/30: give an address of it with the same length",
  ],
  "addresses with different lengths": [
    { b: { address: "192.168.50.2/29" } },
    "b.address: 192.168.50.2/29 is not in the subnet of `a.address`, 192.168.50.0/30: give an address of it with the same length",
  ],
  "one address for both ends": [
    { b: { address: "192.168.50.1/30" } },
    "b.address: 192.168.50.1 is `a.address` too: each end needs its own",
  ],
  "the subnet's own address and its broadcast": [
    { a: { address: "192.168.50.0/30" }, b: { address: "192.168.50.3/30" } },
    "a.address: 192.168.50.0 is the address of the subnet 192.168.50.0/30 itself: give one of a host",
    "b.address: 192.168.50.3 is the broadcast address of 192.168.50.0/30: give one of a host",
  ],
  "addresses without a subnet": [
    { a: { address: "192.168.50.1/32" }, b: { address: "192.168.50.2/32" } },
    "a.address: 192.168.50.1/32 leaves no room for the other end in its subnet: give both a /30 or /31",
    "b.address: 192.168.50.2/32 leaves no room for the other end in its subnet: give both a /30 or /31",
    "b.address: 192.168.50.2/32 is not in the subnet of `a.address`, 192.168.50.1/32: give an address of it with the same length",
  ],
  "an address without a length": [
    { a: { address: "192.168.50.1" } },
    'a.address: "192.168.50.1" is not an address with a prefix length: write it like "192.168.50.1/30" or "fd00::1/64"',
  ],
  "one underlay address": [
    { b: { underlay: "203.0.113.1" } },
    "b.underlay: 203.0.113.1 is `a.underlay` too: give the address of the other host",
  ],
  "one host": [
    { b: { connection: { host: "host1", insecureIgnoreHostKey: true } } },
    "b.connection: host1 is `a.connection` too: a link joins two hosts, or two namespaces of one",
  ],
  "a loopback underlay": [
    { a: { underlay: "127.0.0.1" } },
    "a.underlay: 127.0.0.1 is a loopback address: give the one that the other host sends to",
  ],
  "an underlay of another family": [
    { a: { underlay: "2001:db8::1" } },
    "a.underlay: 2001:db8::1 is of IPv6, and this kind of tunnel goes over IPv4: give the host's IPv4 address",
  ],
  "what the kind does not carry": [
    { a: { networks: ["fd00:1::/64"] } },
    "a.networks.0: fd00:1::/64 is of IPv6, and this kind of tunnel carries IPv4 only",
  ],
  "networks of the two sides that overlap": [
    { b: { networks: ["10.20.0.0/16", "10.10.0.0/16"] } },
    "b.networks.1: 10.10.0.0/16 overlaps 10.10.1.0/24 in `a.networks[0]`: each host would send to its own one. Give the two sides networks of their own",
  ],
  "a network given twice": [
    { a: { networks: ["10.10.1.0/24", "10.10.1.0/24"] } },
    "a.networks.1: 10.10.1.0/24 is in `a.networks[0]` already: give it once",
  ],
  "a network with the host's own underlay address": [
    { a: { networks: ["203.0.113.1/32"] } },
    "a.networks.0: 203.0.113.1/32 has this host's own underlay address 203.0.113.1: the route to the tunnel's other end would lead into the tunnel itself. Give networks without it",
  ],
  "a network with the other host's underlay address": [
    { a: { networks: ["203.0.113.2/32"] } },
    "a.networks.0: 203.0.113.2/32 overlaps the underlay: 203.0.113.2 in `b.underlay` is in it. Give networks without it",
  ],
  "everything as a network": [
    { a: { networks: ["default"] } },
    'a.networks.0: "default" is everywhere, the other host too: the tunnel\'s own packets would go into the tunnel. Give the networks that are there, like "10.10.2.0/24"',
  ],
  "a network of multicast": [
    { a: { networks: ["224.0.0.0/4"] } },
    "a.networks.0: 224.0.0.0/4 is a multicast network: it is behind no host",
  ],
  "a tunnel subnet that has the underlay": [
    { a: { address: "203.0.113.5/24" }, b: { address: "203.0.113.6/24" } },
    "a.address: the tunnel's subnet 203.0.113.0/24 has the underlay address 203.0.113.1 of `a.underlay`: packets to it would go into the tunnel itself. Give the tunnel a subnet of its own",
    "a.address: the tunnel's subnet 203.0.113.0/24 has the underlay address 203.0.113.2 of `b.underlay`: packets to it would go into the tunnel itself. Give the tunnel a subnet of its own",
  ],
  "a network that has the tunnel subnet": [
    { b: { networks: ["192.168.0.0/16"] } },
    "b.networks.0: 192.168.0.0/16 overlaps the tunnel's own subnet 192.168.50.0/30: give the tunnel another subnet",
  ],
  "an MTU that is too large": [
    { mtu: 65_516 },
    "mtu: 65516 can't be: with 20 bytes of headers it is 68 to 65515; over Ethernet it is 1480 as a rule",
  ],
  "an MTU that is too small": [
    { mtu: 67 },
    "mtu: 67 can't be: with 20 bytes of headers it is 68 to 65515; over Ethernet it is 1480 as a rule",
  ],
  "a device's name that is too long": [
    { a: { device: "sixteen-letters!" } },
    "a.device: a device name has at most 15 characters",
  ],
  "an address and addresses": [
    { a: { addresses: ["fd50::1/64"] }, b: { addresses: ["fd50::2/64"] }, kind: "gre" },
    "a.addresses: `address` is there too: give all in one of the two",
    "b.addresses: `address` is there too: give all in one of the two",
  ],
  "no address at all": [
    { b: { address: undefined } },
    "b.address: is required, or `addresses` in place of it",
  ],
  "two addresses of a family": [
    { a: { address: undefined, addresses: ["192.168.50.1/30", "192.168.51.1/30"] } },
    "a.addresses.1: 192.168.51.1/30 is of IPv4 as 192.168.50.1/30 is: an end has one address of a family",
  ],
  "an address of a family at one end alone": [
    { kind: "gre", a: { address: undefined, addresses: ["192.168.50.1/30", "fd50::1/64"] } },
    "b.addresses: has none of IPv6, as fd50::1/64 in `a.addresses[1]` is: both ends need one",
  ],
  "a network that the tunnel has no address for": [
    { kind: "gre", a: { networks: ["10.10.1.0/24", "fd00:1::/64"] } },
    "a.networks.1: fd00:1::/64 is of IPv6, and the tunnel has no such address to send by: give both ends one of it in `addresses`",
  ],
  "an underlay of IPv4 for a kind over IPv6": [
    { kind: "ipip6" },
    "a.underlay: 203.0.113.1 is of IPv4, and this kind of tunnel goes over IPv6: give the host's IPv6 address",
    "b.underlay: 203.0.113.2 is of IPv4, and this kind of tunnel goes over IPv6: give the host's IPv6 address",
  ],
  "an underlay on one device only": [
    over6("ipip6", { a: { underlay: "fe80::1" } }),
    "a.underlay: fe80::1 means something on one device only: give the one that the other host sends to",
  ],
  "addresses and networks of IPv4 in sit": [
    { kind: "sit", b: { networks: [] } },
    "a.address: 192.168.50.1/30 is of IPv4, and this kind of tunnel carries IPv6 only",
    "b.address: 192.168.50.2/30 is of IPv4, and this kind of tunnel carries IPv6 only",
    "a.networks.0: 10.10.1.0/24 is of IPv4, and this kind of tunnel carries IPv6 only",
  ],
  "options of IPv6 over IPv4": [
    { hoplimit: 64, tclass: "0x10", encaplimit: "none" },
    "hoplimit: ipip has no such option, ipip6, ip6ip6, ip6tnl and ip6gre have: give `ttl` in place of it, or choose another `kind`",
    "tclass: ipip has no such option, ipip6, ip6ip6, ip6tnl and ip6gre have: give `tos` in place of it, or choose another `kind`",
    "encaplimit: ipip has no such option, ipip6, ip6ip6, ip6tnl and ip6gre have: leave it out, or choose another `kind`",
  ],
  "options of IPv4 over IPv6": [
    over6("ip6gre", { ttl: 64, tos: 16, pmtudisc: true }),
    "ttl: ip6gre has no such option, ipip, sit and gre have: give `hoplimit` in place of it, or choose another `kind`",
    "tos: ip6gre has no such option, ipip, sit and gre have: give `tclass` in place of it, or choose another `kind`",
    "pmtudisc: ip6gre has no such option, ipip, sit and gre have: leave it out, or choose another `kind`",
  ],
  "options of GRE for another kind": [
    over6("ip6tnl", { key: 7, seq: true, csum: true }),
    "key: ip6tnl has no such option, gre and ip6gre have: leave it out, or choose another `kind`",
    "seq: ip6tnl has no such option, gre and ip6gre have: leave it out, or choose another `kind`",
    "csum: ip6tnl has no such option, gre and ip6gre have: leave it out, or choose another `kind`",
  ],
  "a fixed ttl without path MTU discovery": [
    { ttl: 64, pmtudisc: false },
    "pmtudisc: a fixed `ttl` needs path MTU discovery (ip-tunnel(8)): leave `pmtudisc` on, or let `ttl` inherit",
  ],
  "a kind of two protocols in fou": [
    over6("ip6tnl", { encap: { type: "fou", port: 5555 } }),
    'encap.type: a port of `fou` takes one protocol alone, and ip6tnl has one for IPv4 and one for IPv6: use "gue", or ipip6, ip6ip6 or ip6gre',
  ],
  "an encapsulation without a port": [{ encap: { type: "fou" } }, "encap.port: is required"],
  "a port that can't be": [
    { encap: { type: "gue", port: 65_536 } },
    "encap.port: give a port from 1 to 65535",
  ],
  "an encapsulation that is none": [
    { encap: { type: "vxlan", port: 1 } },
    'encap.type: Invalid option: expected one of "fou"|"gue"',
  ],
  "an MTU that is too small for what sit carries": [
    { kind: "sit", ...IPV6_INSIDE, mtu: 1279 },
    "mtu: 1279 can't be: with 20 bytes of headers it is 1280 to 65515; over Ethernet it is 1480 as a rule",
  ],
  "an MTU that is too small for one of two families": [
    { kind: "gre", ...BOTH_INSIDE, mtu: 1279 },
    "mtu: 1279 is too small for fd50::1/64: IPv6 needs at least 1280 (RFC 8200)",
  ],
  "a word that is none": [
    { a: { network: [] } },
    'a.network: there is no property of this name; did you mean "networks"?',
  ],
  "what is missing": [{ a: { underlay: undefined } }, "a.underlay: is required"],
};

test.each(Object.entries(mistakes))("refuses %s", (_what, [args, ...messages]) => {
  const found = problemsIn(linkArgs(args));
  for (const message of messages) expect(found).toContainEqual(expect.stringContaining(message));
  // And nothing besides what follows from the same mistake.
  const paths = new Set(messages.map((message) => message.split(":", 1)[0]));
  expect(found.filter((line) => !paths.has(line.split(":", 1)[0]))).toEqual([]);
});

test("tells several mistakes at once", () => {
  const args = linkArgs({ mtu: 1, a: { networks: ["10.10.2.0/25"] }, b: { address: "10.0.0.1/30" } });
  expect(problemsIn(args).map((line) => line.split(":", 1)[0])).toEqual(["mtu", "b.address", "b.networks.0"]);
});

test("what is not known yet is taken to be right, and hides nothing else", () => {
  const open = { connection: unknown, underlay: unknown, address: unknown };
  expect(problemsIn(linkArgs({ a: open, b: open }))).toEqual([]);
  expect(problemsIn(linkArgs({ a: open, b: { networks: ["10.10.1.0/25"] } }))).toHaveLength(1);
});

test("a hub's other networks may be more than the tunnel's subnet, but not what is behind the other side", () => {
  const transit = (...networks: string[]) => problemsIn(linkArgs({ a: { transit: networks } }));
  expect(transit("192.168.0.0/16", "10.10.3.0/24")).toEqual([]);
  expect(transit("192.168.50.0/30")).toHaveLength(1);
  expect(transit("203.0.0.0/8")).toHaveLength(2);
  expect(transit("10.10.2.128/25")).toHaveLength(1);
  expect(transit("10.10.1.0/24")).toHaveLength(1);
});

/** An address of a network that is told from every other by its first two numbers. */
const network = (first: number, second: number) => `${first}.${second}.0.0/16`;

test("whatever is right stays right, and a mistake anywhere in it is found", () => {
  const right = fc
    .record({
      networks: fc.uniqueArray(fc.nat(255), { minLength: 2, maxLength: 8 }),
      at: fc.nat(),
      length: fc.integer({ min: 20, max: 30 }),
      swapped: fc.boolean(),
    })
    .map(({ networks, at, length, swapped }) => {
      const split = 1 + (at % (networks.length - 1));
      const [a, b] = [networks.slice(0, split), networks.slice(split)].map((half) => ({
        networks: half.map((number) => network(10, number)),
      }));
      const [x, y] = [`172.16.0.1/${length}`, `172.16.0.2/${length}`];
      return linkArgs({ a: { ...a, address: swapped ? y : x }, b: { ...b, address: swapped ? x : y } });
    });
  const plant: Readonly<Record<string, (args: ReturnType<typeof linkArgs>) => void>> = {
    "b.networks": ({ a, b }) =>
      (b.networks as string[]).push((a.networks as string[])[0]?.replace("/16", "/17") ?? ""),
    "a.networks": ({ a }) => (a.networks as string[]).unshift("203.0.0.0/16"),
    "b.address": ({ b }) => Object.assign(b, { address: "172.17.0.1/30" }),
    "b.underlay": ({ a, b }) => Object.assign(b, { underlay: a.underlay }),
    mtu: (args) => Object.assign(args, { mtu: 65_536 }),
  };
  fc.assert(
    fc.property(right, fc.constantFrom(...Object.keys(plant)), (args, where) => {
      expect(problemsIn(args)).toEqual([]);
      plant[where]?.(args);
      expect(problemsIn(args).join("\n")).toContain(where);
    }),
    { numRuns: 300, seed: 2003 },
  );
});
