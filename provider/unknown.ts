import { distance } from "fastest-levenshtein";
import { z } from "zod";
import type { Problem } from "./resource";

/** unknown stands for a value that will only be known when what it depends on has been made. */
export const unknown = Symbol("unknown");

/** isUnknown tells whether a value, or anything inside it, is not known yet. */
export function isUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(isUnknown);
}

export interface Parsed {
  /** The canonical form; what is not known yet stays as it is. */
  readonly value: unknown;
  /**
   * What rules between several values may look at: keys that are not known, or wrong, are missing, keys left out are
   * undefined. `unknown` when nothing of it is known.
   */
  readonly known: unknown;
  readonly problems: readonly Problem[];
}

/** parseKnown parses what is known of a value, and asks nothing of what isn't. */
export function parseKnown(schema: z.ZodType, value: unknown, path: readonly PropertyKey[] = []): Parsed {
  const object = objectIn(schema);
  if (object !== undefined && isRecord(value)) return parseObject(object, value, path);
  if (isUnknown(value)) return { value, known: unknown, problems: [] };
  const result = schema.safeParse(value);
  if (!result.success) return { value, known: unknown, problems: problemsOf(result.error, value, path) };
  return { value: result.data, known: result.data, problems: [] };
}

/** parseInputs parses key by key, so that one unknown, or one mistake, hides no other. */
export function parseInputs(schema: z.ZodObject, value: Record<string, unknown>): Parsed {
  return parseObject(schema, value, []);
}

function parseObject(
  schema: z.ZodObject,
  value: Record<string, unknown>,
  path: readonly PropertyKey[],
): Parsed {
  const parsed: Record<string, unknown> = {};
  const known: Record<string, unknown> = {};
  const problems: Problem[] = unrecognized(schema, value, path);
  for (const [key, inner] of Object.entries(schema.shape)) {
    const one = parseKnown(inner as z.ZodType, value[key], [...path, key]);
    problems.push(...one.problems);
    if (one.value !== undefined) parsed[key] = one.value;
    if (one.known !== unknown) known[key] = one.known;
  }
  return { value: parsed, known, problems };
}

function unrecognized(schema: z.ZodObject, value: object, path: readonly PropertyKey[]): Problem[] {
  const names = Object.keys(schema.shape);
  return Object.keys(value)
    .filter((key) => !names.includes(key))
    .map((key) => ({ path: [...path, key], message: unknownProperty(key, names) }));
}

function unknownProperty(key: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, far: distance(key.toLowerCase(), name.toLowerCase()) }))
    // A third of the letters may be wrong: with more, one name is as likely as another.
    .filter(({ name, far }) => far <= Math.max(key.length, name.length) / 3)
    .sort((one, other) => one.far - other.far)[0];
  const what = near === undefined ? `there are ${names.join(", ")}` : `did you mean "${near.name}"?`;
  return `there is no property of this name; ${what}`;
}

/** objectIn is the object schema inside what makes it optional or gives it a default. */
function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return objectIn(schema.unwrap() as z.ZodType);
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problemsOf(error: z.ZodError, value: unknown, path: readonly PropertyKey[]): Problem[] {
  return error.issues.flatMap((issue) => {
    const at = [...path, ...issue.path];
    const missing = issue.path.reduce<unknown>(valueAt, value) === undefined;
    return [{ path: at, message: missing ? "is required" : issue.message }];
  });
}

function valueAt(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
