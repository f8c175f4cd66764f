import { z } from "zod";
import { ip } from "../ip/commands";
import type { Link } from "../ip/links";
import { ask } from "../ip/view";
import { isMark } from "../mark";
import { NetnsName } from "../net";
import { always, defineResource } from "../resource";
import { adopt, connection, idForm, idOf, mark, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  /** Name of the namespace, that of its file below /run/netns: `ip -n` and `ip netns exec` take it. */
  name: NetnsName,
  /** Whether the loopback device `lo` of the namespace is up; without it nothing there reaches itself. */
  loopback: z.boolean().default(true),
  ...persist,
  ...adopt,
  ...mark,
});

const outputs = z.object({
  /** Where the namespace is to be found: /run/netns/NAME. */
  path: z.string(),
});

/**
 * A named network namespace (network_namespaces(7), ip-netns(8)): a network stack of its own with its devices,
 * addresses, routes and sysctls. Deleting it removes whatever is inside; what is given the resource as its
 * `namespace` is replaced and deleted with it.
 *
 * @example
 * new Namespace("blue", { connection, name: "blue" });
 */
export const namespace = defineResource({
  type: "Namespace",
  inputs,
  outputs,
  replaces: { name: always },
  containers: [],
  deleteBeforeReplace: true,

  id: ({ connection, name }) => idOf({ connection }, name),
  which: idForm(/^(?<name>[^/]+)$/),
  describe: ({ name }) => `namespace ${name}`,

  observe: ({ name }) => ask.links(name),

  parse(view, { name }) {
    const links = view.links(name);
    if (links === undefined) return undefined;
    const lo = links.find((link) => link.name === "lo");
    return {
      name,
      loopback: lo?.up ?? false,
      mark: lo?.alias ?? "",
      path: `/run/netns/${name}`,
      // The kernel removes what is inside with the namespace, but not while a process still lives in it.
      devices: links
        .filter((link) => link !== lo && isMark(link.alias) && !goesWithPeer(link, links))
        .map((link) => link.name),
    };
  },

  foresee: ({ name, loopback, mark }) => ({
    ...{ name, loopback, mark },
    path: `/run/netns/${name}`,
    devices: [],
  }),

  plan(desired, observed) {
    if (desired === undefined) {
      if (observed?.name === undefined) return [];
      const { name, devices } = observed;
      return [
        ...devices.map((dev) => ip(name, "link", "delete", "dev", dev)),
        ip(undefined, "netns", "delete", name),
      ];
    }
    const { name, mark, loopback } = desired;
    const lo = (...argv: string[]) => ip(name, "link", "set", "dev", "lo", ...argv);
    return [
      ...(observed === undefined ? [ip(undefined, "netns", "add", name)] : []),
      ...(observed?.mark === mark ? [] : [lo("alias", mark)]),
      ...((observed?.loopback ?? false) === loopback ? [] : [lo(loopback ? "up" : "down")]),
    ];
  },
});

/** Of two ends of a veth pair in one namespace, the second goes with the first. */
function goesWithPeer(link: Link, links: readonly Link[]): boolean {
  const peer = links.findIndex(({ name }) => name === link.link.name);
  return link.kind === "veth" && peer !== -1 && peer < links.indexOf(link);
}
