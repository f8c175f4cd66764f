import { z } from "zod";
import { type Connection, completed, connectionProblems } from "./host/connection";
import type { Host } from "./host/host";
import type { Problem, ResourceType } from "./resource";
import { type Changes, changesBetween, type Desired, type Fields, inputsIn, isFields } from "./state";
import type { Made } from "./subject";
import { parseInputs, unknown } from "./unknown";

export interface Checked {
  readonly inputs: Fields;
  readonly problems: readonly Problem[];
}

/** Found is what a look has found, in the words of the inputs too, and why it is not as it should be, if it isn't. */
export type Found = Made & { readonly inputs: Fields; readonly failing?: string };

/**
 * Service is what a door calls. What a program says is checked and compared in one way for all types, without asking a
 * host; what is done on hosts differs.
 */
export abstract class Service<T extends ResourceType = ResourceType> {
  constructor(
    readonly contract: T,
    protected readonly hostFor: (connection: Connection) => Host,
  ) {}

  abstract create(desired: Desired): Promise<Made>;
  abstract update(state: Fields, desired: Desired): Promise<Made>;
  /** read tells what the host has; undefined when the object is gone. */
  abstract read(state: Fields): Promise<Found | undefined>;
  /** delete gives what to warn of. */
  abstract delete(state: Fields): Promise<string | undefined>;

  /**
   * commands are what a change would run, by its host, as far as that can be told without asking it; undefined is nothing
   * at all, before or after.
   */
  abstract commands(state: Fields | undefined, desired: Desired | undefined): readonly string[];

  /** check says what is wrong with the inputs and gives them their canonical form. It never asks a host. */
  check(inputs: Fields): Checked {
    const { known, problems, ...checked } = checkEach(this.contract, inputs);
    return { ...checked, problems: [...problems, ...(this.contract.problems?.(known) ?? [])] };
  }

  /** diff compares what was last observed with what is desired. It never asks a host. */
  diff(state: Fields, desired: Fields): Changes & { readonly deleteBeforeReplace: boolean } {
    const changes = changesBetween(this.contract, inputsIn(this.contract, state), desired);
    // Another address may lead to the same machine, so the old object must be gone before the new one is made.
    const deleteBeforeReplace = this.contract.deleteBeforeReplace || changes.replaces.includes("connection");
    return { ...changes, deleteBeforeReplace };
  }

  /** lookedUp is what a program says of an object that it only looks up: no more than which one. */
  protected lookedUp(said: Fields): Desired {
    const { inputs, problems } = checkEach(this.contract, said);
    if (problems.length === 0) return inputs as Desired;
    throw new Error(`a ${this.contract.type} can't be looked up like this: ${told(problems)}`);
  }
}

const UNREACHED =
  "is required: say how to reach the host, or give the name of one of the provider's hosts as `host`";

/** checkEach checks every input alone, and not what rules between several. */
export function checkEach(
  type: Pick<ResourceType, "inputs" | "complete">,
  inputs: Fields,
): Checked & { readonly known: Fields } {
  const parsed = parseInputs(type.inputs, inputs);
  const known = parsed.known as Fields;
  const connection = isFields(known.connection) ? connectionProblems(known.connection) : [];
  const unreached = "connection" in known && known.connection === undefined;
  const problems = [
    ...parsed.problems,
    ...(unreached ? [{ path: ["connection"], message: UNREACHED }] : []),
    ...connection.map(({ path, message }) => ({ path: ["connection", ...path], message })),
  ];
  const following = Object.entries(type.complete?.(known) ?? {});
  const more = following.map(([key, value]) => [key, value === undefined ? unknown : value]);
  const value = parsed.value as Fields;
  const reached = isFields(known.connection) && {
    connection: { ...(value.connection as Fields), ...completed(known.connection) },
  };
  return { inputs: { ...value, ...reached, ...Object.fromEntries(more) }, known, problems };
}

/** told is what is wrong with inputs, as the end of a sentence. */
export function told(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`).join("; ");
}
