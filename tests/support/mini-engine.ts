import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import { labelOf } from "../../provider/host/stop";
import { Lifecycle } from "../../provider/lifecycle";
import type { Contract } from "../../provider/resource";
import type { Desired, Fields } from "../../provider/state";
import { HalfMade, type Made } from "../../provider/subject";

/** CONNECTION is a connection as a user writes it. */
export const CONNECTION = { host: "203.0.113.1", insecureIgnoreHostKey: true };

/** MARK is what the class of a resource adds to what the user writes. */
export const MARK = "pulumi:project/stack/name";

/** What the engine keeps of one resource: plain JSON, as in a state file. */
interface Recorded {
  readonly id: string;
  readonly inputs: Fields;
  readonly outputs: Fields;
  /** Failed to initialise: the next `up` updates it, whatever diff says. */
  readonly halfMade: boolean;
}

/** Served is what an engine calls for one object, whose id comes last: a lifecycle, or a door that leads to one. */
export interface Served {
  diff(state: Fields, desired: Desired, id: string): Difference | Promise<Difference>;
  create(desired: Desired): Promise<Made>;
  update(state: Fields, desired: Desired, id: string): Promise<Made>;
  read(state: Fields, id: string): Promise<(Made & { readonly inputs: Fields }) | undefined>;
  delete(state: Fields, id: string): Promise<unknown>;
}

type Difference = ReturnType<Lifecycle["diff"]>;

/**
 * MiniEngine does with one resource what Pulumi's engine does, as far as the order of calls and what it keeps between
 * them matter to a provider.
 */
export class MiniEngine {
  state: Recorded | undefined;
  /** Objects that were replaced, until they are deleted. */
  private old: Recorded[] = [];
  private readonly lifecycle: Lifecycle;

  private readonly served: Served;

  constructor(
    private readonly contract: Contract,
    host: Host,
    served?: Served,
  ) {
    this.lifecycle = new Lifecycle(contract, (_: Connection) => host);
    this.served = served ?? this.lifecycle;
  }

  /** check gives the inputs their canonical form, and insists that they have one. */
  check(inputs: Fields): Desired {
    const { inputs: checked, problems } = this.lifecycle.check(this.withDefaults(inputs));
    if (problems.length > 0)
      throw new Error(problems.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"));
    return checked as Desired;
  }

  isValid(inputs: Fields): boolean {
    return this.lifecycle.check(this.withDefaults(inputs)).problems.length === 0;
  }

  /** up is `pulumi up`; it tells what it did. */
  async up(inputs: Fields): Promise<"created" | "unchanged" | "updated" | "replaced"> {
    const desired = this.check(inputs);
    await this.deleteOld();
    const { state } = this;
    if (state === undefined) {
      await this.create(desired);
      return "created";
    }
    const { changed, replaces, deleteBeforeReplace } = await this.served.diff(
      state.outputs,
      desired,
      state.id,
    );
    if (replaces.length > 0) {
      if (deleteBeforeReplace) await this.destroy();
      await this.create(desired).finally(() => {
        // From when the new object is known, also half made, the old one is to be deleted.
        if (!deleteBeforeReplace && this.state !== state) this.old.push(state);
      });
      await this.deleteOld();
      return "replaced";
    }
    if (changed.length === 0 && !state.halfMade) return "unchanged";
    await this.recorded(desired, () => this.served.update(state.outputs, desired, state.id));
    return "updated";
  }

  /** updateAgain updates although nothing differs, as after a failure to initialise. */
  async updateAgain(inputs: Fields): Promise<void> {
    const desired = this.check(inputs);
    const { outputs = {}, id = "" } = this.state ?? {};
    await this.recorded(desired, () => this.served.update(outputs, desired, id));
  }

  /** commands are what a preview shows that `up` would run, without asking the host; undefined is `destroy`. */
  commands(inputs: Fields | undefined): string[] {
    const lines = this.lifecycle.commands(this.state?.outputs, inputs && this.check(inputs));
    const label = `${labelOf(CONNECTION)}: `;
    return lines.map((line) => {
      if (!line.startsWith(label)) throw new Error(`without its host: ${line}`);
      return line.slice(label.length);
    });
  }

  /** differs tells what `pulumi preview` would show, without asking the host. */
  differs(inputs: Fields): readonly string[] {
    return this.lifecycle.diff(this.state?.outputs ?? {}, this.check(inputs)).changed;
  }

  async refresh(): Promise<void> {
    if (this.state === undefined) return;
    const found = await this.served.read(this.state.outputs, this.state.id);
    this.state = found && kept({ ...found, halfMade: false });
  }

  async destroy(): Promise<void> {
    await this.deleteOld();
    if (this.state === undefined) return;
    await this.served.delete(this.state.outputs, this.state.id);
    this.state = undefined;
  }

  private async deleteOld(): Promise<void> {
    for (const state of [...this.old]) {
      await this.served.delete(state.outputs, state.id);
      this.old = this.old.filter((other) => other !== state);
    }
  }

  private async create(desired: Desired): Promise<void> {
    await this.recorded(desired, () => this.served.create(desired));
  }

  private async recorded(
    inputs: Fields,
    work: () => Promise<{ id: string; outputs: Fields }>,
  ): Promise<void> {
    try {
      this.state = kept({ ...(await work()), inputs, halfMade: false });
    } catch (error) {
      if (error instanceof HalfMade) this.state = kept({ ...error.made, inputs, halfMade: true });
      throw error;
    }
  }

  private withDefaults(inputs: Fields): Fields {
    const mark = "mark" in this.contract.inputs.shape ? { mark: MARK } : {};
    return { connection: CONNECTION, ...mark, ...inputs };
  }
}

function kept(state: Recorded): Recorded {
  return JSON.parse(JSON.stringify(state)) as Recorded;
}
