import { type Door, handlerOf } from "./doors";

/** Bag is what travels between the engine and a handler. */
export type Bag = Record<string, unknown>;

/** Made is an object as the engine's state has it. */
export interface Made {
  readonly type: string;
  readonly id: string;
  readonly state: Bag;
}

/** Failed is what the engine gets of a call that failed. */
export interface Failed {
  readonly message: string;
  /** The object as the engine then records it, when the failure left something behind. */
  readonly half: Made | undefined;
}

const PROVIDER = { __provider: "text" };

/** Calls are the engine's calls for the resources of one connection, in the engine's order and with its bags. */
export class Calls {
  constructor(
    readonly connection: Bag,
    private readonly door: Door = "dynamic",
  ) {}

  /** problems is what check has against some inputs, each as `property: reason`. */
  async problems(type: string, inputs: Bag): Promise<string[]> {
    const { failures = [] } = await this.check(type, inputs);
    return failures.map(({ property, reason }) => `${property}: ${reason}`);
  }

  async create(type: string, inputs: Bag): Promise<Made> {
    const desired = await this.desired(type, inputs);
    const { id, outs } = await expecting(type, this.handler(type).create(desired));
    return { type, id, state: { ...outs, ...PROVIDER } };
  }

  async update({ type, id, state }: Made, inputs: Bag): Promise<Made> {
    const desired = await this.desired(type, inputs);
    const { outs } = await expecting(type, this.handler(type).update(id, state, desired));
    return { type, id, state: { ...outs, ...PROVIDER } };
  }

  /** read gives undefined when the engine would take the object out of its state. */
  async read({ type, id, state }: Made): Promise<Bag | undefined> {
    const found = await expecting(type, this.handler(type).read(id, state));
    return found.id === "" ? undefined : found.props;
  }

  async delete({ type, id, state }: Made): Promise<void> {
    await expecting(type, this.handler(type).delete(id, state));
  }

  /** shown is what reading an object that is as asked for shows of its inputs. */
  async shown(type: string, inputs: Bag): Promise<Bag> {
    const { __provider: _, ...desired } = await this.desired(type, inputs);
    return desired;
  }

  /** reaching gives an object of another connection as if it had been made over this one. */
  async reaching({ type, id, state }: Made): Promise<Made> {
    const { inputs } = await this.check(type, {});
    return { type, id, state: { ...state, connection: (inputs as Bag).connection } };
  }

  private async desired(type: string, inputs: Bag): Promise<Bag> {
    const { inputs: desired, failures } = await this.check(type, inputs);
    expect(failures).toEqual([]);
    return { ...desired, ...PROVIDER };
  }

  private handler(type: string) {
    return handlerOf(type, this.door);
  }

  private check(type: string, inputs: Bag) {
    const news = { connection: this.connection, ...inputs, ...PROVIDER };
    return this.handler(type).check({}, news);
  }
}

class CallFailed extends Error implements Failed {
  constructor(
    message: string,
    readonly half: Made | undefined,
  ) {
    super(message);
  }
}

/** failed is the failure of a call that must not succeed. */
export async function failed(call: Promise<unknown>): Promise<Failed> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailed) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}

/** A failure has to be of the form in which the engine takes it. */
async function expecting<T>(type: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The engine would print a stack beside the message.
    expect(error.stack).toBe("");
    const { message, id, properties, reasons } = error as Error & {
      id?: string;
      properties?: Bag;
      reasons?: string[];
    };
    if (id === undefined) throw new CallFailed(message, undefined);
    expect({ reasons, provider: properties?.__provider }).toEqual({
      reasons: [message],
      provider: "text",
    });
    throw new CallFailed(message, { type, id, state: { ...properties } });
  }
}
