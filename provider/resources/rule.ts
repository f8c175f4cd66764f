import { z } from "zod";
import { ip } from "../ip/commands";
import { MAIN_TABLE } from "../ip/routes";
import { ALL, ANY, fwmark, NONE, PROTOCOLS, type RuleEntry } from "../ip/rules";
import { Table } from "../ip/tables";
import { ask } from "../ip/view";
import { ROUTE_PROTOCOL } from "../mark";
import { Destination, type Family, familyOf, IfName, MAX_U32 } from "../net";
import { always, defineResource, type Problem } from "../resource";
import {
  adopt,
  connection,
  idForm,
  idOf,
  inNamespace,
  managementPath,
  mark,
  namespace,
  persist,
} from "./common";

/** Those of the kernel's own rules: to the tables `local`, `main` and `default` (ip-rule(8)). */
const KERNELS_OWN: readonly number[] = [0, 32_766, 32_767];

const Network = z
  .string()
  .transform((text) => (text === ALL ? "default" : text))
  .pipe(Destination)
  .transform((text) => (text === "default" ? ALL : text))
  .default(ALL);

const A_MARK = 'give a number from 0 to 4294967295, or a text like "0x10" or "0x10/0xff"';
const Fwmark = z
  .union([z.int().min(0).max(MAX_U32).transform(String), z.string()], A_MARK)
  .refine(
    (text) => text === ANY || /^(0x[0-9A-Fa-f]{1,8}|\d{1,10})(\/(0x[0-9A-Fa-f]{1,8}|\d{1,10}))?$/.test(text),
    A_MARK,
  )
  .refine((text) => text === ANY || text.split("/").every((part) => Number(part) <= MAX_U32), A_MARK)
  .refine((text) => {
    const [value, mask = MAX_U32] = text.split("/").map(Number);
    return text === ANY || ((value ?? 0) & ~mask) === 0;
  }, "has bits beyond its mask, which nothing could match")
  .refine(
    (text) => Number(text.split("/")[1] ?? 1) !== 0,
    'a mask of 0 takes any mark: leave it out, or give "any"',
  )
  .transform((text) => (text === ANY ? text : fwmark(...(text.split("/") as [string, string?]))))
  .default(ANY);

const A_TOS = 'give a number from 0 to 252 or one like "0x10"';
const Tos = z
  .union(
    [
      z
        .string()
        .regex(/^0x[0-9A-Fa-f]{1,2}$/, A_TOS)
        .transform((text) => Number.parseInt(text, 16)),
      z.int().min(0, A_TOS).max(255, A_TOS),
    ],
    A_TOS,
  )
  .refine(
    (tos) => (tos & 3) === 0,
    "its two lowest bits are those of ECN, which a rule can't match (RFC 3168)",
  )
  .default(0);

/** range takes one number, or two with a dash between them, in the form that iproute2 prints. */
function range(what: string, least: number, most: number, print: (first: number, last: number) => string) {
  const message = `give ${what} from ${least} to ${most}, two like "${least}-${least + 99}", or "any"`;
  return z
    .union([z.int().transform(String), z.string()], message)
    .refine((text) => text === ANY || /^\d{1,10}(-\d{1,10})?$/.test(text), message)
    .refine((text) => {
      const [first = least, last = first] = text === ANY ? [] : text.split("-").map(Number);
      return first >= least && first <= last && last <= most;
    }, message)
    .transform((text) => {
      const [first = least, last = first] = text.split("-").map(Number);
      return text === ANY ? text : print(first, last);
    })
    .default(ANY);
}

const Ports = range("a port", 1, 65_535, (first, last) => (first === last ? `${first}` : `${first}-${last}`));
// The last number means no user.
const Users = range("a user's number", 0, MAX_U32 - 1, (first, last) => `${first}-${last}`);

