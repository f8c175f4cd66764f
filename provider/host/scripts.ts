import type { Answers, Call, Question } from "./call";
import { answered, type Given, givenQuestions, givenSteps } from "./given";
import { failureOf, type Run, runsOf, scriptOf } from "./script";
import type { Shell } from "./shell";
import { tellingOnce, toldOnce } from "./teller";

/** Part is what a call has yet to do by processes of its own. */
interface Part {
  readonly call: Call;
  readonly runs: readonly Run[];
}

/** runScripts has what belongs to one namespace share a process, and all else be processes of its own. */
export async function runScripts(
  shell: Shell,
  calls: readonly Call[],
  questions: readonly Question[],
  answers: Answers,
): Promise<void> {
  const parts = calls.filter(({ orders }) => orders === undefined).map((call) => ({ call, runs: call.runs }));
  const given = [...calls.flatMap(givenSteps), ...givenQuestions(questions, answers)];
  const groups = [...new Set(given.map(({ order }) => order.netns))]
    .map((netns) => given.filter(({ order }) => order.netns === netns))
    .filter((group) => group.length > 1 || group.some(({ order }) => order.learns));
  const grouped = new Set(groups.flat());
  const asked = new Set(groups.flat().map(({ question }) => question));
  const left = await runScript(
    shell,
    [...parts, ...partsOf(given.filter((one) => !grouped.has(one)))],
    groups,
    questions.filter((question) => !asked.has(question)),
    answers,
  );
  if (left.length === 0) return;
  const undone = partsOf(left);
  const unanswered = left.flatMap(({ question }) => question ?? []);
  // No answer may be older than a step.
  await runScript(shell, undone, [], undone.length > 0 ? questions : unanswered, answers);
}

function partsOf(given: readonly Given[]): Part[] {
  const calls = new Set(given.flatMap(({ call }) => call ?? []));
  return [...calls].map((call) => ({
    call,
    runs: runsOf(given.flatMap((one) => (one.call === call && one.step) || [])),
  }));
}

/** runScript gives what a process that many share has left undone. */
async function runScript(
  shell: Shell,
  parts: readonly Part[],
  groups: readonly (readonly Given[])[],
  questions: readonly Question[],
  answers: Answers,
): Promise<Given[]> {
  const changing = [...parts.map(({ call }) => call), ...groups.flat().flatMap(({ call }) => call ?? [])];
  for (const call of changing) call.sent = true;
  const orders = groups.map((group) => group.map(({ order }) => order));
  const shared = orders.map((each) => tellingOnce(each[0]?.netns, each));
  const operations = [...parts.map(({ runs }) => runs), ...shared.map((run) => [run])];
  const sections = await shell.run(
    scriptOf(
      operations,
      questions.map(({ run }) => run),
    ),
  );
  if (changing.length > 0) shell.forget();
  const answerTo = (section: number) => {
    const answer = sections.get(section);
    if (answer === undefined) throw new Error(`the host left out answer ${section} of ${sections.size}`);
    return answer;
  };
  let section = 0;
  for (const { call, runs } of parts) {
    const first = section;
    section += runs.length;
    // The sections of what a failure left out are missing.
    for (const [index, run] of runs.entries()) {
      call.failure = failureOf(run, answerTo(first + index));
      if (call.failure !== undefined) break;
    }
  }
  const left = groups.flatMap((group, index) =>
    answered(group, toldOnce(orders[index] ?? [], answerTo(section + index))),
  );
  section += groups.length;
  for (const [index, { key }] of questions.entries()) answers.set(key, answerTo(section + index));
  return left;
}
