import fc from "fast-check";
import type { Desired, Fields } from "../../provider/state";
import { DOORS, doorFor, servedBy } from "../support/doors";
import type { FakeHost } from "../support/fake-host";
import { MiniEngine } from "../support/mini-engine";
import { playground, type Sample, samples } from "../support/samples";

const RUNS = { numRuns: 150, seed: 20_030 };

/** What happens to an object, one thing after another. */
type Event =
  | { readonly kind: "up"; readonly inputs: Fields; readonly refresh: boolean }
  | { readonly kind: "hand"; readonly which: number }
  | { readonly kind: "refresh" };

function events({ inputs, contract }: Sample): fc.Arbitrary<Event[]> {
  const engine = new MiniEngine(contract, playground());
  const up = fc.record({
    kind: fc.constant("up" as const),
    inputs: inputs.filter((some) => engine.isValid(some)),
    refresh: fc.boolean(),
  });
  const hand = fc.record({ kind: fc.constant("hand" as const), which: fc.nat({ max: 99 }) });
  const refresh = fc.constant({ kind: "refresh" as const });
  return fc.array(fc.oneof(up, up, hand, refresh), { maxLength: 12 });
}

/** A door, or none, since what is behind both is called far more quickly by itself. */
const doors = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.nat({ max: DOORS.length - 1 }).map(doorFor) },
);

/** What a kernel may be told to do otherwise with the addresses of a device. */
const kernels = fc
  .subarray(["ipv4/conf/all/promote_secondaries", "ipv6/conf/all/keep_addr_on_down"])
  .map((keys) =>
    ["", "ip netns exec ns1 ", "ip netns exec ns2 "].flatMap((within) =>
      keys.map((key) => `${within}tee /proc/sys/net/${key} <<< 1`),
    ),
  );

/** What somebody tries by hand and can't do changes nothing. */
function tried(host: FakeHost, lines: readonly string[], which: number): void {
  try {
    host.byHand(lines[which % lines.length] ?? "");
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("by hand:"))) throw error;
  }
}

/** holds insists that the host has what was asked for, as far as it was asked for. */
function holds({ onHost }: Sample, host: FakeHost, desired: Desired): void {
  expect(asked(onHost(host, desired) ?? {}, desired)).toEqual(asked(desired, onHost(host, desired) ?? {}));
}

/** asked takes of an object what another one has too, lists in any order. */
function asked(object: Fields, other: Fields): Fields {
  const both = Object.keys(object).filter((key) => object[key] !== undefined && other[key] !== undefined);
  return Object.fromEntries(
    both.map((key) => {
      const [value, opposite] = [object[key], other[key]];
      if (Array.isArray(value)) return [key, [...value].sort(byText)];
      const nested = typeof value === "object" && value !== null;
      return [key, nested ? asked(value as Fields, opposite as Fields) : value];
    }),
  );
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

describe.each(Object.entries(samples))("%s", (type, sample) => {
  test("is as asked for after each of many programs, whatever was done by hand between them", async () => {
    const happenings = fc.asyncProperty(doors, kernels, events(sample), async (door, kernel, happening) => {
      const host = playground();
      host.byHand(...kernel);
      const start = host.toString();
      const engine = new MiniEngine(sample.contract, host, door && servedBy(door, type, host));
      let program: Fields = {};
      for (const event of happening) {
        if (event.kind === "refresh") await engine.refresh();
        else if (event.kind === "hand") {
          if (engine.state !== undefined) tried(host, sample.byHand(program), event.which);
        } else {
          program = event.inputs;
          if (event.refresh) await engine.refresh();
          const done = await engine.up(program);
          // Without a refresh nobody has looked, so nothing is said of a host that somebody changed.
          if (done === "unchanged" && !event.refresh) continue;
          holds(sample, host, engine.check(program));
          await sameAgain(host, engine, program);
        }
      }
      await engine.destroy();
      expect(host.toString()).toBe(start);
    });
    await fc.assert(happenings, RUNS);
  });
});

/** sameAgain insists that a host as asked for shows no drift, and that asking again sends nothing. */
async function sameAgain(host: FakeHost, engine: MiniEngine, program: Fields): Promise<void> {
  const reached = host.toString();
  const sent = host.steps.length;
  await engine.refresh();
  expect(await engine.up(program)).toBe("unchanged");
  await engine.updateAgain(program);
  expect(host.steps.slice(sent)).toEqual([]);
  expect(host.toString()).toBe(reached);
  expect(host.notUnderstood).toEqual([]);
}
