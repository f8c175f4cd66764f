import { z } from "zod";
import { mplsEncap } from "../ip/mpls";
import { nexthop } from "../ip/nexthops";
import { MAIN_TABLE, type Route } from "../ip/routes";
import { Table } from "../ip/tables";
import { ask } from "../ip/view";
import { Destination, type Family, familyOf, IfName } from "../net";
import { parentName } from "../resource";
import { inNamespace } from "../resources/common";
import { connection, family, namespace } from "./args";
import { defineLookup, matches } from "./lookup";

/** The protocols that have the same name on every host (linux/rtnetlink.h, RTPROT_*). */
const PROTOCOLS = { redirect: 1, kernel: 2, boot: 3, static: 4, ra: 9, dhcp: 16 } as const;
const NAMES = Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[];

export const FoundRoute = z.object({
  /** Network that it leads to, with its length: `10.10.2.0/24`, or `0.0.0.0/0` and `::/0` for all. */
  destination: z.string(),
  /** What becomes of a packet: `unicast`, `local`, `blackhole` and others of ip-route(8). */
  type: z.string(),
  /** Its gateway. */
  via: z.string().optional(),
  /** The device that packets leave by. */
  dev: z.string().optional(),
  /** The ways where there are several. */
  nexthops: nexthop.array().optional(),
  /** Labels that are put on its packets; a list without labels stands for an encapsulation that is no MPLS. */
  encap: mplsEncap.optional(),
  /** Source address that the host itself prefers. */
  src: z.string().optional(),
  /** Preference, the lower the better. */
  metric: z.int(),
  /** Its table; 254 is `main`. */
  table: z.int(),
  /** Who made it, by its number (rt_protos of iproute2): 2 the kernel, 3 or 4 people, 204 this package. */
  protocol: z.int(),
  /** How far the destination is: `global`, `site`, `link`, `host` or `nowhere`. */
  scope: z.string(),
  /** Largest packet in bytes, where it is told one. */
  mtu: z.int().optional(),
  /** Whether the gateway counts as reachable though no route leads to it. */
  onlink: z.boolean(),
});
type FoundRoute = z.output<typeof FoundRoute>;

interface Wanted {
  readonly family?: Family | undefined;
  readonly destination?: string | undefined;
}

function foundOf({ others: _, nexthops, ...route }: Route): FoundRoute {
  return { ...route, nexthops: nexthops && [...nexthops] };
}

/**
 * The routes of a namespace (ip-route(8)), whoever made them.
 *
 * @example
 * const [uplink] = await getRoutes({ connection: login, destination: "default", family: 4 });
 */
export const routesLookup = defineLookup({
  name: "getRoutes",
  args: z.strictObject({
    ...connection,
    ...namespace,
    ...family,
    /** Only those to just this network: `10.10.2.0/24`, one address, or `default`. Left out, to any. */
    destination: Destination.optional(),
    /** Only those that leave by this device, be it by one of several ways. Left out, by any. */
    dev: parentName(IfName).optional(),
    /** Only those of this table: its number, or `main`, `local` or `default`; `all` for each of them. */
    table: z.union([Table, z.literal("all")]).default(MAIN_TABLE),
    /**
     * Only those that this one made: a number from 0 to 255, or `kernel`, `boot`, `static`, `ra`, `dhcp` or `redirect`.
     * Left out, whoever did.
     */
    protocol: z
      .union(
        [z.int().min(0).max(255), z.enum(NAMES).transform((name): number => PROTOCOLS[name])],
        `give a number from 0 to 255, or one of ${NAMES.join(", ")}`,
      )
      .optional(),
  }),
  item: FoundRoute,
  several: true,
  describe: ({ namespace: netns }) => `routes${inNamespace(netns)}`,
  ask: ({ namespace: netns, ...wanted }) => familiesIn(wanted).flatMap((one) => ask.allRoutes(one, netns)),
  find(view, { namespace: netns, destination, dev, table, protocol, ...wanted }): FoundRoute[] | undefined {
    const families = familiesIn({ ...wanted, destination });
    if (!view.hasNamespace(netns)) return undefined;
    const all = families.flatMap((one) => view.allRoutes(one, netns) ?? []);
    const exact = destination === "default" ? undefined : destination;
    return all
      .filter((route) => matches({ ...route }, { destination: exact, protocol }))
      .filter((route) => wanted.family === undefined || familyOf(route.destination) === wanted.family)
      .filter((route) => destination !== "default" || route.destination.endsWith("/0"))
      .filter((route) => table === "all" || route.table === table)
      .filter(
        ({ dev: own, nexthops = [] }) =>
          dev === undefined || [own, ...nexthops.map((hop) => hop.dev)].includes(dev),
      )
      .map(foundOf);
  },
});

/** What is asked for: a network tells its family by itself. */
function familiesIn({ family: wanted, destination }: Wanted): Family[] {
  if (destination !== undefined && destination !== "default") return [familyOf(destination)];
  return wanted === undefined ? [4, 6] : [wanted];
}
