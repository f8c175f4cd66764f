import { z } from "zod";
import { isFields } from "./state";
import { visibleText } from "./visible";

/** secretsIn lists the values that a schema calls secret. */
export function secretsIn(schema: z.ZodType, value: unknown): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    if (schema.meta()?.secret !== true) return secretsIn(schema.unwrap() as z.ZodType, value);
  }
  if (schema.meta()?.secret === true) return typeof value === "string" && value !== "" ? [value] : [];
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.flatMap((item) => secretsIn(schema.element as z.ZodType, item));
  if (!(schema instanceof z.ZodObject) || !isFields(value)) return [];
  return Object.entries(schema.shape).flatMap(([key, inner]) => secretsIn(inner as z.ZodType, value[key]));
}

/** masked takes secrets out of a text: the engine masks only those that it knows from the stack's configuration. */
export function masked(text: string, secrets: readonly string[]): string {
  // The longest first, or one that begins another would leave the rest of that in clear.
  const longestFirst = [...secrets].sort((one, other) => other.length - one.length);
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}

/** shown is what an error says, without secrets, and without what a host says to a terminal. */
export function shown(error: unknown, secrets: readonly string[]): string {
  return visibleText(masked(error instanceof Error ? error.message : String(error), secrets));
}