const Protocol = z
  .union(
    [
      z.int().min(0).max(255),
      z
        .enum(Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[])
        .transform((name): number => PROTOCOLS[name]),
    ],
    `give a number from 0 to 255, or one of ${Object.keys(PROTOCOLS).join(", ")}`,
  )
  .default(0);

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Family of the packets, `inet` for IPv4 or `inet6` for IPv6; each has rules of its own. Left out, that of `from` or
   * `to`, else `inet`.
   */
  family: z.enum(["inet", "inet6"]).optional(),
  /**
   * Place among the rules, 1 to 4294967295: they are gone through from the lowest on, until one decides (ip-rule(8)). No
   * other rule of the family should have the same; those that do are left alone beside ours, and removed with `adopt`.
   * 0, 32766 and 32767 are the kernel's own.
   */
  priority: z
    .int()
    .min(0)
    .max(MAX_U32)
    .refine((priority) => !KERNELS_OWN.includes(priority), {
      error: (issue) =>
        `${issue.input} is that of a rule of the kernel's own: choose another one, from 1 to 32765 to come before the main table`,
    }),
  /** Turns the rule around: it takes the packets that the rest does not match. */
  not: z.boolean().default(false),
  /** Source network or address, `10.10.1.0/24` or `fd00:1::/64`; `all` for any. */
  from: Network,
  /** Destination network or address; `all` for any. */
  to: Network,
  /**
   * Device that the packet came in by; `lo` for what the host itself sends, `any` for all. It need not be there yet.
   */
  iif: IfName.default(ANY),
  /** Device that the packet is to leave by, for packets of sockets that are bound to it; `any` for all. */
  oif: IfName.default(ANY),
  /**
   * Mark that the firewall or a socket has given the packet (SO_MARK, socket(7)): a number, or `0x10/0xff` with the
   * bits that count. `any` for all; 0 is one without a mark.
   */
  fwmark: Fwmark,
  /**
   * Type-of-service byte without the ECN bits (RFC 2474, RFC 3168): 0 for any. For IPv4 the kernel takes 4 to 28, for
   * IPv6 4 to 252, in steps of 4.
   */
  tos: Tos,
  /** Protocol above IP: its number, 0 for any, or a name of IANA's registry, `tcp`. */
  ipproto: Protocol,
  /** Source port, 1 to 65535, or a range of them, `1000-2000`; `any` for all. */
  sport: Ports,
  /** Destination port, or a range of them; `any` for all. */
  dport: Ports,
  /** User, by its number, whose sockets send the packet, or a range of them, `1000-1999`; `any` for all. */
  uidrange: Users,
  /** Looks up in the table of the VRF device that the packet belongs to; then there is no `table`. */
  l3mdev: z.boolean().default(false),
  /**
   * What becomes of a packet (ip-rule(8)): `lookup` looks for a route in `table`, `blackhole` drops it silently,
   * `unreachable` and `prohibit` answer with an ICMP error.
   */
  action: z.enum(["lookup", "blackhole", "unreachable", "prohibit"]).default("lookup"),
  /**
   * Routing table to look in: 1 to 4294967295, or `main` (254), `local` (255) or `default` (253). Left out, `main` for
   * a `lookup` without `l3mdev`.
   */
  table: Table.optional(),
  /**
   * Passes over routes that are found with a prefix of this length or a shorter one: 0 passes over the default route
   * (ip-rule(8), `suppress_prefixlength`). `none` passes over no route. Not with `l3mdev`, of which ip(8) does not show
   * it.
   */
  suppressPrefixLength: z.union([z.int().min(0).max(128), z.literal(NONE)]).default(NONE),
  /**
   * Passes over routes that are found to leave by a device of this group, by its number; `none` over no route. Not with
   * `l3mdev` either.
   */
  suppressIfgroup: z.union([z.int().min(0).max(2_147_483_647), z.literal(NONE)]).default(NONE),
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

const outputs = z.object({
  /** Whether a device in `iif` or `oif` is not there, so that the rule takes no packet until it is. */
  detached: z.boolean(),
});

type Desired = z.output<typeof inputs>;

/**
 * A policy rule (ip-rule(8)), of IPv4 or IPv6: which packets are routed by which table. The priority tells rules apart.
 * Linux changes none in place: the new rule is made before the old one is removed, so that no packet finds it missing,
 * unless the new one says the same with less of `from`, `to`, `tos` and `not`, which the kernel takes for the old one.
 * A rule of the same priority that stands where ours is missing counts as ours changed by hand, and `up` puts ours in its
 * place; deleting removes none but ours.
 *
 * @example
 * new Rule("branch", { connection, priority: 1000, from: "10.10.1.0/24", table: 100 });
 */
