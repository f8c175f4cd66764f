import { goalsOf, goalText, verdict } from "../../../bench/goals";
import type { Row } from "../../../bench/rows";

const SIZES = { small: 50, medium: 100, large: 500 };

const row = (changes: Partial<Row>): Row => ({
  case: "ours",
  op: "up",
  n: 500,
  hosts: 1,
  delayMs: 0,
  checkpoints: true,
  udev: false,
  runs: 1,
  medianMs: 1000,
  minMs: 1000,
  maxMs: 1000,
  ratioToFloor: null,
  connections: 0,
  turns: 0,
  processes: 0,
  bytesToHosts: 0,
  bytesFromHosts: 0,
  providerMb: null,
  ...changes,
});

function goal(rows: readonly Row[], name: string) {
  const found = goalsOf(rows, SIZES).find(({ what }) => what === name);
  if (found === undefined) throw new Error(`there is no goal ${name}`);
  return found;
}

test("a goal says in one line what was wanted, what was measured and whether that will do", () => {
  const measured = goal([row({ ratioToFloor: 1.12 })], "ours ÷ floor, up, N = 500");
  expect(goalText({ ...measured, what: "up" })).toBe("up: 1.12 <= 1.25 met");
});

test("a figure beyond its limit is a goal missed, and one at its limit is met", () => {
  const ofRatio = (ratioToFloor: number) =>
    verdict(goal([row({ op: "refresh", ratioToFloor })], "ours ÷ floor, refresh, N = 500"));
  expect([ofRatio(1.15), ofRatio(1.151)]).toEqual(["met", "missed"]);
});

test("what was not measured is neither met nor missed", () => {
  expect(goalsOf([], SIZES).map(verdict)).toEqual(goalsOf([], SIZES).map(() => "not measured"));
});

test("without checkpoints the limit is the floor and one and a half of the host's own time", () => {
  const rows = [
    row({ case: "ours", checkpoints: false, udev: false, medianMs: 9000 }),
    row({ case: "floor", checkpoints: false, udev: false, medianMs: 4000 }),
    row({ case: "batch+read", checkpoints: null, udev: false, medianMs: 3000 }),
  ];
  const measured = goal(rows, "up without checkpoints against floor + 1.5 × (batch+read), N = 500");
  expect(measured).toMatchObject({ value: 9, limit: 8.5 });
  expect(verdict(measured)).toBe("missed");
});

test("connections and memory are the most of any row of ours, by either door", () => {
  const rows = [
    row({ connections: 1, providerMb: 150 }),
    row({ n: 10, connections: 3, providerMb: 900 }),
    row({ case: "plugin", connections: 2, providerMb: 160 }),
    row({ case: "exec", connections: 99, providerMb: 500 }),
  ];
  expect(goal(rows, "connections per host and operation, at most, in all rows").value).toBe(3);
  expect(goal(rows, "memory of the provider, at most, N = 500").value).toBe(160);
});

test("a peer has to take five times as long", () => {
  const rows = [
    row({ n: 100, medianMs: 1000 }),
    row({ n: 100, case: "exec", medianMs: 4900 }),
    row({ n: 100, case: "ansible", checkpoints: null, udev: false, medianMs: 5000 }),
  ];
  expect(verdict(goal(rows, "exec ÷ ours, up, N = 100"))).toBe("missed");
  expect(verdict(goal(rows, "ansible ÷ ours, up, N = 100"))).toBe("met");
});

test("linear is the time above the floor of one tunnel, many against few", () => {
  const rows = [
    row({ checkpoints: false, udev: false, medianMs: 6000 }),
    row({ checkpoints: false, udev: false, case: "floor", medianMs: 1000 }),
    row({ checkpoints: false, udev: false, n: 50, medianMs: 1500 }),
    row({ checkpoints: false, udev: false, n: 50, case: "floor", medianMs: 1000 }),
  ];
  expect(goal(rows, "time per tunnel above the floor, up, N = 500 ÷ N = 50").value).toBeCloseTo(1);
});

test("turns are counted for each further resource, not for those that any refresh takes", () => {
  const rows = [
    row({ op: "refresh", checkpoints: false, udev: false, turns: 20 + 450 }),
    row({ op: "refresh", checkpoints: false, udev: false, n: 50, turns: 20 }),
  ];
  expect(goal(rows, "turns of a refresh for each further resource, N = 50 to 500").value).toBeCloseTo(0.5);
});
