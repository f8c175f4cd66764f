import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import { type Encap, encapWords, mplsEncap } from "../ip/mpls";
import {
  type Nexthop,
  nexthop,
  nexthopProblems,
  nexthopWords,
  observedNexthops,
  viaWords,
} from "../ip/nexthops";
import { defaultDestination, MAIN_TABLE, type Route } from "../ip/routes";
import { Table } from "../ip/tables";
import { ask } from "../ip/view";
import { ROUTE_PROTOCOL } from "../mark";
import { Destination, type Family, familyOf, IfName, Ip, isLinkLocal, MAX_U32 } from "../net";
import { always, defineResource, type Problem, parentName } from "../resource";
import {
  adopt,
  connection,
  idForm,
  idOf,
  inNamespace,
  managementPath,
  mark,
  namespace,
  persist,
  pickDefined,
} from "./common";

/** The metric of an IPv6 route that is given none (IP6_RT_PRIO_USER in linux/ipv6_route.h). */
const IPV6_METRIC = 1024;

/** Types that say what becomes of a packet, and so have neither gateway nor device. */
const NOWHERE: readonly string[] = ["blackhole", "unreachable", "prohibit", "throw"];

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /** Network to reach: `10.10.2.0/24`, `fd00:2::/64`, one address, or `default`. IPv4 or IPv6 by how it is written. */
  destination: Destination,
  /**
   * Gateway to send by: an address that is reached through `dev`. An IPv4 destination may have an IPv6 gateway
   * (RFC 5549). A `default` route is of the gateway's family.
   */
  via: Ip.optional(),
  /**
   * Device to send by: its name or the `IpipTunnel` itself. The kernel drops a route with its device: given the
   * resource, the route is replaced and deleted with it. Left out, `via` decides.
   */
  dev: parentName(IfName).optional(),
  /**
   * Ways to send by where there are several, two or more, in place of `via` and `dev` (multipath, ip-route(8)): flows
   * are shared out among them by `weight`. The order in which they are listed says nothing.
   */
  nexthops: nexthop.array().min(2, "one way alone is said by `via` and `dev`").optional(),
  /**
   * Labels to put on each packet (MPLS push, ip-route(8) `encap mpls`); with `nexthops` each has its own. The host
   * needs the kernel module mpls_iptunnel, which the kernel loads by itself. Of the IPIP tunnels only those of the modes
   * `mplsip` and `any` carry labels (ip-link(8)).
   */
  encap: mplsEncap.optional(),
  /** Source address that the host itself prefers for packets by this route; one of its own. */
  src: Ip.optional(),
  /**
   * Preference, the lower the better, 0 to 4294967295; 0 for IPv4 and 1024 for IPv6 when left out. The same
   * destination with another metric is another route.
   */
  metric: z.int().min(0).max(MAX_U32).optional(),
  /**
   * Routing table: 1 to 4294967295, or `main` (254), `local` (255) or `default` (253). In another table it is another
   * route.
   */
  table: Table.default(MAIN_TABLE),
  /** Largest packet in bytes to send by this route. Left out, that of the device. */
  mtu: z.int().min(68).max(65_535).optional(),
  /** Takes the gateway `via` as reachable on `dev` even if no route leads to it. */
  onlink: z.boolean().default(false),
  /**
   * How far the destination is (ip-route(8)), for IPv4: `global`, `site`, `link` or `host`. Left out: `link` for a
   * unicast route without a gateway, `host` for a local one, else `global`. An IPv6 route has none.
   */
  scope: z.enum(["global", "site", "link", "host"]).optional(),
  /**
   * What becomes of a packet (ip-route(8)): `unicast` sends it on, `local` delivers it here, `blackhole` drops it
   * silently, `unreachable` and `prohibit` answer with an ICMP error, `throw` ends the look-up in this table. The last
   * four send nowhere, so they take no `via`, `dev`, `nexthops`, `src` or `mtu`.
   */
  type: z.enum(["unicast", "local", "blackhole", "unreachable", "prohibit", "throw"]).default("unicast"),
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

const outputs = z.object({
  /** The device that packets leave by; none for a type that sends nowhere, or by several ways. */
  effectiveDev: z.string().optional(),
  /** The source address that the kernel noted; none when it chooses for each packet. */
  effectiveSrc: z.string().optional(),
  /** How far the destination is, as the kernel has it. */
  effectiveScope: z.string(),
});

type Desired = z.output<typeof inputs>;

/**
 * A route (ip-route(8)), of IPv4 or IPv6. Destination, table and metric tell routes apart; everything else changes in
 * place, in one step, so that no packet finds the route missing.
 *
 * @example
 * new Route("to-b", { connection, destination: "10.10.2.0/24", via: "192.168.50.2", dev: tunnel });
 */
