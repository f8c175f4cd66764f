import type { Answer, Command, Failure, Outcome, Work } from "./host";
import { failureOf, type Run, runOf, runsOf, scriptOf } from "./script";
import type { Shell } from "./shell";
import { tellable } from "./teller";

/** Call is one operation's work on its way. */
export class Call {
  /** Whether a step of it may have reached the host. */
  sent = false;
  failure: Failure | undefined;
  /** The steps as lines of the long-lived `ip`, if all of them can be. */
  readonly lines: readonly Line[] | undefined;
  /** The steps as processes of their own. */
  readonly runs: readonly Run[];
  readonly questions: readonly Question[];

  constructor(readonly work: Work) {
    const lines = work.steps.map((step) => ({ step, text: tellable(step) }));
    this.lines = lines.every(isLine) ? lines : undefined;
    this.runs = runsOf(work.steps);
    this.questions = work.queries.map(questionOf);
  }
}

interface Line {
  readonly step: Command;
  readonly text: string;
}

/** Question is a query with what tells it from others. */
interface Question {
  readonly key: string;
  readonly run: Run;
  readonly text: string | undefined;
}

function isLine(line: { step: Command; text: string | undefined }): line is Line {
  return line.text !== undefined;
}

function questionOf(query: Command): Question {
  const run = runOf(query);
  return { key: JSON.stringify([run.argv, run.stdin]), run, text: tellable(query) };
}

/** Answers are what a host said, by question. */
export type Answers = Map<string, Answer>;

/**
 * exchange carries calls out together: all steps before all questions, so that no answer is older than a step sent
 * with or before it. Each call keeps its own failure, and its later steps are left out then, and nobody else's.
 */
export async function exchange(shell: Shell, calls: readonly Call[]): Promise<Answers> {
  const answers: Answers = new Map();
  const told = calls.filter(({ lines }) => lines !== undefined);
  const scripted = calls.filter(({ lines }) => lines === undefined);
  const questions = [
    ...new Map(calls.flatMap((call) => call.questions).map((one) => [one.key, one])).values(),
  ];
  // What a script changes, the questions in the same script see.
  const asked = scripted.length > 0 ? [] : questions.filter(({ text }) => text !== undefined);
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

/** A line with what becomes of its answer. */
interface Told {
  readonly text: string;
  readonly call: Call | undefined;
  take(answer: Answer): void;
}

async function tell(
  shell: Shell,
  calls: readonly Call[],
  questions: readonly Question[],
  answers: Answers,
): Promise<void> {
  let left: readonly Told[] = [
    ...calls.flatMap((call) => (call.lines ?? []).map((line) => toldStep(call, line))),
    ...questions.flatMap(({ key, text }) =>
      text === undefined
        ? []
        : [{ text, call: undefined, take: (answer: Answer) => answers.set(key, answer) }],
    ),
  ];
  while (left.length > 0) {
    const sent = left;
    for (const call of calls) call.sent ||= sent.some((line) => line.call === call);
    const done = await shell.tell(sent.map(({ text }) => text));
    for (const [index, answer] of done.entries()) sent[index]?.take(answer);
    // What stands behind a line that failed has not been done. The rest of its own operation never is.
    left = sent.slice(done.length).filter(({ call }) => call?.failure === undefined);
  }
}

function toldStep(call: Call, { step, text }: Line): Told {
  return {
    text,
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
  const sections = await shell.run((nonce) => scriptOf(operations, runs, nonce));
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
