import { createHash } from "node:crypto";
import { ConnectionLost, HostUnreachable } from "../errors";
import type { Connection } from "./connection";
import { type Answer, commandLine, type Host, type Outcome, type Work } from "./host";
import { labelOf, open } from "./open";
import { Outage } from "./outage";
import { failureOf, type Run, runOf, runsOf, scriptOf } from "./script";
import type { Shell } from "./shell";
import { Wait } from "./waits";

/** Seconds without work after which a connection is closed, so that it does not cost the host a process for nothing. */
const IDLE = 60;

/** Sessions by what they are opened with; a process has one for each. */
const pool = new Map<string, Session>();

/** hostFor is the door to a host. It opens nothing before there is work. */
export function hostFor(connection: Connection): Host {
  const key = poolKey(connection);
  const session = pool.get(key) ?? new Session(connection);
  pool.set(key, session);
  return {
    label: labelOf(connection),
    exchange: (work) => session.exchange(work, connection.operationTimeout),
  };
}

/** Patience does not tell two sessions apart. The digest keeps secrets out of the keys. */
function poolKey({
  perDialTimeout,
  dialErrorLimit,
  operationTimeout,
  onUnreachable,
  ...target
}: Connection): string {
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(target).sort()))
    .digest("hex");
}

/** Call is one operation's work on its way. */
interface Call {
  readonly work: Work;
  readonly operation: readonly Run[];
  readonly queries: readonly Run[];
  /** Whether it may be sent again when its answer is lost: a call without steps may, once. */
  repeatable: boolean;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/**
 * Session carries work to one host over one shell. While one script is under way, calls gather and travel together in
 * the next, all steps before all queries, so that no answer is older than a step sent with or before it.
 */
class Session {
  private waiting: Call[] = [];
  private shell: Shell | undefined;
  private busy = false;
  private opening = new AbortController();
  private readonly outage = new Outage();
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly connection: Connection) {}

  async exchange(work: Work, seconds: number): Promise<Outcome> {
    const operation = runsOf(work.steps);
    const queries = work.queries.map(runOf);
    if (operation.length + queries.length === 0) return { answers: [] };
    return await new Promise((resolve, reject) => {
      const call: Call = {
        work,
        operation,
        queries,
        repeatable: operation.length === 0,
        resolve: (outcome) => {
          clearTimeout(deadline);
          resolve(outcome);
        },
        reject: (error) => {
          clearTimeout(deadline);
          reject(error);
        },
      };
      const deadline = setTimeout(() => this.expire(call, seconds), seconds * 1000);
      this.waiting.push(call);
      void this.serve();
    });
  }

  private async serve(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.idle);
    while (this.waiting.length > 0) await this.round();
    this.busy = false;
    this.shell?.rest();
    this.idle = setTimeout(() => this.shell?.close("there was nothing to do"), IDLE * 1000).unref();
  }

  /** round sends what has gathered, and settles every call that it sends. */
  private async round(): Promise<void> {
    const { signal } = this.opening;
    try {
      if (!this.shell?.alive) this.shell = await open(this.connection, signal, this.outage);
    } catch (error) {
      // Those who come after everybody else has given up are not to be told what the others were.
      if (!signal.aborted) for (const call of this.waiting.splice(0)) call.reject(error);
      return;
    }
    // Calls made in the same turn of the event loop travel together.
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.shell.alive) return;
    const calls = this.waiting.splice(0);
    if (calls.length > 0) await this.send(this.shell, calls);
  }

  private async send(shell: Shell, calls: readonly Call[]): Promise<void> {
    const queries = new Map(calls.flatMap((call) => call.queries).map((run) => [keyOf(run), run]));
    const operations = calls.map(({ operation }) => operation);
    const wait = new Wait(labelOf(this.connection));
    wait.later(`no answer yet to ${doing(worksOf(calls))}`);
    try {
      const sections = await shell.run((nonce) => scriptOf(operations, [...queries.values()], nonce));
      settle(calls, [...queries.keys()], sections);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      shell.close(why);
      for (const call of calls) this.lose(call, why);
    } finally {
      wait.end();
    }
  }

  private lose(call: Call, why: string): void {
    const { work } = call;
    if (call.repeatable) this.waiting.push(call);
    else call.reject(new ConnectionLost(labelOf(this.connection), why, doing(work), work.steps.length > 0));
    call.repeatable = false;
  }

  private expire(call: Call, seconds: number): void {
    if (!this.waiting.includes(call)) {
      call.repeatable = false;
      this.shell?.close(`there was no answer within ${seconds} s`);
      return;
    }
    this.waiting = this.waiting.filter((other) => other !== call);
    const { last } = this.outage;
    const busy = this.shell?.alive === true;
    const cause = busy ? "the host was still busy with earlier work" : (last?.why ?? "it did not answer");
    const why = `nothing could be sent within ${seconds} s: ${cause}`;
    call.reject(
      new HostUnreachable(
        labelOf(this.connection),
        why,
        "connection.operationTimeout sets this limit.",
        true,
        !busy && last?.away,
      ),
    );
    if (this.waiting.length > 0) return;
    this.opening.abort();
    this.opening = new AbortController();
  }
}

/** settle gives each call its part of an exchange's sections, which are numbered as scriptOf has put them. */
function settle(
  calls: readonly Call[],
  queries: readonly string[],
  sections: ReadonlyMap<number, Answer>,
): void {
  const answerTo = (section: number) => {
    const answer = sections.get(section);
    if (answer === undefined) throw new Error(`the host left out answer ${section} of ${sections.size}`);
    return answer;
  };
  let section = 0;
  const failures = calls.map(({ operation }) => {
    const first = section;
    section += operation.length;
    for (const [index, run] of operation.entries()) {
      const failure = failureOf(run, answerTo(first + index));
      if (failure !== undefined) return failure;
    }
    return undefined;
  });
  const answers = new Map(queries.map((key, index) => [key, answerTo(section + index)]));
  for (const [index, call] of calls.entries()) {
    const failure = failures[index];
    call.resolve({
      ...(failure && { failure }),
      answers: call.queries.flatMap((run) => answers.get(keyOf(run)) ?? []),
    });
  }
}

function worksOf(calls: readonly Call[]): Work {
  return {
    steps: calls.flatMap(({ work }) => work.steps),
    queries: calls.flatMap(({ work }) => work.queries),
  };
}

function keyOf({ argv, stdin }: Run): string {
  return JSON.stringify([argv, stdin]);
}

function doing({ steps, queries }: Work): string | undefined {
  const [first, ...more] = steps.length > 0 ? steps : queries;
  if (first === undefined) return undefined;
  return commandLine(first) + (more.length === 0 ? "" : ` (and ${more.length} more)`);
}
