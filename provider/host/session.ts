import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Cancelled, CommandFailed, ConnectionLost, HostLocked, HostUnreachable } from "../errors";
import { Call } from "./call";
import type { Connection } from "./connection";
import type { Endpoint } from "./endpoint";
import { exchange, outcomeOf } from "./exchange";
import { type Answer, commandLine, type Host, type Outcome, type Work } from "./host";
import { holderIn, Lease } from "./lease";
import { open } from "./open";
import { Outage } from "./outage";
import { Seen } from "./seen";
import type { Shell } from "./shell";
import { labelOf } from "./stop";
import { Wait } from "./waits";

/** Seconds without work after which a connection is closed, so that it does not cost the host a process for nothing. */
const IDLE = 60;

/**
 * Milliseconds without a change after which others may have the host's lock. Between two operations of one run the engine
 * writes its state.
 */
const KEEP_LOCK = 1000;

/** Milliseconds before the host's lock is asked for again, at first, and at most. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 1000;

/** Sessions by what they are opened with; a process has one for each. */
const pool = new Map<string, Session>();

/** hostFor is the door to a host. It opens nothing before there is work. */
export function hostFor(connection: Connection): Host {
  const key = poolKey(connection);
  const session = pool.get(key) ?? new Session(connection);
  pool.set(key, session);
  return {
    label: labelOf(connection),
    exchange: (work) => session.exchange(work, work.within ?? connection.operationTimeout),
  };
}

/** Patience does not tell two sessions apart. The digest keeps secrets out of the keys. */
function poolKey(connection: Connection): string {
  const { perDialTimeout, dialErrorLimit, operationTimeout, undoTimeout, onUnreachable, ...rest } =
    connection;
  const { keepAliveInterval, keepAliveErrorLimit, ...target } = rest;
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(target).sort()))
    .digest("hex");
}

/** Waiting is a call with those who wait for it. */
class Waiting extends Call {
  /** Whether it may be sent again when its answer is lost: a call without steps may, once. */
  repeatable: boolean;
  /** Whether its time was over while it was under way. */
  overdue = false;

  constructor(
    work: Work,
    readonly seconds: number,
    /** The shell that there was when the call was made. */
    private readonly at: Shell | undefined,
    readonly resolve: (outcome: Outcome) => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(work);
    this.repeatable = work.steps.length === 0;
  }

  /** refuses tells whether the call may not travel by a shell, since that was there before it. */
  refuses(shell: Shell | undefined): boolean {
    return this.work.anew === true && shell !== undefined && shell === this.at;
  }
}

/**
 * Session carries work to one host over one shell. While one exchange is under way, calls gather and travel together
 * in the next.
 */
class Session {
  private waiting: Waiting[] = [];
  private shell: Shell | undefined;
  private lease: Lease | undefined;
  /** Who has the host's lock while we wait for it, and how long we waited before we last asked. */
  private holder: string | undefined;
  private patience = FIRST_PAUSE;
  private readonly seen: Seen;
  private busy = false;
  private opening = new AbortController();
  private readonly outage = new Outage();
  private idle: NodeJS.Timeout | undefined;
  private unused: NodeJS.Timeout | undefined;

  constructor(private readonly connection: Connection) {
    this.seen = new Seen(labelOf(connection));
  }

  async exchange(work: Work, seconds: number): Promise<Outcome> {
    if (work.steps.length + work.queries.length === 0) return { answers: [] };
    if (work.unlessAborted?.aborted) throw new Cancelled(labelOf(this.connection));
    return await new Promise((resolve, reject) => {
      const settled = () => {
        clearTimeout(deadline);
        clearTimeout(beginning);
        work.unlessAborted?.removeEventListener("abort", withdraw);
      };
      const call = new Waiting(
        work,
        seconds,
        this.shell,
        (outcome) => {
          settled();
          resolve(outcome);
        },
        (error) => {
          settled();
          reject(error);
        },
      );
      const withdraw = () => this.withdraw(call, new Cancelled(labelOf(this.connection)));
      const deadline = setTimeout(() => this.expire(call), seconds * 1000);
      const late = () => this.withdraw(call, this.refusal(call, work.beginWithin));
      const beginning =
        work.beginWithin === undefined ? undefined : setTimeout(late, work.beginWithin * 1000);
      work.unlessAborted?.addEventListener("abort", withdraw);
      this.waiting.push(call);
      void this.serve();
    });
  }

