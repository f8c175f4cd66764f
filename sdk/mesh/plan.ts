import { ipOf, numberOf } from "../../provider/net";
import { ipv4Of } from "../link/prefix";

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
  readonly pool: string;
  readonly prefixLength: number;
}

/** PlannedEnd is one end of a planned link. */
export interface PlannedEnd {
  /** Where the site stands in the list. */
  readonly index: number;
  readonly name: string;
  readonly address: string;
  /** What the other end reaches through this site, besides the networks behind it. */
  readonly transit: readonly string[];
}

/** Planned is a link that the mesh makes; `a` is the site with the smaller id. */
export interface Planned {
  readonly a: PlannedEnd;
  readonly b: PlannedEnd;
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
    const first = numberOf(ipOf(subnetOf(shape, i, j))) + (shape.prefixLength === 31 ? 0 : 1);
    const end = (index: number, other: number, offset: number): PlannedEnd => ({
      index,
      name: shape.sites[index]?.name ?? "",
      address: `${ipv4Of(first + offset)}/${shape.prefixLength}`,
      transit: transit(shape, pairs, index, other),
    });
    return { a: end(i, j, 0), b: end(j, i, 1) };
  });
}

/** transit lists what one site reaches through another, besides the networks behind that one. */
function transit(shape: Shape, pairs: readonly [number, number][], through: number, from: number): string[] {
  const { sites, hubs, pool } = shape;
  const [site, reader] = [sites[through], sites[from]];
  if (site === undefined || reader === undefined || hubs === undefined || !isHub(site, hubs)) return [];
  const byId = [...sites].sort((one, other) => one.id - other.id);
  if (!isHub(reader, hubs)) {
    const others = byId.filter((other) => other !== site && other !== reader);
    return [pool, ...others.flatMap(({ networks }) => networks)];
  }
  // Another hub reaches the spokes of this one, and the tunnels to them.
  const spokes = byId.filter((other) => hubOf(other, hubs) === site.name);
  const tunnels = pairs
    .filter(([i, j]) => i === through || j === through)
    .filter(([i, j]) => spokes.some((spoke) => spoke === sites[i === through ? j : i]))
    .map(([i, j]) => subnetOf(shape, i, j));
  return [...spokes.flatMap(({ networks }) => networks), ...tunnels];
}

function subnetOf({ sites, pool, prefixLength }: Shape, i: number, j: number): string {
  const number = numberOfSubnet(sites[i]?.id ?? 0, sites[j]?.id ?? 0);
  const size = 2 ** (32 - prefixLength);
  return `${ipv4Of(numberOf(ipOf(pool)) + number * size)}/${prefixLength}`;
}

function isHub({ name }: Spot, hubs: readonly string[]): boolean {
  return hubs.includes(name);
}

/** hubOf is the name of a spoke's hub; a hub has none. */
function hubOf(site: Spot, hubs: readonly string[]): string | undefined {
  return isHub(site, hubs) ? undefined : (site.hub ?? hubs[0]);
}
