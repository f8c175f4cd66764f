import { CLASSES } from "../../provider/existing/kinds";
import type { Connection } from "../../provider/host/connection";
import { contracts, type Services } from "../../provider/index";
import type { Contract } from "../../provider/resource";
import { inNamespace } from "../../provider/resources/common";
import { type Desired, type Fields, isFields } from "../../provider/state";

/** Marked is an object on a host that bears our mark. */
export interface Marked {
  /** Its class; undefined for a device of a kind that we never make. */
  readonly type: string | undefined;
  /** The inputs that say which one it is. */
  readonly inputs: Fields;
  /** The mark, or what is in its place: of a route or a rule no more than the protocol can be told. */
  readonly mark: string;
  /** What tells it from all others on its host; of a veth pair each end has its own. */
  readonly keys: readonly string[];
}

export function contractOf(type: string): Contract {
  const contract = contracts[type];
  if (contract === undefined) throw new Error(`there is no ${type}`);
  return contract;
}

/** keysOf are the keys of an object by its inputs; none of a type that has nothing on a host. */
export function keysOf(type: string, inputs: Fields & { readonly connection: Connection }): string[] {
  if (!Object.hasOwn(contracts, type)) return [];
  if (type === "VethPair") return [inputs.a, inputs.b].map((end) => deviceKey(end as Fields));
  if ([...CLASSES.values()].includes(type)) return [deviceKey(inputs)];
  return [`${type} ${contractOf(type).id(inputs)}`];
}

/** groundsOf are the keys of what an object goes with when that is removed: its namespaces and devices. */
export function groundsOf(
  type: string | undefined,
  inputs: Fields & { readonly connection: Connection },
): string[] {
  const { connection, namespace } = inputs;
  const keyOf = (path: string, name: string) =>
    path.endsWith("dev") ? [deviceKey({ namespace, name })] : keysOf("Namespace", { connection, name });
  const paths = type === undefined ? ["namespace"] : (contracts[type]?.containers ?? []);
  return paths.flatMap((path) => textsAt(inputs, path.split(".")).flatMap((name) => keyOf(path, name)));
}

/** textsAt are the texts below a path, of a list those of each of its items. */
function textsAt(value: unknown, [first, ...rest]: readonly string[]): string[] {
  if (Array.isArray(value))
    return value.flatMap((item) => textsAt(item, first === undefined ? [] : [first, ...rest]));
  if (first === undefined) return typeof value === "string" && value !== "" ? [value] : [];
  return isFields(value) ? textsAt(value[first], rest) : [];
}

/** deviceKey: whatever its kind, a device has its name for itself. */
export function deviceKey({ namespace, name }: Fields): string {
  return `device ${namespace ?? ""}/${name}`;
}

/** desiredOf is what a program would say that has the object, as far as that tells which one it is. */
export function desiredOf(
  type: string,
  { inputs, mark }: Pick<Marked, "inputs" | "mark">,
  connection: Connection,
  services: Services,
): Desired {
  return services[type]?.check({ ...inputs, connection, mark }).inputs as Desired;
}

/** describe is an object in a person's words. */
export function describe(marked: Marked, connection: Connection, services: Services): string {
  const { type, inputs } = marked;
  if (type !== undefined) return contractOf(type).describe(desiredOf(type, marked, connection, services));
  return `device ${inputs.name}${inNamespace(inputs.namespace as string | undefined)}`;
}

/** ownerOf is the PROJECT/STACK that a mark names. */
export function ownerOf(mark: string): string | undefined {
  return /^pulumi:([^/]+\/[^/]+)\//.exec(mark)?.[1];
}
