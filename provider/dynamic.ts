import type { dynamic } from "@pulumi/pulumi";
import { marked, withUnknown } from "./bag";
import { Configured } from "./configured";
import { Named } from "./named";
import { inform, warn } from "./progress";
import type { ResourceType } from "./resource";
import { masked } from "./secrets";
import type { Service } from "./service";
import type { Fields } from "./state";
import { failures, Told, told } from "./told";

/** The key by which a preview asks for the commands. The engine shows no key that begins like this one (resource.go). */
const COMMANDS = "__commands";

/** Provider is what the dynamic provider's server calls. */
export type Provider = Required<dynamic.ResourceProvider>;

/**
 * door turns the calls of Pulumi's dynamic provider into a service's, and what comes back into the form that the engine
 * takes.
 */
export function door(bare: Service<ResourceType>, configured = new Configured()): Provider {
  const service = new Named(bare, configured.hosts);
  const schema = bare.contract.inputs;

  /** guarded has errors tell the engine of what is half made, in the only form that it understands from here. */
  async function guarded<T>(bag: Fields, work: () => Promise<T>): Promise<T> {
    try {
      return await told(service, bag, work);
    } catch (error) {
      if (!(error instanceof Told) || error.made === undefined) throw error;
      // With these three the engine records the object; without `__provider` it could never be deleted.
      const properties = { ...error.made.outputs, __provider: bag.__provider };
      throw Object.assign(error, { id: error.made.id, properties, reasons: [error.message] });
    }
  }

  /** tell shows which commands a change would run. */
  async function tell(state: Fields | undefined, desired: Fields, bag: Fields): Promise<void> {
    const commands = await service.commands(state, desired);
    if (commands.length > 0) await inform(masked(commands.join("\n"), await service.secretsIn(bag)));
  }

  return {
    configure: async ({ config }) => configured.take(config.get("ipip:hosts")),

    check: async (olds: Fields | undefined, news: Fields) =>
      guarded(news, async () => {
        const { inputs, problems } = await service.check(own(news));
        const isNew = Object.keys(olds ?? {}).length === 0;
        if (news[COMMANDS] === true && isNew && problems.length === 0) await tell(undefined, inputs, news);
        return {
          inputs: { ...marked(inputs), ...(news[COMMANDS] === true && { [COMMANDS]: true }) },
          failures: failures(problems),
        };
      }),

    diff: async (_id, olds: Fields, news: Fields) =>
      guarded(news, async () => {
        const [before, after] = [olds.__provider, news.__provider];
        // The plugin's state does not say what would read or delete the object from now on: an update writes it down.
        const moved = before === undefined && after !== undefined;
        // An object of another class, found by an alias: its own code removes it, and then there is room for the new one.
        if (!moved && after !== undefined && before !== after) {
          return { changes: true, replaces: ["__provider"], deleteBeforeReplace: true };
        }
        const { changed, replaces, deleteBeforeReplace } = await service.diff(own(olds), own(news));
        if (changed.length === 0 && !moved) return { changes: false };
        if (news[COMMANDS] === true) await tell(own(olds), own(news), news);
        // Left to say what changed, the engine compares the inputs itself, and then heeds replaceOnChanges. It sees no more.
        const unseen = moved || changed.every((key) => !(key in schema.shape));
        return { ...(unseen && { changes: true }), replaces: [...replaces], deleteBeforeReplace };
      }),

    create: async (inputs: Fields) =>
      guarded(inputs, async () => {
        const { id, outputs } = await service.create(own(inputs));
        return { id, outs: outputs };
      }),

    read: async (id, props?: Fields) =>
      guarded(props ?? {}, async () => {
        const found = await service.read(own(props ?? {}));
        // An empty id tells the engine that the object is gone.
        if (found === undefined) return { id: "" };
        return { id, props: found.outputs, inputs: found.inputs };
      }),

    update: async (_id, olds: Fields, news: Fields) =>
      guarded(news, async () => ({ outs: (await service.update(own(olds), own(news))).outputs })),

    delete: async (_id, props: Fields) =>
      guarded(props, async () => {
        const warning = await service.delete(own(props));
        if (warning !== undefined) await warn(masked(warning, await service.secretsIn(props)));
      }),
  };
}

/** own is a bag in the lifecycle's words, without the keys that are not its own. */
export function own({ __provider: _, [COMMANDS]: _commands, ...rest }: Fields): Fields {
  return withUnknown(rest);
}
