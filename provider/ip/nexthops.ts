import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Family, familyOf, IfName, Ip, isLinkLocal } from "../net";
import { type Problem, parentName } from "../resource";
import { encapWords, mplsEncap } from "./mpls";

/** The ways of a route that has several. */

const A_WEIGHT = "a weight is a number from 1 to 256";

/** One of several ways that a route's packets may go. */
export const nexthop = z.strictObject({
  /** Gateway of this way, IPv4 or IPv6. An IPv4 route may have ways without one, an IPv6 route can't. */
  via: Ip.optional(),
  /**
   * Device of this way: its name or the `IpipTunnel` itself. Given the resource, the route is replaced with it. Left
   * out, `via` decides.
   */
  dev: parentName(IfName).optional(),
  /** Share of the traffic that goes this way, 1 to 256, beside those of the others (ip-route(8)). */
  weight: z.int(A_WEIGHT).min(1, A_WEIGHT).max(256, A_WEIGHT).default(1),
  /** Takes the gateway `via` as reachable on `dev` even if no route leads to it. */
  onlink: z.boolean().default(false),
  /** Labels to put on packets that go this way; none when left out. */
  encap: mplsEncap.optional(),
});

export type Nexthop = z.output<typeof nexthop>;

/**
 * observedNexthops is a route's ways as the inputs would name them. Their order says nothing once they are there, so
 * the desired one is kept, and a device that was left out is the kernel's choice.
 */
export function observedNexthops<H extends { readonly dev?: string | undefined }>(
  found: readonly H[],
  desired: readonly H[],
): H[] {
  const left = [...found];
  const wanted = desired.filter((hop) => {
    const at = left.findIndex((other) => {
      const { dev: _, ...undirected } = other;
      return isDeepStrictEqual(hop.dev === undefined ? undirected : other, hop);
    });
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  });
  return [...wanted, ...left];
}

/** nexthopWords is how iproute2 is told of the ways of a route of one family. */
export function nexthopWords(family: Family, hops: readonly Nexthop[]): string[] {
  return hops.flatMap(({ via, dev, weight, onlink, encap }) => [
    "nexthop",
    ...encapWords(encap),
    ...(via === undefined ? [] : viaWords(family, via)),
    ...(dev === undefined ? [] : ["dev", dev]),
    ...["weight", String(weight)],
    ...(onlink ? ["onlink"] : []),
  ]);
}

/** viaWords: the family of a gateway is said where it is not the destination's. */
export function viaWords(family: Family, via: string): string[] {
  return familyOf(via) === family ? ["via", via] : ["via", "inet6", via];
}

/** nexthopProblems is what is wrong with the ways of a route to a network of one family, if that is known. */
export function nexthopProblems(hops: readonly Partial<Nexthop>[], family: Family | undefined): Problem[] {
  return hops.flatMap((hop, index) => {
    const { via, dev, onlink } = hop;
    const found: Problem[] = [];
    const add = (key: keyof Nexthop, message: string) =>
      found.push({ path: ["nexthops", index, key], message });
    const [noVia, noDev] = ["via" in hop && via === undefined, "dev" in hop && dev === undefined];
    if (family === 6 && via !== undefined && familyOf(via) === 4) {
      add("via", `${via} is an IPv4 gateway, which an IPv6 destination can't have: give an IPv6 address`);
    }
    if (family === 6 && noVia) add("via", "each of several ways of an IPv6 route needs a gateway");
    else if (noVia && noDev) add("via", "a way needs a gateway in `via`, a device in `dev`, or both");
    if (via !== undefined && noDev && isLinkLocal(via)) {
      add("dev", `${via} is an address on one device only: name the device`);
    }
    if (onlink === true && noVia) add("onlink", "is about a gateway: give `via` too");
    if (onlink === true && via !== undefined && noDev) {
      add("dev", "a gateway that no route leads to needs a device: name it");
    }
    if (hops.slice(0, index).some((other) => isSameWay(other, hop))) {
      add("via", "this way is there already: give it a `weight` instead");
    }
    return found;
  });
}

/** isSameWay tells two that differ in nothing but their share, once all of them is known. */
function isSameWay(one: Partial<Nexthop>, { weight: _, ...other }: Partial<Nexthop>): boolean {
  const known = ["via", "dev", "onlink", "encap"].every((key) => key in other);
  const { weight: __, ...way } = one;
  return known && isDeepStrictEqual(way, other);
}