export const rule = defineResource({
  type: "Rule",
  inputs,
  outputs,
  replaces: { namespace: always, family: always, priority: always },
  containers: ["namespace"],
  deleteBeforeReplace: false,
  // A protocol number has no room for the name of a stack.
  sharedMark: true,

  id: (desired) => idOf(desired, desired.family ?? "", String(desired.priority)),
  which: idForm(/^(?<family>inet6?)\/(?<priority>\d+)$/, "priority"),
  describe: ({ family, priority, namespace }) => `rule ${priority} (${family})${inNamespace(namespace)}`,

  exposed: () => ({ kind: "rule" }),

  complete(known) {
    const family = familyIn(known);
    const { from, to, table, action, l3mdev } = known;
    const looks = table === undefined && "table" in known && action === "lookup" && l3mdev === false;
    return {
      ...(family !== undefined && { family }),
      ...(family === undefined && !("family" in known) && { family: undefined }),
      ...(from !== undefined && { from: orAll(from) }),
      ...(to !== undefined && { to: orAll(to) }),
      ...(looks && { table: MAIN_TABLE }),
    };
  },

  problems,

  observe: ({ namespace, family }) => ask.rules(numbered(family), namespace),

  parse(view, desired) {
    const { namespace, family, priority } = desired;
    const all = view.rules(numbered(family), namespace) ?? [];
    const same = all.filter((one) => one.priority === priority);
    // Others may have put theirs beside ours; those with our protocol are ours, also such as an update has left.
    const own = same.filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
    // To adopt is to have the priority for oneself.
    const found = desired.adopt ? same : own.length > 0 ? own : same.slice(0, 1);
    const [first] = found;
    if (first === undefined) return undefined;
    const { protocol, action, suppressPrefixLength, suppressIfgroup, ...fields } = first;
    const bears =
      found.length > 1 ? `protocol ${protocol}, one of ${found.length} rules` : `protocol ${protocol}`;
    return {
      ...fields,
      namespace,
      family,
      action: action as Desired["action"],
      suppressPrefixLength: suppressPrefixLength as Desired["suppressPrefixLength"],
      suppressIfgroup: suppressIfgroup as Desired["suppressIfgroup"],
      mark: found.length === 1 && own.length === 1 ? desired.mark : bears,
      found,
    };
  },

  foresee: (desired) => ({
    found: [{ ...desired, table: desired.table, protocol: ROUTE_PROTOCOL, detached: false } as RuleEntry],
  }),

  plan(desired, observed) {
    const found = observed?.found ?? [];
    const remove = (one: RuleEntry) =>
      change("delete", observed?.namespace, observed?.family, spell(one, one.protocol));
    // One that is not ours may have been beside it all along.
    if (desired === undefined) return found.filter(({ protocol }) => protocol === ROUTE_PROTOCOL).map(remove);
    const last = found.at(-1);
    // The kernel removes the first that fits, so they go in its order.
    if (last !== undefined && agrees(desired, last)) return found.slice(0, -1).map(remove);
    const inTheWay = found.map((one) => hides(desired, one)).lastIndexOf(true) + 1;
    return [
      ...found.slice(0, inTheWay).map(remove),
      change("add", desired.namespace, desired.family, spell(desired, ROUTE_PROTOCOL)),
      ...found.slice(inTheWay).map(remove),
    ];
  },
});

/** What a rule says, be it asked for or found. */
type Selection = Omit<RuleEntry, "protocol" | "detached" | "table"> & Pick<Desired, "table">;

/** What the kernel looks at when it decides whether it has such a rule already. */
const ALWAYS_COMPARED = [
  "iif",
  "oif",
  "fwmark",
  "uidrange",
  "l3mdev",
  "ipproto",
  "sport",
  "dport",
  "table",
  "action",
  "suppressPrefixLength",
  "suppressIfgroup",
] as const;

function agrees(desired: Selection, found: RuleEntry): boolean {
  const keys = [...ALWAYS_COMPARED, "not", "from", "to", "tos"] as const;
  return found.protocol === ROUTE_PROTOCOL && keys.every((key) => desired[key] === found[key]);
}

/** hides tells whether the kernel refuses to make a rule beside another one, since it takes the two for the same. */
function hides(desired: Selection, found: RuleEntry): boolean {
  const open = { from: ALL, to: ALL, tos: 0 } as const;
  const weak = (["from", "to", "tos"] as const).every((key) =>
    [open[key], found[key]].includes(desired[key]),
  );
  const same = ALWAYS_COMPARED.every((key) => desired[key] === found[key]);
  return found.protocol === ROUTE_PROTOCOL && weak && same;
}

