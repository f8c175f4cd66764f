import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Lookup } from "../provider/lookups/lookup";
import { subjectOf } from "../provider/plugin/results";
import { plugin } from "./door";
import { type LookupOptions, namedIn, type PlainArgs } from "./lookup";
import type { Values } from "./resource";

/** invoke makes the function of a lookup that takes plain values, and asks the plugin. */
export function invoke<A extends z.ZodObject, R>(
  definition: Lookup<A, R>,
): (args: PlainArgs<z.input<A>>, opts?: pulumi.InvokeOptions) => Promise<R> {
  return async (args, opts) =>
    unwrapped<R>(definition, await pulumi.runtime.invoke(plugin.type(definition.name), args, opts));
}

/** invokeOutput makes the function of a lookup that takes outputs, and resources by their names, and asks the plugin. */
export function invokeOutput<A extends z.ZodObject, R>(
  definition: Lookup<A, R>,
): (args: Values<z.input<A>>, opts?: LookupOptions & pulumi.InvokeOutputOptions) => pulumi.Output<R> {
  return (args, opts = {}) =>
    pulumi.runtime
      .invokeOutput(plugin.type(definition.name), namedIn(args), opts as pulumi.InvokeOutputOptions)
      .apply((found) => unwrapped<R>(definition, found)) as pulumi.Output<R>;
}

/** What a function of a plugin gives is an object with what was found in it. */
function unwrapped<R>({ name }: Pick<Lookup, "name">, result: unknown): R {
  return (result as Record<string, unknown>)[subjectOf(name)] as R;
}
