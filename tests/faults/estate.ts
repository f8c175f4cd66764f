import type { Bag } from "../support/calls";
import { type Door, handlerOf } from "../support/doors";
import type { Program, Resource } from "./program";

/** Entry is one resource as the engine's state has it. */
export interface Entry {
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** Outputs, with the engine's own mark in them. */
  readonly state: Bag;
  readonly after: readonly string[];
  /** Failed to initialise: the next up updates it, whatever diff says. */
  readonly halfMade: boolean;
}

/** Failure is one operation that did not succeed, and what was said of it. */
export interface Failure {
  readonly name: string;
  readonly verb: "create" | "update" | "delete" | "read";
  readonly message: string;
}

/** Report is what one command of the engine did. */
export interface Report {
  readonly failures: readonly Failure[];
  /** How many resources were created, changed or removed. */
  readonly changed: number;
}

/** Nothing that works takes so long, however busy the machine is. */
export const PATIENT = { perDialTimeout: 30, dialErrorLimit: 2, operationTimeout: 120 };

const MARKER = "exports.handler=()=>{}";

/**
 * Estate is a stack: it does with a program's resources what the engine does, in the engine's order and with its bags,
 * as many at a time as depend on nothing that is under way. After a failure it begins nothing more.
 */
export class Estate {
  readonly entries = new Map<string, Entry>();
  /** Objects that were replaced, until they are deleted. */
  replaced: Entry[] = [];
  /** All that was ever said by operations that failed. */
  readonly said: string[] = [];
  /** How patient the connection is for now. It may change between two commands, and is never a diff. */
  patience: Bag = PATIENT;
  private failures: Failure[] = [];
  private changed = 0;

  constructor(
    private readonly connection: Bag,
    private readonly door: Door,
  ) {}

  private handler(type: string) {
    return handlerOf(type, this.door);
  }

  /** up is `pulumi up`. */
  up(program: Program): Promise<Report> {
    return this.reporting(async () => {
      for (const entry of [...this.replaced]) await this.deleteReplaced(entry);
      await inOrder(
        program,
        ({ after = [] }) => after,
        (name, resource) => this.bring(name, resource),
      );
      for (const entry of [...this.replaced]) await this.deleteReplaced(entry);
      await this.remove((name) => !(name in program));
    });
  }

  /** destroy is `pulumi destroy`. */
  destroy(): Promise<Report> {
    return this.reporting(async () => {
      for (const entry of [...this.replaced]) await this.deleteReplaced(entry);
      await this.remove(() => true);
    });
  }

  /** refresh is `pulumi refresh`: each is read, whether others fail or not. */
  refresh(): Promise<Report> {
    return this.reporting(async () => {
      await Promise.all([...this.entries.values()].map((entry) => this.read(entry)));
      const kept = await Promise.all(this.replaced.map((entry) => this.found(entry)));
      this.replaced = kept.filter((entry) => entry !== undefined);
    });
  }

  /** copies is what the state holds outside of the connections, where the engine knows what is secret. */
  copies(): string {
    const all = [...this.entries.values(), ...this.replaced];
    return JSON.stringify(
      all.map(({ state: { connection: _, ...rest }, ...entry }) => ({ ...entry, state: rest })),
    );
  }

  private async reporting(work: () => Promise<void>): Promise<Report> {
    this.failures = [];
    this.changed = 0;
    await work();
    return { failures: this.failures, changed: this.changed };
  }

  private async bring(name: string, resource: Resource): Promise<void> {
    if (this.failures.length > 0) return;
    const { type, after = [] } = resource;
    const desired = await this.check(name, resource);
    const entry = this.entries.get(name);
    const record = (id: string, state: Bag, halfMade: boolean) =>
      this.entries.set(name, kept({ name, type, id, state, after, halfMade }));
    const create = async () => {
      const made = await this.attempt(name, "create", record, () => this.handler(type).create(desired));
      if (made !== undefined) record(made.id, { ...made.outs, __provider: MARKER }, false);
    };
    if (entry === undefined) return await create();
    const olds = this.patient(entry.state);
    const {
      changes,
      replaces = [],
      deleteBeforeReplace,
    } = await this.handler(type).diff(entry.id, olds, desired);
    if (changes === false && !entry.halfMade) return;
    if (replaces.length === 0) {
      const news = await this.attempt(name, "update", record, () =>
        this.handler(type).update(entry.id, olds, desired),
      );
      if (news !== undefined) record(entry.id, { ...news.outs, __provider: MARKER }, false);
      return;
    }
    if (deleteBeforeReplace === true) {
      if (!(await this.deleted(entry))) return;
      this.entries.delete(name);
      return await create();
    }
    this.entries.delete(name);
    await create();
    // From when the new object is known, also half made, the old one is to be deleted.
    if (this.entries.has(name)) this.replaced.push(entry);
    else this.entries.set(name, entry);
  }

