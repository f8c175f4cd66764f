import { z } from "zod";
import { AddressJson, type Assigned, assignedOf, spelled } from "./addresses";
import { listOf } from "./json";

/** A device as `ip -json -details address show` prints it: what we use of it, in our form. */

/** What may be the name of a device (dev_valid_name in the kernel's net/core/dev.c), to which only ASCII has blanks. */
export const DEVICE_NAME = /^(?!\.{1,2}$)[^/:\0\t-\r ]{1,15}$/;

const LinkJson = z.object({
  ifindex: z.number(),
  ifname: z.string().regex(DEVICE_NAME, "no device can have this name"),
  flags: listOf(z.string()),
  mtu: z.number(),
  // Left out where it is 0.
  txqlen: z.number().default(0),
  group: z.coerce.string().default("0"),
  address: z.string().optional(),
  ifalias: z.string().optional(),
  link: z.string().nullish(),
  master: z.string().optional(),
  link_index: z.number().optional(),
  link_netnsid: z.number().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z.record(z.string(), z.unknown()).refine(isSayable).optional(),
    })
    .default({}),
  addr_info: listOf(AddressJson).default([]),
});

/** Each kind of device has values of its own, which are read as texts and numbers: all of them must be such, or hold such. */
function isSayable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  const taken = ["toString", "valueOf"].some((key) => Object.hasOwn(value, key));
  return !taken && Object.values(value).every(isSayable);
}

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly flags: readonly string[];
  readonly up: boolean;
  readonly mtu: number;
  /** Packets that may wait to be sent. */
  readonly txqlen: number;
  /** Its group: a number, or the name that the host has for one. */
  readonly group: string;
  /** Whether packets can flow, by the flags UP and LOWER_UP: the operational state lags behind them. */
  readonly state: "up" | "down";
  readonly address: string | undefined;
  readonly alias: string | undefined;
  /** The device below it or, for a veth, at its other end: by name in this namespace, by index in another. */
  readonly link: { readonly name?: string; readonly index?: number };
  /** The bridge, bond or VRF that it is a port of. */
  readonly master: string | undefined;
  /** The number of the namespace that the other end, or what carries it, is in, where it is another one. */
  readonly otherNetns: number | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  /** `address/prefix`, in the kernel's order. */
  readonly addresses: readonly string[];
  /** The same with all that is said of each. */
  readonly assigned: readonly Assigned[];
  /** Those of them with a lifetime: given by DHCP or a router's advertisement, they come and go by themselves. */
  readonly leased: readonly string[];
}

/** linksOf reads the entries of a listing. */
export function linksOf(entries: readonly unknown[]): Link[] {
  return (
    entries
      // iproute2 up to 5.x leaves an empty object where it skips an entry.
      .filter((entry) => typeof entry !== "object" || entry === null || Object.keys(entry).length > 0)
      .map((entry) => linkOf(LinkJson.parse(entry)))
  );
}

function linkOf(json: z.output<typeof LinkJson>): Link {
  const assigned = json.addr_info.flatMap(assignedOf);
  return {
    ifindex: json.ifindex,
    name: json.ifname,
    kind: json.linkinfo.info_kind,
    flags: json.flags,
    up: json.flags.includes("UP"),
    mtu: json.mtu,
    txqlen: json.txqlen,
    // The one group that every host has a name for.
    group: json.group === "default" ? "0" : json.group,
    state: json.flags.includes("UP") && json.flags.includes("LOWER_UP") ? "up" : "down",
    address: json.address,
    alias: json.ifalias,
    link: {
      ...(json.link && { name: json.link }),
      ...(json.link_index !== undefined && { index: json.link_index }),
    },
    master: json.master,
    otherNetns: json.link_netnsid,
    data: json.linkinfo.info_data ?? {},
    addresses: assigned.map(spelled),
    assigned,
    leased: assigned.filter(({ dynamic }) => dynamic).map(spelled),
  };
}
