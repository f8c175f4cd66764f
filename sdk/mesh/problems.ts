import { z } from "zod";
import { familyOf, lengthOf } from "../../provider/net";
import type { Problem } from "../../provider/resource";
import { kindOf } from "../link/kinds";
import type { KnownLink, KnownOptions, KnownSide } from "../link/known";
import { covers, overlaps } from "../link/prefix";
import { linkProblems } from "../link/problems";
import { joined, lengthIn, numberOfSubnet, planMesh, poolsOf, type Shape, type Spot } from "./plan";

/** KnownMesh is what is known of a mesh. */
export interface KnownMesh extends KnownOptions {
  readonly sites?: readonly KnownSite[];
  readonly hubs?: readonly string[] | undefined;
  readonly pool?: string | undefined;
  readonly pools?: readonly string[] | undefined;
  readonly prefixLength?: number;
}

type KnownSite = Omit<KnownSide, "address" | "addresses" | "device" | "transit"> & Partial<Spot>;

/** meshProblems finds what is wrong with a mesh in itself, its links included. */
export function meshProblems(mesh: KnownMesh): Problem[] {
  const { sites = [], hubs, prefixLength } = mesh;
  const pools = poolsOf(mesh);
  const found = [...twice(sites, "name"), ...twice(sites, "id"), ...hubProblems(mesh), ...poolProblems(mesh)];
  const spots = sites.filter(isSpot);
  const whole = spots.length === sites.length && "hubs" in mesh && pools.length > 0 && found.length === 0;
  if (!whole || prefixLength === undefined) return found;
  const shape: Shape = { sites: spots, hubs, pools, prefixLength };
  const small = pools.flatMap((pool, index) => roomProblems(shape, pool, pathOf(mesh, index)));
  if (small.length > 0) return small;
  const links = planMesh(shape).flatMap(({ a, b }) => {
    // What goes through a hub is behind other sites, where it is judged too.
    const side = ({ index, addresses }: typeof a): KnownSide => ({
      ...sites[index],
      address: undefined,
      addresses,
      transit: [],
    });
    const link: KnownLink = { ...mesh, a: side(a), b: side(b) };
    const indexes: Readonly<Record<PropertyKey, number>> = { a: a.index, b: b.index };
    const at = ([first = "", ...rest]: readonly PropertyKey[]) =>
      first in indexes ? ["sites", indexes[first] ?? 0, ...rest] : [first, ...rest];
    // The addresses are the pool's, and judged with it.
    return linkProblems(link, { at, more: "give a pool of it too, in `pools`" }).filter(
      ({ path }) => !path.includes("addresses"),
    );
  });
  const places = pools.flatMap((pool, index) => placeProblems(mesh, pool, pathOf(mesh, index)));
  return unlike([...places, ...overlapping(sites), ...links]);
}

function isSpot(site: KnownSite): site is KnownSite & Spot {
  return site.name !== undefined && site.id !== undefined && site.networks !== undefined;
}

function twice(sites: readonly KnownSite[], key: "name" | "id"): Problem[] {
  return sites.flatMap((site, index) => {
    const before = sites.findIndex((other) => other[key] === site[key]);
    if (site[key] === undefined || before === index) return [];
    return [
      {
        path: ["sites", index, key],
        message: `${site[key]} is that of \`sites[${before}]\` too: each site has its own`,
      },
    ];
  });
}

function hubProblems(mesh: KnownMesh): Problem[] {
  if (!("hubs" in mesh)) return [];
  const { sites = [], hubs } = mesh;
  const names = sites.map(({ name }) => name);
  const all = names.filter((name) => name !== undefined).join(", ");
  const found: Problem[] = (hubs ?? []).flatMap((hub, index) => {
    if (names.includes(undefined) || names.includes(hub)) return [];
    return [{ path: ["hubs", index], message: `there is no site "${hub}": the sites are ${all}` }];
  });
  for (const [index, { name, hub }] of sites.entries()) {
    const report = (message: string) => found.push({ path: ["sites", index, "hub"], message });
    if (hubs === undefined && hub !== undefined) {
      report("every site is joined with every other: leave it out, or say in `hubs` which sites are hubs");
    } else if (hubs !== undefined && hub !== undefined && name !== undefined && hubs.includes(name)) {
      report(`${name} is a hub itself: leave it out`);
    } else if (hubs !== undefined && hub !== undefined && !hubs.includes(hub)) {
      report(`"${hub}" is none of the hubs: they are ${hubs.join(", ")}`);
    } else if (
      hubs !== undefined &&
      hubs.length > 1 &&
      hub === undefined &&
      name !== undefined &&
      !hubs.includes(name)
    ) {
      report(`is required where there are several hubs: one of ${hubs.join(", ")}`);
    }
  }
  return found;
}

