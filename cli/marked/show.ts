import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { masked } from "../../provider/secrets";
import { messageOf } from "../errors";
import type { Known } from "../object";
import type { StackState } from "../state";
import type { Target } from "../target";
import { nameFor, objectOf } from "./boot-files";
import { findMarked } from "./find";
import { describe, keysOf } from "./object";
import { hostsOf } from "./orphans";

/** Shown is an object on a host that bears our mark, or a file from which the host makes one when it boots. */
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

/** Place is a host to look at. */
export interface Place {
  readonly host: string;
  readonly connection: Connection;
  /** What the given stacks have there. */
  readonly known: readonly Known[];
  mask(text: string): string;
}

/** placesOf are the hosts of some stacks, and others that no state tells. */
export function placesOf(
  states: readonly StackState[],
  targets: readonly Target[],
  services: Services,
): Place[] {
  const recorded = [...hostsOf(states, services)].flatMap(([host, known]): Place[] => {
    const [first] = known;
    // The host tells what the program may keep secret.
    const mask = (text: string) => known.reduce((rest, one) => one.mask(rest), text);
    return first === undefined ? [] : [{ host, connection: first.desired.connection, known, mask }];
  });
  const others = targets
    .filter(({ label }) => !recorded.some(({ host }) => host === label))
    .map(({ label: host, connection, hidden }): Place => {
      return { host, connection, known: [], mask: (text) => masked(text, hidden) };
    });
  return [...recorded, ...others];
}

/** takeInventory lists all that bears our mark on some hosts. */
export async function takeInventory(
  places: readonly Place[],
  services: Services,
  open: (connection: Connection) => Host,
): Promise<Inventory> {
  const parts = await Promise.all(
    places.map(async ({ host, connection, known, mask }): Promise<Inventory> => {
      const trouble = (error: unknown) => ({ host, message: mask(messageOf(error)) });
      try {
        const { marked, files, troubles } = await findMarked(open(connection), connection);
        const kept = files.map((file) => ({
          host,
          object: mask(objectOf(file)),
          mark: file.mark ?? "",
          resources: labelsOf(known.filter((one) => nameFor(one) === file.name)),
        }));
        const objects = marked.map((one) => ({
          host,
          object: mask(describe(one, connection, services)),
          mark: one.mark,
          resources: namesOf(known, one.keys),
        }));
        return { objects: [...objects, ...kept], troubles: troubles.map(trouble) };
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
  return labelsOf(known.filter(has));
}

function labelsOf(known: readonly Known[]): string[] {
  return known.map(({ recorded }) => `${recorded.stack} ${recorded.name}`);
}
