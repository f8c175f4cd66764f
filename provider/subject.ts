import { CommandFailed, ConnectionLost, type CutOff, IpipError, NotConverged } from "./errors";
import { type Answer, type Command, commandLine, type Failure, type Host } from "./host/host";
import { advise, adviseModule, adviseOption, type Module } from "./ip/advice";
import { modprobe } from "./ip/commands";
import { Unclear, View } from "./ip/view";
import { guarded, type Undo } from "./path/guard";
import type { Contract, Obstacle, Plain } from "./resource";
import { type Desired, type Fields, inputsLike, outputsOf, pick, same, UNPROVEN } from "./state";
import { stepsTo, undoOf } from "./steps";

/** Made is an object as the state records it. */
export interface Made {
  readonly id: string;
  readonly outputs: Record<string, Plain>;
}

/** HalfMade: an operation failed, and left on the host something that the state has to know of. */
export class HalfMade extends Error {
  constructor(
    readonly reason: IpipError,
    readonly made: Made,
  ) {
    super(reason.message);
  }
}

/** Change is one way from what is there to what is to be. */
export interface Change {
  readonly before: Fields | undefined;
  /** Steps that make room, before those that make the object. */
  readonly clearing: readonly Command[];
  /** What the steps lead to; it differs from what is desired in what the program has let go of. */
  readonly target: Desired;
  /** Outputs that can't be observed any more. */
  readonly memory: Fields;
}

/** What a host has of an object, with the view of all around it where the whole was looked at. */
export interface Sight {
  readonly found: Fields | undefined;
  readonly view?: View;
}

/** How things stand after some steps. */
interface Result {
  readonly failure?: Failure | undefined;
  /** What modprobe answered when it could not load a module that the failing step may lack. */
  readonly unloaded?: Failure;
  /** That the host's answer to the steps never came; it may still be at work on them. */
  readonly lost?: ConnectionLost;
  readonly after?: Fields | undefined;
  /** What is in the way, as far as it can be seen now. */
  readonly obstacle?: Obstacle | undefined;
  /** Why nobody could look. */
  readonly unseen?: IpipError;
  /** That the change cut the way by which the host is reached, and the host takes it back. */
  readonly cut?: CutOff;
  /** That nothing was sent, for it must first be seen what there is. */
  readonly unarmed?: true;
}

/** How many times more there may be to do: what only the made object tells, and what is kept of one that is complete. */
const MORE = 2;

/** Subject is one object on one host: it is looked at, changed, and looked at again. */
export class Subject {
  constructor(
    private readonly contract: Contract,
    readonly host: Host,
    readonly desired: Desired,
  ) {}

  get name(): string {
    return this.contract.describe(this.desired);
  }

  /** survey is what is there, as it was seen a moment ago, with the least to list for all who ask. */
  async survey(): Promise<Sight> {
    const queries = this.contract.survey?.(this.desired);
    if (queries === undefined) return await this.look(true);
    const { answers } = await this.host.exchange({ steps: [], queries, recent: true });
    const sight = this.glimpsed(queries, answers);
    return sight?.found === undefined ? await this.find(true) : sight;
  }

  /** look asks for all that can matter; `recent` is content with what was seen a moment ago. */
  async look(recent = false): Promise<Required<Sight>> {
    const queries = this.contract.observe(this.desired);
    const { answers } = await this.host.exchange({ steps: [], queries, recent });
    const view = new View(this.host.label, queries, answers);
    try {
      return { view, found: this.contract.parse(view, this.desired) };
    } catch (error) {
      // What went wrong may have been another one's look, and be over.
      if (recent && error instanceof IpipError) return await this.look();
      throw error;
    }
  }

  /** find asks for the object alone, where that is less and tells enough; `recent` is as with `look`. */
  async find(recent = false): Promise<Sight> {
    const queries = this.contract.glance?.(this.desired);
    if (queries === undefined) return await this.look(recent);
    const { answers } = await this.host.exchange({ steps: [], queries, recent });
    return this.glimpsed(queries, answers) ?? (await this.look(recent));
  }

