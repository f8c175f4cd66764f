import { z } from "zod";
import { canonicalIp } from "../net";

/** A device as `ip -json -details address show` prints it: what we use of it, in our form. */

const AddressJson = z.object({
  local: z.string().optional(),
  address: z.string().optional(),
  prefixlen: z.number().optional(),
  dynamic: z.boolean().default(false),
});

const LinkJson = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  address: z.string().optional(),
  ifalias: z.string().optional(),
  link: z.string().nullish(),
  link_index: z.number().optional(),
  link_netnsid: z.number().optional(),
  linkinfo: z
    .object({ info_kind: z.string().optional(), info_data: z.record(z.string(), z.unknown()).optional() })
    .default({}),
  addr_info: z.array(AddressJson).default([]),
});

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly flags: readonly string[];
  readonly up: boolean;
  readonly mtu: number;
  /** Whether packets can flow, by the flags UP and LOWER_UP: the operational state lags behind them. */
  readonly state: "up" | "down";
  readonly address: string | undefined;
  readonly alias: string | undefined;
  /**
   * The device below it or, for a veth, at its other end: by name in this namespace, by index in another. What is below
   * a device that was moved is elsewhere, also where it is no device.
   */
  readonly link: { readonly name?: string; readonly index?: number; readonly elsewhere: boolean };
  readonly data: Readonly<Record<string, unknown>>;
  /** `address/prefix`, in the kernel's order. */
  readonly addresses: readonly string[];
  /** Those of them with a lifetime: given by DHCP or a router's advertisement, they come and go by themselves. */
  readonly leased: readonly string[];
}

/** linksOf reads the entries of a listing. */
export function linksOf(entries: readonly unknown[]): Link[] {
  return (
    entries
      // iproute2 up to 5.x leaves an empty object where it skips an entry.
      .filter((entry) => Object.keys(entry as object).length > 0)
      .map((entry) => linkOf(LinkJson.parse(entry)))
  );
}

function linkOf(json: z.output<typeof LinkJson>): Link {
  return {
    ifindex: json.ifindex,
    name: json.ifname,
    kind: json.linkinfo.info_kind,
    flags: json.flags,
    up: json.flags.includes("UP"),
    mtu: json.mtu,
    state: json.flags.includes("UP") && json.flags.includes("LOWER_UP") ? "up" : "down",
    address: json.address,
    alias: json.ifalias,
    link: {
      ...(json.link && { name: json.link }),
      ...(json.link_index !== undefined && { index: json.link_index }),
      elsewhere: json.link_netnsid !== undefined,
    },
    data: json.linkinfo.info_data ?? {},
    addresses: json.addr_info.flatMap(addressOf),
    leased: json.addr_info.filter(({ dynamic }) => dynamic).flatMap(addressOf),
  };
}

function addressOf(json: z.output<typeof AddressJson>): string[] {
  if (json.local === undefined || json.prefixlen === undefined) return [];
  const local = canonicalIp(json.local)?.text ?? json.local;
  // A peer's address stands where the local one would: such an address is none that we make.
  return [
    json.address === undefined
      ? `${local}/${json.prefixlen}`
      : `${local} peer ${json.address}/${json.prefixlen}`,
  ];
}
