import type { Counters } from "./counters";
import type { Ping } from "./ping";
import type { Fit } from "./size";
import type { Way } from "./way";

/** What was seen of a link from one of its ends, from which `diagnose` tells what is wrong. */

export interface Observations {
  readonly dev: string;
  readonly target: string;
  readonly namespace?: string | undefined;
  /** Bytes that the program wants to pass whole. */
  readonly size?: number | undefined;
  /** Undefined where the device is not there. */
  readonly device?: Device;
  readonly way?: Way;
  /** Small packets to the target, when they would go by the device. */
  readonly small?: Ping;
  /** How large a packet may be, when some answer came. */
  readonly fit?: Fit;
  /** What else was looked at, when no answer came. */
  readonly silence?: Silence;
}

export interface Device {
  readonly up: boolean;
  readonly mtu: number;
  readonly addresses: readonly string[];
  /** How it carries packets; undefined where it is no tunnel to one address. */
  readonly outer?: Outer;
}

/** Outer is what a tunnel's packets are packed into. */
export interface Outer {
  readonly remote: string;
  /** Number of the IP protocol (IANA, protocol numbers). */
  readonly protocol: number;
  /** Whether the underlay is in a namespace that can't be looked at from the device's own. */
  readonly elsewhere: boolean;
}

export interface Silence {
  /** What grew while packets were sent once more. */
  readonly counted: Counters;
  /** What came of those packets. */
  readonly again: Ping;
  /** The other end of the device, where the target lies behind it. */
  readonly near?: { readonly address: string; readonly ping: Ping };
  /** The way to the outer address of the other end, and what came of pinging that. */
  readonly underlay?: { readonly way: Way; readonly ping?: Ping } | undefined;
  /** Values of rp_filter by device, `all` among them. */
  readonly rpFilter: Readonly<Record<string, number>>;
  /** Rules of the host's own firewall that dropped something meanwhile, and those that may have. */
  readonly dropped: readonly string[];
  readonly mayDrop: readonly string[];
}
