import { distance } from "fastest-levenshtein";
import { Configured } from "../configured";
import type { Services } from "../index";
import { Lifecycle } from "../lifecycle";
import type { Looking } from "../lookups/looking";
import type { Lookup } from "../lookups/lookup";
import { markOf } from "../mark";
import { Named } from "../named";
import { during, overdue } from "../operation";
import { inform, warn } from "../progress";
import { masked, shown } from "../secrets";
import type { Found } from "../service";
import { type Fields, isImported, isLookup, pick } from "../state";
import type { Made } from "../subject";
import { failures, Told, told } from "../told";
import { isUnknown, unknown } from "../unknown";
import { configOf, configProblems, keptSecret } from "./config";
import { type Detail, detailsOf } from "./detailed";
import { marking } from "./marking";
import { resultOf } from "./results";
import { type Urn, urnOf } from "./urn";

/** Failure is a wrong property in the engine's form. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckedBag {
  readonly inputs: Fields;
  readonly failures: readonly Failure[];
}

export interface Difference {
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
  readonly details: readonly Detail[];
  readonly deleteBeforeReplace: boolean;
}

/** The tokens of the package: `ipip:index:IpipTunnel`, `ipip:index:getTunnel`. */
const TOKEN = /^ipip:index:(\w+)$/;

/** Plugin is what the engine asks of a provider, in plain values: the second door to what `dynamic.ts` is the first to. */
export class Plugin {
  private readonly configured = new Configured();
  private showCommands = false;
  private readonly services: ReadonlyMap<string, Named>;
  private readonly lookups: ReadonlyMap<string, Lookup>;
  /** What is to be replaced, by the URN, so that its removal can be told beside what is made in its place. */
  private readonly replacing = new Map<string, Fields>();
  /** What this process has made, by URN and id. */
  private readonly made = new Set<string>();

  constructor(
    private readonly bare: Services,
    private readonly looking: Looking,
    lookups: readonly Lookup[],
  ) {
    const { hosts } = this.configured;
    this.services = new Map(Object.entries(bare).map(([type, service]) => [type, new Named(service, hosts)]));
    this.lookups = new Map(lookups.map((one) => [one.name, one]));
  }

  checkConfig(given: Fields): CheckedBag {
    return { inputs: keptSecret(given), failures: failures(configProblems(given)) };
  }

  configure(given: Fields): void {
    const { hosts, showCommands } = configOf(given);
    this.configured.take(hosts);
    this.showCommands = showCommands;
  }

  async check(text: string, given: Fields): Promise<CheckedBag> {
    const urn = urnOf(text);
    const service = this.serviceOf(urn);
    const { shape } = service.contract.inputs;
    const marked = "mark" in shape && given.mark === undefined;
    const inputs = marked ? { ...given, mark: markOf(urn.project, urn.stack, urn.name) } : given;
    return await told(service, inputs, async () => {
      const { inputs: checked, problems } = await service.check(inputs);
      return { inputs: marking(service.contract.inputs, checked) as Fields, failures: failures(problems) };
    });
  }

  async diff(text: string, state: Fields, desired: Fields): Promise<Difference> {
    const service = this.serviceOf(urnOf(text));
    return await told(service, desired, async () => {
      const changes = await service.diff(state, desired);
      if (changes.replaces.length > 0) this.replacing.set(text, state);
      return { ...changes, details: detailsOf(service.contract, state, desired, changes) };
    });
  }

  /** preview gives what a change would come to, as far as that can be known before it; `state` is what there is. */
  async preview(text: string, state: Fields | undefined, desired: Fields): Promise<Made> {
    const service = this.serviceOf(urnOf(text));
    return await told(service, desired, async () => {
      if (this.showCommands) {
        const commands = await service.commands(state ?? this.replacing.get(text), desired);
        const secrets = await service.secretsIn(desired);
        if (commands.length > 0)
          await during({ urn: text }, () => inform(masked(commands.join("\n"), secrets)));
      }
      const { contract } = service;
      const open = Object.fromEntries(Object.keys(contract.outputs.shape).map((key) => [key, unknown]));
      const outputs = { ...open, ...desired } as Made["outputs"];
      return { id: isUnknown(desired) ? "" : await service.idOf(desired), outputs };
    });
  }

