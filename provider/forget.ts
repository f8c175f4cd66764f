import { ConnectionLost, HostUnreachable } from "./errors";
import type { Connection } from "./host/connection";

/** What a delete does about a host that will never come back (`connection.onUnreachable`). */

const VARIABLE = "PULUMI_IPIP_ON_UNREACHABLE";

/**
 * Milliseconds for which a host that was found away is away for the next objects too, so that hundreds of them don't
 * wait for an attempt to connect each, one after another.
 */
const HOLD = 10_000;

interface Found {
  readonly unreachable: HostUnreachable;
  readonly until: number;
}

const away = new Map<string, Found>();

/**
 * orForget does the work of a delete. It gives why the host can't be reached where that means that the object is to be
 * forgotten, and fails with whatever else goes wrong. `look` asks a host about the object once more.
 */
export async function orForget(
  connection: Connection,
  work: () => Promise<void>,
  look: () => Promise<unknown>,
): Promise<HostUnreachable | undefined> {
  const forgets = forgetsUnreachable(connection);
  const key = JSON.stringify(connection);
  const known = away.get(key);
  if (forgets && known !== undefined && performance.now() < known.until) return known.unreachable;
  try {
    await work();
    return undefined;
  } catch (error) {
    const unreachable = forgets ? await unreachableIn(error, look) : undefined;
    if (unreachable === undefined) throw error;
    away.set(key, { unreachable, until: performance.now() + HOLD });
    return unreachable;
  }
}

/** What a destroy knows of the connection is in the state, so the environment has the last word. */
function forgetsUnreachable({ onUnreachable }: Connection): boolean {
  const said = process.env[VARIABLE] ?? "";
  if (said === "") return onUnreachable === "forget";
  if (said === "fail" || said === "forget") return said === "forget";
  throw new Error(
    `the environment variable ${VARIABLE} is "${said}": set it to "fail" or "forget", or unset it`,
  );
}

async function unreachableIn(
  error: unknown,
  look: () => Promise<unknown>,
): Promise<HostUnreachable | undefined> {
  // Work was under way when a connection was lost, so the host was there a moment ago: only a look tells if it still is.
  const cause = error instanceof ConnectionLost ? await look().catch((again: unknown) => again) : error;
  return cause instanceof HostUnreachable && cause.away ? cause : undefined;
}
