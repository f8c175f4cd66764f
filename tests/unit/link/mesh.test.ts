import fc from "fast-check";
import { bitsOf, familyOf, ipOf, lengthOf } from "../../../provider/net";
import { unknown } from "../../../provider/unknown";
import { covers, endOf, subnetOf } from "../../../sdk/link/prefix";
import { numberOfSubnet, type Planned, planMesh, type Shape } from "../../../sdk/mesh/plan";
import { meshArgs, meshProblemsIn } from "../../support/links";

const RUNS = { numRuns: 100, seed: 1918 };
const POOL = "172.31.0.0/16";
const POOL6 = "fd00:31::/112";

function shape(ids: readonly number[], more: Partial<Shape> = {}): Shape {
  const sites = ids.map((id) => ({ name: `s${id}`, id, networks: [`10.${id}.0.0/24`, `10.${id}.8.0/21`] }));
  return { sites, pools: [POOL], prefixLength: 31, ...more };
}

const ids = fc.uniqueArray(fc.nat(150), { minLength: 2, maxLength: 12 });

/** Shapes of all kinds: full meshes, one hub, several hubs with spokes of their own. */
const shapes = fc
  .record({
    ids,
    hubs: fc.nat(3),
    length: fc.constantFrom(30, 31),
    pools: fc.constantFrom([POOL], [POOL6], [POOL, POOL6]),
    picks: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
  })
  .map(({ ids: all, hubs: count, length, pools, picks }) => {
    const made = shape(all, { prefixLength: length, pools });
    const hubs = made.sites.slice(0, Math.min(count, all.length)).map(({ name }) => name);
    if (hubs.length === 0) return made;
    const sites = made.sites.map((site, index) =>
      hubs.includes(site.name) ? site : { ...site, hub: hubs[(picks[index] ?? 0) % hubs.length] },
    );
    return { ...made, hubs, sites };
  });

const keyOf = ({ a, b }: Planned) => `${a.name}~${b.name}: ${a.addresses} ${b.addresses}`;

test("the number of a subnet is that of one pair of ids alone, and as small as can be", () => {
  const numbers = Array.from({ length: 40 }, (_, j) =>
    Array.from({ length: j }, (__, i) => numberOfSubnet(i, j)),
  ).flat();
  expect([...numbers].sort((a, b) => a - b)).toEqual(
    Array.from({ length: numbers.length }, (_, index) => index),
  );
});

test("a site that comes, anywhere in the list, changes no link of the others", () => {
  fc.assert(
    fc.property(ids, fc.nat(), fc.boolean(), (all, at, hub) => {
      const [added, ...rest] = all as [number, ...number[]];
      fc.pre(rest.length >= 2);
      const hubs = hub ? { hubs: [`s${rest[0]}`] } : {};
      const before = planMesh(shape(rest, hubs)).map(keyOf);
      const more = [...rest];
      more.splice(at % (rest.length + 1), 0, added);
      const after = planMesh(shape(more, hubs)).map(keyOf);
      expect(after).toEqual(expect.arrayContaining(before));
      expect(
        after.filter((key) => !before.includes(key)).every((key) => new RegExp(`\\bs${added}\\b`).test(key)),
      ).toBe(true);
    }),
    RUNS,
  );
});

test("subnets are within the pool, each link has its own, and both ends are hosts of it", () => {
  fc.assert(
    fc.property(shapes, (made) => {
      const links = planMesh(made);
      const subnets = links.flatMap(({ a, b }) =>
        made.pools.map((pool, index) => {
          const [one = "", other = ""] = [a.addresses[index], b.addresses[index]];
          expect(subnetOf(one)).toBe(subnetOf(other));
          expect(covers(pool, subnetOf(one))).toBe(true);
          expect([one, other].map(endOf)).toEqual([undefined, undefined]);
          return subnetOf(one);
        }),
      );
      expect(new Set(subnets).size).toBe(links.length * made.pools.length);
    }),
    RUNS,
  );
});

/** Where a site sends a packet: by the longest prefix, as the kernel does. */
function nextHop(made: Shape, links: readonly Planned[], site: number, to: string): number | undefined {
  const routes = links.flatMap(({ a, b }) => {
    const [own, other] = a.index === site ? [a, b] : [b, a];
    if (own.index !== site) return [];
    const networks = [
      ...own.addresses.map(subnetOf),
      ...(made.sites[other.index]?.networks ?? []),
      ...other.transit,
    ];
    return networks.map((network) => ({ network, through: other.index }));
  });
  return routes
    .filter(({ network }) => covers(network, to))
    .sort((one, other) => lengthOf(other.network) - lengthOf(one.network))[0]?.through;
}

