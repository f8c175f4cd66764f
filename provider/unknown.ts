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
  const list = listIn(schema);
  if (list !== undefined && Array.isArray(value)) return parseList(list, value, path);
  if (isUnknown(value)) return { value, known: unknown, problems: [] };
  const result = schema.safeParse(value);
  if (!result.success) return { value, known: unknown, problems: problemsOf(result.error, value, path) };
  return { value: result.data, known: result.data, problems: [] };
}

/** parseList parses item by item; what the list as a whole must be is asked when all its items are known and right. */
function parseList(
  list: z.ZodArray<z.ZodObject>,
  value: readonly unknown[],
  path: readonly PropertyKey[],
): Parsed {
  const items = value.map((item, index) => parseKnown(list.element, item, [...path, index]));
  const parsed = items.map((item) => item.value);
  const problems = items.flatMap((item) => item.problems);
  if (problems.length === 0 && !isUnknown(parsed)) {
    const whole = list.safeParse(parsed);
    if (!whole.success) return { value, known: unknown, problems: problemsOf(whole.error, value, path) };
  }
  const known = items.map((item) => (item.known === unknown ? {} : item.known));
  return { value: parsed, known, problems };
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
  const core = coreOf(schema);
  return core instanceof z.ZodObject ? core : undefined;
}

/** listIn is the schema of a list of objects inside the same. Other lists are parsed as one value. */
function listIn(schema: z.ZodType): z.ZodArray<z.ZodObject> | undefined {
  const core = coreOf(schema);
  return core instanceof z.ZodArray && core.element instanceof z.ZodObject
    ? (core as z.ZodArray<z.ZodObject>)
    : undefined;
}

function coreOf(schema: z.ZodType): z.ZodType {
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return wrapped ? coreOf(schema.unwrap() as z.ZodType) : schema;
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
