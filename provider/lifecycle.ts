import { Conflict, type HostUnreachable } from "./errors";
import { imported } from "./existing/import";
import { orForget } from "./forget";
import type { Connection } from "./host/connection";
import { type Command, locked } from "./host/host";
import type { View } from "./ip/view";
import { howToFind, isMark } from "./mark";
import { commandsFor, stood } from "./preview";
import type { Contract } from "./resource";
import { type Found, Service } from "./service";
import {
  type Changes,
  type Desired,
  type Fields,
  IMPORTED,
  inputsIn,
  inputsLike,
  isFields,
  isImported,
  isLookup,
  isUnproven,
  outputsOf,
  ownedIn,
  pick,
  same,
} from "./state";
import { stepsTo } from "./steps";
import { type Made, Subject } from "./subject";
import { isUnknown } from "./unknown";

/**
 * Lifecycle is what Pulumi does with an object on a host, written once for all of them. It knows contracts and hosts,
 * but neither SSH nor the engine.
 */
export class Lifecycle extends Service<Contract> {
  /** create makes the object, or takes it over when it is ours from an interrupted run or is to be adopted. */
  async create(desired: Desired): Promise<Made> {
    const subject = this.changing(desired);
    if (this.contract.exclusive === true && desired.adopt !== true) {
      const made = await subject.make();
      if (made !== undefined) return made;
    }
    const { view, found: before } = await subject.look();
    const ours = (found: Fields) => this.contract.unmarked !== true && subject.isOurs(found);
    if (before !== undefined && desired.adopt !== true && !ours(before)) throw this.taken(subject, before);
    const clearing = this.clearing(subject, view);
    const memory = this.memory(before ?? {});
    return await subject.bring({ before, clearing, target: desired, memory });
  }

  /** update brings the object to what is desired, also when it has changed or gone meanwhile. */
  async update(state: Fields, desired: Desired): Promise<Made> {
    const old = ownedIn(this.contract, state);
    const subject = this.changing(desired);
    const { view, found: before } = await subject.find();
    refuseForeign(subject, before, [old.mark, desired.mark]);
    const proven = !isUnproven(state) || desired.adopt === true;
    if (!proven && before !== undefined && !this.subject(old).isOursSoFar(before)) {
      throw this.taken(subject, before);
    }
    // Without a view of what is around it, it is there itself, so nothing is in its place.
    const inTheWay = view === undefined ? [] : this.clearing(subject, view);
    const clearing = [...(this.contract.forgo?.(old, desired) ?? []), ...inTheWay];
    const memory = this.memory(state);
    const target = this.contract.release?.({ ...old, ...memory }, desired) ?? desired;
    return await subject.bring({ before, clearing, target: target as Desired, memory });
  }

  /** read tells what the host has; undefined when the object is gone. */
  async read(state: Fields): Promise<Found | undefined> {
    const lookup = isLookup(state);
    const desired = lookup ? this.lookedUp(state) : ownedIn(this.contract, state);
    const subject = this.subject(desired);
    const { found } = await subject.survey();
    if (found === undefined) return await this.lingering(subject);
    // What another stack has made in its place is not ours; its mark in our state would make it so.
    if (!lookup && isForeign(found, desired, [desired.mark])) return undefined;
    if (isUnproven(state) && !subject.isOursSoFar(found)) return undefined;
    // A program that looks an object up says no more than which one: the rest is what is found.
    const wanted = lookup ? { ...pick(found, Object.keys(this.contract.inputs.shape)), ...desired } : desired;
    const outputs = outputsOf(this.contract, wanted, { ...found, ...this.memory(state) });
    const inputs = pick(outputs, Object.keys(wanted));
    return {
      id: this.contract.id(desired),
      outputs: isImported(state) ? { ...outputs, ...IMPORTED } : outputs,
      inputs,
    };
  }

  /**
   * import gives an object that somebody else has made, by what its id says after the host; undefined when there is none.
   * Its inputs are what a program says to have it as it is. Nothing is changed on the host: the next update marks it.
   */
  async import(connection: Connection, path: string, mark: string | undefined): Promise<Found | undefined> {
    return await imported(this.contract, this, this.hostFor(connection), connection, path, mark);
  }

  /** diff is content with a program that says less of an imported object than the host has, where that comes to no step. */
  override diff(state: Fields, desired: Fields): Changes & { readonly deleteBeforeReplace: boolean } {
    const changes = super.diff(state, desired);
    if (!isImported(state) || isUnknown(desired)) return changes;
    const { contract } = this;
    const old = inputsIn(contract, state);
    const stepsLeft = (wanted: Fields) => {
      const target = (contract.release?.(old, wanted as Desired) ?? wanted) as Desired;
      return stepsTo(contract, target, stood(contract, state, old)).length > 0;
    };
    // What has no mark of ours gets one with its first change.
    const unmarked = !isMark(old.mark as string | undefined);
    const told = inputsLike(desired, old);
    const counts = (key: string) => {
      if (key === "mark") return !unmarked;
      // Where no step is left to do, the order of a list says nothing.
      return (
        !same(unordered(told[key]), unordered(desired[key])) || stepsLeft({ ...old, [key]: desired[key] })
      );
    };
    const changed = changes.changed.filter(counts);
    if (changed.length === 0 && stepsLeft(unmarked ? { ...desired, mark: old.mark } : desired))
      return changes;
    return { ...changes, changed, replaces: changes.replaces.filter((key) => changed.includes(key)) };
  }