  /** isOurs tells what an interrupted run of this stack has made from what is somebody else's. */
  isOurs(found: Fields): boolean {
    if (found.mark !== this.desired.mark) return false;
    const { sharedMark, unmarked } = this.contract;
    return !(sharedMark || unmarked) || this.stepsFrom(found).length === 0;
  }

  /** stepsFrom leads from what is observed of the object alone to what is desired. */
  private stepsFrom(found: Fields): Command[] {
    return this.steps(this.desired, this.contract.alone?.(found as never) ?? found);
  }

  /** isOursSoFar tells it also of one that has no mark yet: it is just as our first steps have left it. */
  isOursSoFar(found: Fields): boolean {
    if (this.isOurs(found)) return true;
    const [, ...rest] = this.steps(this.desired, undefined);
    const left = this.stepsFrom(found);
    return left.length > 0 && left.length <= rest.length && same(left, rest.slice(rest.length - left.length));
  }

  /** steps leads from what is observed to a target. */
  steps(target: Desired | undefined, observed: Fields | undefined): Command[] {
    return stepsTo(this.contract, target, observed);
  }

  private undo(before: Fields | undefined, target: Desired | undefined): Undo {
    return () => undoOf(this.contract, this.desired, before, target);
  }

  /**
   * make makes the object from nothing without looking first, for Linux refuses to make what is there. It gives
   * undefined when it was refused.
   */
  async make(): Promise<Made | undefined> {
    const making = this.steps(this.desired, undefined);
    const change = { before: undefined, clearing: [], target: this.desired, memory: {} };
    const result = await this.carry(making, this.desired);
    const { failure, lost, after, unseen, unarmed } = result;
    if (unarmed) return undefined;
    if (failure !== undefined && failure.step === making[0] && !wasKilled(failure)) return undefined;
    if (lost !== undefined && after !== undefined && !this.isOursSoFar(after)) throw lost;
    const unproven = lost !== undefined && unseen !== undefined;
    return await this.settle(change, making, result, unproven);
  }

  /** bring carries a change out, and gives the object as it was read back. */
  async bring(change: Change): Promise<Made> {
    const making = this.steps(change.target, change.before);
    const undo = this.undo(change.before, change.target);
    let result = await this.carry([...change.clearing, ...making], change.target, undo);
    const modules = this.modulesFor(change);
    if (result.failure !== undefined && result.failure.step === making[0] && modules.length > 0) {
      // The kernel may lack a module, and not be able to load it by itself.
      result = await this.carryWithModules(modules, making, change.target, result, undo);
    }
    return await this.settle(change, making, result);
  }

  /** settle gives the object when it is as it should be, and else leaves as little of it as can be. */
  private async settle(
    change: Change,
    making: readonly Command[],
    result: Result,
    unproven = false,
  ): Promise<Made> {
    const error = this.errorIn(change.target, result);
    if (error === undefined) return this.made(result.after, change.memory);
    const { failure, after } = result;
    const nothingMade =
      failure !== undefined &&
      failure.step === making[0] &&
      // Killed, it may have done its work before.
      !(wasKilled(failure) && after !== undefined && this.isOursSoFar(after));
    throw await this.wayBack(error, change, result, { nothingMade, unproven });
  }

  /** remove takes the object away. */
  async remove(observed: Fields, memory: Fields): Promise<void> {
    const steps = this.steps(undefined, { ...observed, ...memory });
    const undo = this.undo(observed, undefined);
    const { failure, lost, after, unseen, cut } = await this.apply(steps, false, undo);
    if (cut !== undefined) throw cut;
    const left = this.steps(undefined, after && { ...after, ...memory });
    if (unseen === undefined) {
      if (left.length === 0) return;
      // A step may fail just because somebody has taken away what it was about; what is left is then still to do.
      if (failure !== undefined && after !== undefined && !left.some((step) => same(step, failure.step)))
        return await this.remove(after, memory);
    }
    if (failure !== undefined) throw this.failed(failure);
    throw lost ?? unseen ?? new NotConverged(this.host.label, this.name, ["it is still there"]);
  }

