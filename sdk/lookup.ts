import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Lookup } from "../provider/lookups/lookup";
import type { Parent } from "../provider/resource";
import type { Fields } from "../provider/state";
import type { Named, Values } from "./resource";

type PlainValue<T> = [T] extends [Parent] ? string : T;
export type PlainArgs<T> = {
  [K in keyof T]: PlainValue<Exclude<T[K], undefined>> | Extract<T[K], undefined>;
};

/** LookupOptions are those of the form for outputs. */
export interface LookupOptions {
  /** Resources that must be there before the host is asked; of a component, those that it makes. */
  readonly dependsOn?: pulumi.Input<pulumi.Input<pulumi.CustomResource>[]> | undefined;
}

/** lookup makes the function of a lookup that takes plain values. */
export function lookup<A extends z.ZodObject, R>(
  definition: Lookup<A, R>,
): (args: PlainArgs<z.input<A>>) => Promise<R> {
  return (args) => found(definition, args as Fields);
}

/**
 * lookupOutput makes the function of a lookup that takes outputs, and resources by their names. In a preview it asks the
 * host too, unless some of what it takes is not known yet.
 */
export function lookupOutput<A extends z.ZodObject, R>(
  definition: Lookup<A, R>,
): (args: Values<z.input<A>>, opts?: LookupOptions) => pulumi.Output<R> {
  return (args, { dependsOn = [] } = {}) => {
    const ids = pulumi.output(dependsOn).apply((some) => pulumi.all(some.map(({ id }) => id)));
    return pulumi
      .all([pulumi.output(namedIn(args)), ids])
      .apply(([plain]) => found(definition, plain as Fields)) as pulumi.Output<R>;
  };
}

/** namedIn are the arguments of a lookup, with resources by their names. */
export function namedIn(args: object): Record<string, unknown> {
  const named = Object.entries(args).map(([key, value]) => [
    key,
    pulumi.Resource.isInstance(value) ? (value as Named).name : value,
  ]);
  return Object.fromEntries(named);
}

/** What connects to hosts is loaded when the first of them is to be asked: most programs never ask one. */
async function found<A extends z.ZodObject, R>(definition: Lookup<A, R>, args: Fields): Promise<R> {
  const { Configured, looking } = require("../provider/index") as typeof import("../provider/index");
  try {
    const configured = new Configured();
    if (args.host !== undefined) configured.take(new pulumi.Config("ipip").get("hosts"));
    const hosts = args.host === undefined ? undefined : await configured.hosts();
    return await looking.find(definition as unknown as Lookup<z.ZodObject, R>, args, hosts);
  } catch (error) {
    // Of any other error in a program the engine prints the stack.
    const message = error instanceof Error ? error.message : String(error);
    throw Object.assign(new pulumi.RunError(message), { stack: message });
  }
}
