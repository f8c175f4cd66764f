import { z } from "zod";
import type { Fields } from "../provider/state";
import { Trouble } from "./errors";
import { Providers } from "./hosts";

/** Recorded is a resource of ours as a state has it. */
export interface Recorded {
  readonly urn: string;
  /** The name that the program gave it. */
  readonly name: string;
  /** The name of its class, `IpipTunnel`. */
  readonly type: string;
  /** PROJECT/STACK. */
  readonly stack: string;
  readonly inputs: Fields;
  readonly outputs: Fields;
  /** Whether it was replaced, and the old object is yet to be deleted. */
  readonly condemned: boolean;
}

/** StackState is what one stack says of our objects. */
export interface StackState {
  readonly project: string;
  readonly stack: string;
  readonly resources: readonly Recorded[];
  /** How many operations the engine has begun, and not recorded the end of. */
  readonly pending: number;
}

const bag = z.record(z.string(), z.unknown()).default({});
/** list takes an empty list in each of the forms that Go writes one in. */
const list = <S extends z.ZodType>(item: S) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const ResourceJson = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().default(""),
  /** URN and id of its provider. */
  provider: z.string().default(""),
  inputs: bag,
  outputs: bag,
  /** Looked up by the program, and not its own. */
  external: z.boolean().default(false),
  /** Replaced, and yet to be deleted. */
  delete: z.boolean().default(false),
  /** Deleted, and yet to be made again. */
  pendingReplacement: z.boolean().default(false),
});
const ExportJson = z.object({
  version: z.int().min(3),
  deployment: z.object({ resources: list(ResourceJson), pending_operations: list(z.unknown()) }),
});
type ResourceJson = z.output<typeof ResourceJson>;

/** A type by either door. */
const OURS = /^(?:pulumi-nodejs:dynamic\/ipip|ipip:index):(\w+)$/;
/** urn:pulumi:STACK::PROJECT::TYPE::NAME, of which only the name may have colons of its own. */
const URN = /^urn:pulumi:(.*?)::(.*?)::.*?::(.*)$/s;

/** readState reads what `pulumi stack export` writes; `from` is how messages call it. */
export function readState(text: string, from: string): StackState {
  const { deployment } = parsed(text, from);
  const { resources, pending_operations } = deployment;
  const [, stack = "", project = ""] = URN.exec(resources[0]?.urn ?? "") ?? [];
  const providers = new Providers(resources);
  return {
    project,
    stack,
    resources: resources.flatMap((resource) => recorded(resource, providers)),
    pending: pending_operations.length,
  };
}

function parsed(text: string, from: string): z.output<typeof ExportJson> {
  try {
    return ExportJson.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : "it is not JSON";
    throw new Trouble(`${from} is not what \`pulumi stack export\` writes: ${why}`);
  }
}

/** typeOf is the name of the class of a type of ours; undefined for another's. */
export function typeOf(type: string): string | undefined {
  return OURS.exec(type)?.[1];
}

function recorded({ urn, type, provider, ...rest }: ResourceJson, providers: Providers): Recorded[] {
  const ours = typeOf(type);
  const [, stack = "", project = "", name = urn] = URN.exec(urn) ?? [];
  if (ours === undefined || rest.external || rest.pendingReplacement) return [];
  const reached = (bag: Fields) => providers.reached(bag, provider);
  const [inputs, outputs] = [reached(rest.inputs), reached(rest.outputs)];
  return [{ urn, name, type: ours, stack: `${project}/${stack}`, inputs, outputs, condemned: rest.delete }];
}
