import { type Hosts, readHosts } from "../provider/hosts";
import { type Fields, isFields } from "../provider/state";
import { isEncrypted, opened, secretly } from "./secrets";

/** Under which key each kind of provider has its hosts: that of the plugin, and that of dynamic resources. */
const KEYS: Readonly<Record<string, string>> = {
  "pulumi:providers:ipip": "hosts",
  "pulumi:providers:pulumi-nodejs": "ipip:hosts",
};

interface Provided {
  readonly urn: string;
  readonly id: string;
  readonly type: string;
  readonly inputs: Fields;
}

/** Providers are those of a state, which have the connections of the hosts that its objects name. */
export class Providers {
  private readonly inputs: ReadonlyMap<string, unknown>;
  /** What was read of them: a thousand objects may name hosts of one. */
  private readonly read = new Map<string, Hosts>();

  constructor(resources: readonly Provided[]) {
    const ours = resources.flatMap(({ urn, id, type, inputs }) => {
      const key = KEYS[type];
      return key === undefined ? [] : [[`${urn}::${id}`, inputs[key]] as const];
    });
    this.inputs = new Map(ours);
  }

  /**
   * reached is a bag with the connection of the host that it names, as the state has a secret. Where its provider does not
   * tell that, it stays without, which is trouble to whoever looks at this object alone.
   */
  reached(bag: Fields, provider: string): Fields {
    const { host } = bag;
    if (typeof host !== "string" || bag.connection !== undefined) return bag;
    const given = this.inputs.get(provider);
    if (isEncrypted(given)) return { ...bag, connection: given };
    const hosts = this.read.get(provider) ?? readHosts(opened({ given }).fields.given).hosts;
    this.read.set(provider, hosts);
    const connection = hosts.opened({ host })?.connection;
    return isFields(connection) ? { ...bag, connection: secretly(connection) } : bag;
  }
}
