import { sessionsIn } from "../../../bench/traced";

const at = (second: number) => new Date(second * 1000).toISOString();
const line = (second: number, what: object) => JSON.stringify({ time: at(second), host: "h", ...what });

test("sums up what each session has waited for, and nothing that it did by itself", () => {
  const text = [
    line(0, { sent: "exec /bin/sh -c '…'" }),
    line(1, { sent: "…" }),
    line(3, { got: { order: "link add name tun0", code: 0 } }),
    line(4, { got: { order: "link add name tun1", code: 0 } }),
    line(9, { sent: "…" }),
    line(10, { got: { stdout: "", stderr: "" } }),
    line(20, { sent: "exec /bin/sh -c '…'" }),
    line(21, { sent: "…" }),
    line(21.5, { got: { order: "address show", code: 0 } }),
    "",
  ].join("\n");
  expect(sessionsIn(text)).toEqual([
    {
      rounds: 2,
      spent: new Map([
        ["link add", { count: 2, seconds: 3 }],
        ["shell script", { count: 1, seconds: 1 }],
      ]),
    },
    { rounds: 1, spent: new Map([["address show", { count: 1, seconds: 0.5 }]]) },
  ]);
});
