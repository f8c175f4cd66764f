import { openTargets } from "../fuzz/targets";

/** The short form of `make fuzz`: some hostile inputs for each target, the same at each run. It needs the shells that hosts have. */

const INPUTS = { slow: 6, fast: 100 } as const;
const SEED = 20_261;

const targets = openTargets();
afterAll(() => targets.close());

test.each(targets.all.map((target) => [target.name, target] as const))("%s", async (_, target) => {
  const inputs = target.slow ? INPUTS.slow : INPUTS.fast;
  const { accepted, refused } = await target.run(inputs, SEED, () => undefined);
  expect(accepted + refused).toBe(inputs);
});
