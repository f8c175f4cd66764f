import { z } from "zod";
import { Destination } from "../../provider/net";
import { fixedly } from "../component";
import { place } from "../link/args";
import { tunnelOptions } from "../link/options";
import { notHost } from "../link/prefix";

const SiteName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a site\'s name is made of letters, digits, "_", "." and "-"');

/** One site of a mesh: a host, and the networks behind it. */
const site = z.strictObject({
  /** Name of the site, of which those of its links are made. No other site has it. */
  name: fixedly(SiteName),
  /**
   * Number of the site, 0 or more, which no other site has: the tunnel subnets follow from the numbers of two sites,
   * and from nothing else. So a site that comes or goes moves no other, wherever it stands in the list. Give it once and
   * keep it: small numbers need a small pool, and that of a site that is gone may be given again.
   */
  id: fixedly(z.int().min(0, "give a number, 0 or more")),
  ...place,
  /**
   * Name of the hub that this spoke is joined to. Left out, it is the only hub; where there are several, each spoke
   * names its own. A hub has none.
   */
  hub: fixedly(SiteName).optional(),
});

const Pool = Destination.refine((text) => text !== "default" && notHost(text) === undefined, {
  error: (issue) =>
    `"${issue.input}" is no network of hosts: give one that nothing else uses, like "172.31.0.0/16" or "fd00:31::/112"`,
});

const inputs = z.strictObject({
  /** The sites, two or more, in any order. */
  sites: fixedly(site.array().min(2, "give at least two sites")),
  /**
   * Names of the sites that are hubs. Left out, every site is joined with every other. Else each other site is a spoke,
   * joined with its hub alone, and reaches all other sites through it; hubs are joined with each other.
   */
  hubs: fixedly(z.array(SiteName).min(1, "name at least one site, or leave `hubs` out")).optional(),
  /**
   * Network that the tunnel subnets are taken from, and nothing else, of IPv4 or IPv6: `172.31.0.0/16`, `fd00:31::/112`.
   * The sites with ids i < j get subnet number j(j-1)/2 + i, so with ids up to n it needs n(n+1)/2 of them: a /20 of IPv4
   * or /116 of IPv6 has room for 64 sites, a /16 or /112 for 256. The site with the smaller id has the subnet's first
   * address. Left out, give `pools`.
   */
  pool: fixedly(Pool).optional(),
  /**
   * In place of `pool`, one of IPv4 and one of IPv6 where the links carry both: networks of a family need a pool of it.
   */
  pools: fixedly(z.array(Pool).min(1, "give one, or two of different families")).optional(),
  /**
   * Prefix length of each tunnel subnet of IPv4: 31 (RFC 3021), or 30 where a host takes no other. Those of IPv6 are of
   * the same size: 127 (RFC 6164) or 126.
   */
  prefixLength: fixedly(z.union([z.literal(30), z.literal(31)], "give 30 or 31")).default(31),
  ...tunnelOptions,
});

/**
 * Many sites joined: a `TunnelLink` for each two that are to be joined, each site with each (full mesh) or each with a
 * hub, and the routes so that every site reaches the networks behind every other. A link is called
 * `MESH-SITE~OTHER`, the site with the smaller id first, and a site's device for another one `MESH-OTHER`, shortened
 * like that of a link.
 *
 * Through a hub, what comes from a host itself has its tunnel address, which the whole pool's route leads back to from
 * every spoke.
 *
 * @example
 * const login = { knownHosts: "~/.ssh/known_hosts" };
 * new TunnelMesh("wan", {
 *   pool: "172.31.0.0/16",
 *   sites: [
 *     { name: "berlin", id: 0, connection: { host: "203.0.113.10", ...login }, underlay: "203.0.113.10", networks: ["10.10.1.0/24"] },
 *     { name: "oslo", id: 1, connection: { host: "198.51.100.20", ...login }, underlay: "198.51.100.20", networks: ["10.10.2.0/24"] },
 *     { name: "rome", id: 2, connection: { host: "192.0.2.30", ...login }, underlay: "192.0.2.30", networks: ["10.10.3.0/24"] },
 *   ],
 *   hubs: ["berlin"],
 * });
 */
export const tunnelMesh = { type: "TunnelMesh", inputs } as const;

export type MeshInputs = typeof inputs;
export type Site = z.output<typeof site>;