  /**
   * delete removes the object; that it is gone already is as good. It gives what to warn of when the object was not
   * removed but forgotten, because the host can't be reached.
   */
  async delete(state: Fields): Promise<string | undefined> {
    const desired = ownedIn(this.contract, state);
    const subject = this.changing(desired);
    const memory = this.memory(state);
    const remove = async () => {
      const { found } = await subject.find();
      if (found === undefined) return await subject.clear(this.contract.forgo?.(desired, undefined) ?? []);
      refuseForeign(subject, found, [desired.mark]);
      // What was never seen to be made, and now shows to be somebody else's, is not ours to remove.
      if (isUnproven(state) && !subject.isOursSoFar(found)) return;
      await subject.remove(found, memory);
    };
    const unreachable = await orForget(desired.connection, remove, () => subject.look());
    return unreachable && forgotten(subject, unreachable, this.trace(desired, memory));
  }

  commands(state: Fields | undefined, desired: Desired | undefined): readonly string[] {
    const replaces =
      state !== undefined && desired !== undefined && this.diff(state, desired).replaces.length > 0;
    return commandsFor(this.contract, state, desired, replaces);
  }

  /**
   * lingering is an object that is gone, but of which the host keeps something. Nothing more is said of it than which one
   * it was, so that it is made again or, with what is kept of it, removed.
   */
  private async lingering(subject: Subject): Promise<Found | undefined> {
    const { contract } = this;
    if (contract.lingers === undefined) return undefined;
    const { view, found } = await subject.look(true);
    const { desired } = subject;
    if (found !== undefined || !contract.lingers(view, desired)) return undefined;
    const told = [
      "connection",
      "host",
      "persist",
      "adopt",
      "allowManagementPath",
      ...Object.keys(contract.replaces),
    ];
    const outputs = outputsOf(contract, pick(desired, told) as Desired, undefined, desired.mark);
    return { id: contract.id(desired), outputs, inputs: pick(outputs, told) };
  }

  /** trace is how to find what was left on a host. */
  private trace(desired: Desired, memory: Fields): string {
    if (this.contract.trace !== undefined) return this.contract.trace(desired);
    const { mark } = desired;
    if (typeof mark === "string") return howToFind(mark, this.contract.sharedMark === true);
    const before = Object.entries(memory).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
    if (before.length === 0) return "It bears no mark.";
    return `It bears no mark. What the state knew of the time before it: ${before.join(", ")}.`;
  }

  private subject(desired: Desired): Subject {
    return new Subject(this.contract, this.hostFor(desired.connection), desired);
  }

  /** changing is a subject that nobody else changes meanwhile. */
  private changing(desired: Desired): Subject {
    const { mark = this.contract.describe(desired) } = desired;
    return new Subject(this.contract, locked(this.hostFor(desired.connection), String(mark)), desired);
  }

  /** What is remembered from before the object was made: nobody else knows it afterwards. */
  private memory(from: Fields): Fields {
    return pick(from, this.contract.remembers ?? []);
  }

  private taken(subject: Subject, found: Fields): Conflict {
    return taken(subject, pick(found, Object.keys(this.contract.inputs.shape)));
  }

  /** clearing is how to take away what is in the way, when that was asked for. */
  private clearing({ host, desired }: Subject, view: View): readonly Command[] {
    const obstacle = this.contract.obstacle?.(view, desired);
    if (obstacle === undefined) return [];
    if (desired.adopt === true && obstacle.remove !== undefined) return obstacle.remove;
    throw new Conflict(host.label, obstacle.what, obstacle.advice);
  }
}

function forgotten({ name }: Subject, { host, why }: HostUnreachable, trace: string): string {
  const lines = [
    `${host}: ${name} was forgotten, not removed, since the host can't be reached: ${why}`,
    `Should the host come back, it may still be there. ${trace}`,
  ];
  return lines.join("\n");
}

function taken({ host, name, desired }: Subject, found: Fields): Conflict {
  const mark = found.mark;
  const whose =
    mark === undefined
      ? "nothing tells whose it is"
      : mark === desired.mark
        ? "another program of ours made it"
        : isMark(String(mark))
          ? `it belongs to ${mark}`
          : "it was not made by Pulumi";
  const shown = Object.entries(found)
    .filter(([key, value]) => ["string", "number", "boolean"].includes(typeof value) && key !== "mark")
    .map(([key, value]) => `${key} ${value}`);
  return new Conflict(
    host.label,
    `${name} is there already, and ${whose}: ${shown.join(", ")}`,
    "Choose another name, remove it by hand, or set `adopt: true` to take it over.",
  );
}

/** unordered is a value with all its lists in one order. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => JSON.stringify(unordered(one))).sort();
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unordered(inner)]));
}

/** isForeign tells what another stack has marked as its own; with `adopt` there is no such thing. */
function isForeign({ mark }: Fields, desired: Desired, ours: readonly unknown[]): boolean {
  return typeof mark === "string" && isMark(mark) && !ours.includes(mark) && desired.adopt !== true;
}

/** An object that another stack has marked as its own meanwhile is neither changed nor removed. */
function refuseForeign(
  { host, name, desired }: Subject,
  found: Fields | undefined,
  ours: readonly unknown[],
): void {
  if (found === undefined || !isForeign(found, desired, ours)) return;
  throw new Conflict(
    host.label,
    `${name} belongs to ${found.mark} now, not to this stack`,
    "Remove it from one of the two programs, or set `adopt: true` to take it over.",
  );
}
