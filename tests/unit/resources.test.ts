import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, type Command, commandLine } from "../../provider/host/host";
import { View } from "../../provider/ip/view";
import type { Desired, Fields } from "../../provider/state";
import { Subject } from "../../provider/subject";
import { FakeHost } from "../support/fake-host";
import { MiniEngine } from "../support/mini-engine";
import { samples } from "../support/samples";

/**
 * One case: a program, what a host answers to the questions that it leads to, and what follows. At least one of the
 * three last ones is there.
 */
interface Case {
  /** Inputs as a user writes them. */
  readonly desired: Fields;
  /** By command line, the name of a file in `captured`, or an answer that says no. */
  readonly answers: Readonly<Record<string, string | { readonly code: number; readonly stderr: string }>>;
  /** Outputs that the state remembers. */
  readonly memory?: Fields;
  /** What is there, in the words of the inputs and outputs; null when it is not there. */
  readonly observed?: Fields | null;
  /** What is in the way. */
  readonly obstacle?: string;
  /** The commands that lead to what is desired. */
  readonly steps?: readonly string[];
  /** The commands that lead to nothing. */
  readonly delete?: readonly string[];
}

const CASES = join(__dirname, "cases");

function read(type: string, file: string): Case {
  return JSON.parse(readFileSync(join(CASES, type, file), "utf8")) as Case;
}

function answerTo(query: Command, answers: Case["answers"]): Answer {
  const answer = answers[commandLine(query)];
  if (answer === undefined) throw new Error(`the case has no answer to: ${commandLine(query)}`);
  if (typeof answer === "object") return { stdout: "", ...answer };
  return { code: 0, stdout: readFileSync(join(CASES, "captured", `${answer}.txt`), "utf8"), stderr: "" };
}

describe.each(Object.entries(samples))("%s", (type, { contract }) => {
  const files = readdirSync(join(CASES, type));
  const cases = files.map(
    (file) => [file.replace(/\.json$/, "").replaceAll("-", " "), read(type, file)] as const,
  );

  test.each(cases)("%s", (_, one) => {
    const desired: Desired = new MiniEngine(contract, new FakeHost()).check(one.desired);
    const queries = contract.observe(desired);
    expect(queries.map(commandLine).sort()).toEqual(expect.arrayContaining(Object.keys(one.answers).sort()));
    const view = new View(
      "host",
      queries,
      queries.map((query) => answerTo(query, one.answers)),
    );
    const observed = contract.parse(view, desired);
    const known = observed && { ...observed, ...one.memory };
    const lines = (target: Desired | undefined) =>
      new Subject(contract, new FakeHost(), desired).steps(target, known).map(commandLine);

    const { observed: seen, obstacle, steps, delete: removal } = one;
    expect([seen, obstacle, steps, removal].some((part) => part !== undefined)).toBe(true);
    if (seen !== undefined) expect(observed ?? null).toEqual(seen);
    if (obstacle !== undefined) expect(contract.obstacle?.(view, desired)?.what).toBe(obstacle);
    if (steps !== undefined) {
      expect(lines(desired)).toEqual(steps);
      if (obstacle === undefined) expect(contract.obstacle?.(view, desired)).toBeUndefined();
    }
    if (removal !== undefined) expect(lines(undefined)).toEqual(removal);
  });

  test("has a case of an object as desired, one of none, and one of its removal", () => {
    const all = cases.map(([, one]) => one);
    expect(all.some(({ steps }) => steps?.length === 0)).toBe(true);
    expect(all.some(({ observed }) => observed === null)).toBe(true);
    expect(all.some(({ delete: removal }) => removal !== undefined && removal.length > 0)).toBe(true);
  });
});

test("every type of object has cases", () => {
  expect(
    readdirSync(CASES)
      .filter((name) => name !== "captured")
      .sort(),
  ).toEqual(Object.keys(samples).sort());
});
