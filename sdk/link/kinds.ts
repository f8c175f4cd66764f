import type { Family } from "../../provider/net";

/** Kind is what a kind of tunnel carries over what. */
export interface Kind {
  /** Family of the addresses that the two hosts reach each other by. */
  readonly underlay: Family;
  /** Families of the packets inside. */
  readonly carries: readonly Family[];
  /** Bytes that go before each packet. */
  readonly header: number;
}

/** KINDS: the kinds of tunnels that a link can be of. */
export const KINDS = {
  // RFC 2003, section 3.1.
  ipip: { underlay: 4, carries: [4], header: 20 },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;