  private async check(name: string, { type, inputs }: Resource): Promise<Bag> {
    const mark = type === "Sysctl" || type === "FouPort" ? {} : { mark: `pulumi:faults/test/${name}` };
    const news = { connection: { ...this.connection, ...this.patience }, ...mark, ...inputs };
    const { inputs: desired, failures = [] } = await this.handler(type).check(
      {},
      { ...news, __provider: MARKER },
    );
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return { ...desired, __provider: MARKER };
  }

  private patient(state: Bag): Bag {
    return { ...state, connection: { ...(state.connection as Bag), ...this.patience } };
  }

  /** attempt gives undefined for a call that failed; what it left behind is then recorded. */
  private async attempt<T>(
    name: string,
    verb: Failure["verb"],
    record: (id: string, state: Bag, halfMade: boolean) => unknown,
    call: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      const outcome = await call();
      this.changed++;
      return outcome;
    } catch (error) {
      const { id, properties } = error as Error & { id?: string; properties?: Bag };
      this.fail(name, verb, error);
      if (id !== undefined && properties !== undefined) record(id, properties, true);
      return undefined;
    }
  }

  private fail(name: string, verb: Failure["verb"], error: unknown): void {
    const { message, stack, reasons = [] } = error as Error & { reasons?: string[] };
    this.said.push(message, stack ?? "", ...reasons);
    this.failures.push({ name, verb, message });
  }

  private async remove(gone: (name: string) => boolean): Promise<void> {
    if (this.failures.length > 0) return;
    const going = Object.fromEntries([...this.entries].filter(([name]) => gone(name)));
    // What depends on an entry goes before it.
    const before = ({ name }: Entry) =>
      Object.values(going)
        .filter(({ after }) => after.includes(name))
        .map((entry) => entry.name);
    await inOrder(going, before, async (name, entry) => {
      if (this.failures.length > 0) return;
      if (await this.deleted(entry)) this.entries.delete(name);
    });
  }

  private async deleteReplaced(entry: Entry): Promise<void> {
    if (this.failures.length > 0 || !(await this.deleted(entry))) return;
    this.replaced = this.replaced.filter((other) => other !== entry);
  }

  private async deleted({ name, type, id, state }: Entry): Promise<boolean> {
    const done = await this.attempt(
      name,
      "delete",
      () => undefined,
      async () => {
        await this.handler(type).delete(id, this.patient(state));
        return true;
      },
    );
    return done === true;
  }

  private async read(entry: Entry): Promise<void> {
    const found = await this.found(entry);
    if (found === undefined) this.entries.delete(entry.name);
    else this.entries.set(entry.name, found);
  }

  /** found is an entry as it was read anew; a read that failed leaves it as it is. */
  private async found(entry: Entry): Promise<Entry | undefined> {
    const { name, type, id, state } = entry;
    try {
      const { id: there, props } = await this.handler(type).read(id, this.patient(state));
      if (there === "") return undefined;
      return kept({ ...entry, state: { ...props, __provider: MARKER }, halfMade: false });
    } catch (error) {
      this.fail(name, "read", error);
      return entry;
    }
  }
}

/** inOrder does something with each of several, once all that must come before it is done. */
async function inOrder<T>(
  all: Readonly<Record<string, T>>,
  before: (one: T) => readonly string[],
  work: (name: string, one: T) => Promise<void>,
): Promise<void> {
  const under = new Map<string, Promise<void>>();
  const begin = (name: string, one: T): Promise<void> => {
    const begun = under.get(name);
    if (begun !== undefined) return begun;
    const earlier = before(one).flatMap((other) => {
      const found = all[other];
      return found === undefined ? [] : [begin(other, found)];
    });
    const done = Promise.all(earlier).then(() => work(name, one));
    under.set(name, done);
    return done;
  };
  await Promise.all(Object.entries(all).map(([name, one]) => begin(name, one)));
}

/** The state is a file: nothing but plain JSON comes back out of it. */
function kept(entry: Entry): Entry {
  return JSON.parse(JSON.stringify(entry)) as Entry;
}
