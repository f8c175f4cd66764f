import { AsyncLocalStorage } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import { Cancelled } from "./errors";
import type { Connection } from "./host/connection";
import type { Host } from "./host/host";

/** Operation is one call of the engine, as far as it bounds what is done for it. */
export interface Operation {
  /** The resource that it is about; a lookup is about none. */
  readonly urn?: string;
  /** When it must be over, in milliseconds of the clock, and the seconds that this is. */
  readonly limit?: { readonly at: number; readonly seconds: number } | undefined;
}

/** Begun is an operation under way. */
interface Begun extends Operation {
  /** Whether something was sent that changes a host. */
  changing: boolean;
}

const current = new AsyncLocalStorage<Begun>();
const cancelling = new AbortController();
// All work under way listens to it.
setMaxListeners(0, cancelling.signal);

/** during does work as part of an operation. */
export function during<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
  return current.run({ ...operation, changing: false }, work);
}

/** currentUrn is the resource that is worked for; undefined where none is. */
export function currentUrn(): string | undefined {
  return current.getStore()?.urn;
}

/** overdue tells whether the time of the operation under way is over, and how much it was. */
export function overdue(): number | undefined {
  const limit = current.getStore()?.limit;
  return limit !== undefined && Date.now() >= limit.at ? limit.seconds : undefined;
}

/** cancel ends what has not begun to change its host. */
export function cancel(): void {
  cancelling.abort();
}

/**
 * limited are hosts whose work keeps to the limits of the operation that it is part of. Once something was sent that
 * changes a host neither time nor a cancellation ends it: what came of it must be seen, and put right or told.
 */
export function limited(open: (connection: Connection) => Host): (connection: Connection) => Host {
  return (connection) => {
    const host = open(connection);
    return {
      label: host.label,
      exchange: async (work) => {
        const operation = current.getStore();
        if (operation === undefined || operation.changing) return await host.exchange(work);
        if (cancelling.signal.aborted) throw new Cancelled(host.label);
        operation.changing = work.steps.length > 0;
        const usual = work.within ?? connection.operationTimeout;
        const { limit } = operation;
        // In tenths, since a message says it.
        const left = limit === undefined ? usual : Math.max(0, Math.ceil((limit.at - Date.now()) / 100) / 10);
        return await host.exchange({
          ...work,
          ...(left < usual && (operation.changing ? { beginWithin: left } : { within: left })),
          unlessAborted: cancelling.signal,
        });
      },
    };
  };
}
