import type { Answer, Command, Failure, Work } from "./host";
import { type Run, runOf, runsOf } from "./script";
import { type Order, tellable } from "./teller";

/** Call is one operation's work on its way. */
export class Call {
  /** Whether a step of it may have reached the host. */
  sent = false;
  failure: Failure | undefined;
  /** The steps as orders to an `ip` in one namespace, if all of them can be. */
  readonly orders: readonly StepOrder[] | undefined;
  /** The steps as processes of their own, where they can't. */
  readonly runs: readonly Run[];
  readonly questions: readonly Question[];

  constructor(readonly work: Work) {
    const orders = work.steps.map((step) => ({ step, order: tellable(step) }));
    const together = orders.every(isTellable) && new Set(work.steps.map(({ netns }) => netns)).size <= 1;
    this.orders = together ? orders : undefined;
    this.runs = together ? [] : runsOf(work.steps);
    this.questions = work.queries.map(questionOf);
  }

  /** toBeTold: the long-lived `ip` can carry all the steps out. */
  get toBeTold(): boolean {
    return this.orders?.every(({ order }) => order.netns === undefined) ?? false;
  }
}

/** StepOrder is a step as an order. */
export interface StepOrder {
  readonly step: Command;
  readonly order: Order;
}

/** Question is a query with what tells it from others. */
export interface Question {
  readonly key: string;
  readonly run: Run;
  readonly order: Order | undefined;
}

function isTellable(one: { step: Command; order: Order | undefined }): one is StepOrder {
  return one.order !== undefined;
}

function questionOf(query: Command): Question {
  const run = runOf(query);
  return { key: JSON.stringify([run.argv, run.stdin]), run, order: tellable(query) };
}

/** Answers are what a host said, by question. */
export type Answers = Map<string, Answer>;
