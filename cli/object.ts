import { labelOf } from "../provider/host/stop";
import type { Services } from "../provider/index";
import type { ResourceType } from "../provider/resource";
import { masked } from "../provider/secrets";
import type { Service } from "../provider/service";
import { type Desired, type Fields, isFields } from "../provider/state";
import { Trouble } from "./errors";
import { opened, textsToMask } from "./secrets";
import type { Recorded } from "./state";

/** Known is an object of a state, ready to be looked for. */
export interface Known extends Place {
  readonly recorded: Recorded;
  readonly service: Service<ResourceType>;
  /** What was asked for, with what an older release could not be asked for yet. */
  readonly desired: Desired;
  readonly outputs: Fields;
  /** Inputs whose values are not to be shown. */
  readonly hidden: ReadonlySet<string>;
  mask(text: string): string;
}

/** Place is where an object is, and what it is, to a person. */
export interface Place {
  readonly host: string;
  readonly object: string;
}

/** knownOf opens what a state says of an object, and throws when that can't be understood. */
export function knownOf(recorded: Recorded, services: Services): Known {
  const service = Object.hasOwn(services, recorded.type) ? services[recorded.type] : undefined;
  if (service === undefined)
    throw new Trouble(
      `this pulumi-ipip does not know the type ${recorded.type}: upgrade it, npm install pulumi-ipip@latest`,
    );
  const inputs = opened(recorded.inputs);
  const outputs = opened(recorded.outputs);
  const texts = [inputs, outputs].flatMap((bag) => textsToMask(service.contract.inputs, bag));
  const mask = (text: string) => masked(text, texts);
  const desired = service.check(inputs.fields).inputs as Desired;
  const { connection } = desired as Fields;
  if (!isFields(connection) || typeof connection.host !== "string")
    throw new Trouble("the state names no host that it is on");
  return {
    recorded,
    service,
    desired,
    outputs: outputs.fields,
    hidden: new Set([...inputs.hidden, ...outputs.hidden]),
    mask,
    host: labelOf(desired.connection),
    object: mask(service.contract.describe(desired)),
  };
}

/** placeOf is the same as far as it can be told of what can't be opened. */
export function placeOf({ type, name, inputs }: Recorded): Place {
  const { connection } = inputs;
  const { host, port } = isFields(connection) ? connection : {};
  const known = typeof host === "string" ? host : "?";
  return {
    host: labelOf({ host: known, ...(typeof port === "number" && { port }) }),
    object: `${type} ${name}`,
  };
}
