import { bitsOf, familyOf, ipOf } from "../../provider/net";
import { addressAt } from "../link/prefix";

/** Spot is what a mesh's plan follows from: of each site, what is plain in a program. */
export interface Spot {
  readonly name: string;
  readonly id: number;
  readonly networks: readonly string[];
  readonly hub?: string | undefined;
}

export interface Shape {
  readonly sites: readonly Spot[];
  readonly hubs?: readonly string[] | undefined;
  /** At most one of each family. */
  readonly pools: readonly string[];
  /** That of the subnets of IPv4. */
  readonly prefixLength: number;
}

/** PlannedEnd is one end of a planned link. */
export interface PlannedEnd {
  /** Where the site stands in the list. */
  readonly index: number;
  readonly name: string;
  readonly addresses: string[];
  /** What the other end reaches through this site, besides the networks behind it. */
  readonly transit: string[];
}

/** Planned is a link that the mesh makes; `a` is the site with the smaller id. */
export interface Planned {
  readonly a: PlannedEnd;
  readonly b: PlannedEnd;
}

interface Pools {
  readonly pool?: string | undefined;
  readonly pools?: readonly string[] | undefined;
}

/** poolsOf lists the pools, however they are given. */
export function poolsOf({ pool, pools }: Pools): readonly string[] {
  return pool === undefined ? (pools ?? []) : [pool];
}

/** numberOfSubnet pairs two ids, i < j, with a number that no other pair has and that depends on nothing else. */
export function numberOfSubnet(i: number, j: number): number {
  return (j * (j - 1)) / 2 + i;
}

/** joined lists the pairs of sites that a mesh joins, as places in the list, the one with the smaller id first. */
export function joined({ sites, hubs }: Shape): [number, number][] {
  const order = [...sites.keys()].sort((one, other) => (sites[one]?.id ?? 0) - (sites[other]?.id ?? 0));
  const pairs = order.flatMap((i, at) => order.slice(at + 1).map((j): [number, number] => [i, j]));
  return pairs.filter(([i, j]) => {
    const [one, other] = [sites[i], sites[j]];
    if (one === undefined || other === undefined) return false;
    if (hubs === undefined) return true;
    const both = isHub(one, hubs) && isHub(other, hubs);
    return both || hubOf(one, hubs) === other.name || hubOf(other, hubs) === one.name;
  });
}

/** planMesh lists the links of a mesh that is right. */
export function planMesh(shape: Shape): Planned[] {
  const pairs = joined(shape);
  return pairs.map(([i, j]) => {
    const subnets = subnetsOf(shape, i, j);
    // A subnet of two has no address of its own.
    const first = shape.prefixLength === 31 ? 0 : 1;
    const end = (index: number, other: number, offset: number): PlannedEnd => ({
      index,
      name: shape.sites[index]?.name ?? "",
      addresses: subnets.map(({ ip, length }) => `${addressAt(ip, first + offset)}/${length}`),
      transit: transit(shape, pairs, index, other),
    });
    return { a: end(i, j, 0), b: end(j, i, 1) };
  });
}

/** transit lists what one site reaches through another, besides the networks behind that one. */
function transit(shape: Shape, pairs: readonly [number, number][], through: number, from: number): string[] {
  const { sites, hubs, pools } = shape;
  const [site, reader] = [sites[through], sites[from]];
  if (site === undefined || reader === undefined || hubs === undefined || !isHub(site, hubs)) return [];
  const byId = [...sites].sort((one, other) => one.id - other.id);
  if (!isHub(reader, hubs)) {
    const others = byId.filter((other) => other !== site && other !== reader);
    return [...pools, ...others.flatMap(({ networks }) => networks)];
  }
  // Another hub reaches the spokes of this one, and the tunnels to them.
  const spokes = byId.filter((other) => hubOf(other, hubs) === site.name);
  const tunnels = pairs
    .filter(([i, j]) => i === through || j === through)
    .filter(([i, j]) => spokes.some((spoke) => spoke === sites[i === through ? j : i]))
    .flatMap(([i, j]) => subnetsOf(shape, i, j).map(({ ip, length }) => `${ip}/${length}`));
  return [...spokes.flatMap(({ networks }) => networks), ...tunnels];
}

/** lengthIn is the prefix length of the subnets in a pool: those of both families are of one size. */
export function lengthIn(pool: string, prefixLength: number): number {
  return bitsOf(familyOf(pool)) - (32 - prefixLength);
}

function subnetsOf({ sites, pools, prefixLength }: Shape, i: number, j: number) {
  const number = numberOfSubnet(sites[i]?.id ?? 0, sites[j]?.id ?? 0);
  const size = 2 ** (32 - prefixLength);
  return pools.map((pool) => ({
    ip: addressAt(ipOf(pool), number * size),
    length: lengthIn(pool, prefixLength),
  }));
}

function isHub({ name }: Spot, hubs: readonly string[]): boolean {
  return hubs.includes(name);
}

/** hubOf is the name of a spoke's hub; a hub has none. */
function hubOf(site: Spot, hubs: readonly string[]): string | undefined {
  return isHub(site, hubs) ? undefined : (site.hub ?? hubs[0]);
}
