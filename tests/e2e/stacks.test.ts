import fc from "fast-check";
import { Lab } from "../../lab/lab";
import { Connection } from "../../provider/host/connection";
import { hostFor } from "../../provider/host/session";
import type { Fields } from "../../provider/state";
import { MiniEngine } from "../support/mini-engine";
import { GROUND, LABELS } from "../support/samples";
import { MEMBERS, type Stack, stacks } from "../support/stacks";
import { connectionTo, shell, snapshot } from "../support/world";

/**
 * Stacks that nobody thought of, on a real kernel: made, changed by other programs and by hand, each time as asked for
 * after one `up`, and nothing left in the end. `make stacks` runs many more of them, with a seed of its own.
 */

const { STACKS = "4", STACKS_SEED = "2003" } = process.env;
const RUNS = { numRuns: Number(STACKS), seed: Number(STACKS_SEED), endOnFailure: true };
const SECONDS_EACH = 120;
const MODULES = "modprobe -a ipip sit ip6_tunnel ip_gre ip6_gre mpls_iptunnel fou";
/** A device that was up once shows it for ever, by its qdisc. */
const ONCE_UP = ["ip", "ip -n ns1"].map((at) => `${at} link set u2 up && ${at} link set u2 down`);

let lab: Lab;
let before: unknown;
const machine = () => lab.host("machine");

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["machine"] });
  for (const line of [MODULES, ...GROUND, ...LABELS, ...ONCE_UP]) await shell(machine(), line);
  before = await snapshot(machine());
});

afterAll(async () => {
  await lab?.stop();
});

test(
  "is as asked for after each up, whatever the programs are and whatever was done by hand",
  async () => fc.assert(fc.asyncProperty(stacks, lived), RUNS),
  RUNS.numRuns * SECONDS_EACH * 1000,
);

async function lived({ first, rounds }: Stack): Promise<void> {
  const host = hostFor(Connection.parse(connectionTo(machine())));
  const stack = MEMBERS.filter(({ name }) => name in first).map((member) => ({
    ...member,
    engine: new MiniEngine(member.contract, host),
  }));
  const program: Record<string, Fields> = { ...first };
  const asked = (name: string) => program[name] ?? {};

  async function up(): Promise<void> {
    for (const { name, engine } of stack) {
      await engine.refresh();
      await engine.up(asked(name));
    }
    for (const { name, engine } of stack) {
      await engine.refresh();
      expect([name, engine.state === undefined, engine.differs(asked(name))]).toEqual([name, false, []]);
    }
  }

  await up();
  for (const { programs, hands } of rounds) {
    Object.assign(program, programs);
    await up();
    for (const { member, which } of hands) {
      const lines = stack.find(({ name }) => name === member)?.byHand(asked(member)) ?? [];
      // What can't be done by hand changes nothing.
      await machine().run(lines[which % lines.length] ?? "true");
    }
    await up();
  }
  for (const { engine } of stack.reverse()) await engine.destroy();
  expect(await snapshot(machine())).toEqual(before);
}
