import { setTimeout as pause } from "node:timers/promises";
import { HostUnreachable } from "../errors";
import { type Connection, USER } from "./connection";
import { keepAlive } from "./keep-alive";
import type { Outage } from "./outage";
import { reach } from "./reach";
import { Refusal } from "./refusal";
import { Shell } from "./shell";
import { labelOf, wayTo } from "./stop";
import { Wait } from "./waits";

/** Seconds before a second attempt, and at most between two. */
const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 10;

/**
 * open connects, logs in and starts a shell, and tries again as long as only the network fails and attempts are left.
 * It fails with HostUnreachable.
 */
export async function open(connection: Connection, signal: AbortSignal, outage: Outage): Promise<Shell> {
  const { dialErrorLimit: limit } = connection;
  const label = labelOf(connection);
  const began = Date.now();
  const wait = new Wait(label);
  try {
    for (let tries = 1; ; tries++) {
      const attempt = outage.next();
      if (tries === 1) wait.later(`connecting, ${counted(attempt, limit)}`);
      try {
        const stops = await wayTo(connection);
        const line = await reach(stops, signal, (why) => {
          outage.held = why;
          wait.now(why);
        });
        keepAlive(line, connection);
        const shell = await Shell.start(line, { ...connection, user: stops.at(-1)?.user ?? USER });
        outage.over();
        return shell;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { why, advice, passing, away } = error;
        // What nobody waits for any more says nothing of the host.
        if (!signal.aborted) outage.failed(error);
        const last = !passing || (limit !== -1 && attempt >= limit);
        if (!last) {
          wait.now(`${counted(attempt + 1, limit)}, since ${why}`);
          await pause(pauseAfter(attempt) * 1000, undefined, { signal }).catch(() => {});
        }
        if (last || signal.aborted) {
          const effort =
            tries === 1 ? "" : ` (${tries} tries in ${Math.round((Date.now() - began) / 1000)} s)`;
          throw new HostUnreachable(label, why + effort, advice, passing, away);
        }
      }
    }
  } finally {
    wait.end();
  }
}

function counted(attempt: number, limit: number): string {
  return limit === -1 ? `attempt ${attempt}` : `attempt ${Math.min(attempt, limit)} of ${limit}`;
}

/** The pause doubles, and no two of many providers that lost the same host come back at the same time. */
function pauseAfter(tries: number): number {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
  return longest * (0.5 + Math.random() / 2);
}
