import { z } from "zod";
import { canonicalIp, Ipv6OrAny } from "../net";
import type { Problem } from "../resource";
import { attribute, flag, hexadecimal, NumberOrHex, numberIn } from "./attribute";
import { type Ends, endProblems, FwMark } from "./outer4";

/** What kinds have whose outer header is IPv6. */

/** An IPv6 header (RFC 8200, section 3). */
const IPV6_HEADER = 40;
/** The option that limits nesting, with the header that it is in (RFC 2473, section 5.1). */
const ENCAP_LIMIT_HEADER = 8;

const End = Ipv6OrAny.default("any");

const A_HOPLIMIT = 'give "inherit" or a number from 1 to 255';
const A_LIMIT = 'give "none" or a number from 0 to 255';
const A_LABEL = 'give "inherit", a number from 0 to 1048575 or one like "0x12345"';
const A_CLASS = 'give "inherit", a number from 0 to 255 or one like "0x10"';

const orInherited = (digits: number, problem: string) =>
  z.union([z.literal("inherit"), NumberOrHex(digits, problem)], problem);

export const outer6 = {
  /**
   * IPv6 address of this end in the underlay, the outer source address; it should be one of this host's. `any`
   * lets the kernel choose by route.
   */
  local: End,
  /**
   * IPv6 address of the other end in the underlay, the outer destination. With `any` the device takes packets from
   * everywhere, and sends only what brings its own destination with it.
   */
  remote: End,
  /**
   * Hop limit of the outer header: 1 to 255, or `inherit` (0) for that of the inner packet (ip-link(8)). Without a word
   * iproute2 takes 64.
   */
  hoplimit: z
    .union(
      [z.literal("inherit").transform(() => 0), z.int().min(0, A_HOPLIMIT).max(255, A_HOPLIMIT)],
      A_HOPLIMIT,
    )
    .default(64),
  /**
   * How many more tunnels a packet may be put into on its way, 0 to 255, or `none` for no limit. The limit is an option
   * that takes 8 bytes of each packet (RFC 2473, section 4.1.1).
   */
  encaplimit: z.union([z.literal("none"), z.int().min(0, A_LIMIT).max(255, A_LIMIT)], A_LIMIT).default(4),
  /** Traffic class of the outer header: 0 to 255, as a number or as `"0x10"`, or `inherit` from the inner one. */
  tclass: orInherited(2, A_CLASS).default(0),
  /** Flow label of the outer header: 0 to 1048575, as a number or as `"0x12345"`, or `inherit` from the inner one. */
  flowlabel: orInherited(5, A_LABEL).default(0),
  /**
   * Mark of the tunnelled packets, by which rules (ip-rule(8)) choose their route and nftables knows them: 0 to
   * 4294967295, as a number or as `"0x10"`, or `inherit` for that of the inner packet; 0 is none (ip-link(8)).
   */
  fwmark: z.union([z.literal("inherit"), FwMark]).default(0),
  /** Whether `remote` may be an address of this host, and packets come from one (ip-link(8)). */
  allowLocalremote: z.boolean().default(false),
};

const end = (key: "local" | "remote") =>
  attribute<string>(
    key,
    (address) => [key, address],
    (info) => endIn(info[key]),
  );

function endIn(printed: unknown): string {
  const text = String(printed ?? "any");
  return text === "::" ? "any" : (canonicalIp(text)?.text ?? text);
}

const orInherit = (key: string, word: string, inherited: string) =>
  attribute<number | "inherit">(
    key,
    (value) => [word, value === "inherit" ? value : hexadecimal(value)],
    (info) => (info[inherited] === true ? "inherit" : numberIn(info[key])),
  );

export const outer6Attributes = [
  end("local"),
  end("remote"),
  attribute<number>(
    "hoplimit",
    (limit) => ["hoplimit", limit === 0 ? "inherit" : String(limit)],
    ({ ttl, hoplimit }) => numberIn(ttl ?? hoplimit),
  ),
  attribute<number | "none">(
    "encaplimit",
    (limit) => ["encaplimit", String(limit)],
    (info) => (info.ip6_tnl_f_ign_encap_limit === true ? "none" : numberIn(info.encap_limit)),
  ),
  orInherit("tclass", "tclass", "ip6_tnl_f_use_orig_tclass"),
  orInherit("flowlabel", "flowlabel", "ip6_tnl_f_use_orig_flowlabel"),
  attribute<number | "inherit">(
    "fwmark",
    (mark) => ["fwmark", mark === "inherit" ? mark : hexadecimal(mark)],
    (info) => (info.ip6_tnl_f_use_orig_fwmark === true ? "inherit" : numberIn(info.fwmark)),
    0,
  ),
  flag("allowLocalremote", "allow-localremote", (info) => info.ip6_tnl_f_allow_local_remote === true, false),
];

export const dscp = {
  /**
   * Whether a packet that comes out takes over the DSCP of the outer header (`dscp inherit`, ip-link(8)). Taking it back
   * replaces the device, for which iproute2 has no word.
   */
  dscpInherit: z.boolean().default(false),
};

export const dscpAttribute = attribute<boolean>(
  "dscpInherit",
  (on) => (on ? ["dscp", "inherit"] : []),
  (info) => info.ip6_tnl_f_rcv_dscp_copy === true,
  false,
);

/** takenBack tells that what was on shall be off. */
export const takenBack = (from: unknown, to: unknown) => from === true && to === false;

/** outer6Problems: what is wrong with the outer header; `multicast` is for kinds that may send to a group. */
export function outer6Problems(ends: Ends, multicast: boolean): Problem[] {
  const isGroup = (end: string) => end.startsWith("ff");
  return endProblems(ends, isGroup, isGroup, multicast);
}

/** outer6Header is how many bytes it takes of each packet. */
export function outer6Header({ encaplimit }: { readonly encaplimit?: unknown }): number {
  return IPV6_HEADER + (encaplimit === "none" ? 0 : ENCAP_LIMIT_HEADER);
}
