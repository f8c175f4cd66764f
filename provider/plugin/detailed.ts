import type { Contract, ResourceType } from "../resource";
import { changesBetween, type Fields, isFields, same } from "../state";

/** Detail is one difference, where it is, as `pulumi preview --diff` shows it. */
export interface Detail {
  /** Path as the engine writes it: `encap.dport`, `addresses[1]`, `sysctls["a.b"]`. */
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  readonly replaces: boolean;
}

type Path = readonly (string | number)[];

/** detailsOf says of each input that differs what differs within it, and whether that is what takes a replacement. */
export function detailsOf(
  contract: ResourceType,
  state: Fields,
  desired: Fields,
  { changed, replaces }: { readonly changed: readonly string[]; readonly replaces: readonly string[] },
): Detail[] {
  return changed.flatMap((key) => {
    const leaves = differences([key], state[key], desired[key]);
    const takes = (path: Path) =>
      replaces.includes(key) && (leaves.length === 1 || replacesAlone(contract, state, desired, path));
    const told = leaves.map(({ path, kind }) => ({ path, kind, replaces: takes(path) }));
    // Where it takes several of them together, each has its part in it.
    const together = replaces.includes(key) && told.every((one) => !one.replaces);
    return told.map(({ path, kind, replaces: alone }) => ({
      path: spelled(path),
      kind,
      replaces: alone || together,
    }));
  });
}

/** replacesAlone asks the contract of an object that differs in this place alone. */
function replacesAlone(contract: ResourceType, state: Fields, desired: Fields, path: Path): boolean {
  const [key = ""] = path;
  const mixed = put(state, path, path.reduce<unknown>(at, desired)) as Fields;
  return changesBetween(contract as Contract, state, mixed).replaces.includes(String(key));
}

function differences(path: Path, from: unknown, to: unknown): { path: Path; kind: Detail["kind"] }[] {
  if (same(from, to)) return [];
  if (from === undefined) return [{ path, kind: "add" }];
  if (to === undefined) return [{ path, kind: "delete" }];
  if (isFields(from) && isFields(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return keys.flatMap((key) => differences([...path, key], from[key], to[key]));
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    const indexes = Array.from({ length: Math.max(from.length, to.length) }, (_, index) => index);
    return indexes.flatMap((index) => differences([...path, index], from[index], to[index]));
  }
  return [{ path, kind: "update" }];
}

function at(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function put(value: unknown, [first, ...rest]: Path, leaf: unknown): unknown {
  if (first === undefined) return leaf;
  const inner = put(at(value, first), rest, leaf);
  if (!Array.isArray(value)) return { ...(isFields(value) ? value : {}), [first]: inner };
  return Object.assign([...value], { [first]: inner });
}

function spelled(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}
