import { z } from "zod";
import type { RuleEntry } from "../ip/rules";
import { Table } from "../ip/tables";
import { ask } from "../ip/view";
import { type Family, MAX_U32 } from "../net";
import { inNamespace } from "../resources/common";
import { connection, family, namespace } from "./args";
import { defineLookup, matches } from "./lookup";

export const FoundRule = z.object({
  /** Version of IP, 4 or 6. */
  family: z.literal([4, 6]),
  /** Its place among the rules. */
  priority: z.int(),
  /** Whether it takes the packets that the rest does not match. */
  not: z.boolean(),
  /** Source network, `all` for any. */
  from: z.string(),
  /** Destination network, `all` for any. */
  to: z.string(),
  /** Device that packets came in by, `any` for all. */
  iif: z.string(),
  /** Device that packets are to leave by, `any` for all. */
  oif: z.string(),
  /** Mark of the packets, `any` for all. */
  fwmark: z.string(),
  /** Type-of-service byte, 0 for any. */
  tos: z.int(),
  /** Protocol above IP, 0 for any. */
  ipproto: z.int(),
  /** Source ports, `any` for all. */
  sport: z.string(),
  /** Destination ports, `any` for all. */
  dport: z.string(),
  /** Users whose sockets send the packets, `any` for all. */
  uidrange: z.string(),
  /** Whether it looks up in the table of the VRF device that the packet belongs to. */
  l3mdev: z.boolean(),
  /** What becomes of a packet: `lookup`, `blackhole`, `unreachable`, `prohibit`, with what else the rule says. */
  action: z.string(),
  /** The table to look in; none where nothing is looked up. */
  table: z.int().optional(),
  /** Who made it, by its number (rt_protos of iproute2): 2 the kernel, 204 this package. */
  protocol: z.int(),
});
type FoundRule = z.output<typeof FoundRule>;

function foundOf(
  one: Family,
  { suppressPrefixLength: _, suppressIfgroup: __, detached: ___, ...rule }: RuleEntry,
): FoundRule {
  return { family: one, ...rule };
}

/**
 * The policy rules of a namespace (ip-rule(8)), whoever made them, in the order in which the kernel goes through them.
 *
 * @example
 * const ours = await getRules({ connection: login, table: 100 });
 */
export const rulesLookup = defineLookup({
  name: "getRules",
  args: z.strictObject({
    ...connection,
    ...namespace,
    ...family,
    /** Only those of this priority. Left out, of any. */
    priority: z.int().min(0).max(MAX_U32).optional(),
    /** Only those that look in this table: its number, or `main`, `local` or `default`. Left out, in any or none. */
    table: Table.optional(),
  }),
  item: FoundRule,
  several: true,
  describe: ({ namespace: netns }) => `rules${inNamespace(netns)}`,
  ask: ({ namespace: netns, family: wanted }) => familiesOf(wanted).flatMap((one) => ask.rules(one, netns)),
  find(view, { namespace: netns, family: wanted, priority, table }): FoundRule[] | undefined {
    if (!view.hasNamespace(netns)) return undefined;
    return familiesOf(wanted)
      .flatMap((one) => (view.rules(one, netns) ?? []).map((rule) => foundOf(one, rule)))
      .filter((rule) => matches(rule, { priority, table }));
  },
});

function familiesOf(wanted: Family | undefined): Family[] {
  return wanted === undefined ? [4, 6] : [wanted];
}
