import { z } from "zod";
import { canonicalIp, canonicalPrefix, type Family } from "../net";
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

const RouteJson = z.object({
  type: z.string().default("1"),
  dst: z.string(),
  gateway: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
  dev: z.string().optional(),
  table: z.coerce.number().optional(),
  protocol: z.coerce.string().optional(),
  scope: z.coerce.string().default("0"),
  prefsrc: z.string().optional(),
  metric: z.number().default(0),
  flags: z.array(z.string()).default([]),
  metrics: z.array(z.object({ mtu: z.number().optional() })).default([]),
});

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
  const via = json.gateway ?? json.via?.host;
  return {
    // iproute2 prints names or, told to be numeric, numbers, depending on its version.
    type: TYPES[Number(json.type)] ?? json.type,
    destination:
      json.dst === "default" ? defaultDestination(family) : (canonicalPrefix(json.dst) ?? json.dst),
    via: via && (canonicalIp(via)?.text ?? via),
    dev: json.dev,
    table: json.table ?? asked.table ?? MAIN_TABLE,
    protocol: Number(json.protocol ?? asked.protocol),
    scope: scopeNamed(json.scope),
    src: json.prefsrc && (canonicalIp(json.prefsrc)?.text ?? json.prefsrc),
    metric: json.metric,
    mtu: json.metrics.find(({ mtu }) => mtu !== undefined)?.mtu,
    onlink: json.flags.includes("onlink"),
  };
}

/** defaultDestination is the network that iproute2 calls `default`. */
export function defaultDestination(family: Family): string {
  return family === 4 ? "0.0.0.0/0" : "::/0";
}
