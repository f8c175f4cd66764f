import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { marked, SECRET, SIGNATURE, withUnknown } from "../bag";
import type { Fields } from "../state";

/** The bags of the engine's calls: google.protobuf.Struct, in which a null is a value that was left out. */

/** fieldsOf reads a bag. */
export function fieldsOf(bag: Struct | undefined): Fields {
  return withUnknown(withoutNulls(bag?.toJavaScript() ?? {}) as Fields);
}

/** structOf writes a bag. */
export function structOf(fields: Fields): Struct {
  // What is no JSON ends the call that brings it, and with it what was just made would be lost.
  const plain = JSON.parse(JSON.stringify(marked(fields))) as Record<string, JavaScriptValue>;
  return Struct.fromJavaScript(plain);
}

/** secret is a value that the engine keeps as a secret. */
export function secret(value: unknown): Fields {
  return { [SIGNATURE]: SECRET, value };
}

/** bare is a value of which all, or anything within, may have come as a secret. */
export function bare(value: unknown): unknown {
  if (isSecret(value)) return bare(value.value);
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bare(inner)]));
}

function isSecret(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Reflect.get(value, SIGNATURE) === SECRET;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const given = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(given.map(([key, inner]) => [key, withoutNulls(inner)]));
}
