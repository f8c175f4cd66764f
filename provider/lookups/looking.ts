import type { z } from "zod";
import { NotFound } from "../errors";
import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import { Hosts } from "../hosts";
import { View } from "../ip/view";
import { secretsIn, shown } from "../secrets";
import { checkEach, told } from "../service";
import type { Fields } from "../state";
import type { Lookup, Tunnels } from "./lookup";

/** Looking answers lookups, over whatever hosts a function gives. It is what the SDK loads when one is called. */
export class Looking {
  constructor(
    private readonly tunnels: Tunnels,
    private readonly open: (connection: Connection) => Host,
  ) {}

  /** find answers a lookup, which may name one of some hosts. */
  async find<R>(lookup: Lookup<z.ZodObject, R>, given: Fields, hosts = new Hosts()): Promise<R> {
    const secrets = [...secretsIn(lookup.args, given), ...hosts.secrets];
    try {
      const opened = hosts.opened(given);
      if (opened === undefined)
        throw new Error(`${lookup.name} can't be asked like this: ${hosts.lacks(given.host)}`);
      return await this.found(lookup, opened);
    } catch (error) {
      throw new Error(shown(error, secrets));
    }
  }

  private async found<R>(lookup: Lookup<z.ZodObject, R>, given: Fields): Promise<R> {
    const { inputs, problems } = checkEach({ inputs: lookup.args }, given);
    if (problems.length > 0) {
      throw new Error(`${lookup.name} can't be asked like this: ${told(problems)}`);
    }
    const { host: _, ...args } = inputs as Fields & {
      readonly connection: Connection;
      readonly namespace?: string;
    };
    const host = this.open(args.connection);
    const queries = lookup.ask(args);
    const { answers } = await host.exchange({ steps: [], queries });
    const view = new View(host.label, queries, answers);
    const found = lookup.find(view, args, this.tunnels);
    if (found !== undefined) return found;
    const lacking = view.hasNamespace(args.namespace) ? lookup.describe(args) : `namespace ${args.namespace}`;
    throw new NotFound(host.label, lacking, lookup.name);
  }
}
