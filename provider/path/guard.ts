import { setTimeout as pause } from "node:timers/promises";
import { CommandFailed, ConnectionLost, CutOff, IpipError, WouldCut } from "../errors";
import { type Connection, undoAfter } from "../host/connection";
import type { Endpoint } from "../host/endpoint";
import { type Command, commandLine, type Host, type Outcome, type Work } from "../host/host";
import { Wait } from "../host/waits";
import { advise } from "../ip/advice";
import { View } from "../ip/view";
import { type Danger, dangerOf } from "./danger";
import { Timer } from "./timer";
import { questions, vrfOf, type Way, wayOf } from "./way";

/** What part of its time the host may take to answer a change; the rest is for new connections. */
const ANSWER = 1 / 3;

/** Guarded is what came of a change that may cut the way by which the host is reached. */
export interface Guarded extends Outcome {
  /** Nothing was sent, for nobody knows how to take it back. */
  readonly unarmed?: true;
  /** The answer to the change never came; the host is there all the same. */
  readonly lost?: ConnectionLost;
  /** The host has put everything back, or is about to. Nothing was asked then. */
  readonly cut?: CutOff;
}

/** Undo gives what takes a change back. */
export type Undo = () => readonly Command[];

/** Change is what is to be done, and what takes it back. */
export interface Change {
  readonly name: string;
  /** Whether to try also what surely cuts the way. */
  readonly allowed: boolean;
  /** Undefined where it must first be seen what there is. */
  readonly undo: Undo | undefined;
}

/** Ways by connection, each looked at once; undefined where the host could not tell. */
const ways = new WeakMap<Endpoint, Way | undefined>();

/**
 * guarded carries work out. Steps that may cut the way by which the host is reached are taken back by the host itself,
 * unless a new connection comes about after them. It throws WouldCut before anything is sent when they surely do.
 */
export async function guarded(
  host: Host,
  connection: Connection,
  work: Pick<Work, "steps" | "queries">,
  change: Change,
): Promise<Guarded> {
  if (work.steps.length === 0) return await host.exchange(work);
  for (;;) {
    const unless = (endpoint: Endpoint) => dangerAt(work.steps, endpoint) !== undefined;
    const outcome = await host.exchange({ ...work, unless });
    const { held } = outcome;
    if (held === undefined) return outcome;
    if (!ways.has(held)) ways.set(held, await look(host, held));
    const danger = dangerAt(work.steps, held);
    // Seen more closely it is harmless.
    if (danger === undefined) continue;
    if (danger.certain && !change.allowed) throw refusal(host, held, danger);
    if (change.undo === undefined) return { answers: [], unarmed: true };
    return await underTimer(
      host,
      connection,
      work,
      { ...change, undo: change.undo },
      devicesFor(danger, held),
    );
  }
}

function dangerAt(steps: readonly Command[], endpoint: Endpoint): Danger | undefined {
  return dangerOf(steps, endpoint, ways.get(endpoint));
}

async function look(host: Host, endpoint: Endpoint): Promise<Way | undefined> {
  const seen = async (vrf?: string) => {
    const queries = questions(endpoint, vrf);
    const { answers } = await host.exchange({ steps: [], queries });
    return new View(host.label, queries, answers);
  };
  const view = await seen();
  try {
    const vrf = vrfOf(endpoint, view);
    return wayOf(endpoint, vrf === undefined ? view : await seen(vrf), vrf);
  } catch (error) {
    // A kernel may know no rules, which is no reason to change nothing.
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

function devicesFor({ takesMore }: Danger, endpoint: Endpoint): Iterable<string> {
  return (takesMore && ways.get(endpoint)?.carriers) || [];
}

function refusal({ label }: Host, { peer, local }: Endpoint, { command, why }: Danger): WouldCut {
  return new WouldCut(label, commandLine(command), `${why} (SSH comes from ${peer} to ${local})`);
}

async function underTimer(
  host: Host,
  connection: Connection,
  { steps, queries }: Pick<Work, "steps" | "queries">,
  { name, undo }: Change & { undo: Undo },
  devices: Iterable<string>,
): Promise<Guarded> {
  const timer = new Timer(undoAfter(connection));
  const arm = timer.arm(undo(), devices);
  let began = performance.now();
  // From when it is sent the host's time may run.
  const unless = () => {
    began = performance.now();
    return false;
  };
  const left = () => timer.seconds - (performance.now() - began) / 1000;
  const made = await host
    .exchange({
      steps: [arm, ...steps, timer.done],
      queries: [],
      unless,
      answerWithin: Math.ceil(timer.seconds * ANSWER),
    })
    .catch((error: unknown) => {
      if (error instanceof ConnectionLost) return error;
      throw error;
    });
  const lost = made instanceof ConnectionLost ? made : undefined;
  const failure = made instanceof ConnectionLost ? undefined : made.failure;
  if (failure?.step === arm) {
    const { code, stderr } = failure.answer;
    const advice =
      advise(stderr) ??
      "It would take the change back if that cut the way to the host. So nothing was changed.";
    throw new CommandFailed(host.label, "start a timer on the host", code, stderr, advice);
  }
  const heard = lost === undefined;
  for (;;) {
    try {
      const proof = {
        steps: [timer.disarm(heard)],
        queries,
        anew: true,
        within: Math.max(1, Math.ceil(left())),
      };
      const kept = await host.exchange(proof);
      if (kept.failure !== undefined)
        return await takenBack("the time was over before the host could be told to keep it");
      return { answers: kept.answers, ...(failure && { failure }), ...(lost && { lost }) };
    } catch (error) {
      if (!(error instanceof IpipError)) throw error;
      // The answer may have been lost by chance.
      if (error instanceof ConnectionLost && left() > 0) continue;
      return await takenBack(error.message);
    }
  }

  async function takenBack(why: string): Promise<Guarded> {
    const at = new Date(Date.now() + left() * 1000);
    const wait = new Wait(host.label);
    wait.now(`it was cut off, and takes the change back by itself at ${at.toISOString()}`);
    await pause(Math.max(0, left() * 1000));
    wait.end();
    const over = await host.exchange({ steps: [], queries: [timer.over], anew: true }).then(
      ({ answers }) => answers[0]?.code === 0,
      (error: unknown) => {
        if (error instanceof IpipError) return false;
        throw error;
      },
    );
    return {
      answers: [],
      cut: new CutOff(host.label, name, steps.map(commandLine), why, over ? undefined : at),
    };
  }
}
