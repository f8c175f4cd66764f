import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { own } from "../provider/dynamic";
import type { Services } from "../provider/index";
import type { ResourceType } from "../provider/resource";
import { masked, secretsIn } from "../provider/secrets";
import { type Service, told } from "../provider/service";
import type { Desired, Fields } from "../provider/state";
import { messageOf, Trouble } from "./errors";
import { clean } from "./report/text";
import { typeOf } from "./state";

/** Planned is what one step of a preview would run. */
export interface Planned {
  readonly urn: string;
  /** What the engine calls the step: `create`, `delete-replaced`. */
  readonly op: string;
  /** Each with its host in front. */
  readonly commands: readonly string[];
}

const Bag = z.record(z.string(), z.unknown());
const StateJson = z.object({ type: z.string(), inputs: Bag.default({}), outputs: Bag.default({}) }).nullish();
const PreviewJson = z.object({
  steps: z
    .array(z.object({ op: z.string(), urn: z.string(), oldState: StateJson, newState: StateJson }))
    .nullish(),
});

/** Which of the two sides count, by what the engine is about to do. */
const SIDES: Readonly<Record<string, readonly ("oldState" | "newState")[]>> = {
  create: ["newState"],
  "create-replacement": ["newState"],
  update: ["oldState", "newState"],
  delete: ["oldState"],
  "delete-replaced": ["oldState"],
};

/** planOf reads what `pulumi preview --json` writes, in a file or, as `-`, on standard input. */
export async function planOf(path: string, services: Services): Promise<Planned[]> {
  const { steps } = parsed(await contents(path), path === "-" ? "standard input" : path);
  return (steps ?? []).flatMap(({ op, urn, ...states }) => {
    const sides = SIDES[op] ?? [];
    const [type] = sides.map((side) => typeOf(states[side]?.type ?? ""));
    const service = type === undefined ? undefined : services[type];
    if (service === undefined) return [];
    const [before, after] = [states.oldState?.outputs, states.newState?.inputs];
    const state = sides.includes("oldState") ? before && named(before) : undefined;
    const desired = sides.includes("newState") ? checked(service, named(after ?? {}), urn) : undefined;
    const secrets = [state, desired].flatMap((bag) => (bag ? secretsIn(service.contract.inputs, bag) : []));
    const commands = service.commands(state, desired);
    return commands.length === 0
      ? []
      : [{ urn, op, commands: commands.map((line) => masked(line, secrets)) }];
  });
}

/** A preview does not tell what is behind the name of a host, and for the commands the name is enough. */
function named(bag: Fields): Fields {
  const { host } = bag;
  return host === undefined ? bag : { ...bag, connection: { host, insecureIgnoreHostKey: true } };
}

function checked(service: Service<ResourceType>, said: Fields, urn: string): Desired {
  const { inputs, problems } = service.check(own(said));
  if (problems.length > 0) throw new Trouble(`the inputs of ${urn} can't be: ${told(problems)}`);
  return inputs as Desired;
}

/** planText is a plan as a person reads it. */
export function planText(plan: readonly Planned[]): string {
  return plan
    .map(({ urn, op, commands }) =>
      [`# ${op} ${urn}`, ...commands].map((line) => `${clean(line)}\n`).join(""),
    )
    .join("\n");
}

async function contents(path: string): Promise<string> {
  try {
    return path === "-" ? await text(process.stdin) : await readFile(path, "utf8");
  } catch (error) {
    throw new Trouble(`the preview can't be read: ${messageOf(error)}`);
  }
}

function parsed(json: string, from: string): z.output<typeof PreviewJson> {
  try {
    return PreviewJson.parse(JSON.parse(json));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : "it is not JSON";
    throw new Trouble(`${from} is not what \`pulumi preview --json\` writes: ${why}`);
  }
}