function change(
  verb: string,
  netns: string | undefined,
  family: Desired["family"],
  words: readonly string[],
) {
  return ip(netns, `-${numbered(family)}`, "rule", verb, ...words);
}

function spell(one: Selection, protocol: number): string[] {
  const { priority, not, from, to, tos, iif, oif, uidrange, l3mdev, ipproto, sport, dport, table } = one;
  const option = (word: string, value: string | number, open: string | number) =>
    value === open ? [] : [word, String(value)];
  // What else it says that we have no word for stands behind the action.
  const [action = ""] = one.action.split(" ");
  return [
    ...["priority", String(priority)],
    ...(not ? ["not"] : []),
    ...option("from", from, ALL),
    ...option("to", to, ALL),
    // iproute2 reads it as hexadecimal, with or without a 0x (lib/rt_names.c).
    ...option("tos", `0x${tos.toString(16)}`, "0x0"),
    ...option(
      "fwmark",
      one.fwmark.includes("/") ? one.fwmark : `${one.fwmark}/0xffffffff`,
      `${ANY}/0xffffffff`,
    ),
    ...option("iif", iif, ANY),
    ...option("oif", oif, ANY),
    ...option("uidrange", uidrange, ANY),
    ...(l3mdev ? ["l3mdev"] : []),
    ...option("ipproto", ipproto, 0),
    ...option("sport", sport, ANY),
    ...option("dport", dport, ANY),
    ...(action === "lookup" ? [] : [action]),
    ...(table === undefined ? [] : ["table", String(table)]),
    ...option("suppress_prefixlength", one.suppressPrefixLength, NONE),
    ...option("suppress_ifgroup", one.suppressIfgroup, NONE),
    ...["protocol", String(protocol)],
  ];
}

function numbered(family: Desired["family"]): Family {
  return family === "inet6" ? 6 : 4;
}

/** The network of all addresses of a family is written as `all`. */
function orAll(network: string): string {
  return network.endsWith("/0") ? ALL : network;
}

/** familyIn is the family of a rule, or undefined when something that may tell it isn't known yet. */
function familyIn(known: Partial<Desired>): Desired["family"] {
  if (known.family !== undefined) return known.family;
  const telling = [known.from, known.to].find((network) => network !== undefined && network !== ALL);
  if (telling !== undefined) return familyOf(telling) === 6 ? "inet6" : "inet";
  const all = "family" in known && known.from === ALL && known.to === ALL;
  return all ? "inet" : undefined;
}

function problems(known: Partial<Desired>): Problem[] {
  const { from, to, tos, l3mdev, action, table, suppressPrefixLength, suppressIfgroup } = known;
  const found: Problem[] = [];
  const add = (key: keyof Desired, message: string) => found.push({ path: [key], message });
  const family = familyIn(known);
  for (const [key, network] of Object.entries({ from, to })) {
    if (family === undefined || network === undefined || network === ALL) continue;
    const said = known.family === undefined ? "the family of `from`" : "as `family` says";
    if (familyOf(network) !== numbered(family))
      add(key as keyof Desired, `${network} is not of IPv${numbered(family)}, ${said}`);
  }
  if (family === "inet" && tos !== undefined && tos > 28) {
    add("tos", `${tos} is not one that the kernel takes for IPv4: give 4 to 28, in steps of 4`);
  }
  if (table !== undefined && l3mdev === true) {
    add("table", "`l3mdev` looks up in the table of the VRF device: leave `table` out");
  }
  if (l3mdev === true) {
    for (const [key, value] of Object.entries({ suppressPrefixLength, suppressIfgroup })) {
      if (value !== undefined && value !== NONE)
        add(key as keyof Desired, `ip(8) does not show it of a rule with \`l3mdev\`: leave \`${key}\` out`);
    }
  }
  if (action !== undefined && action !== "lookup") {
    for (const [key, value] of Object.entries({ table, suppressPrefixLength, suppressIfgroup })) {
      if (value !== undefined && value !== NONE)
        add(key as keyof Desired, `a rule to ${action} looks nothing up: leave \`${key}\` out`);
    }
  }
  if (family === "inet" && typeof suppressPrefixLength === "number" && suppressPrefixLength > 32) {
    add("suppressPrefixLength", `${suppressPrefixLength} is more than 32, the longest of IPv4`);
  }
  return found;
}
