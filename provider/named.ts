import { IpipError } from "./errors";
import type { Connection } from "./host/connection";
import { Hosts } from "./hosts";
import type { Problem, ResourceType } from "./resource";
import { secretsIn } from "./secrets";
import type { Checked, Found, Service } from "./service";
import type { Changes, Desired, Fields } from "./state";
import { HalfMade, type Made } from "./subject";
import { unknown } from "./unknown";

/** UnknownHost: an object is on a host that the provider's configuration does not have, or has no more. */
class UnknownHost extends IpipError {
  readonly retryable = false;
}

/** NoSuchId: an id that can't be one. */
class NoSuchId extends IpipError {
  readonly retryable = false;
}

/**
 * Named is a service whose objects may say by name which host they are on. The connection behind a name is put in for the
 * service and left out of all that goes into the state.
 */
export class Named {
  constructor(
    private readonly service: Service<ResourceType>,
    private readonly hosts: () => Promise<Hosts> = async () => new Hosts(),
  ) {}

  get contract(): ResourceType {
    return this.service.contract;
  }

  /** secretsIn are those of a bag, and of the hosts that it may name. */
  async secretsIn(bag: Fields): Promise<readonly string[]> {
    return [...secretsIn(this.contract.inputs, bag), ...(await this.hostsFor(bag)).secrets];
  }

  async check(inputs: Fields): Promise<Checked> {
    const { host, connection } = inputs;
    const hosts = await this.hostsFor(inputs);
    const opened = hosts.opened(inputs);
    const { inputs: checked, problems } = this.service.check(opened ?? { ...inputs, connection: unknown });
    const at: Problem[] = [];
    if (opened === undefined) at.push({ path: ["host"], message: hosts.lacks(host) });
    if (host !== undefined && connection !== undefined)
      at.push({ path: ["host"], message: "give host or connection, not both" });
    return { inputs: closed(checked), problems: [...at, ...problems] };
  }

  async diff(state: Fields, desired: Fields): Promise<Changes & { readonly deleteBeforeReplace: boolean }> {
    const changes = this.service.diff(await this.opened(state), await this.opened(desired));
    if (state.host === undefined && desired.host === undefined) return changes;
    // What is behind a name is no property of the object: that it is another machine shows in the name.
    const shown = (keys: readonly string[]) => [
      ...new Set(keys.map((key) => (key === "connection" ? "host" : key))),
    ];
    return { ...changes, changed: shown(changes.changed), replaces: shown(changes.replaces) };
  }

  async commands(state: Fields | undefined, desired: Fields | undefined): Promise<readonly string[]> {
    return this.service.commands(
      state && (await this.opened(state)),
      desired && ((await this.opened(desired)) as Desired),
    );
  }

  async create(desired: Fields): Promise<Made> {
    const opened = await this.opened(desired);
    return await this.made(desired, this.service.create(opened as Desired));
  }

  async update(state: Fields, desired: Fields): Promise<Made> {
    const [before, after] = [await this.opened(state), await this.opened(desired)];
    return await this.made(desired, this.service.update(before, after as Desired));
  }

  async read(state: Fields): Promise<Found | undefined> {
    const found = await this.service.read(await this.opened(state));
    return found && { ...found, ...closedMade(state, found), inputs: closed(found.inputs) };
  }

  async delete(state: Fields): Promise<string | undefined> {
    return await this.service.delete(await this.opened(state));
  }

  private async made(desired: Fields, work: Promise<Made>): Promise<Made> {
    try {
      return closedMade(desired, await work);
    } catch (error) {
      if (error instanceof HalfMade) throw new HalfMade(error.reason, closedMade(desired, error.made));
      throw error;
    }
  }

  /** idOf is the id that an object will have. */
  async idOf(desired: Fields): Promise<string> {
    const opened = (await this.opened(desired)) as Desired;
    return closedMade(desired, { id: this.contract.id(opened), outputs: {} }).id;
  }

  /** importing finds an object by an id that begins with the name of a host. */
  async importing(
    id: string,
    find: (connection: Connection, path: string) => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const [, host = "", path = ""] = /^([^/]*)\/(.*)$/s.exec(id) ?? [];
    if (host === "" || path === "")
      throw new NoSuchId([
        `"${id}" is no id: it begins with the name of a host of the provider's configuration, like berlin/blue/tun0`,
        "docs/reference.md says of each type what its ids are.",
      ]);
    const { connection } = await this.opened({ host });
    const found = await find(connection as Connection, path);
    if (found === undefined) return undefined;
    const { connection: _, ...inputs } = found.inputs;
    const named = { ...found, outputs: { ...found.outputs, host } };
    return { ...named, ...closedMade({ host }, named), inputs: { host, ...inputs } };
  }

  /** opened is a bag with the connection of the host that it names. */
  async opened(bag: Fields): Promise<Fields> {
    const hosts = await this.hostsFor(bag);
    const opened = hosts.opened(bag);
    if (opened === undefined) throw new UnknownHost([hosts.lacks(bag.host)]);
    return opened;
  }

  /** The provider's configuration matters only to what names a host. */
  private async hostsFor({ host }: Fields): Promise<Hosts> {
    return host === undefined ? new Hosts() : await this.hosts();
  }
}

function closed<T extends Fields>(bag: T): T | Omit<T, "connection"> {
  if (bag.host === undefined) return bag;
  const { connection: _, ...rest } = bag;
  return rest;
}

/** In an id a host is called as the program calls it. */
function closedMade({ host }: Fields, { id, outputs }: Made): Made {
  if (typeof host !== "string") return { id, outputs };
  return { id: `${host}${id.slice(id.indexOf("/"))}`, outputs: closed(outputs) as Made["outputs"] };
}
