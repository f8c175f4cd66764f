import type { Ping } from "./ping";

/** Fit is what is known of how large a packet may be. */
export interface Fit {
  /** The largest that came through, in bytes. */
  readonly passed: number;
  /** What somebody on the way, or the kernel, named as the largest possible, when it was asked too much. */
  readonly named?: number;
}

/** More halvings than there are bits in the length of an IP packet. */
const MOST = 17;

/**
 * largestFit finds the largest packet that comes through, when `wanted` did not and `passed` did. What somebody names as
 * the largest is tried first, and taken for it when it comes through.
 */
export async function largestFit(
  wanted: number,
  passed: number,
  tooLarge: Ping,
  send: (size: number) => Promise<Ping>,
): Promise<Fit> {
  let [low, high, ping] = [passed, wanted, tooLarge];
  let named = ping.mtu;
  for (let tries = 0; tries < MOST && high - low > 1; tries++) {
    const hinted = ping.mtu !== undefined && low < ping.mtu && ping.mtu < high;
    const next = hinted ? (ping.mtu ?? low) : Math.floor((low + high) / 2);
    ping = await send(next);
    if (ping.received === 0) {
      high = next;
      named = ping.mtu ?? named;
    } else {
      low = next;
      if (hinted) break;
    }
  }
  return { passed: low, ...(named !== undefined && { named }) };
}