  /** clear carries out steps that are not about the object itself. */
  async clear(steps: readonly Command[]): Promise<void> {
    const { failure } = await this.host.exchange({ steps, queries: [] });
    if (failure !== undefined) throw this.failed(failure);
  }

  /** carry carries out steps that lead to a target, and then what only they have shown to be missing. */
  private async carry(steps: readonly Command[], target: Desired, undo?: Undo): Promise<Result> {
    let result = await this.apply(steps, true, undo);
    for (let more = 0; more < MORE; more++) {
      const { failure, lost, after, cut } = result;
      const ended = failure !== undefined || lost !== undefined || cut !== undefined;
      if (ended || after === undefined) return result;
      const left = this.contract.unfolds?.(target) ? this.steps(target, after) : [];
      if (left.length === 0) return result;
      result = await this.apply(left, true, this.undo(after, target));
    }
    return result;
  }

  /** apply carries steps out, after which the object should be there, or gone, and sees how things stand then. */
  private async apply(steps: readonly Command[], there: boolean, undo?: Undo): Promise<Result> {
    const proven = !there && this.contract.removalIsProof === true;
    const alone = proven ? [] : this.contract.glance?.(this.desired);
    const queries = alone ?? this.contract.observe(this.desired);
    try {
      const change = { name: this.name, allowed: this.desired.allowManagementPath === true, undo };
      const outcome = await guarded(this.host, this.desired.connection, { steps, queries }, change);
      const { failure, answers, lost, cut, unarmed } = outcome;
      if (unarmed) return { unarmed };
      if (cut !== undefined) return { cut, ...(await this.lookAgain()) };
      if (proven && failure === undefined && lost === undefined) return {};
      const how = { failure, ...(lost && { lost }) };
      if (alone === undefined) return { ...how, ...this.seen(queries, answers) };
      const sight = failure === undefined && !proven ? this.glimpsed(alone, answers) : undefined;
      return { ...how, ...(sight === undefined ? await this.lookAgain() : { after: sight.found }) };
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      // How far it went nobody knows, so look; it is never sent again blindly.
      return await this.look().then(
        ({ found }) => ({ lost: error, after: found }),
        () => ({ lost: error, unseen: error }),
      );
    }
  }

  private async lookAgain(): Promise<Result> {
    const queries = this.contract.observe(this.desired);
    try {
      const { answers } = await this.host.exchange({ steps: [], queries });
      return this.seen(queries, answers);
    } catch (error) {
      if (error instanceof IpipError) return { unseen: error };
      throw error;
    }
  }

  private seen(queries: readonly Command[], answers: readonly Answer[]): Result {
    const view = new View(this.host.label, queries, answers);
    try {
      const obstacle = this.contract.obstacle?.(view, this.desired);
      return { after: this.contract.parse(view, this.desired), obstacle };
    } catch (error) {
      if (error instanceof IpipError) return { unseen: error };
      throw error;
    }
  }

  /** glimpsed is what questions about the object alone tell; undefined when they don't, and all must be looked at. */
  private glimpsed(queries: readonly Command[], answers: readonly Answer[]): Sight | undefined {
    try {
      return { found: this.contract.parse(new View(this.host.label, queries, answers), this.desired) };
    } catch (error) {
      if (error instanceof Unclear || error instanceof IpipError) return undefined;
      throw error;
    }
  }

  private modulesFor({ before, target }: Change): Module[] {
    const { module, optionModule } = this.contract;
    const wanted = [before === undefined ? module : undefined, optionModule?.(target)];
    return wanted.filter((one) => one !== undefined);
  }

  private async carryWithModules(
    modules: readonly Module[],
    steps: readonly Command[],
    target: Desired,
    first: Result,
    undo: Undo,
  ): Promise<Result> {
    const { failure } = await this.host.exchange({ steps: modules.map(modprobe), queries: [] });
    return failure === undefined ? await this.carry(steps, target, undo) : { ...first, unloaded: failure };
  }

  private errorIn(target: Desired, result: Result): IpipError | undefined {
    const { failure, lost, after, unseen, cut } = result;
    if (cut !== undefined) return cut;
    if (failure !== undefined) return this.failed(failure, result);
    if (unseen !== undefined) return unseen;
    const left = this.steps(target, after);
    if (left.length === 0) return undefined;
    return lost ?? new NotConverged(this.host.label, this.name, differences(target, after, left));
  }

