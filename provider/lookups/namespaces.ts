import { z } from "zod";
import { ask } from "../ip/view";
import { NetnsName } from "../net";
import { connection } from "./args";
import { defineLookup } from "./lookup";

const path = (name: string) => `/run/netns/${name}`;

export const FoundNamespace = z.object({
  /** Its name. */
  name: z.string(),
  /** Where it is to be found: /run/netns/NAME. */
  path: z.string(),
  /** Whether its loopback device `lo` is up. */
  loopback: z.boolean(),
  /** The mark of the resource that it belongs to, or what else is the alias of its `lo`; an empty text for none. */
  mark: z.string(),
  /** The names of its devices. */
  devices: z.array(z.string()),
});

/**
 * A named network namespace (ip-netns(8)).
 *
 * @example
 * const blue = await getNamespace({ connection: login, name: "blue" });
 */
export const namespaceLookup = defineLookup({
  name: "getNamespace",
  args: z.strictObject({
    ...connection,
    /** Its name. */
    name: NetnsName,
  }),
  item: FoundNamespace,
  several: false,
  describe: ({ name }) => `namespace ${name}`,
  ask: ({ name }) => ask.links(name),
  find(view, { name }): z.output<typeof FoundNamespace> | undefined {
    const links = view.links(name);
    if (links === undefined) return undefined;
    const lo = links.find((link) => link.name === "lo");
    const devices = links.map((link) => link.name);
    return { name, path: path(name), loopback: lo?.up ?? false, mark: lo?.alias ?? "", devices };
  },
});

export const ListedNamespace = z.object({
  /** Its name. */
  name: z.string(),
  /** Where it is to be found: /run/netns/NAME. */
  path: z.string(),
});

/**
 * All named network namespaces of a host (ip-netns(8)).
 *
 * @example
 * const names = (await getNamespaces({ connection: login })).map(({ name }) => name);
 */
export const namespacesLookup = defineLookup({
  name: "getNamespaces",
  args: z.strictObject(connection),
  item: ListedNamespace,
  several: true,
  describe: () => "namespaces",
  ask: () => ask.namespaces(),
  find: (view): z.output<typeof ListedNamespace>[] =>
    view.namespaces().map((name) => ({ name, path: path(name) })),
});
