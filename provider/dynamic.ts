import type { dynamic } from "@pulumi/pulumi";
import { z } from "zod";
import { inform, warn } from "./progress";
import type { ResourceType } from "./resource";
import { masked, secretsIn, shown } from "./secrets";
import type { Service } from "./service";
import type { Desired, Fields } from "./state";
import { HalfMade } from "./subject";
import { unknown } from "./unknown";
import { visible, visibleText } from "./visible";

/** The text that stands for an unknown value in what the engine sends (@pulumi/pulumi, runtime/rpc.ts). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The key by which a preview asks for the commands. The engine shows no key that begins like this one (resource.go). */
const COMMANDS = "__commands";

/** Provider is what the dynamic provider's server calls. */
export type Provider = Required<Omit<dynamic.ResourceProvider, "configure">>;

/**
 * door turns the calls of Pulumi's dynamic provider into a service's, and what comes back into the form that the engine
 * takes.
 */
export function door(service: Service<ResourceType>): Provider {
  const schema = service.contract.inputs;

  /**
   * Errors leave in one line of their own, without secrets: the engine would mask only those of its configuration. Nor does
   * it keep from a terminal what a host says to it.
   */
  async function guarded<T>(bag: Fields, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const text = shown(error, secretsIn(schema, bag));
      // A stack would be printed as noise beside the message.
      const told = Object.assign(new Error(text), { stack: "" });
      if (!(error instanceof HalfMade)) throw told;
      // With these three the engine records the object; without `__provider` it could never be deleted.
      const properties = { ...error.made.outputs, __provider: bag.__provider };
      throw Object.assign(told, { id: error.made.id, properties, reasons: [text] });
    }
  }

  /** tell shows which commands a change would run. */
  async function tell(state: Fields | undefined, desired: Fields, bag: Fields): Promise<void> {
    const commands = service.commands(state, desired as Desired);
    if (commands.length > 0) await inform(masked(commands.join("\n"), secretsIn(schema, bag)));
  }

  return {
    check: async (olds: Fields | undefined, news: Fields) =>
      guarded(news, async () => {
        const { inputs, problems } = service.check(withUnknown(news));
        const isNew = Object.keys(olds ?? {}).length === 0;
        if (news[COMMANDS] === true && isNew && problems.length === 0) await tell(undefined, inputs, news);
        const failures = problems.map(({ path, message }) => ({
          property: visible(z.core.toDotPath(path)),
          reason: visibleText(message),
        }));
        return {
          inputs: { ...marked(inputs), ...(news[COMMANDS] === true && { [COMMANDS]: true }) },
          failures,
        };
      }),

    diff: async (_id, olds: Fields, news: Fields) =>
      guarded(news, async () => {
        // An object of another class, found by an alias: its own code removes it, and then there is room for the new one.
        const [before, after] = [olds.__provider, news.__provider];
        if (before !== undefined && after !== undefined && before !== after) {
          return { changes: true, replaces: ["__provider"], deleteBeforeReplace: true };
        }
        const { changed, replaces, deleteBeforeReplace } = service.diff(withUnknown(olds), withUnknown(news));
        if (changed.length === 0) return { changes: false };
        if (news[COMMANDS] === true) await tell(withUnknown(olds), withUnknown(news), news);
        // Left to say what changed, the engine compares the inputs itself, and then heeds replaceOnChanges. It sees no more.
        const unseen = changed.every((key) => !(key in schema.shape));
        return { ...(unseen && { changes: true }), replaces: [...replaces], deleteBeforeReplace };
      }),

    create: async (inputs: Fields) =>
      guarded(inputs, async () => {
        const { id, outputs } = await service.create(withUnknown(inputs) as Desired);
        return { id, outs: outputs };
      }),

    read: async (id, props?: Fields) =>
      guarded(props ?? {}, async () => {
        const found = await service.read(withUnknown(props ?? {}));
        // An empty id tells the engine that the object is gone.
        if (found === undefined) return { id: "" };
        return { id, props: found.outputs, inputs: found.inputs };
      }),

    update: async (_id, olds: Fields, news: Fields) =>
      guarded(news, async () => ({
        outs: (await service.update(withUnknown(olds), withUnknown(news) as Desired)).outputs,
      })),

    delete: async (_id, props: Fields) =>
      guarded(props, async () => {
        const warning = await service.delete(withUnknown(props));
        if (warning !== undefined) await warn(masked(warning, secretsIn(schema, props)));
      }),
  };
}

/** withUnknown is a bag in the lifecycle's words: without the keys that are not its own, unknown values as such. */
export function withUnknown({ __provider: _, [COMMANDS]: _commands, ...rest }: Fields): Fields {
  return exchange(rest, (value) => (value === UNKNOWN ? unknown : value)) as Fields;
}

/** marked is a bag in the engine's words. */
function marked(fields: Fields): Record<string, unknown> {
  return exchange(fields, (value) => (value === unknown ? UNKNOWN : value)) as Record<string, unknown>;
}

function exchange(value: unknown, leaf: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => exchange(item, leaf));
  if (typeof value !== "object" || value === null) return leaf(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exchange(inner, leaf)]));
}
