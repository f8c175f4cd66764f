import { z } from "zod";
import { ip } from "../ip/commands";
import { ask } from "../ip/view";
import { isMark } from "../mark";
import { IfName } from "../net";
import { always, defineResource, type Problem, parentName } from "../resource";
import { connection, idForm, idOf, inNamespace, managementPath, namespace, persist } from "./common";

/** The most that iproute2 reads (lib/utils.c, get_integer). */
const MAX_INTEGER = 2_147_483_647;

const Alias = z
  .string()
  .regex(/^[\x20-\x7e]{0,255}$/, "an alias is one line of at most 255 printable characters")
  .refine((text) => !text.startsWith("pulumi:"), '"pulumi:" begins the marks of what this package makes');

const Group = z.union(
  [z.int().min(0).max(MAX_INTEGER), z.literal("default").transform(() => 0)],
  "give a number from 0 to 2147483647; names are the host's own",
);

/** What may be set. */
const settings = {
  /**
   * Largest packet in bytes, 68 to 2147483647; each kind of device has a limit of its own. Below 1280 the kernel takes
   * IPv6 off the device with all its addresses (RFC 8200), which do not come back by themselves.
   */
  mtu: z.int().min(68).max(MAX_INTEGER).optional(),
  /**
   * Whether the device is up. One that goes down loses its routes and IPv6 addresses, and the machine may not be reached
   * by it any more.
   */
  up: z.boolean().optional(),
  /** Length of the transmit queue in packets, 0 to 2147483647 (ip-link(8), `txqueuelen`). */
  txqlen: z.int().min(0).max(MAX_INTEGER).optional(),
  /**
   * Text that describes the device, at most 255 characters; an empty one takes it away (ip-link(8)). Not for devices
   * that this package makes, since theirs is their mark.
   */
  alias: Alias.optional(),
  /** Group of devices, a number, or `default` for 0 (ip-link(8)). */
  group: Group.optional(),
};

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Device that is there already: its name, `eth0` or `lo`, or the resource that makes it. It is never made or removed,
   * only set.
   */
  dev: parentName(IfName),
  ...settings,
  ...persist,
  ...managementPath,
});

const outputs = z.object({
  /** The settings from when the resource was made; deleting puts those back that the program sets. */
  previous: z.object({
    /** The MTU, in bytes. */
    mtu: z.int(),
    /** Whether the device was up. */
    up: z.boolean(),
    /** Length of the transmit queue, in packets. */
    txqlen: z.int(),
    /** The alias; an empty text for none. */
    alias: z.string(),
    /** The group, by its number. */
    group: z.int(),
  }),
});

type Desired = z.output<typeof inputs>;

/** In this order they are set: a device that comes up has all else by then. */
const KEYS = ["alias", "group", "txqlen", "mtu", "up"] as const;
type Setting = (typeof KEYS)[number];
const WORDS = { alias: "alias", group: "group", txqlen: "txqueuelen", mtu: "mtu" } as const;

/**
 * Settings of a device that is there already and not ours (ip-link(8)): a machine's port, `lo`. What a program leaves out
 * is left alone. Deleting the resource puts back what it has set, as it was when the resource was made, and so does a
 * program that no longer sets it.
 *
 * @example
 * new Link("uplink", { connection, dev: "eth0", mtu: 9000, txqlen: 5000 });
 */
export const link = defineResource({
  type: "Link",
  inputs,
  outputs,
  replaces: { namespace: always, dev: always },
  containers: ["namespace", "dev"],
  deleteBeforeReplace: true,

  id: (desired) => idOf(desired, desired.dev),
  which: idForm(/^(?<dev>[^/]+)$/),
  describe: ({ dev, namespace }) => `settings of ${dev}${inNamespace(namespace)}`,

  problems(known): Problem[] {
    const open = KEYS.some((key) => !(key in known) || known[key] !== undefined);
    return open ? [] : [{ path: ["dev"], message: `nothing is set: give one or more of ${KEYS.join(", ")}` }];
  },

  observe: ({ namespace }) => ask.numberedLinks(namespace),

  parse(view, desired) {
    const { namespace, dev } = desired;
    const found = view.numberedLink(dev, namespace);
    if (found === undefined) return undefined;
    const { mtu, up, txqlen, alias = "" } = found;
    const current = { mtu, up, txqlen, alias, group: Number(found.group) };
    return {
      namespace,
      dev,
      ...current,
      previous: current,
      set: KEYS.filter((key) => desired[key] !== undefined),
    };
  },

  obstacle(view, { namespace, dev, alias }) {
    const found = view.numberedLink(dev, namespace)?.alias;
    if (alias === undefined || !isMark(found)) return undefined;
    return {
      what: `the alias of ${dev}${inNamespace(namespace)} is the mark of the resource that made it, ${found}`,
      advice: "Leave `alias` out.",
    };
  },

  remembers: ["previous"],

  release(before, desired) {
    const { previous } = before;
    const gone = KEYS.filter((key) => before[key] !== undefined && desired[key] === undefined);
    return { ...desired, ...(previous && Object.fromEntries(gone.map((key) => [key, previous[key]]))) };
  },

  plan(desired, observed) {
    if (desired !== undefined) return steps(desired, desired, observed);
    // Of a device that was not there nothing is put back.
    if (observed?.dev === undefined || observed.previous === undefined) return [];
    // A state has only what is set.
    const { namespace, dev, previous, set = KEYS.filter((key) => observed[key] !== undefined) } = observed;
    return steps({ namespace, dev }, Object.fromEntries(set.map((key) => [key, previous[key]])), observed);
  },
});

function steps(
  { namespace, dev }: Pick<Desired, "namespace" | "dev">,
  wanted: Pick<Desired, Setting>,
  found: Pick<Desired, Setting> | undefined,
) {
  return KEYS.filter((key) => wanted[key] !== undefined && wanted[key] !== found?.[key]).map((key) => {
    const words = key === "up" ? [wanted.up ? "up" : "down"] : [WORDS[key], String(wanted[key])];
    return ip(namespace, "link", "set", "dev", dev, ...words);
  });
}
