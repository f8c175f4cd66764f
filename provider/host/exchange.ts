import type { Answers, Call, Question } from "./call";
import { answered, givenQuestions, givenSteps } from "./given";
import type { Outcome } from "./host";
import { runScripts } from "./scripts";
import type { Shell } from "./shell";

/**
 * exchange carries calls out together: all steps before all questions, so that no answer is older than a step sent
 * with or before it. Each call keeps its own failure, and its later steps are left out then, and nobody else's.
 */
export async function exchange(shell: Shell, calls: readonly Call[]): Promise<Answers> {
  const answers: Answers = new Map();
  const told = calls.filter((call) => call.toBeTold);
  const scripted = calls.filter((call) => !call.toBeTold);
  const questions = [
    ...new Map(calls.flatMap((call) => call.questions).map((one) => [one.key, one])).values(),
  ];
  // What a script changes, the questions in the same script see.
  const asked =
    scripted.length > 0
      ? []
      : questions.filter(({ order }) => order !== undefined && order.netns === undefined);
  await tell(shell, told, asked, answers);
  const rest = questions.filter((question) => !asked.includes(question));
  if (scripted.length + rest.length > 0) await runScripts(shell, scripted, rest, answers);
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

async function tell(
  shell: Shell,
  calls: readonly Call[],
  questions: readonly Question[],
  answers: Answers,
): Promise<void> {
  let left = [...calls.flatMap(givenSteps), ...givenQuestions(questions, answers)];
  while (left.length > 0) {
    for (const { call } of left) if (call !== undefined) call.sent = true;
    left = answered(left, await shell.tell(left.map(({ order }) => order)));
  }
}
