import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { IpipError } from "./errors";
import { type Connection, PORT } from "./host/connection";
import type { Plain, ResourceType } from "./resource";
import { isUnknown } from "./unknown";

/** Fields is any resource's inputs or outputs by name, to code that serves them all alike. */
export type Fields = Readonly<Record<string, unknown>>;

/** Desired is what every resource has in canonical form. */
export type Desired = Fields & { readonly connection: Connection };

/** SCHEMA_VERSION tells what wrote a state; it goes up when a property changes its name or meaning. */
const SCHEMA_VERSION = 1;

/** VersionError: a state that only a newer release can read. */
class VersionError extends IpipError {
  readonly retryable = false;

  constructor(version: unknown) {
    super([
      `this resource was last written by a newer pulumi-ipip (state version ${version}, this one knows ${SCHEMA_VERSION})`,
      "Upgrade the package in this project: npm install pulumi-ipip@latest",
    ]);
  }
}

/**
 * outputsOf is what goes into the state: what was asked for with the values that were read back, and the outputs. The
 * mark that we set is kept beside the one that was read back, which anybody may have changed: the object stays ours. So is
 * that we had the host keep something of it for its next boot.
 */
export function outputsOf(
  contract: ResourceType,
  desired: Desired,
  observed: Fields | undefined,
  owner: unknown = desired.mark,
): Record<string, Plain> {
  const told = pick(observed ?? {}, Object.keys(contract.outputs.shape));
  const persisted = desired.persist === "systemd" || undefined;
  const inputs = inputsLike(desired, observed ?? {});
  return plain({ ...inputs, ...told, owner, persisted, schemaVersion: SCHEMA_VERSION });
}

/**
 * inputsLike gives the inputs the values that were observed. What the program left out stays out, so that it is
 * never drift; what can't be observed, as the connection, stays as it was asked for.
 */
export function inputsLike(desired: Fields, observed: Fields): Fields {
  return Object.fromEntries(
    Object.entries(desired).map(([key, value]) => {
      if (!(key in observed)) return [key, value];
      const found = observed[key];
      return [key, isFields(value) && isFields(found) ? inputsLike(value, found) : found];
    }),
  );
}

/** inputsIn takes the inputs out of a state. */
export function inputsIn(contract: ResourceType, state: Fields): Desired {
  const version = state.schemaVersion;
  if (typeof version === "number" && version > SCHEMA_VERSION) throw new VersionError(version);
  return pick(known(contract, state), Object.keys(contract.inputs.shape)) as Desired;
}

/** known is a state with what the release that wrote it could not be asked for: then it is as it is without asking. */
function known(contract: ResourceType, state: Fields): Fields {
  const { shape } = contract.inputs;
  const unheard = Object.keys(shape).filter((key) => !(key in state) && shape[key] instanceof z.ZodDefault);
  return { ...state, ...Object.fromEntries(unheard.map((key) => [key, shape[key]?.parse(undefined)])) };
}

/** ownedIn takes the inputs out of a state as they are looked for on the host: with what we set, whatever was found. */
export function ownedIn(contract: ResourceType, state: Fields): Desired {
  const { owner, persisted } = state;
  return {
    ...inputsIn(contract, state),
    ...(owner !== undefined && { mark: owner }),
    ...(persisted === true && { persist: "systemd" }),
  };
}

/** isLookup tells whether properties come from a program that only looks up what is there, not from a state. */
export function isLookup(state: Fields): boolean {
  return state.schemaVersion === undefined;
}

/** pick is an object with no more than some of its keys. */
export function pick(fields: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => keys.includes(key)));
}

/**
 * UNPROVEN stands in the state of an object that nobody has seen: whether it was made, or was somebody else's before,
 * shows only when the host is looked at again.
 */
export const UNPROVEN = { unproven: true } as const;

/** isUnproven tells whether a state is of such an object. */
export function isUnproven(state: Fields): boolean {
  return state.unproven === true;
}

/**
 * IMPORTED stands in the state of an object that was made by somebody else and has not been changed since: all that the
 * host has of it, of which a program may say less.
 */
export const IMPORTED = { imported: true } as const;

/** isImported tells whether a state is of such an object. */
export function isImported(state: Fields): boolean {
  return state.imported === true;
}

export interface Changes {
  /** Inputs whose value differs, or isn't known yet. */
  readonly changed: readonly string[];
  /** Those of them that Linux can't change in place. */
  readonly replaces: readonly string[];
}

/** changesBetween compares a state, hence what was last observed, with what is desired. */
export function changesBetween(contract: ResourceType, state: Fields, desired: Fields): Changes {
  const changed = Object.keys(contract.inputs.shape).filter((key) => !same(state[key], desired[key]));
  return { changed, replaces: changed.filter((key) => replaced(contract, key, state[key], desired[key])) };
}

function replaced(contract: ResourceType, key: string, from: unknown, to: unknown): boolean {
  if (isUnknown(to)) {
    // The engine asks this of what depends on an object that it is about to replace: what is inside goes with it.
    return [...contract.containers, ...(contract.replacedWith ?? [])].some((path) => {
      const [first, ...rest] = path.split(".");
      return first === key && isUnknown(rest.reduce<unknown>(valueAt, to));
    });
  }
  if (key === "connection") return endpoint(from) !== endpoint(to);
  return contract.replaces[key]?.(from, to) ?? false;
}

/** valueAt is what stands under a key, in a list what each of its items has there. */
function valueAt(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => valueAt(item, key));
  return isFields(value) ? value[key] : value;
}

/** Another address is another machine; with other credentials it is still the same one. */
function endpoint(connection: unknown): string {
  return isFields(connection) ? `${connection.host}:${connection.port ?? PORT}` : "";
}

/** same compares values as the state keeps them, in which a key without a value is no key. */
export function same(one: unknown, other: unknown): boolean {
  return !isUnknown(other) && isDeepStrictEqual(plainOrNothing(one), plainOrNothing(other));
}

function plainOrNothing(value: unknown): unknown {
  return value === undefined ? undefined : plain(value);
}

/** plain makes sure that nothing but JSON goes into the state: one `undefined` there loses the object just made. */
function plain<T>(value: T): T extends object ? Record<string, Plain> : Plain {
  return JSON.parse(JSON.stringify(value));
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
