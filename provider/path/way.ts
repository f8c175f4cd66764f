import type { Endpoint } from "../host/endpoint";
import type { Command } from "../host/host";
import type { Link } from "../ip/links";
import type { RuleEntry } from "../ip/rules";
import { ask, type View } from "../ip/view";
import { familyOf } from "../net";

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
}

/** questions are those whose answers tell the way. Only the namespace that sshd lives in matters. */
export function questions(endpoint: Endpoint): Command[] {
  return [...ask.links(), ...ask.rules(familyOf(endpoint.peer)), ...ask.routeFor(endpoint)];
}

/** wayOf is the way as a host shows it; undefined when it names no route. */
export function wayOf(endpoint: Endpoint, view: View): Way | undefined {
  const route = view.routeFor(endpoint);
  if (route === undefined) return undefined;
  const { destination, table, metric, dev, nexthops = [] } = route;
  const links = view.links() ?? [];
  const carriers = carriersOf([dev, ...nexthops.map((hop) => hop.dev)], links);
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
  };
}

/** A device is carried by the one that it is made on, a bridge or a bond by its ports. */
function carriersOf(tops: readonly (string | undefined)[], links: readonly Link[]): Set<string> {
  const carriers = new Set<string>();
  const add = (name: string | undefined): void => {
    if (name === undefined || carriers.has(name)) return;
    carriers.add(name);
    add(links.find((link) => link.name === name)?.link.name);
    for (const port of links.filter(({ master }) => master === name)) add(port.name);
  };
  for (const top of tops) add(top);
  return carriers;
}
