import type { z } from "zod";
import type { Command } from "../host/host";
import type { View } from "../ip/view";
import type { Contract } from "../resource";
import type { Fields } from "../state";

/** Tunnels are the contracts of the kinds of tunnels, by iproute2's words for these. */
export type Tunnels = Readonly<Record<string, Contract>>;

/** Lookup is a question about what is on a host, whoever made it. It changes nothing. */
export interface Lookup<A extends z.ZodObject = z.ZodObject, R = unknown> {
  /** The function's name in the SDK. */
  readonly name: string;
  readonly args: A;
  /** One of what is found; left out where the kinds of tunnels say it. */
  readonly item?: z.ZodObject;
  /** Whether there may be several. One alone that is not there is an error. */
  readonly several: boolean;
  /** What is looked for, in a person's words. */
  describe(args: z.output<A>): string;
  /** The questions whose answers `find` needs. */
  ask(args: z.output<A>): Command[];
  /** What is there; undefined when a listing that succeeded lacks it, or the namespace is not there. */
  find(view: View, args: z.output<A>, tunnels: Tunnels): R | undefined;
}

/** defineLookup gives a lookup its types. */
export function defineLookup<A extends z.ZodObject, R>(lookup: Lookup<A, R>): Lookup<A, R> {
  return lookup;
}

/** matches tells whether something has all values that are asked for; one that is left out is any. */
export function matches(item: Fields, wanted: Fields): boolean {
  return Object.entries(wanted).every(([key, value]) => value === undefined || item[key] === value);
}
