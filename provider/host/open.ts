import { setTimeout as pause } from "node:timers/promises";
import { HostUnreachable } from "../errors";
import { type Connection, USER } from "./connection";
import { keepAlive } from "./keep-alive";
import { reach } from "./reach";
import { Refusal } from "./refusal";
import { Shell } from "./shell";
import { labelOf, wayTo } from "./stop";

/** Seconds before a second attempt, and at most between two. */
const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 10;

type WaitListener = (line: string) => void;
let waiting: WaitListener = () => {};

/** onWait sets who hears, in one line each time, that a host is not reached and when it will be tried again. */
export function onWait(listener: WaitListener): void {
  waiting = listener;
}

/**
 * open connects, logs in and starts a shell, and tries again as long as only the network fails. `trouble` hears why
 * each attempt failed, or has to wait. It fails with HostUnreachable.
 */
export async function open(
  connection: Connection,
  signal: AbortSignal,
  trouble: (why: string) => void,
): Promise<Shell> {
  const limit = connection.dialErrorLimit;
  const began = Date.now();
  for (let tries = 1; ; tries++) {
    try {
      const stops = await wayTo(connection);
      const line = await reach(stops, signal, trouble);
      keepAlive(line, connection);
      return await Shell.start(line, { ...connection, user: stops.at(-1)?.user ?? USER });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { why, advice, passing } = error;
      trouble(why);
      if (!passing || tries === limit || signal.aborted) {
        const effort = tries === 1 ? "" : ` (${tries} tries in ${Math.round((Date.now() - began) / 1000)} s)`;
        throw new HostUnreachable(labelOf(connection), why + effort, advice, passing);
      }
      const seconds = pauseAfter(tries);
      if (tries > 1) {
        const of = limit === -1 ? "" : ` of ${limit}`;
        waiting(`${labelOf(connection)}: ${why}; attempt ${tries + 1}${of} in ${seconds.toFixed(1)} s`);
      }
      // An abort shortens the pause; the attempt that follows then ends at once.
      await pause(seconds * 1000, undefined, { signal }).catch(() => {});
    }
  }
}

/** The pause doubles, and no two of many providers that lost the same host come back at the same time. */
function pauseAfter(tries: number): number {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
  return longest * (0.5 + Math.random() / 2);
}
