import type { Family } from "../../provider/net";
import type { Problem } from "../../provider/resource";
import { deviceName } from "./device-name";
import { isGre, kindOf } from "./kinds";
import { addressesOf, type KnownLink, otherOf, placeOf, SIDES, type SideName } from "./known";
import type { Options } from "./options";
import { covers, overlaps, subnetOf } from "./prefix";

/** The table that a route without one goes to (RT_TABLE_MAIN, linux/rtnetlink.h). */
const MAIN_TABLE = 254;

/** Claim is what a link takes for itself on a host, so that no other link can have it there. */
export type Claim = {
  readonly path: readonly PropertyKey[];
  /** Host and namespace. */
  readonly place: string;
} & (
  | { readonly what: "device"; readonly name: string }
  /** What the kernel tells tunnels of a kind apart by; a `key` is GRE's. */
  | {
      readonly what: "ends";
      readonly word: string;
      readonly key: number | "none" | undefined;
      readonly local: string;
      readonly remote: string;
    }
  /** The tunnel's own subnet. */
  | { readonly what: "subnet"; readonly network: string }
  /** A network behind the host itself. Other links of the host may say so too. */
  | { readonly what: "own"; readonly network: string }
  /** A network that the host reaches through the tunnel. */
  | { readonly what: "routed"; readonly network: string; readonly table: number; readonly transit: boolean }
  /** The setting that makes the host pass packets on, and who sets it. */
  | ({ readonly what: "forwarding" } & Made)
  /** A UDP port that packets are taken at, what is in them, and who makes it. */
  | ({
      readonly what: "port";
      readonly port: number;
      readonly family: Family;
      readonly taken: string;
    } & Made)
);

/** Made is a resource that links share. */
interface Made {
  /** Its name. */
  readonly by: string;
  readonly persist: Options["persist"] | undefined;
}

/** Makers are the resources of a host that its links share, by name; undefined where a link has no need of one. */
export interface Makers {
  readonly forwarding: string | undefined;
  readonly port: string | undefined;
}

/** claimsOf lists what a link takes on its two hosts, as far as it is known. */
export function claimsOf(name: string, link: KnownLink, makers: Readonly<Record<SideName, Makers>>): Claim[] {
  return SIDES.flatMap((side) => claimsOn(name, link, side, makers[side]));
}

function claimsOn(name: string, link: KnownLink, side: SideName, { forwarding, port }: Makers): Claim[] {
  const [own, other] = [link[side], link[otherOf(side)]];
  const place = placeOf(own);
  if (own === undefined || place === undefined) return [];
  const { underlay } = own;
  const kind = link.kind && kindOf(link.kind);
  const claims: Claim[] = [];
  if ("device" in own) {
    claims.push({ what: "device", place, path: [side, "device"], name: own.device ?? deviceName(name) });
  }
  if (kind !== undefined && underlay !== undefined && other?.underlay !== undefined && "key" in link) {
    const key = isGre(kind) ? (link.key ?? "none") : undefined;
    const ends = { word: kind.word, key, local: underlay, remote: other.underlay };
    claims.push({ what: "ends", place, path: [side, "underlay"], ...ends });
  }
  for (const { network, path } of addressesOf(own, side)) {
    claims.push({ what: "subnet", place, path, network: subnetOf(network) });
  }
  for (const [index, network] of (own.networks ?? []).entries()) {
    claims.push({ what: "own", place, path: [side, "networks", index], network });
  }
  const table = link.table ?? MAIN_TABLE;
  for (const key of "table" in link ? (["networks", "transit"] as const) : []) {
    for (const [index, network] of (other?.[key] ?? []).entries()) {
      const path = [otherOf(side), key, index];
      claims.push({ what: "routed", place, path, network, table, transit: key === "transit" });
    }
  }
  const { persist } = link;
  if (forwarding !== undefined) {
    claims.push({ what: "forwarding", place, path: [side, "forwarding"], by: forwarding, persist });
  }
  const { type, port: number } = link.encap ?? {};
  if (kind !== undefined && type !== undefined && number !== undefined && port !== undefined) {
    const taken = type === "gue" ? type : `${type} with ${kind.protocol}`;
    const opened = { port: number, family: kind.underlay, taken, by: port, persist };
    claims.push({ what: "port", place, path: ["encap", "port"], ...opened });
  }
  return claims;
}

