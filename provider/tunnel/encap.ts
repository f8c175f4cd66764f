import { z } from "zod";
import type { Module } from "../ip/advice";
import type { Problem } from "../resource";
import type { Fields } from "../state";
import { attribute, type Info, numberIn } from "./attribute";

/** A UDP header (RFC 768). */
const UDP_HEADER = 8;
/** A GUE header without options (draft-ietf-intarea-gue, section 3). */
const GUE_HEADER = 4;
/** The private field with the offset of a remote checksum (GUE_LEN_PRIV and GUE_PLEN_REMCSUM in net/gue.h). */
const GUE_REMCSUM = 8;

const Port = z.int().min(1).max(65_535);

const begin = {
  /**
   * `fou`: the tunnel's packet right after the UDP header; `gue`: with a header of Generic UDP Encapsulation between
   * (ip-fou(8), ip-link(8)); `none`: no encapsulation. The other end needs a `FouPort` of the same type.
   */
  type: z.enum(["none", "fou", "gue"]),
  /** UDP port that the other end receives on, 1 to 65535: that of its `FouPort`. */
  dport: Port.optional(),
  /**
   * UDP port to send from, 1 to 65535, or `auto` (0): one that follows from the inner packet's addresses and ports, so
   * that routers spread the flows over their paths.
   */
  sport: z.union([z.literal("auto").transform(() => 0), z.literal(0), Port]).default(0),
  /** Whether the UDP header has a checksum where the outer header is IPv4. */
  csum: z.boolean().default(false),
};
const end = {
  /** Remote checksum offload, of `gue` alone, which takes 8 bytes of each packet. */
  remcsum: z.boolean().default(false),
};

/** Encapsulation in UDP: what stands between the outer IP header and the tunnel's own. */
const Encap = z.strictObject({
  ...begin,
  /** The same where the outer header is IPv6 (`encap-csum6`): the kernel keeps it, and it has no effect over IPv4. */
  csum6: z.boolean().default(false),
  ...end,
});

/** Encapsulation in UDP over IPv6: what stands between the outer IP header and the tunnel's own. */
const Encap6 = z.strictObject({
  ...begin,
  /**
   * Whether the UDP header has a checksum where the outer header is IPv6 (`encap-csum6`). Without one, hosts other than
   * the tunnel's ends may drop the packets (RFC 8200, section 8.1; RFC 6935).
   */
  csum6: z.boolean().default(true),
  ...end,
});

export type Encap = z.output<typeof Encap>;

const NONE: Encap = { type: "none", sport: 0, csum: false, csum6: false, remcsum: false };
/** Over IPv6 the checksum is on without a word, with iproute2 too. */
const NONE6: Encap = { ...NONE, csum6: true };

export const encap = {
  /**
   * Encapsulation in UDP, for a path that lets nothing else pass. The kernel needs CONFIG_NET_FOU_IP_TUNNELS; the module
   * fou is loaded if need be.
   */
  encap: Encap.default(NONE),
};

export const encap6 = {
  /**
   * Encapsulation in UDP, for a path that lets nothing else pass. The kernel needs CONFIG_NET_FOU_IP_TUNNELS; the module
   * fou6 is loaded if need be.
   */
  encap: Encap6.default(NONE6),
};

export const encapAttribute = attributeOf(NONE);
export const encap6Attribute = attributeOf(NONE6);

function attributeOf(none: Encap) {
  return attribute<Encap>(
    "encap",
    ({ type, sport, dport, csum, csum6, remcsum }) => {
      if (type === "none") return ["noencap"];
      const on = (is: boolean, word: string) => `${is ? "" : "no"}encap-${word}`;
      return [
        ...["encap", type],
        ...["encap-sport", sport === 0 ? "auto" : String(sport)],
        ...["encap-dport", String(dport)],
        on(csum, "csum"),
        // The help of iproute2, 6.1 as 6.15, says `encap-csum6`, which it does not take.
        on(csum6, "udp6-csum"),
        on(remcsum, "remcsum"),
      ];
    },
    ({ encap: found }) => encapIn(found) ?? none,
    none,
  );
}

function encapIn(found: unknown): Encap | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const { type, sport, dport, csum, csum6, remcsum } = found as Info;
  if (type !== "fou" && type !== "gue") return undefined;
  return {
    type,
    dport: numberIn(dport),
    sport: numberIn(sport),
    csum: csum === true,
    csum6: csum6 === true,
    remcsum: remcsum === true,
  };
}

/** encapModule is the module that the kernel does not load by itself, and says only "Invalid argument" without. */
export function encapModule(value: Encap | undefined, family: 4 | 6): Module | undefined {
  if (value === undefined || value.type === "none") return undefined;
  return family === 4 ? "fou" : "fou6";
}

/** encapHeader is how many bytes it takes of each packet. */
export function encapHeader(value: Partial<Encap> | undefined): number {
  if (value === undefined || value.type === "none") return 0;
  const gue = value.type === "gue" ? GUE_HEADER + (value.remcsum ? GUE_REMCSUM : 0) : 0;
  return UDP_HEADER + gue;
}

/** encapProblems: what does not go together. */
export function encapProblems(value: Partial<Encap> | undefined, family: 4 | 6): Problem[] {
  if (value === undefined) return [];
  const { type, remcsum } = value;
  const found: Problem[] = [];
  const add = (key: string, message: string) => found.push({ path: ["encap", key], message });
  if (type === "none") {
    const none: Fields = family === 4 ? NONE : NONE6;
    for (const [key, given] of Object.entries(value))
      if (given !== none[key]) add(key, "without encapsulation there is none: leave it out");
  } else if (type !== undefined && "dport" in value && !value.dport)
    add("dport", `\`${type}\` needs the port of the other end's \`FouPort\``);
  if (remcsum === true && type === "fou")
    add("remcsum", '`fou` has no remote checksum offload: use `type: "gue"`');
  return found;
}
