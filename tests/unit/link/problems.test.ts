import fc from "fast-check";
import { unknown } from "../../../provider/unknown";
import { linkArgs, problemsIn } from "../../support/links";

type Args = Parameters<typeof linkArgs>[0];

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
    "mtu: 65516 can't be: with 20 bytes of outer header it is 68 to 65515; over Ethernet it is 1480 as a rule",
  ],
  "an MTU that is too small": [
    { mtu: 67 },
    "mtu: 67 can't be: with 20 bytes of outer header it is 68 to 65515; over Ethernet it is 1480 as a rule",
  ],
  "a device's name that is too long": [
    { a: { device: "sixteen-letters!" } },
    "a.device: a device name has at most 15 characters",
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
