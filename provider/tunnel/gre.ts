import { isIPv4 } from "node:net";
import { z } from "zod";
import { MAX_U32, numberOf } from "../net";
import { attribute, flag, type Info, numberIn } from "./attribute";

/** What GRE's own header can have (RFC 2784 and RFC 2890), over IPv4 as over IPv6. */

/** A GRE header without options, and each of its options: the checksum, the key and the sequence number. */
const GRE_HEADER = 4;
const GRE_OPTION = 4;

const A_KEY = 'give "none", a number from 0 to 4294967295 or one like "10.0.0.1"';

const Key = z
  .union(
    [
      z.literal("none"),
      z.int().min(0, A_KEY).max(MAX_U32, A_KEY),
      z.string().refine(isIPv4).transform(numberOf),
    ],
    A_KEY,
  )
  .default("none");

export const gre = {
  /**
   * Key that packets which come in must bear, which tells tunnels between the same ends apart (RFC 2890): a number from
   * 0 to 4294967295, one like `"10.0.0.1"`, or `none`. It is the other end's `okey`. A tunnel to an IPv4 group has the
   * group's address as both keys unless it is given others.
   */
  ikey: Key,
  /**
   * Key of the packets that go out, as with `ikey`; it takes 4 bytes of each.
   */
  okey: Key,
  /**
   * Whether packets that come in must have sequence numbers (RFC 2890); those that come out of turn are dropped. The kernel
   * counts on when the other end is made anew, which begins at 0 again: then this end has to be made anew too.
   */
  iseq: z.boolean().default(false),
  /** Whether packets that go out have sequence numbers, which take 4 bytes of each. */
  oseq: z.boolean().default(false),
  /** Whether packets that come in must have a checksum over the GRE header and what it carries (RFC 2784). */
  icsum: z.boolean().default(false),
  /** Whether packets that go out have a checksum, which takes 4 bytes of each. */
  ocsum: z.boolean().default(false),
};

const keyIn = (printed: unknown): number | "none" => {
  if (printed === undefined) return "none";
  const text = String(printed);
  return isIPv4(text) ? numberOf(text) : numberIn(printed);
};

const keyAttribute = (key: "ikey" | "okey") =>
  attribute<number | "none">(
    key,
    (value) => (value === "none" ? [`no${key}`] : [key, String(value)]),
    (info) => keyIn(info[key]),
    "none",
  );

const option = (key: "iseq" | "oseq" | "icsum" | "ocsum") =>
  flag(key, key, (info) => info[key] === true, false);

export const greAttributes = [
  keyAttribute("ikey"),
  keyAttribute("okey"),
  option("iseq"),
  option("oseq"),
  option("icsum"),
  option("ocsum"),
];

interface Gre {
  readonly ikey?: number | "none" | undefined;
  readonly okey?: number | "none" | undefined;
  readonly oseq?: boolean | undefined;
  readonly ocsum?: boolean | undefined;
}

/** greHeader is how many bytes it takes of each packet that goes out. */
export function greHeader({ okey, oseq, ocsum }: Gre): number {
  const options = [(okey ?? "none") !== "none", oseq === true, ocsum === true];
  return GRE_HEADER + GRE_OPTION * options.filter(Boolean).length;
}

/** sameKey: the kernel tells packets to tunnels between the same ends by the key. */
export function sameKey(info: Info, { ikey }: Gre): boolean {
  return keyIn(info.ikey) === (ikey ?? "none");
}
