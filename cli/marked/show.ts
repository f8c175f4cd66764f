import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { messageOf } from "../errors";
import type { Known } from "../object";
import type { StackState } from "../state";
import { findMarked } from "./find";
import { describe, keysOf } from "./object";
import { hostsOf } from "./orphans";

/** Shown is an object on a host that bears our mark. */
export interface Shown {
  readonly host: string;
  readonly object: string;
  readonly mark: string;
  /** The resources of the given stacks that it belongs to, each as PROJECT/STACK and its name. */
  readonly resources: readonly string[];
}

export interface Inventory {
  readonly objects: readonly Shown[];
  readonly troubles: readonly { readonly host: string; readonly message: string }[];
}

/** takeInventory lists all that bears our mark on the hosts of some stacks. */
export async function takeInventory(
  states: readonly StackState[],
  services: Services,
  open: (connection: Connection) => Host,
): Promise<Inventory> {
  const hosts = [...hostsOf(states, services)];
  const parts = await Promise.all(
    hosts.map(async ([host, known]): Promise<Inventory> => {
      const [first] = known;
      if (first === undefined) return { objects: [], troubles: [] };
      const trouble = (error: unknown) => ({ host, message: first.mask(messageOf(error)) });
      const { connection } = first.desired;
      try {
        const { marked, troubles } = await findMarked(open(connection), connection);
        const objects = marked.map((one) => ({
          host,
          // The host tells what the program may keep secret.
          object: known.reduce((text, { mask }) => mask(text), describe(one, connection, services)),
          mark: one.mark,
          resources: namesOf(known, one.keys),
        }));
        return { objects, troubles: troubles.map(trouble) };
      } catch (error) {
        return { objects: [], troubles: [trouble(error)] };
      }
    }),
  );
  return {
    objects: parts.flatMap(({ objects }) => objects),
    troubles: parts.flatMap(({ troubles }) => troubles),
  };
}

function namesOf(known: readonly Known[], keys: readonly string[]): string[] {
  const has = (one: Known) => keysOf(one.recorded.type, one.desired).some((key) => keys.includes(key));
  return known.filter(has).map(({ recorded }) => `${recorded.stack} ${recorded.name}`);
}
