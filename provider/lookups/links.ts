import { z } from "zod";
import type { Link } from "../ip/links";
import { ask } from "../ip/view";
import { IfName } from "../net";
import { inNamespace } from "../resources/common";
import { connection, namespace } from "./args";
import { defineLookup, matches } from "./lookup";

export const FoundLink = z.object({
  /** Its name. */
  name: z.string(),
  /** Its number. */
  ifindex: z.int(),
  /** Its kind in the words of ip-link(8), `ipip`, `veth` or `bridge`; none for a port of the machine and for `lo`. */
  kind: z.string().optional(),
  /** Whether it is up. */
  up: z.boolean(),
  /** `up` when packets can flow, else `down`. */
  state: z.enum(["up", "down"]),
  /** Its flags as ip-link(8) shows them: UP, LOWER_UP and others. */
  flags: z.array(z.string()),
  /** Largest packet in bytes. */
  mtu: z.int(),
  /** Length of its transmit queue, in packets. */
  txqlen: z.int(),
  /** Its group, by its number. */
  group: z.int(),
  /** Its Ethernet address or, of a tunnel, that of this end. */
  address: z.string().optional(),
  /** Its addresses with their prefix lengths, `10.0.0.1/24`; `10.0.0.1 peer 10.0.0.2/32` with one of the other end. */
  addresses: z.array(z.string()),
  /** Its alias, which of a device of this package is its mark; an empty text for none. */
  alias: z.string(),
  /** The bridge, bond or VRF that it is a port of. */
  master: z.string().optional(),
  /** The device below it or, of a veth, the other end, where that is in the same namespace. */
  link: z.string().optional(),
});
type FoundLink = z.output<typeof FoundLink>;

function foundOf({ name, ifindex, kind, up, state, flags, mtu, txqlen, group, ...more }: Link): FoundLink {
  const { address, addresses, alias = "", master, link } = more;
  return {
    ...{ name, ifindex, kind, up, state, flags: [...flags], mtu, txqlen, group: Number(group) },
    ...{ address, addresses: [...addresses], alias, master, link: link.name },
  };
}

/**
 * A network device of any kind (ip-link(8)), with its addresses.
 *
 * @example
 * const { mtu } = await getLink({ connection: login, name: "eth0" });
 */
export const linkLookup = defineLookup({
  name: "getLink",
  args: z.strictObject({
    ...connection,
    ...namespace,
    /** Its name. */
    name: IfName,
  }),
  item: FoundLink,
  several: false,
  describe: ({ name, namespace: netns }) => `device ${name}${inNamespace(netns)}`,
  ask: ({ namespace: netns }) => ask.numberedLinks(netns),
  find(view, { name, namespace: netns }): FoundLink | undefined {
    const link = view.numberedLink(name, netns);
    return link && foundOf(link);
  },
});

/**
 * The network devices of a namespace (ip-link(8)), with their addresses.
 *
 * @example
 * const cables = await getLinks({ connection: login, kind: "veth" });
 */
export const linksLookup = defineLookup({
  name: "getLinks",
  args: z.strictObject({
    ...connection,
    ...namespace,
    /** Only those of this kind, in the words of ip-link(8). Left out, of any. */
    kind: z.string().optional(),
  }),
  item: FoundLink,
  several: true,
  describe: ({ namespace: netns }) => `devices${inNamespace(netns)}`,
  ask: ({ namespace: netns }) => ask.numberedLinks(netns),
  find: (view, { kind, namespace: netns }): FoundLink[] | undefined =>
    view
      .numberedLinks(netns)
      ?.map(foundOf)
      .filter((one) => matches(one, { kind })),
});
