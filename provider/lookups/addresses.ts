import { z } from "zod";
import { ask } from "../ip/view";
import { familyOf, IfName } from "../net";
import { parentName } from "../resource";
import { inNamespace } from "../resources/common";
import { connection, family, namespace } from "./args";
import { defineLookup, matches } from "./lookup";

export const FoundAddress = z.object({
  /** The device that has it. */
  dev: z.string(),
  /** The address with the prefix length of its subnet. */
  address: z.string(),
  /** Address of the other end of a point-to-point link; the prefix length is then its. */
  peer: z.string().optional(),
  /** Broadcast address of the subnet. */
  broadcast: z.string().optional(),
  /** Its label, of IPv4. */
  label: z.string().optional(),
  /** How far it is valid: `global`, `site`, `link` or `host`. */
  scope: z.string(),
  /** Whether it hangs on another IPv4 address of its subnet, as all but the first do. */
  secondary: z.boolean(),
  /** Whether it goes by itself after some time: DHCP or a router gave it. */
  dynamic: z.boolean(),
  /** Whether it is not taken as a source of new connections any more. */
  deprecated: z.boolean(),
});
type FoundAddress = z.output<typeof FoundAddress>;

/**
 * The addresses of a namespace (ip-address(8)), in the order in which the kernel has them.
 *
 * @example
 * const [first] = await getAddresses({ connection: login, dev: "eth0", family: 4 });
 */
export const addressesLookup = defineLookup({
  name: "getAddresses",
  args: z.strictObject({
    ...connection,
    ...namespace,
    /** Only those of this device. Left out, of all. */
    dev: parentName(IfName).optional(),
    ...family,
  }),
  item: FoundAddress,
  several: true,
  describe: ({ namespace: netns }) => `addresses${inNamespace(netns)}`,
  ask: ({ namespace: netns }) => ask.links(netns),
  find: (view, { dev, family: wanted, namespace: netns }): FoundAddress[] | undefined =>
    view.links(netns)?.flatMap((link) =>
      link.assigned
        .map(({ local, length, noprefixroute: _, nodad: __, ...more }) => ({
          ...{ dev: link.name, address: `${local}/${length}` },
          ...more,
        }))
        .filter((one) => matches({ ...one, family: familyOf(one.address) }, { dev, family: wanted })),
    ),
});
