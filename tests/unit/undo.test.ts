import fc from "fast-check";
import { ip } from "../../provider/ip/commands";
import { View } from "../../provider/ip/view";
import type { Desired, Fields } from "../../provider/state";
import { stepsTo, undoOf } from "../../provider/steps";
import type { FakeHost } from "../support/fake-host";
import { MiniEngine } from "../support/mini-engine";
import { playground, type Sample, samples } from "../support/samples";

/**
 * What takes a change back is known before the change is made, of every type that a host can be cut off by. Whatever the
 * change is, it leads back to just what there was.
 */

const RUNS = { numRuns: 60, seed: 20_041 };

async function observed({ contract }: Sample, host: FakeHost, desired: Desired): Promise<Fields | undefined> {
  const queries = contract.observe(desired);
  const { answers } = await host.exchange({ steps: [], queries });
  return contract.parse(new View(host.label, queries, answers), desired);
}

/** The host itself keeps the addresses of what carries the way, of which a device that goes down loses some. */
function kept({ namespace, name }: Desired, before: Fields | undefined) {
  const addresses = (before?.addresses ?? []) as string[];
  return addresses.map((address) =>
    ip(namespace as string | undefined, "address", "add", ...address.split(" "), "dev", String(name)),
  );
}

const reaching = Object.entries(samples).filter(
  ([, { contract }]) => "allowManagementPath" in contract.inputs.shape,
);

describe.each(reaching)("%s", (_, sample) => {
  const { contract } = sample;
  const valid = sample.inputs.filter((some) => new MiniEngine(contract, playground()).isValid(some));

  test("that is made, changed or removed is put back as it was before", async () => {
    const happening = fc.asyncProperty(fc.option(valid), fc.option(valid), async (first, second) => {
      const host = playground();
      const engine = new MiniEngine(contract, host);
      if (first !== null) await engine.up(first);
      const target = second === null ? undefined : engine.check(second);
      const desired = target ?? (first === null ? undefined : engine.check(first));
      // Another object is made beside it or in its place, which is two changes.
      if (
        desired === undefined ||
        (first !== null && contract.id(engine.check(first)) !== contract.id(desired))
      )
        return;
      const start = host.toString();
      const before = await observed(sample, host, desired);
      const memory = Object.fromEntries(
        (contract.remembers ?? []).map((key) => [key, engine.state?.outputs[key] ?? before?.[key]]),
      );
      const steps = stepsTo(contract, target, before && { ...before, ...memory });
      const undo = undoOf(contract, desired, before, target);
      const { failure } = await host.exchange({ steps, queries: [] });
      expect(failure).toBeUndefined();
      // Each is run whatever becomes of the others, as on the host.
      for (const step of undo) await host.exchange({ steps: [step], queries: [] });
      for (const step of kept(desired, before)) await host.exchange({ steps: [step], queries: [] });
      expect(host.toString()).toBe(start);
      expect(host.notUnderstood).toEqual([]);
    });
    await fc.assert(happening, RUNS);
  });
});
