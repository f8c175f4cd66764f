import type { Contract } from "../resource";
import type { Service } from "../service";
import { type Fields, isFields, same } from "../state";

/** Every object of a program has them, or none. */
const COMMON = ["connection", "adopt", "mark"];

/** saidOf leaves out of inputs what they come to anyway. */
export function saidOf(contract: Contract, service: Service, inputs: Fields): Fields {
  let said = inputs;
  for (const path of pathsIn(inputs).filter(([first = ""]) => !COMMON.includes(first))) {
    const fewer = without(said, path) as Fields;
    if (comesTo(contract, service, fewer, inputs)) said = fewer;
  }
  return Object.fromEntries(Object.entries(said).filter(([key]) => !COMMON.includes(key)));
}

/**
 * comesTo tells whether fewer inputs say the same. Of what is left to the host it is the same when a program that no
 * longer says it would have it put there.
 */
function comesTo(contract: Contract, service: Service, fewer: Fields, inputs: Fields): boolean {
  const { inputs: checked, problems } = service.check(fewer);
  if (problems.length > 0) return false;
  const target = contract.release?.(inputs, checked) ?? checked;
  const keys = Object.keys(contract.inputs.shape);
  return keys.every((key) => same(target[key], inputs[key]));
}

/** pathsIn are the paths of all values, the outer before the inner ones. */
function pathsIn(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    // An item is not left out of its list.
    ...(Array.isArray(value) ? [] : [[key]]),
    ...pathsIn(inner).map((path) => [key, ...path]),
  ]);
}

/** without is a value without what is at a path; the same where there is nothing. */
export function without(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return value;
  if (Array.isArray(value))
    return value.map((item, at) => (String(at) === first ? without(item, rest) : item));
  if (!isFields(value) || !(first in value)) return value;
  const { [first]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...value, [first]: without(inner, rest) };
}