/** Where a packet ends up. */
function arrives(made: Shape, links: readonly Planned[], from: number, to: string, target: number): boolean {
  let at: number | undefined = from;
  for (let hops = 0; hops < 3 && at !== undefined && at !== target; hops++) at = nextHop(made, links, at, to);
  return at === target;
}

test("every site reaches every network of every other, and the answer finds the sending host's tunnel address", () => {
  fc.assert(
    fc.property(shapes, (shaped) => {
      // One network each: every pair is walked, and each look-up reads all routes of a site.
      const made = {
        ...shaped,
        sites: shaped.sites.map((one) => ({ ...one, networks: one.networks.slice(0, 1) })),
      };
      const links = planMesh(made);
      const lost: string[] = [];
      for (const from of made.sites.keys()) {
        for (const [target, { networks }] of made.sites.entries()) {
          if (from === target) continue;
          lost.push(...networks.filter((network) => !arrives(made, links, from, network, target)));
          const first = nextHop(made, links, from, networks[0] ?? "");
          const sources = links.flatMap(({ a, b }) => {
            if (a.index === from && b.index === first) return a.addresses;
            return b.index === from && a.index === first ? b.addresses : [];
          });
          const back = sources.map((source) => `${ipOf(source)}/${bitsOf(familyOf(source))}`);
          expect(back).toHaveLength(made.pools.length);
          lost.push(...back.filter((source) => !arrives(made, links, target, source, from)));
        }
      }
      expect(lost).toEqual([]);
    }),
    { ...RUNS, numRuns: 20 },
  );
});

