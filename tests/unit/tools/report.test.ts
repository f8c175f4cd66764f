import { jestOutcome, singleOutcome, summary } from "../../../tools/test/report";

const report = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};
const ended = { name: "unit", code: 0, seconds: 1.25 };

describe("what a jest suite comes to", () => {
  test("its passed and failed tests are counted", () => {
    const outcome = jestOutcome(
      { ...ended, code: 1 },
      { ...report, numPassedTests: 5, numFailedTests: 2 },
      false,
    );
    expect(outcome).toMatchObject({ passed: 5, failed: 2, note: "" });
  });

  test("a test file that could not be loaded is a failure beside the tests that passed", () => {
    const outcome = jestOutcome(
      { ...ended, code: 1 },
      { ...report, numPassedTests: 5, numRuntimeErrorTestSuites: 1 },
      false,
    );
    expect(outcome).toMatchObject({ passed: 5, failed: 1 });
  });

  test("no report is a failure", () => {
    expect(jestOutcome({ ...ended, code: null }, undefined, false)).toMatchObject({
      passed: 0,
      failed: 1,
      note: "no report, ended by a signal",
    });
  });

  test("no test is a failure", () => {
    expect(jestOutcome(ended, report, false)).toMatchObject({ failed: 1, note: "ran no test" });
  });

  test("a deadline that passed is a failure although all tests passed", () => {
    const outcome = jestOutcome({ ...ended, code: 124 }, { ...report, numPassedTests: 5 }, false);
    expect(outcome).toMatchObject({ passed: 5, failed: 1, note: "did not end before its deadline" });
  });

  test("skipped tests are failures, unless the run was narrowed by hand", () => {
    const skipping = { ...report, numPassedTests: 5, numPendingTests: 2, numTodoTests: 1 };
    expect(jestOutcome(ended, skipping, false)).toMatchObject({ passed: 5, failed: 3 });
    expect(jestOutcome(ended, skipping, true)).toMatchObject({ passed: 5, failed: 0 });
  });
});

test("the summary ends with the totals alone on a line", () => {
  const outcomes = [
    singleOutcome({ name: "lint", code: 0, seconds: 2 }),
    singleOutcome({ name: "types", code: 2, seconds: 4.04 }),
    jestOutcome(ended, { ...report, numPassedTests: 40 }, false),
  ];
  expect(summary(outcomes).split("\n")).toEqual([
    "suite       passed    failed      time",
    "lint             1         0     2.0 s",
    "types            0         1     4.0 s  exit code 2",
    "unit            40         0     1.3 s",
    "",
    "41 passed, 1 failed",
  ]);
});
