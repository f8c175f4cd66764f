import fc from "fast-check";
import { findDrift } from "../../../cli/drift";
import { takeCensus } from "../../../cli/marked/orphans";
import { readState } from "../../../cli/state";
import { servicesOver } from "../../../provider";
import { MiniEngine } from "../../support/mini-engine";
import { playground, samples } from "../../support/samples";
import { entry, exported } from "../../support/state-export";

/** The commands with objects of every type: what they say is what the engine would do. */

const RUNS = { numRuns: 25, seed: 20_030 };

describe.each(Object.entries(samples))("%s", (type, sample) => {
  const engine = new MiniEngine(sample.contract, playground());
  const inputs = sample.inputs.filter((some) => engine.isValid(some));

  const recorded = ({ state }: MiniEngine) => {
    const { id, inputs: said, outputs } = state ?? {};
    return readState(exported([entry(type, "one", { id, inputs: said, outputs })]), "the test");
  };

  test("is no drift and no orphan when it has been made", async () => {
    const property = fc.asyncProperty(inputs, async (asked) => {
      const host = playground();
      const services = servicesOver(() => host);
      const made = new MiniEngine(sample.contract, host);
      await made.up(asked);
      const state = recorded(made);
      const before = String(host);
      const findings = await findDrift(state.resources, services, { host: [], target: [] });
      expect(findings).toMatchObject([{ outcome: "same", differences: [], message: "" }]);
      const { orphans, troubles } = await takeCensus([state], services, () => host);
      expect([orphans, troubles]).toEqual([[], []]);
      expect(String(host)).toBe(before);
    });
    await fc.assert(property, RUNS);
  });

  test("has drifted when a refresh and a preview would show a change, and only then", async () => {
    const property = fc.asyncProperty(inputs, fc.nat({ max: 99 }), async (asked, which) => {
      const host = playground();
      const made = new MiniEngine(sample.contract, host);
      await made.up(asked);
      const state = recorded(made);
      const hands = sample.byHand(made.check(asked));
      // What can't be done by hand changes nothing.
      host.tell(hands[which % hands.length] ?? "");
      const [finding] = await findDrift(
        state.resources,
        servicesOver(() => host),
        { host: [], target: [] },
      );
      await made.refresh();
      const changed = made.state === undefined ? [] : made.differs(asked);
      const expected = made.state === undefined ? "gone" : changed.length > 0 ? "drift" : "same";
      expect(finding).toMatchObject({ outcome: expected, message: "" });
      const told = finding?.differences.map(({ attribute }) => attribute.split(".")[0]);
      expect(new Set(told)).toEqual(new Set(changed));
    });
    await fc.assert(property, RUNS);
  });
});
