import type { z } from "zod";
import { SECRET, SIGNATURE } from "../provider/bag";
import { secretsIn } from "../provider/secrets";
import { type Fields, isFields } from "../provider/state";
import { Trouble } from "./errors";

/** Opened is a bag of a state in clear. */
export interface Opened {
  readonly fields: Fields;
  /** The keys of which a value, or a part of it, was a secret. */
  readonly hidden: ReadonlySet<string>;
}

/** opened takes the values of a bag out of the form that secrets have in a state. */
export function opened(bag: Fields): Opened {
  const hidden = new Set<string>();
  const fields = Object.entries(bag).map(([key, value]) => [key, open(value, () => hidden.add(key))]);
  return { fields: Object.fromEntries(fields), hidden };
}

/** isEncrypted tells a secret of which the state does not tell the value. */
export function isEncrypted(value: unknown): boolean {
  return isFields(value) && value[SIGNATURE] === SECRET && typeof value.plaintext !== "string";
}

/** secretly is a value as a state has a secret. */
export function secretly(value: unknown): Fields {
  return { [SIGNATURE]: SECRET, plaintext: JSON.stringify(value) };
}

function open(value: unknown, secret: () => void): unknown {
  if (Array.isArray(value)) return value.map((item) => open(item, secret));
  if (!isFields(value)) return value;
  if (value[SIGNATURE] !== SECRET)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, open(inner, secret)]));
  secret();
  if (typeof value.plaintext !== "string")
    throw new Trouble(
      "its secrets are encrypted in this state: write it with `pulumi stack export --show-secrets`",
    );
  return open(JSON.parse(value.plaintext), secret);
}

/**
 * textsToMask are the values that no message may show: those that the schema calls secret, and those that the program
 * does. A connection that is an output is a secret as a whole, although most of it is not: of that the schema decides.
 */
export function textsToMask(schema: z.ZodObject, { fields, hidden }: Opened): string[] {
  const told = Object.keys(schema.shape).filter((key) => hidden.has(key) && key !== "connection");
  return [...secretsIn(schema, fields), ...told.flatMap((key) => textsIn(fields[key]))];
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