export const route = defineResource({
  type: "Route",
  inputs,
  outputs,
  replaces: { namespace: always, destination: always, metric: always, table: always },
  containers: ["namespace", "dev", "nexthops.dev"],
  deleteBeforeReplace: false,
  // A protocol number has no room for the name of a stack.
  sharedMark: true,
  exclusive: true,

  id: (desired) =>
    idOf(desired, `${desired.destination} table ${desired.table} metric ${desired.metric ?? 0}`),
  which: idForm(
    /^(?<destination>\S+)(?: table (?<table>\S+))?(?: metric (?<metric>\d+))?$/,
    "table",
    "metric",
  ),
  describe: ({ destination, table, metric, namespace }) =>
    `route ${destination} (table ${table}, metric ${metric ?? 0})${inNamespace(namespace)}`,

  exposed: ({ dev, nexthops }) => ({ kind: "route", dev: dev ?? nexthops?.find((hop) => hop.dev)?.dev }),

  complete(known) {
    const { destination } = known;
    // The family of `default` is that of a gateway or the source, which may not be known yet.
    const telling = destination === "default" ? addressTelling(known) : destination;
    if (destination === undefined || telling === undefined) {
      return { ...(destination && { destination: undefined }), metric: known.metric || undefined };
    }
    const network = destination === "default" ? defaultDestination(familyOf(telling)) : destination;
    if (!("metric" in known)) return { destination: network };
    const metric = familyOf(network) === 6 ? known.metric || IPV6_METRIC : (known.metric ?? 0);
    return { destination: network, metric };
  },

  problems,

  observe: ({ destination, table, namespace }) => ask.routes(familyOf(destination), table, namespace),
  glance: ({ destination, table, namespace }) =>
    namespace === undefined ? ask.routesTo(destination, table) : undefined,
  // Of a host that has all routes of the internet only our own are listed. To ask for one in another table of IPv4 is an
  // error where that table is not there.
  survey: ({ destination, table, namespace }) =>
    table === MAIN_TABLE || familyOf(destination) === 6
      ? ask.ownRoutes(familyOf(destination), namespace)
      : undefined,

  parse(view, desired) {
    const { destination, table, metric, namespace } = desired;
    const all = view.routesTo(destination, table, namespace) ?? [];
    const same = all.filter((other) => other.metric === metric);
    // By hand several can be made that differ in nothing but what they do; ours is the one that counts.
    const found = same.find(({ protocol }) => protocol === ROUTE_PROTOCOL) ?? same[0];
    if (found === undefined) return undefined;
    const nowhere = NOWHERE.includes(found.type);
    return {
      namespace,
      destination,
      metric: found.metric,
      table,
      via: found.via,
      // The kernel hangs IPv6 routes that lead nowhere on lo.
      dev: nowhere ? undefined : found.dev,
      src: found.src,
      mtu: found.mtu,
      nexthops: found.nexthops && observedNexthops(found.nexthops, desired.nexthops ?? []),
      encap: found.encap,
      onlink: found.onlink,
      scope: found.scope as Desired["scope"],
      type: found.type as Desired["type"],
      mark: found.protocol === ROUTE_PROTOCOL ? desired.mark : `protocol ${found.protocol}`,
      effectiveDev: nowhere ? undefined : found.dev,
      effectiveSrc: found.src,
      effectiveScope: found.scope,
      found: found as Key,
    };
  },

  release(before, desired) {
    const gone = (key: keyof Desired) => before[key] !== undefined && desired[key] === undefined;
    const released = Object.entries(NONE).filter(([key]) => gone(key as keyof Desired));
    const scope = gone("scope") ? { scope: usualScope(desired) } : {};
    return { ...desired, ...scope, ...Object.fromEntries(released) };
  },

  foresee: (desired) => ({
    found: { ...desired, metric: desired.metric ?? 0, protocol: ROUTE_PROTOCOL } as Key,
  }),

  plan(desired, observed) {
    if (desired === undefined)
      return observed === undefined ? [] : [remove(observed.namespace, observed.found)];
    const family = familyOf(desired.destination);
    const wanted = spell(desired);
    if (observed === undefined) return [ip(desired.namespace, `-${family}`, "route", "add", ...wanted)];
    const found: Partial<Desired> = { ...NONE, ...pickDefined(observed) };
    const agrees = COMPARED.every(
      (key) => desired[key] === undefined || isDeepStrictEqual(desired[key], found[key]),
    );
    return agrees ? [] : [ip(desired.namespace, `-${family}`, "route", "replace", ...wanted)];
  },
});

const COMPARED = [
  ...(["via", "dev", "nexthops", "encap", "src", "mtu", "onlink", "scope", "type", "mark"] as const),
];

/** How to ask for a route without something, which differs from not asking. */
const NO_ENCAP: Encap = { mpls: [], ttl: "inherit" };
const NONE = { via: "", nexthops: [] as Nexthop[], encap: NO_ENCAP, src: "", mtu: 0 };

/** addressTelling is the address whose family a default route is of; undefined while it can't be told. */
function addressTelling(known: Partial<Desired>): string | undefined {
  for (const way of [known, ...(known.nexthops ?? [])]) {
    if (!("via" in way)) return undefined;
    if (way.via !== undefined) return way.via;
  }
  if (!("nexthops" in known) || !("src" in known)) return undefined;
  return known.src ?? "0.0.0.0";
}

