import type { Lookup } from "../lookups/lookup";

/** resultOf is the result of a lookup to languages whose functions give objects: a list is named as what is looked up. */
export function resultOf(lookup: Pick<Lookup, "name" | "several">, found: unknown): unknown {
  return lookup.several ? { [listOf(lookup.name)]: found } : found;
}

/** listOf is the name of what a function finds: `routes` of `getRoutes`. */
export function listOf(name: string): string {
  const what = name.slice("get".length);
  return what.charAt(0).toLowerCase() + what.slice(1);
}
