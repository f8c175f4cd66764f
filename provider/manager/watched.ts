import { NotConverged } from "../errors";
import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import { Lifecycle } from "../lifecycle";
import type { Contract } from "../resource";
import type { Found } from "../service";
import { type Desired, type Fields, isLookup, ownedIn, same } from "../state";
import { HalfMade, type Made } from "../subject";
import { type Exposed, type Threat, threatsTo } from "./exposed";
import { type Managers, managersIn, question } from "./question";

/** Watch knows who else manages the network of each host, and says of each threat once a host what is to be known. */
export class Watch {
  private readonly known = new Map<string, Promise<Managers | undefined>>();
  private readonly said = new Set<string>();

  constructor(private readonly warn: (text: string) => Promise<void>) {}

  /** before gives the threats to what is to be made, by what was asked once of the host. */
  async before(host: Host, exposed: Exposed): Promise<Threat[]> {
    if (!this.isFirst(host, "before", exposed.kind, exposed.dev)) return [];
    const known = this.known.get(host.label) ?? ask(host);
    this.known.set(host.label, known);
    return among(await known, exposed, false);
  }

  /** after gives who may have taken something, by how things stand now. */
  async after(host: Host, exposed: Exposed): Promise<Threat[]> {
    if (!this.isFirst(host, "after", exposed.kind, exposed.dev)) return [];
    return among(await ask(host), exposed, true);
  }

  /** tell warns of threats. */
  async tell(host: Host, headline: string, threats: readonly Threat[]): Promise<void> {
    for (const { what, advice } of threats) {
      await this.warn(`${host.label}: ${headline}: ${what}.\n${advice}`);
    }
  }

  private isFirst({ label }: Host, ...about: readonly (string | undefined)[]): boolean {
    const one = JSON.stringify([label, ...about]);
    return !this.said.has(one) && this.said.add(one).has(one);
  }
}

function among(managers: Managers | undefined, exposed: Exposed, gone: boolean): Threat[] {
  return managers === undefined ? [] : threatsTo(exposed, managers, gone);
}

/** Nothing that is asked only to advise may fail what it is about. */
async function ask(host: Host): Promise<Managers | undefined> {
  const outcome = await host.exchange({ steps: [], queries: [question] }).catch(() => undefined);
  const [answer] = outcome?.answers ?? [];
  return answer && managersIn(answer);
}

/**
 * Watched is a lifecycle that says who else on the host may take its object away, or may have done so. Only an object in
 * the host's own namespace is seen by others.
 */
export class Watched extends Lifecycle {
  constructor(
    contract: Contract,
    hostFor: (connection: Connection) => Host,
    private readonly watch: Watch,
  ) {
    super(contract, hostFor);
  }

  override async create(desired: Desired): Promise<Made> {
    const exposed = this.exposed(desired);
    const host = this.hostFor(desired.connection);
    // What a device of ours may lose shows only when it is there. Asked now, it travels with what is to be made.
    const asked = exposed === undefined || exposed.part !== undefined ? [] : this.watch.before(host, exposed);
    const made = await this.explained(desired, super.create(desired));
    await this.watch.tell(host, `${this.contract.describe(desired)} may not stay`, await asked);
    return made;
  }

  override async update(state: Fields, desired: Desired): Promise<Made> {
    return await this.explained(desired, super.update(state, desired));
  }

  override async read(state: Fields): Promise<Found | undefined> {
    const found = await super.read(state);
    if (isLookup(state)) return found;
    const desired = ownedIn(this.contract, state);
    const exposed = this.exposed(desired);
    if (exposed === undefined || !isLost(exposed, desired, found?.outputs)) return found;
    const host = this.hostFor(desired.connection);
    const { part } = exposed;
    const headline = `${part === undefined ? "" : `${part} of `}${this.contract.describe(desired)} may have been taken away`;
    await this.watch.tell(host, headline, await this.watch.after(host, exposed));
    return found;
  }

  private exposed(desired: Desired): Exposed | undefined {
    return desired.namespace === undefined ? this.contract.exposed?.(desired) : undefined;
  }

  /** explained has an error say who may have undone what was written. */
  private async explained(desired: Desired, work: Promise<Made>): Promise<Made> {
    try {
      return await work;
    } catch (error) {
      const reason = error instanceof HalfMade ? error.reason : error;
      const exposed = this.exposed(desired);
      if (!(reason instanceof NotConverged) || exposed === undefined) throw error;
      const [threat] = among(await ask(this.hostFor(desired.connection)), exposed, true);
      if (threat === undefined) throw error;
      const told = reason.because(`${threat.what}.\n${threat.advice}`);
      throw error instanceof HalfMade ? new HalfMade(told, error.made) : told;
    }
  }
}

/** isLost tells whether some of what others may take is there no more. */
function isLost({ part }: Exposed, desired: Desired, found: Fields | undefined): boolean {
  if (part === undefined || found === undefined) return part === undefined && found === undefined;
  const [wanted, left] = [desired[part], found[part]];
  if (!Array.isArray(wanted) || !Array.isArray(left)) return false;
  return wanted.some((one) => !left.some((other) => same(one, other)));
}