/** The scope that iproute2 gives a route when none is said (ip-route(8)). */
function usualScope({ destination, type, via, nexthops }: Desired): Desired["scope"] {
  if (familyOf(destination) === 6) return "global";
  if (type === "local") return "host";
  return type === "unicast" && via === undefined && nexthops === undefined ? "link" : "global";
}

function spell(desired: Desired): string[] {
  const { type, destination, table, metric, via, dev, nexthops, encap, src, scope, mtu, onlink } = desired;
  const family = familyOf(destination);
  const option = (word: string, value: string | number | undefined) => (value ? [word, String(value)] : []);
  return [
    type,
    destination,
    ...encapWords(encap),
    ...(via ? viaWords(family, via) : []),
    ...option("dev", dev),
    ...option("table", table),
    ...option("metric", metric),
    ...option("proto", ROUTE_PROTOCOL),
    ...option("scope", scope),
    ...option("src", src),
    ...option("mtu", mtu),
    ...(onlink ? ["onlink"] : []),
    // All words behind the first of them are taken for those of a way.
    ...nexthopWords(family, nexthops ?? []),
  ];
}

/** Key is what tells a route from its like. */
type Key = Pick<Route, "type" | "destination" | "table" | "metric" | "protocol">;

/** All that tells it from its like is said, so that never another route goes in its place. */
function remove(netns: string | undefined, found: Key): Command {
  const { type, destination, table, metric, protocol } = found;
  const family: Family = familyOf(destination);
  const key = [
    type,
    destination,
    "table",
    String(table),
    "metric",
    String(metric),
    "proto",
    String(protocol),
  ];
  return ip(netns, `-${family}`, "route", "delete", ...key);
}

function problems(known: Partial<Desired>): Problem[] {
  const { destination, via, dev, nexthops, encap, src, type, scope, onlink, mtu } = known;
  const found: Problem[] = [];
  const add = (key: keyof Desired, message: string) => found.push({ path: [key], message });
  const network = destination === "default" ? addressTelling(known) : destination;
  const family = network ? familyOf(network) : undefined;
  if (type !== undefined && NOWHERE.includes(type)) {
    for (const [key, value] of Object.entries({ via, dev, nexthops, encap, src, mtu })) {
      if (value !== undefined)
        add(key as keyof Desired, `a ${type} route sends nowhere: leave \`${key}\` out`);
    }
  }
  if (family === 6 && via !== undefined && familyOf(via) === 4) {
    add("via", `${via} is an IPv4 gateway, which an IPv6 destination can't have: give an IPv6 address`);
  }
  if (family !== undefined && src !== undefined && familyOf(src) !== family) {
    add("src", `${src} is not of IPv${family}, the family of ${destination}`);
  }
  if (family === 6 && scope !== undefined && scope !== "global") {
    add("scope", "IPv6 routes have no scope: leave it out");
  }
  if (family === 4 && type === "local" && scope !== undefined && scope !== "host") {
    add("scope", "a local route reaches this host and no further: leave it out");
  }
  if (via !== undefined && isLinkLocal(via) && "dev" in known && dev === undefined) {
    add("dev", `${via} is an address on one device only: name the device`);
  }
  if (family === 4 && via !== undefined && (scope === "link" || scope === "host")) {
    add("scope", `a route by a gateway goes farther than \`${scope}\`: leave it out`);
  }
  if (via !== undefined && type === "local") add("via", "a local route needs no gateway: leave `via` out");
  if (nexthops !== undefined) {
    found.push(...nexthopProblems(nexthops, family), ...besideNexthops(known, nexthops));
    return found;
  }
  if (encap !== undefined && type === "local") add("encap", "a local route sends nowhere: leave `encap` out");
  const noVia = "via" in known && "nexthops" in known && via === undefined;
  if (onlink === true && noVia) add("onlink", "is about a gateway: give `via` too");
  if (onlink === true && via !== undefined && "dev" in known && dev === undefined) {
    add("dev", "a gateway that no route leads to needs a device: name it");
  }
  if (type !== undefined && !NOWHERE.includes(type) && noVia && "dev" in known && dev === undefined) {
    add("via", `a ${type} route needs a gateway in \`via\`, a device in \`dev\`, or both`);
  }
  return found;
}

/** besideNexthops is what a route can't have that sends by several ways. */
function besideNexthops(known: Partial<Desired>, nexthops: readonly Partial<Nexthop>[]): Problem[] {
  const { via, dev, encap, onlink, type, scope } = known;
  const found: Problem[] = [];
  const add = (key: keyof Desired, message: string) => found.push({ path: [key], message });
  for (const [key, value] of Object.entries({ via, dev, encap, onlink: onlink || undefined })) {
    if (value !== undefined) add(key as keyof Desired, `each of \`nexthops\` has its own \`${key}\``);
  }
  if (type === "local") add("nexthops", "a local route delivers here: leave `nexthops` out");
  if ((scope === "link" || scope === "host") && nexthops.some((hop) => hop.via !== undefined)) {
    add("scope", `a route by a gateway goes farther than \`${scope}\`: leave it out`);
  }
  return found;
}
