import type { Answer, Command, Failure, Outcome, Work } from "./host";
import { failureOf, type Run, runOf, runsOf, scriptOf } from "./script";
import type { Shell } from "./shell";
import { type Order, tellable } from "./teller";

/** Call is one operation's work on its way. */
export class Call {
  /** Whether a step of it may have reached the host. */
  sent = false;
  failure: Failure | undefined;
  /** The steps as orders to the long-lived `ip`, if all of them can be. */
  readonly orders: readonly StepOrder[] | undefined;
  /** The steps as processes of their own, where they can't. */
  readonly runs: readonly Run[];
  readonly questions: readonly Question[];

  constructor(readonly work: Work) {
    const orders = work.steps.map((step) => ({ step, order: tellable(step) }));
    this.orders = orders.every(isTellable) ? orders : undefined;
    this.runs = this.orders === undefined ? runsOf(work.steps) : [];
    this.questions = work.queries.map(questionOf);
  }
}

interface StepOrder {
  readonly step: Command;
  readonly order: Order;
}

/** Question is a query with what tells it from others. */
interface Question {
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

/**
 * exchange carries calls out together: all steps before all questions, so that no answer is older than a step sent
 * with or before it. Each call keeps its own failure, and its later steps are left out then, and nobody else's.
 */
export async function exchange(shell: Shell, calls: readonly Call[]): Promise<Answers> {
  const answers: Answers = new Map();
  const told = calls.filter(({ orders }) => orders !== undefined);
  const scripted = calls.filter(({ orders }) => orders === undefined);
  const questions = [
    ...new Map(calls.flatMap((call) => call.questions).map((one) => [one.key, one])).values(),
  ];
  // What a script changes, the questions in the same script see.
  const asked = scripted.length > 0 ? [] : questions.filter(({ order }) => order !== undefined);
  await tell(shell, told, asked, answers);
  const rest = questions.filter((question) => !asked.includes(question));
  if (scripted.length + rest.length > 0) await runScript(shell, scripted, rest, answers);
  return answers;
}

/** outcomeOf is a call's part of an exchange. */
export function outcomeOf({ failure, questions }: Call, answers: Answers): Outcome {
  return {
    ...(failure && { failure }),
    answers: questions.map(({ key }) => {
      const answer = answers.get(key);
      if (answer === undefined) throw new Error("the host left out an answer");
      return answer;
    }),
  };
}

/** An order with what becomes of its answer. */
interface Given {
  readonly order: Order;
  readonly call: Call | undefined;
  take(answer: Answer): void;
}

async function tell(
  shell: Shell,
  calls: readonly Call[],
  questions: readonly Question[],
  answers: Answers,
): Promise<void> {
  let left: readonly Given[] = [
    ...calls.flatMap((call) => (call.orders ?? []).map((one) => givenStep(call, one))),
    ...questions.flatMap(({ key, order }) =>
      order === undefined
        ? []
        : [{ order, call: undefined, take: (answer: Answer) => answers.set(key, answer) }],
    ),
  ];
  while (left.length > 0) {
    const given = left;
    for (const call of calls) call.sent ||= given.some((one) => one.call === call);
    const done = await shell.tell(given.map(({ order }) => order));
    for (const [index, answer] of done.entries()) given[index]?.take(answer);
    // What stands behind an order that failed has not been done. The rest of its own operation never is.
    left = given.slice(done.length).filter(({ call }) => call?.failure === undefined);
  }
}

function givenStep(call: Call, { step, order }: StepOrder): Given {
  return {
    order,
    call,
    take: (answer) => {
      if (answer.code !== 0) call.failure = { step, answer };
    },
  };
}

async function runScript(
  shell: Shell,
  calls: readonly Call[],
  questions: readonly Question[],
  answers: Answers,
): Promise<void> {
  for (const call of calls) call.sent = true;
  const operations = calls.map(({ runs }) => runs);
  const runs = questions.map(({ run }) => run);
  const sections = await shell.run(scriptOf(operations, runs));
  if (calls.length > 0) shell.forget();
  const answerTo = (section: number) => {
    const answer = sections.get(section);
    if (answer === undefined) throw new Error(`the host left out answer ${section} of ${sections.size}`);
    return answer;
  };
  let section = 0;
  for (const call of calls) {
    const first = section;
    section += call.runs.length;
    // The sections of what a failure left out are missing.
    for (const [index, run] of call.runs.entries()) {
      call.failure = failureOf(run, answerTo(first + index));
      if (call.failure !== undefined) break;
    }
  }
  for (const [index, { key }] of questions.entries()) answers.set(key, answerTo(section + index));
}
