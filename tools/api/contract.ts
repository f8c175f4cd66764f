import { z } from "zod";
import { always, type ResourceType } from "../../provider/resource";
import { changesBetween, type Desired } from "../../provider/state";
import type { Change } from "./model";

/** What only a contract that runs can tell of its arguments. */

export interface Unwrapped {
  readonly schema: z.ZodType;
  readonly default?: unknown;
  readonly secret: boolean;
}

/** unwrapped is a schema without what makes it optional, and what that said. */
export function unwrapped(schema: z.ZodType): Unwrapped {
  const secret = schema.meta()?.secret === true;
  if (!(schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)) return { schema, secret };
  const inner = unwrapped(schema.unwrap() as z.ZodType);
  return {
    ...inner,
    // One that stays out of the canonical form, so that the schema itself does not fill it in.
    ...(schema.meta()?.default !== undefined && { default: schema.meta()?.default }),
    ...(schema instanceof z.ZodDefault && { default: schema.def.defaultValue }),
    secret: secret || inner.secret,
  };
}

/** wholeNumbers tells whether all numbers that a schema takes are whole; so are those that it makes of texts. */
export function wholeNumbers(schema: z.ZodType): boolean {
  const { schema: core } = unwrapped(schema);
  if (core instanceof z.ZodNumber) return core.isInt;
  if (core instanceof z.ZodUnion) return core.options.every((one) => wholeNumbers(one as z.ZodType));
  if (core instanceof z.ZodPipe) return wholeNumbers(core.def.in as z.ZodType);
  if (core instanceof z.ZodArray) return wholeNumbers(core.element as z.ZodType);
  return true;
}

/** changeOf asks the contract what it does when one argument, or a value within one, changes. */
export function changeOf(contract: ResourceType, path: readonly string[]): Change {
  const [key = "", ...within] = path;
  if (within.length > 0) {
    const [before, after] = ["before", "after"].map((value) => nest(path, value));
    return changesBetween(contract, before ?? {}, after ?? {}).replaces.includes(key)
      ? "replaces"
      : "in place";
  }
  const decide = contract.replaces[key];
  if (decide === always) return "replaces";
  const { schema } = unwrapped(contract.inputs.shape[key] as z.ZodType);
  const inner = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const replacing = inner.some((name) => changeOf(contract, [key, name]) !== "in place");
  return decide === undefined && !replacing ? "in place" : "depends";
}

function nest(path: readonly string[], value: string): Record<string, unknown> {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<string, unknown>;
}

/** idOf is the form of a contract's ids: that of an object whose every argument is its own name in capitals. */
export function idOf(contract: ResourceType): string {
  const named = namesIn(contract.inputs, []) as Desired;
  // The usual port is left out of ids.
  return contract.id({ ...named, connection: { ...named.connection, port: 22 } });
}

function namesIn(schema: z.ZodObject, path: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.shape).map(([key, inner]) => {
      const { schema: core } = unwrapped(inner as z.ZodType);
      const at = key === "connection" ? [] : [...path, key];
      return [key, core instanceof z.ZodObject ? namesIn(core, at) : at.join(".").toUpperCase()];
    }),
  );
}