/** pathOf is where a pool is given. */
function pathOf({ pool }: KnownMesh, index: number): PropertyKey[] {
  return pool === undefined ? ["pools", index] : ["pool"];
}

function poolProblems(mesh: KnownMesh): Problem[] {
  const { pool, pools, kind } = mesh;
  if (!("pool" in mesh && "pools" in mesh)) return [];
  if (pool !== undefined && pools !== undefined) {
    return [{ path: ["pools"], message: "`pool` is there too: give all in one of the two" }];
  }
  const all = poolsOf(mesh);
  if (all.length === 0) return [{ path: ["pool"], message: "is required, or `pools` in place of it" }];
  return all.flatMap((one, index) => {
    const family = familyOf(one);
    const found: Problem[] = [];
    const report = (message: string) => found.push({ path: pathOf(mesh, index), message });
    const before = all.slice(0, index).find((other) => familyOf(other) === family);
    if (before !== undefined) {
      report(`${one} is of IPv${family} as ${before} is: there is one pool of a family`);
    }
    const carries = kind && kindOf(kind).carries;
    if (carries?.includes(family) === false) {
      report(`${one} is of IPv${family}, and ${kind} carries IPv${carries[0]} only: give a pool of that`);
    }
    return found;
  });
}

function roomProblems(shape: Shape, pool: string, path: readonly PropertyKey[]): Problem[] {
  const { sites } = shape;
  const prefixLength = lengthIn(pool, shape.prefixLength);
  const room = 2 ** (prefixLength - lengthOf(pool));
  const needs = joined(shape).map(([i, j]) => numberOfSubnet(sites[i]?.id ?? 0, sites[j]?.id ?? 0) + 1);
  const most = Math.max(...needs);
  if (most <= room) return [];
  const length = prefixLength - Math.ceil(Math.log2(most));
  const highest = Math.max(...sites.map(({ id }) => id));
  const much = room < 1 ? "no subnet" : `${room} subnets`;
  const message =
    `${pool} has room for ${much} of /${prefixLength}, and the ids up to ${highest} need ${most}: ` +
    (length < 8 ? "give the sites smaller ids" : `give a /${length}, or smaller ids`);
  return [{ path, message }];
}

/** placeProblems: the pool and what is behind the sites may not be where the hosts reach each other. */
function placeProblems({ sites = [] }: KnownMesh, pool: string, where: readonly PropertyKey[]): Problem[] {
  const found: Problem[] = [];
  for (const [index, { underlay, networks = [] }] of sites.entries()) {
    if (underlay !== undefined && covers(pool, underlay)) {
      const message = `${pool} has the underlay address ${underlay} of \`sites[${index}]\`: give a pool that nothing else uses`;
      found.push({ path: where, message });
    }
    for (const [at, network] of networks.entries()) {
      const path = ["sites", index, "networks", at];
      if (overlaps(pool, network)) {
        found.push({
          path,
          message: `${network} overlaps the pool ${pool}: give a pool that nothing else uses`,
        });
      }
      for (const [other, far] of sites.entries()) {
        // That of the site itself, and of those it is joined with, its links find.
        if (other === index || far.underlay === undefined || !covers(network, far.underlay)) continue;
        found.push({
          path,
          message: `${network} overlaps the underlay: ${far.underlay} in ${name(["sites", other, "underlay"])} is in it. Give networks without it`,
        });
      }
    }
  }
  return found;
}

/** overlapping: every site reaches every other, also those that it has no link to. */
function overlapping(sites: readonly KnownSite[]): Problem[] {
  const all = sites.flatMap(({ networks = [], id = 0 }, index) =>
    networks.map((network, at) => ({ network, id, index, path: ["sites", index, "networks", at] })),
  );
  return all.flatMap((mine) => {
    const theirs = all.find(
      (other) => other.id < mine.id && other.index !== mine.index && overlaps(other.network, mine.network),
    );
    if (theirs === undefined) return [];
    const message =
      `${mine.network} overlaps ${theirs.network} in ${name(theirs.path)}: each host would send to its own one. ` +
      "Give the two sides networks of their own";
    return [{ path: mine.path, message }];
  });
}

function name(path: readonly PropertyKey[]): string {
  return `\`${z.core.toDotPath([...path])}\``;
}

/** unlike leaves out what several links find. */
function unlike(problems: readonly Problem[]): Problem[] {
  const keys = problems.map(({ path, message }) => `${z.core.toDotPath([...path])}: ${message}`);
  return problems.filter((_, index) => keys.indexOf(keys[index] ?? "") === index);
}
