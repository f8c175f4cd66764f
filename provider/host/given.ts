import type { Answers, Call, Question } from "./call";
import type { Answer, Command } from "./host";
import type { Order } from "./teller";

/** Given is an order with whose it is and what becomes of its answer. */
export interface Given {
  readonly order: Order;
  readonly call?: Call;
  readonly step?: Command;
  readonly question?: Question;
  take(answer: Answer): void;
}

/** givenSteps are a call's, and decide about its failure. */
export function givenSteps(call: Call): Given[] {
  return (call.orders ?? []).map(({ step, order }) => ({
    ...{ order, call, step },
    take: (answer) => {
      if (answer.code !== 0) call.failure = { step, answer };
    },
  }));
}

/** givenQuestions are those that orders can ask. */
export function givenQuestions(questions: readonly Question[], answers: Answers): Given[] {
  return questions.flatMap((question) => {
    const { key, order } = question;
    return order === undefined
      ? []
      : [{ order, question, take: (answer: Answer) => answers.set(key, answer) }];
  });
}

/** answered deals answers out, and gives what has not been done because an order before it failed. */
export function answered(given: readonly Given[], answers: readonly Answer[]): Given[] {
  for (const [index, answer] of answers.entries()) given[index]?.take(answer);
  // The rest of the operation that failed never is.
  return given.slice(answers.length).filter(({ call }) => call?.failure === undefined);
}
