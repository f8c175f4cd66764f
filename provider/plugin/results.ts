import type { Lookup } from "../lookups/lookup";

/**
 * resultOf is the result of a lookup to the engine, whose functions give objects. What is found is in it and not the object
 * itself: Python's SDKs take no unions of types among the properties of a result.
 */
export function resultOf({ name }: Pick<Lookup, "name">, found: unknown): unknown {
  return { [subjectOf(name)]: found };
}

/** subjectOf is what a lookup is after, and what its result calls what was found: `routes` of `getRoutes`. */
export function subjectOf(name: string): string {
  const what = name.slice("get".length);
  return what.charAt(0).toLowerCase() + what.slice(1);
}
