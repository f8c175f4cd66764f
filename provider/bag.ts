import type { Fields } from "./state";
import { unknown } from "./unknown";

/** What the engine sends and what it gets: plain JSON, in which a text of Pulumi's own stands for what is not known yet. */

/** The text that stands for an unknown value (@pulumi/pulumi, runtime/rpc.ts; pulumi, sdk/go/common/resource/plugin/rpc.go). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The key that makes an object in a bag a special value, and what makes that a secret (pulumi, sdk/go/common/resource/sig). */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** withUnknown is a bag of the engine's in the lifecycle's words. */
export function withUnknown(bag: Fields): Fields {
  return exchange(bag, (value) => (value === UNKNOWN ? unknown : value)) as Fields;
}

/** marked is a bag in the engine's words. */
export function marked(fields: Fields): Record<string, unknown> {
  return exchange(fields, (value) => (value === unknown ? UNKNOWN : value)) as Record<string, unknown>;
}

function exchange(value: unknown, leaf: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => exchange(item, leaf));
  if (typeof value !== "object" || value === null) return leaf(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exchange(inner, leaf)]));
}
