import { type Measured, rowsOf, type Sample } from "../../../bench/rows";
import { median } from "../../../bench/statistics";

const sample = (ms: number): Sample => ({
  ms,
  connections: 1,
  turns: 12,
  processes: 5,
  bytesToHosts: 1000,
  bytesFromHosts: 2000,
  providerMb: 150.4,
});

const measured = (changes: Partial<Measured>): Measured => ({
  case: "ours",
  op: "up",
  n: 10,
  hosts: 1,
  delayMs: 0,
  checkpoints: true,
  udev: false,
  samples: [sample(2000)],
  ...changes,
});

const ratios = (...all: readonly Measured[]) => rowsOf(all).map(({ ratioToFloor }) => ratioToFloor);

test("the median is the middle value, or lies between the two in the middle", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 9, 1, 2])).toBe(5.5);
  expect(() => median([])).toThrow("there is no median of nothing");
});

test("a row has the median, the extremes and the number of its samples", () => {
  const [row] = rowsOf([measured({ samples: [sample(300), sample(100), sample(150)] })]);
  expect(row).toMatchObject({
    runs: 3,
    medianMs: 150,
    minMs: 100,
    maxMs: 300,
    connections: 1,
    providerMb: 150,
  });
});

test("the ratio is to the floor of the same setting and operation", () => {
  const floor = measured({ case: "floor", samples: [sample(1000)] });
  const others = [
    measured({ case: "floor", op: "destroy", samples: [sample(1)] }),
    measured({ case: "floor", n: 100, samples: [sample(1)] }),
    measured({ case: "floor", checkpoints: false, udev: false, samples: [sample(1)] }),
    measured({ case: "floor", delayMs: 50, samples: [sample(1)] }),
  ];
  expect(ratios(measured({}), ...others, floor)[0]).toBe(2);
});

test("where the floor was not measured with delay or on several hosts, the one without is taken", () => {
  const floor = measured({ case: "floor", samples: [sample(1000)] });
  expect(ratios(measured({ delayMs: 50, hosts: 4 }), floor)[0]).toBe(2);
});

test("what has no engine is held against the floor with checkpoints", () => {
  const floor = measured({ case: "floor", samples: [sample(1000)] });
  const without = measured({ case: "floor", checkpoints: false, udev: false, samples: [sample(100)] });
  expect(ratios(measured({ case: "batch", checkpoints: null }), without, floor)[0]).toBe(2);
});

test("a contender that failed has a row without figures that says why", () => {
  const [row] = rowsOf([measured({ samples: [], failed: "up: no route to host" })]);
  expect(row).toMatchObject({ runs: 0, medianMs: null, ratioToFloor: null, failed: "up: no route to host" });
});
