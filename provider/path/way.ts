import type { Endpoint } from "../host/endpoint";
import type { Command } from "../host/host";
import type { Link } from "../ip/links";
import type { RuleEntry } from "../ip/rules";
import { ask, type View } from "../ip/view";
import { familyOf, ipOf } from "../net";

/** Way is how the host answers those who manage it: what a change of ours may cut. */
export interface Way {
  /** The devices that carry it: the one that packets leave by, and those below it. */
  readonly carriers: ReadonlySet<string>;
  /** Who else must be reached for it: the other ends of the tunnels among the carriers. */
  readonly beyond: readonly string[];
  /** The network of the route that it goes by. */
  readonly destination: string;
  readonly table: number;
  readonly metric: number;
  /** The rules of its family, in the kernel's order. */
  readonly rules: readonly RuleEntry[];
  /** The VRF that it goes through; none for most. */
  readonly vrf?: string;
}

/**
 * questions are those whose answers tell the way. Only the namespace that sshd lives in matters, and in it only the VRF
 * that the address is in.
 */
export function questions(endpoint: Endpoint, vrf?: string): Command[] {
  return [...ask.links(), ...ask.rules(familyOf(endpoint.peer)), ...ask.routeFor(endpoint, vrf)];
}

/**
 * vrfOf is the VRF of the device that has the address which connections come to (ip-vrf(8)): what is received there is
 * answered there, whatever the other tables say.
 */
export function vrfOf({ local, zone }: Endpoint, view: View): string | undefined {
  const links = view.links() ?? [];
  const device = links.find(
    ({ name, addresses }) =>
      (zone === undefined || name === zone) && addresses.some((address) => ipOf(address) === local),
  );
  return links.find((link) => isVrf(link) && link.name === device?.master)?.name;
}

/** wayOf is the way as a host shows it; undefined when it names no route. */
export function wayOf(endpoint: Endpoint, view: View, vrf?: string): Way | undefined {
  const route = view.routeFor(endpoint, vrf);
  if (route === undefined) return undefined;
  const { destination, table, metric, dev, nexthops = [] } = route;
  const links = view.links() ?? [];
  const carriers = carriersOf([vrf, dev, ...nexthops.map((hop) => hop.dev)], links);
  const beyond = links
    .filter(({ name }) => carriers.has(name))
    .flatMap(({ data }) => [data.remote, data.local])
    .filter((address) => typeof address === "string" && address !== "any");
  return {
    carriers,
    beyond: beyond as string[],
    destination,
    table,
    metric,
    rules: view.rules(familyOf(endpoint.peer)) ?? [],
    ...(vrf !== undefined && { vrf }),
  };
}

/** A device is carried by the one that it is made on, a bridge or a bond by its ports; a VRF only looks their routes up. */
function carriersOf(tops: readonly (string | undefined)[], links: readonly Link[]): Set<string> {
  const carriers = new Set<string>();
  const add = (name: string | undefined): void => {
    if (name === undefined || carriers.has(name)) return;
    carriers.add(name);
    const link = links.find((one) => one.name === name);
    add(link?.link.name);
    if (link !== undefined && isVrf(link)) return;
    for (const port of links.filter(({ master }) => master === name)) add(port.name);
  };
  for (const top of tops) add(top);
  return carriers;
}

function isVrf({ kind }: Link): boolean {
  return kind === "vrf";
}