/** clashesWith finds what a link claims that another one has claimed before. */
export function clashesWith(name: string, theirs: readonly Claim[], mine: readonly Claim[]): Problem[] {
  return mine.flatMap((claim) => {
    const clash = theirs
      .filter((other) => other.place === claim.place)
      .map((other) => clashOf(claim, other))
      .find((message) => message !== undefined);
    return clash === undefined
      ? []
      : [{ path: claim.path, message: `${clash.replaceAll("THE LINK", `the link "${name}"`)}` }];
  });
}

function clashOf(mine: Claim, theirs: Claim): string | undefined {
  const { place } = mine;
  switch (mine.what) {
    case "device":
      if (theirs.what !== "device" || mine.name !== theirs.name) return undefined;
      return `${mine.name} on ${place} is the device of THE LINK: give another name`;
    case "ends":
      if (theirs.what !== "ends" || mine.word !== theirs.word || mine.key !== theirs.key) return undefined;
      if (mine.local !== theirs.local || mine.remote !== theirs.remote) return undefined;
      return `THE LINK joins ${mine.local} to ${mine.remote} already, and the kernel allows one tunnel of a kind between two addresses: use that link, or other addresses${mine.key === undefined ? "" : ", or another `key`"}`;
    case "forwarding":
      if (theirs.what !== "forwarding") return undefined;
      if (mine.by === theirs.by) return persistClash(`forwarding on ${place}`, mine, theirs);
      return `THE LINK sets forwarding on ${place} too: set \`forwarding: false\` on one of them, or let both name the host and its namespace in the same way`;
    case "port":
      return portClash(mine, theirs);
    default:
      return networkClash(mine, theirs);
  }
}

function portClash(mine: Extract<Claim, { what: "port" }>, theirs: Claim): string | undefined {
  if (theirs.what !== "port" || mine.port !== theirs.port || mine.family !== theirs.family) return undefined;
  const { port, place } = mine;
  if (mine.taken !== theirs.taken) {
    return `on ${place} the port ${port} takes ${theirs.taken} for THE LINK, and here it would be ${mine.taken}: give another port`;
  }
  if (mine.by === theirs.by) return persistClash(`the port ${port} on ${place}`, mine, theirs);
  return `THE LINK opens the port ${port} on ${place} too: give another port, or let both name the host and its namespace in the same way`;
}

/** persistClash: whichever link came first would decide. */
function persistClash(what: string, mine: Made, theirs: Made): string | undefined {
  if (mine.persist === theirs.persist) return undefined;
  return `THE LINK shares ${what}, with \`persist: "${theirs.persist}"\`, and here it would be "${mine.persist}": give both the same`;
}

type OfNetwork = Extract<Claim, { network: string }>;

function networkClash(mine: OfNetwork, theirs: Claim): string | undefined {
  if (!("network" in theirs) || !overlaps(mine.network, theirs.network) || goTogether(mine, theirs)) {
    return undefined;
  }
  const what = {
    subnet: "which is the tunnel's subnet of THE LINK",
    own: "which THE LINK has behind that host",
    routed: "which the host reaches through THE LINK",
  }[theirs.what];
  const better = mine.what === "subnet" ? "give the tunnel a subnet of its own" : "give each link its own";
  return `${mine.network} overlaps ${theirs.network} on ${mine.place}, ${what}: ${better}`;
}

/** goTogether tells the pairs that overlap and yet do no harm. */
function goTogether(one: OfNetwork, other: OfNetwork): boolean {
  if (one.what === "own" && other.what === "own") return true;
  if (one.what === "routed" && other.what === "routed") return one.table !== other.table;
  const [routed, near] = one.what === "routed" ? [one, other] : [other, one];
  if (routed.what !== "routed") return false;
  if (routed.table !== MAIN_TABLE) return true;
  // The kernel goes by the longest prefix, so the smaller subnet on its own device is reached nevertheless.
  return (
    near.what === "subnet" &&
    routed.transit &&
    routed.network !== near.network &&
    covers(routed.network, near.network)
  );
}
