import { ProbeFailed } from "./errors";
import { Wait } from "./host/waits";
import type { Failing, Probe } from "./resource";
import { type Found, Service } from "./service";
import { type Changes, type Desired, type Fields, inputsIn, isLookup, outputsOf, pick } from "./state";
import { HalfMade, type Made } from "./subject";

/**
 * Probing is what Pulumi does with a type that only looks: create, update and read look anew, delete does nothing. Its
 * state is what was found last.
 */
export class Probing extends Service<Probe> {
  /** diff also counts as a change that what the program insists on was not so, so that the next `up` looks again. */
  override diff(state: Fields, desired: Fields): Changes & { readonly deleteBeforeReplace: boolean } {
    const changes = super.diff(state, desired);
    if (changes.changed.length > 0 || this.contract.failure(desired, state) === undefined) return changes;
    return { ...changes, changed: Object.keys(this.contract.outputs.shape) };
  }

  /** Only what is changed is of interest. */
  commands(): readonly string[] {
    return [];
  }

  async create(desired: Desired): Promise<Made> {
    const { made, failing } = await this.look(desired);
    if (failing !== undefined) throw this.failed(desired, failing);
    return made;
  }

  /** update puts what was found into the state also where it fails, for what stands there was found earlier. */
  async update(state: Fields, desired: Desired): Promise<Made> {
    // A state that can't be understood is not to be written over.
    inputsIn(this.contract, state);
    const { made, failing } = await this.look(desired);
    if (failing !== undefined) throw new HalfMade(this.failed(desired, failing), made);
    return made;
  }

  async read(state: Fields): Promise<Found> {
    const desired = isLookup(state) ? this.lookedUp(state) : inputsIn(this.contract, state);
    const { made, failing } = await this.look(desired);
    const inputs = pick(made.outputs, Object.keys(desired));
    return { ...made, inputs, ...(failing && { failing: this.failed(desired, failing).message }) };
  }

  async delete(state: Fields): Promise<undefined> {
    inputsIn(this.contract, state);
  }

  private async look(desired: Desired): Promise<{ made: Made; failing: Failing | undefined }> {
    const host = this.hostFor(desired.connection);
    const wait = new Wait(host.label);
    wait.later(this.contract.describe(desired));
    try {
      const found = await this.contract.probe(host, desired);
      const outputs = outputsOf(this.contract, desired, found);
      const failing = this.contract.failure(desired, found);
      return { made: { id: this.contract.id(desired), outputs }, failing };
    } finally {
      wait.end();
    }
  }

  private failed(desired: Desired, { what, advice }: Failing): ProbeFailed {
    return new ProbeFailed(this.hostFor(desired.connection).label, what, advice);
  }
}
