import { rule } from "../../provider/resources/rule";
import type { FakeHost } from "../support/fake-host";
import { MiniEngine } from "../support/mini-engine";
import { playground } from "../support/samples";

/** What is particular to rules, of which Linux lets several have one priority. */

const START = playground().toString();
const INPUTS = { priority: 100, from: "10.50.0.0/24", table: 100 };
const HAND = "ip -4 rule add priority 100 from 10.50.0.0/24 table 101";

const rulesOf = (host: FakeHost) =>
  host
    .toString()
    .split("\n")
    .filter((line) => line.includes("rule IPv4 100"))
    .map((line) => line.trim());
const OURS = "rule IPv4 100 from 10.50.0.0/24 table 100 proto 204";
const THEIRS = "rule IPv4 100 from 10.50.0.0/24 table 101 proto 0";

test("a rule of the same priority is an error that says what it is, and stays", async () => {
  const host = playground();
  host.byHand(HAND);
  const engine = new MiniEngine(rule, host);
  await expect(engine.up(INPUTS)).rejects.toThrow(
    /rule 100 \(inet\) is there already, and it was not made by Pulumi: .*table 101.*\n.*adopt: true/,
  );
  expect([engine.state, rulesOf(host), host.steps]).toEqual([undefined, [THEIRS], []]);
});

test("with adopt ours stands in the place of all others, also after a step failed", async () => {
  for (const step of [undefined, 0, 1, 2]) {
    const host = playground();
    host.byHand(HAND, "ip -4 rule add priority 100 to 10.51.0.0/24 table 102");
    const engine = new MiniEngine(rule, host);
    if (step !== undefined) {
      host.breaks({ kind: "refuse", step });
      await expect(engine.up({ ...INPUTS, adopt: true })).rejects.toThrow();
      host.mended();
    }
    await engine.up({ ...INPUTS, adopt: true });
    expect(rulesOf(host)).toEqual([OURS]);
    await engine.destroy();
    expect(host.toString()).toBe(START);
  }
});

test("what an interrupted run of our own left is taken over, if it is just as asked for", async () => {
  const host = playground();
  await new MiniEngine(rule, host).up(INPUTS);
  const before = host.toString();
  const engine = new MiniEngine(rule, host);
  await expect(engine.up({ ...INPUTS, table: 7 })).rejects.toThrow("another program of ours made it");
  await engine.up(INPUTS);
  expect(host.toString()).toBe(before);
  await engine.destroy();
  expect(host.toString()).toBe(START);
});

test("a rule that somebody puts beside ours is no drift, and stays", async () => {
  const host = playground();
  const engine = new MiniEngine(rule, host);
  await engine.up(INPUTS);
  host.byHand(HAND);
  await engine.refresh();
  expect(engine.differs(INPUTS)).toEqual([]);
  await engine.up({ ...INPUTS, table: 200 });
  expect(rulesOf(host)).toEqual([THEIRS, OURS.replace("100 proto", "200 proto")]);
  await engine.destroy();
  expect(rulesOf(host)).toEqual([THEIRS]);
});