describe("a mesh", () => {
  const change = (index: number, more: object, rest: Readonly<Record<string, unknown>> = {}) => {
    const args = meshArgs([0, 1, 2], rest);
    return { ...args, sites: args.sites.map((site, at) => (at === index ? { ...site, ...more } : site)) };
  };

  test("that is right has no problems, of either shape", () => {
    expect(meshProblemsIn(meshArgs([0, 1, 2, 9]))).toEqual([]);
    expect(meshProblemsIn(meshArgs([0, 1, 2, 9], { hubs: ["s1"] }))).toEqual([]);
    const six = meshArgs([0, 1, 9], { kind: "sit", pool: "fd00:31::/112" });
    const sites = six.sites.map((one, index) => ({ ...one, networks: [`fd00:10:${index}::/64`] }));
    expect(meshProblemsIn({ ...six, sites })).toEqual([]);
    const both = { kind: "gre", pool: undefined, pools: ["fd00:31::/112", "172.31.0.0/20"] };
    expect(meshProblemsIn(change(1, { networks: ["10.1.0.0/24", "fd00:1::/64"] }, both))).toEqual([]);
    const two = change(2, { hub: "s1" }, { hubs: ["s0", "s1"] });
    expect(meshProblemsIn(two)).toEqual([]);
  });

  test.each([
    ["one site", meshArgs([0]), "sites: give at least two sites"],
    [
      "a name twice",
      change(2, { name: "s0" }),
      "sites.2.name: s0 is that of `sites[0]` too: each site has its own",
    ],
    ["an id twice", change(2, { id: 1 }), "sites.2.id: 1 is that of `sites[1]` too: each site has its own"],
    [
      "a hub that is no site",
      meshArgs([0, 1], { hubs: ["x"] }),
      'hubs.0: there is no site "x": the sites are s0, s1',
    ],
    [
      "a spoke without a hub",
      meshArgs([0, 1, 2], { hubs: ["s0", "s1"] }),
      "sites.2.hub: is required where there are several hubs: one of s0, s1",
    ],
    [
      "a spoke of no hub",
      change(2, { hub: "s1" }, { hubs: ["s0"] }),
      'sites.2.hub: "s1" is none of the hubs: they are s0',
    ],
    [
      "a hub of a hub",
      change(0, { hub: "s0" }, { hubs: ["s0"] }),
      "sites.0.hub: s0 is a hub itself: leave it out",
    ],
    [
      "a hub in a full mesh",
      change(2, { hub: "s1" }),
      "sites.2.hub: every site is joined with every other: leave it out, or say in `hubs` which sites are hubs",
    ],
    [
      "a pool that is too small",
      meshArgs([0, 1, 2, 3], { pool: "172.31.0.0/29" }),
      "pool: 172.31.0.0/29 has room for 4 subnets of /31, and the ids up to 3 need 6: give a /28, or smaller ids",
    ],
    [
      "a pool smaller than a subnet",
      meshArgs([0, 1], { pool: "172.31.0.0/32" }),
      "pool: 172.31.0.0/32 has room for no subnet of /31, and the ids up to 1 need 1: give a /31, or smaller ids",
    ],
    [
      "a pool of multicast",
      meshArgs([0, 1], { pool: "224.0.0.0/8" }),
      'pool: "224.0.0.0/8" is no network of hosts: give one that nothing else uses, like "172.31.0.0/16" or "fd00:31::/112"',
    ],
    [
      "a pool of a family that the kind does not carry",
      meshArgs([0, 1], { pool: "fd00::/112" }),
      "pool: fd00::/112 is of IPv6, and ipip carries IPv4 only: give a pool of that",
    ],
    ["no pool", meshArgs([0, 1], { pool: undefined }), "pool: is required, or `pools` in place of it"],
    [
      "a pool and pools",
      meshArgs([0, 1], { pools: ["172.30.0.0/20"] }),
      "pools: `pool` is there too: give all in one of the two",
    ],
    [
      "two pools of a family",
      meshArgs([0, 1], { pool: undefined, pools: ["172.31.0.0/20", "172.30.0.0/20"] }),
      "pools.1: 172.30.0.0/20 is of IPv4 as 172.31.0.0/20 is: there is one pool of a family",
    ],
    [
      "a pool of IPv6 that is too small",
      meshArgs([0, 1, 2, 3], { kind: "gre", pool: undefined, pools: ["172.31.0.0/20", "fd00::/125"] }),
      "pools.1: fd00::/125 has room for 4 subnets of /127, and the ids up to 3 need 6: give a /124, or smaller ids",
    ],
    [
      "a network of a family that no pool is of",
      change(1, { networks: ["fd00:10::/64"] }, { kind: "gre" }),
      "sites.1.networks.0: fd00:10::/64 is of IPv6, and the tunnel has no such address to send by: give a pool of it too, in `pools`",
    ],
    [
      "an option that the kind does not have",
      meshArgs([0, 1, 2], { hoplimit: 9 }),
      "hoplimit: ipip has no such option, ipip6, ip6ip6, ip6tnl and ip6gre have: give `ttl` in place of it, or choose another `kind`",
    ],
    [
      "a pool with the underlay in it",
      meshArgs([0, 1], { pool: "203.0.113.0/24" }),
      "pool: 203.0.113.0/24 has the underlay address 203.0.113.1 of `sites[0]`: give a pool that nothing else uses",
    ],
    [
      "a pool with a network in it",
      change(1, { networks: ["172.31.1.0/24"] }),
      "sites.1.networks.0: 172.31.1.0/24 overlaps the pool 172.31.0.0/20: give a pool that nothing else uses",
    ],
    [
      "networks that overlap, of spokes too",
      change(2, { networks: ["10.1.0.0/16"] }, { hubs: ["s0"] }),
      "sites.2.networks.0: 10.1.0.0/16 overlaps 10.1.0.0/24 in `sites[1].networks[0]`: each host would send to its own one. Give the two sides networks of their own",
    ],
    [
      "a network with another site's underlay in it",
      change(2, { networks: ["203.0.113.2"] }, { hubs: ["s0"] }),
      "sites.2.networks.0: 203.0.113.2/32 overlaps the underlay: 203.0.113.2 in `sites[1].underlay` is in it. Give networks without it",
    ],
    [
      "one host twice",
      change(2, { connection: { host: "host1", insecureIgnoreHostKey: true } }),
      "sites.2.connection: host1 is `sites[1].connection` too: a link joins two hosts, or two namespaces of one",
    ],
    [
      "an MTU that can't be",
      meshArgs([0, 1, 2], { mtu: 9 }),
      "mtu: 9 can't be: with 20 bytes of headers it is 68 to 65515; over Ethernet it is 1480 as a rule",
    ],
  ])("refuses %s", (_what, args, message) => {
    expect(meshProblemsIn(args)).toContain(message);
    expect(meshProblemsIn(args).filter((line) => line.split(":", 1)[0] !== message.split(":", 1)[0])).toEqual(
      [],
    );
  });

  test("takes what is not known yet to be right", () => {
    const open = { connection: unknown, underlay: unknown };
    expect(meshProblemsIn(change(1, open))).toEqual([]);
    expect(meshProblemsIn(change(1, { ...open, networks: ["10.0.0.0/25"] }))).toHaveLength(1);
  });
});