  private async serve(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.idle);
    clearTimeout(this.unused);
    while (this.waiting.length > 0) {
      await this.round();
      this.shell?.giveWay();
    }
    this.busy = false;
    this.shell?.rest();
    if (this.lease?.held) this.unused = setTimeout(() => void this.release(), KEEP_LOCK).unref();
    this.idle = setTimeout(() => this.shell?.close("there was nothing to do"), IDLE * 1000).unref();
  }

  /** round sends what has gathered, and settles every call that it sends. */
  private async round(): Promise<void> {
    // Calls made in the same turn of the event loop travel together.
    await new Promise((resolve) => setImmediate(resolve));
    this.remember();
    if (this.waiting.length === 0) return;
    if (this.waiting.some((call) => call.refuses(this.shell))) this.shell?.close("a new one is wanted");
    const { signal } = this.opening;
    try {
      if (!this.shell?.alive) {
        this.shell = await open(this.connection, signal, this.outage);
        this.lease = new Lease(this.shell);
      }
    } catch (error) {
      // Those who come after everybody else has given up are not to be told what the others were.
      if (!signal.aborted) for (const call of this.waiting.splice(0)) call.reject(error);
      return;
    }
    if (!this.shell.alive) return;
    const { endpoint } = this.shell;
    const locked = await this.lock(this.shell);
    const calls = this.next(locked).filter((call) => !held(call, endpoint));
    if (calls.length > 0) await this.send(this.shell, calls);
  }

  /** lock tells whether those may travel now who need the host's lock. */
  private async lock(shell: Shell): Promise<boolean> {
    const needing = this.waiting.filter(needsLock);
    const [first] = needing;
    const seconds = Math.max(...needing.map((call) => call.seconds));
    if (first === undefined || this.lease?.covers(seconds)) return true;
    const wait = new Wait(labelOf(this.connection));
    try {
      if (this.holder !== undefined) {
        wait.now(`it is locked by ${this.holder}`);
        // Those who need no lock do not wait for it.
        if (this.waiting.every(needsLock)) await pause(this.patience);
        this.patience = Math.min(LONGEST_PAUSE, 2 * this.patience);
      }
      const refused = await this.lease?.take(seconds, first.work.lock ?? "");
      this.holder = refused && holderIn(refused);
      if (this.holder === undefined) this.patience = FIRST_PAUSE;
      if (refused !== undefined && this.holder === undefined) this.unlockable(refused);
      return refused === undefined;
    } catch (error) {
      shell.close(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      wait.end();
    }
  }

  private unlockable({ code, stderr }: Answer): void {
    const error = new CommandFailed(
      labelOf(this.connection),
      "take the lock in /run/pulumi-ipip",
      code,
      stderr,
      "It keeps two runs from changing the host at the same time. So nothing was changed.",
    );
    const needing = this.waiting.filter(needsLock);
    this.waiting = this.waiting.filter((call) => !needsLock(call));
    for (const call of needing) call.reject(error);
  }

  private async release(): Promise<void> {
    if (this.busy || !this.shell?.alive) return;
    this.busy = true;
    await this.lease?.release().catch((error: Error) => this.shell?.close(error.message));
    this.busy = false;
    void this.serve();
  }

  /** next takes those who travel now: all who may, or one of them who is to travel alone. */
  private next(locked: boolean): Waiting[] {
    const ready = locked ? this.waiting : this.waiting.filter((call) => !needsLock(call));
    const alone = ready.find(({ work }) => work.anew === true || work.answerWithin !== undefined);
    const calls = alone === undefined ? ready : [alone];
    this.waiting = this.waiting.filter((call) => !calls.includes(call));
    return calls;
  }

  /** remember answers those who are content with what was seen a moment ago. */
  private remember(): void {
    if (this.waiting.some(changes)) return;
    this.waiting = this.waiting.filter((call) => {
      const answers = call.work.recent === true && this.seen.answers(call.questions);
      if (answers) call.resolve(outcomeOf(call, answers));
      return !answers;
    });
  }

  private async send(shell: Shell, calls: readonly Waiting[]): Promise<void> {
    const wait = new Wait(labelOf(this.connection));
    wait.later(`no answer yet to ${doing(worksOf(calls))}`);
    const changing = calls.some(changes);
    // What was seen before a change is never told after it, whatever became of the change.
    if (changing) this.seen.forget();
    const [limit] = calls.flatMap(({ work }) => work.answerWithin ?? []);
    const late = () => shell.close(`there was no answer within ${limit} s`);
    const deadline = limit === undefined ? undefined : setTimeout(late, limit * 1000);
    const keep = this.seen.asked(calls.filter(({ work }) => work.recent === true).length);
    try {
      const answers = await exchange(shell, calls);
      if (!changing) keep(answers);
      for (const call of calls) call.resolve(outcomeOf(call, answers));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      shell.close(why);
      for (const call of calls) this.lose(call, why);
    } finally {
      if (changing) this.seen.forget();
      clearTimeout(deadline);
      wait.end();
    }
  }

  private lose(call: Waiting, why: string): void {
    const again = changes(call) ? !call.sent : call.repeatable;
    call.repeatable = false;
    if (!again)
      call.reject(new ConnectionLost(labelOf(this.connection), why, doing(call.work), changes(call)));
    else if (call.overdue) call.reject(this.refusal(call));
    else this.waiting.push(call);
  }

  private expire(call: Waiting): void {
    if (!this.waiting.includes(call)) {
      call.overdue = true;
      call.repeatable = false;
      this.shell?.close(`there was no answer within ${call.seconds} s`);
      return;
    }
    this.withdraw(call, this.refusal(call));
  }

  /** withdraw ends a call that waits still; another one is under way, and ends by itself. */
  private withdraw(call: Waiting, why: Error): void {
    if (!this.waiting.includes(call)) return;
    this.waiting = this.waiting.filter((other) => other !== call);
    call.reject(why);
    if (this.waiting.length > 0) return;
    this.opening.abort();
    this.opening = new AbortController();
  }

  /** refusal says why nothing of a call was sent in its time. */
  private refusal(call: Waiting, limit = call.work.within): Error {
    const seconds = limit ?? call.seconds;
    if (this.holder !== undefined && needsLock(call))
      return new HostLocked(labelOf(this.connection), this.holder, seconds);
    const { last, held } = this.outage;
    const busy = this.shell?.alive === true;
    const cause = busy
      ? "the host was still busy with earlier work"
      : (held ?? last?.why ?? "it did not answer");
    const why = `nothing could be sent within ${seconds} s: ${cause}`;
    return new HostUnreachable(
      labelOf(this.connection),
      why,
      limit === undefined ? "connection.operationTimeout sets this limit." : "",
      true,
      !busy && held === undefined && last?.away,
    );
  }
}

/** held ends a call that is not to be sent over this connection. */
function held({ work, resolve }: Waiting, endpoint: Endpoint | undefined): boolean {
  if (endpoint === undefined || work.unless?.(endpoint) !== true) return false;
  resolve({ held: endpoint, answers: [] });
  return true;
}

function needsLock({ work }: Call): boolean {
  return work.lock !== undefined;
}

function changes({ work }: Call): boolean {
  return work.steps.length > 0;
}

function worksOf(calls: readonly Call[]): Work {
  return {
    steps: calls.flatMap(({ work }) => work.steps),
    queries: calls.flatMap(({ work }) => work.queries),
  };
}

function doing({ steps, queries }: Work): string | undefined {
  const [first, ...more] = steps.length > 0 ? steps : queries;
  if (first === undefined) return undefined;
  return commandLine(first) + (more.length === 0 ? "" : ` (and ${more.length} more)`);
}