  private failed(failure: Failure, { obstacle, unloaded }: Result = {}): CommandFailed {
    const { step, answer } = failure;
    const { code, stderr } = answer;
    // Loading the module may also be a step of the plan.
    const loading = step.argv[0] === "modprobe" ? failure : undefined;
    const advice =
      // Somebody may have put it there since we looked, also another resource of the same program.
      (obstacle && `${obstacle.what}\n${obstacle.advice}`) ??
      (loading && adviseModule(loading)) ??
      advise(stderr) ??
      (unloaded && adviseModule(unloaded)) ??
      adviseOption(failure);
    return new CommandFailed(this.host.label, commandLine(step), code, stderr, advice);
  }

  /** wayBack leaves as little as can be behind a failure, and says in the error what stays. */
  private async wayBack(
    error: IpipError,
    change: Change,
    result: Result,
    { nothingMade, unproven }: { readonly nothingMade: boolean; readonly unproven: boolean },
  ): Promise<Error> {
    const { before, target, memory } = change;
    const { lost, after, unseen } = result;
    // By the target, since what the program has let go of stays on record until it is undone.
    const { mark } = this.desired;
    const half = (observed: Fields | undefined) =>
      new HalfMade(error, this.made(observed, memory, target, unproven));
    const outputsIn = (fields: Fields) => pick(fields, Object.keys(this.contract.outputs.shape));
    // The host may still be at work on it, so what is seen now may not last: it is recorded, whatever it is. Unseen,
    // it is taken to be as it was to become, so that the next program replaces what Linux can't change back.
    if (lost !== undefined || unseen !== undefined) {
      return half(after ?? (before && outputsIn(before)));
    }
    // Gone on the way to what cannot be had: the state must not go on saying that it is there.
    if (after === undefined) return before === undefined ? error : half(outputsIn(before));
    const ours = (fields: Fields) => mark !== undefined && fields.mark === mark;
    if (before !== undefined) {
      const left = await this.putBack(before, target, after);
      return same(before, left) ? error : half(left);
    }
    // Something that was not there a moment ago, and that our first step failed to make, is somebody else's.
    if (nothingMade && !ours(after)) return error;
    const undone = await this.remove(after, memory).then(
      () => true,
      () => false,
    );
    return undone ? error : half(after);
  }

  /** putBack leads from what a change has left half done back to what there was, and gives what came of it. */
  private async putBack(before: Fields, target: Desired, after: Fields): Promise<Fields> {
    if (same(before, after)) return after;
    const old = {
      ...pick(before, Object.keys(this.contract.inputs.shape)),
      connection: this.desired.connection,
    } as Desired;
    const steps = this.steps((this.contract.release?.(target, old) as Desired | undefined) ?? old, after);
    const result = await this.apply(steps, true, this.undo(after, old)).catch((error: unknown) => {
      if (error instanceof IpipError) return { after };
      throw error;
    });
    return result.after ?? after;
  }

  private made(observed: Fields | undefined, memory: Fields, desired = this.desired, unproven = false): Made {
    const outputs = outputsOf(this.contract, desired, { ...observed, ...memory });
    return { id: this.contract.id(this.desired), outputs: { ...outputs, ...(unproven && UNPROVEN) } };
  }
}

/** wasKilled tells a command that was ended by a signal, of which nobody knows what it has done. */
function wasKilled({ answer }: Failure): boolean {
  return answer.code > 128 && answer.code < 255;
}

function differences(target: Desired, after: Fields | undefined, left: readonly Command[]): string[] {
  if (after === undefined) return ["it is not there"];
  const found = inputsLike(target, after);
  const differing = Object.keys(target).filter((key) => !same(found[key], target[key]));
  if (differing.length === 0) return [`still to do: ${left.map(commandLine).join("; ")}`];
  return differing.map((key) => `${key}: asked for ${show(target[key])}, found ${show(found[key])}`);
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
