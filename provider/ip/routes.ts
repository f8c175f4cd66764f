import { z } from "zod";
import { canonicalIp, canonicalPrefix, type Family } from "../net";
import { AGAIN, listOf } from "./json";
import { type Encap, encapOf } from "./mpls";
import type { Nexthop } from "./nexthops";
import { scopeNamed } from "./scopes";

/** A route as `ip -json -details -Numeric route show` prints it: what we use of it, in our form. */

/** The types of routes in the kernel's numbering (RTN_UNICAST … in linux/rtnetlink.h). */
const TYPES = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
] as const;

/** The kernel's RT_TABLE_MAIN (linux/rtnetlink.h). */
export const MAIN_TABLE = 254;

const gateway = {
  gateway: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
};
/** What an encapsulation prints; a label stack is a `dst`, of a route its second one. */
const encap = {
  encap: z.string().optional(),
  ttl: z.number().optional(),
  flags: listOf(z.string()).default([]),
};

const NexthopJson = z.object({
  ...gateway,
  ...encap,
  dst: z.string().optional(),
  dev: z.string().optional(),
  weight: z.number().default(1),
});

const RouteJson = z.looseObject({
  type: z.string().default("1"),
  dst: z.string(),
  [`${AGAIN}dst`]: z.string().optional(),
  ...gateway,
  ...encap,
  dev: z.string().optional(),
  table: z.coerce.number().optional(),
  protocol: z.coerce.string().optional(),
  scope: z.coerce.string().default("0"),
  prefsrc: z.string().optional(),
  metric: z.number().default(0),
  metrics: listOf(z.looseObject({ mtu: z.number().optional() })).default([]),
  nexthops: listOf(NexthopJson).optional(),
});

/** Keys that say nothing of what a route was told: what iproute2 prints of each, or of each that leads nowhere. */
const TOLD_ANYWAY = new Set(["pref", "error"]);

export interface Route {
  readonly type: string;
  readonly destination: string;
  readonly via: string | undefined;
  readonly dev: string | undefined;
  readonly table: number;
  readonly protocol: number;
  readonly scope: string;
  readonly src: string | undefined;
  readonly metric: number;
  readonly mtu: number | undefined;
  readonly onlink: boolean;
  readonly encap: Encap | undefined;
  /** Where there are several; `via`, `dev` and `encap` are then in them. */
  readonly nexthops: readonly Nexthop[] | undefined;
  /** What else it was told, that no input of ours can; absent where that is nothing. */
  readonly others?: readonly string[];
}

/** Asked is what was asked for: iproute2 does not say it again of each route. */
export interface Asked {
  readonly table?: number;
  readonly protocol?: number;
}

/** routesOf reads the entries of a listing of one family. */
export function routesOf(family: Family, entries: readonly unknown[], asked: Asked): Route[] {
  return entries.map((entry) => routeOf(family, RouteJson.parse(entry), asked));
}

function routeOf(family: Family, json: z.output<typeof RouteJson>, asked: Asked): Route {
  const others = othersIn(json);
  return {
    // iproute2 prints names or, told to be numeric, numbers, depending on its version.
    type: TYPES[Number(json.type)] ?? json.type,
    destination:
      json.dst === "default" ? defaultDestination(family) : (canonicalPrefix(json.dst) ?? json.dst),
    via: viaOf(json),
    dev: json.dev,
    table: json.table ?? asked.table ?? MAIN_TABLE,
    protocol: Number(json.protocol ?? asked.protocol),
    scope: scopeNamed(json.scope),
    src: json.prefsrc && (canonicalIp(json.prefsrc)?.text ?? json.prefsrc),
    metric: json.metric,
    mtu: json.metrics.find(({ mtu }) => mtu !== undefined)?.mtu,
    onlink: json.flags.includes("onlink"),
    encap: encapOf(json.encap, json[`${AGAIN}dst`], json.ttl),
    nexthops: json.nexthops?.map(nexthopOf),
    ...(others.length > 0 && { others }),
  };
}

function othersIn(json: z.output<typeof RouteJson>): string[] {
  const known = (key: string) => key in RouteJson.shape || TOLD_ANYWAY.has(key);
  const metrics = json.metrics.flatMap((metric) => Object.keys(metric)).filter((key) => key !== "mtu");
  const preferred = json.pref === undefined || json.pref === "medium" ? [] : ["pref"];
  return [...Object.keys(json).filter((key) => !known(key)), ...metrics, ...preferred];
}

function nexthopOf(json: z.output<typeof NexthopJson>): Nexthop {
  const [via, encap] = [viaOf(json), encapOf(json.encap, json.dst, json.ttl)];
  return {
    ...(via !== undefined && { via }),
    ...(json.dev !== undefined && { dev: json.dev }),
    weight: json.weight,
    onlink: json.flags.includes("onlink"),
    ...(encap !== undefined && { encap }),
  };
}

function viaOf(json: z.output<z.ZodObject<typeof gateway>>): string | undefined {
  const via = json.gateway ?? json.via?.host;
  return via && (canonicalIp(via)?.text ?? via);
}

/** defaultDestination is the network that iproute2 calls `default`. */
export function defaultDestination(family: Family): string {
  return family === 4 ? "0.0.0.0/0" : "::/0";
}