  async create(text: string, desired: Fields, timeout: number): Promise<Made> {
    const service = this.serviceOf(urnOf(text));
    return await this.working(text, service, desired, timeout, async () => {
      const made = await service.create(desired);
      this.made.add(keyOf(text, made.id));
      return made;
    });
  }

  async update(text: string, state: Fields, desired: Fields, timeout: number): Promise<Made> {
    const service = this.serviceOf(urnOf(text));
    return await this.working(text, service, desired, timeout, () => service.update(state, desired));
  }

  /** read gives what is there of an object that the state has, or of one that is known by its id alone. */
  async read(
    text: string,
    id: string,
    state: Fields,
    inputs: Fields,
    timeout: number,
  ): Promise<Found | undefined> {
    const urn = urnOf(text);
    const service = this.serviceOf(urn);
    // An id alone has the name of the host, whose secrets are in no message.
    const bag = Object.keys(state).length > 0 ? state : { host: id };
    return await this.working(text, service, bag, timeout, async () => {
      const found = isLookup(state)
        ? await this.lookedUp(urn, service, id, state)
        : await service.read(state);
      // A program may say less of what it has imported.
      const said = isImported(state) ? Object.keys(inputs) : Object.keys(found?.inputs ?? {});
      const { failing } = found ?? {};
      const unhealthy = failing !== undefined && { failing: shown(failing, await service.secretsIn(bag)) };
      return found && { ...found, ...unhealthy, inputs: pick(found.inputs, said) };
    });
  }

  /** delete gives what to warn of. */
  async delete(text: string, id: string, state: Fields, timeout: number): Promise<void> {
    const service = this.serviceOf(urnOf(text));
    // Told to replace something (`--replace`, a taint) the engine asks nothing, makes the new object, and then deletes the
    // old one. Where both have one name they are the same object.
    if (this.made.has(keyOf(text, id))) return;
    await this.working(text, service, state, timeout, async () => {
      const warning = await service.delete(state);
      if (warning !== undefined) await warn(masked(warning, await service.secretsIn(state)));
    });
  }

  async invoke(token: string, args: Fields): Promise<Fields> {
    const lookup = this.lookups.get(nameIn(token));
    if (lookup === undefined) throw new Told(lacking(token, [...this.lookups.keys()]));
    const hosts = args.host === undefined ? undefined : await this.configured.hosts();
    return await during(
      {},
      async () => resultOf(lookup, await this.looking.find(lookup, args, hosts)) as Fields,
    );
  }

  /** What a program looks up may say which one it is; by an id alone it is imported. */
  private async lookedUp(urn: Urn, service: Named, id: string, said: Fields): Promise<Found | undefined> {
    if (Object.keys(said).length > 0) return await service.read(said);
    const bare = this.bare[nameIn(urn.type)];
    if (!(bare instanceof Lifecycle))
      throw new Error(`a ${bare?.contract.type} has nothing on a host to import`);
    return await service.importing(id, (connection, path) =>
      bare.import(connection, path, markOf(urn.project, urn.stack, urn.name)),
    );
  }

  private async working<T>(
    urn: string,
    service: Named,
    bag: Fields,
    timeout: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const limit = timeout > 0 ? { at: Date.now() + timeout * 1000, seconds: timeout } : undefined;
    return await during({ urn, limit }, async () => {
      try {
        return await told(service, bag, work);
      } catch (error) {
        const seconds = overdue();
        if (seconds === undefined || !(error instanceof Told)) throw error;
        throw new Told(
          `${error.message}\nThe resource's customTimeouts allow ${seconds} s for this.`,
          error.made,
        );
      }
    });
  }

  private serviceOf({ type }: Urn): Named {
    const service = this.services.get(nameIn(type));
    if (service === undefined) throw new Told(lacking(type, [...this.services.keys()]));
    return service;
  }
}

function nameIn(token: string): string {
  return TOKEN.exec(token)?.[1] ?? "";
}

function lacking(token: string, names: readonly string[]): string {
  const tokens = names.map((name) => `ipip:index:${name}`);
  const [near] = [...tokens].sort((one, other) => distance(one, token) - distance(other, token));
  return `there is no ${token}; did you mean ${near}?`;
}

function keyOf(urn: string, id: string): string {
  return `${urn} ${id}`;
}
