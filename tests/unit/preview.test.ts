import fc from "fast-check";
import { MiniEngine } from "../support/mini-engine";
import { playground, samples } from "../support/samples";

/**
 * What is run is what a preview said, of every type, and nobody had to ask the host for it. The preview may say more: what
 * a host has already as it should be is left alone.
 */

const RUNS = { numRuns: 20, seed: 40_021 };

describe.each(Object.entries(samples))("%s", (_, { contract, inputs }) => {
  const valid = inputs.filter((some) => new MiniEngine(contract, playground()).isValid(some));

  test("all commands of an update or a removal were in its preview", async () => {
    let [run, said] = [0, 0];
    const happening = fc.asyncProperty(valid, valid, async (first, second) => {
      const host = playground();
      const engine = new MiniEngine(contract, host);
      const check = (previewed: readonly string[]) => {
        const left = [...previewed];
        for (const step of host.steps.splice(0)) {
          const at = left.indexOf(step);
          expect({ step, previewed: at !== -1, of: previewed }).toEqual({
            step,
            previewed: true,
            of: previewed,
          });
          left.splice(at, 1);
          run++;
        }
        said += previewed.length;
      };
      for (const program of [first, second]) {
        const previewed = engine.commands(program);
        await engine.up(program);
        check(previewed);
      }
      const previewed = engine.commands(undefined);
      await engine.destroy();
      check(previewed);
    });
    await fc.assert(happening, RUNS);
    // Most of what it says is run.
    expect(run).toBeGreaterThan(said / 2);
  });
});
