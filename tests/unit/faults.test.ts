import { ConnectionLost, HostUnreachable, IpipError } from "../../provider/errors";
import type { Fields } from "../../provider/state";
import { HalfMade } from "../../provider/subject";
import type { FakeHost, Fault } from "../support/fake-host";
import { MiniEngine } from "../support/mini-engine";
import { playground, type Sample, samples } from "../support/samples";

/** Operation is one thing that the engine does, after another one that made what it is about. */
interface Operation {
  readonly made: Fields | undefined;
  readonly run: (engine: MiniEngine) => Promise<unknown>;
}

/** Way is how the engine goes on after a failure, and what must be on the host then. */
interface Way {
  readonly name: string;
  readonly run: (engine: MiniEngine) => Promise<unknown>;
  readonly leaves: string;
}

interface Scene {
  readonly host: FakeHost;
  readonly engine: MiniEngine;
}

const START = playground().toString();

async function scene({ contract }: Sample, made: Fields | undefined): Promise<Scene> {
  const host = playground();
  const engine = new MiniEngine(contract, host);
  if (made !== undefined) await engine.up(made);
  return { host, engine };
}

/** leftBy is the host after some programs that nothing disturbs. */
async function leftBy(sample: Sample, ...programs: readonly Fields[]): Promise<string> {
  const { host, engine } = await scene(sample, undefined);
  for (const program of programs) await engine.up(program);
  return host.toString();
}

/** faultsOf is everything that can go wrong with each step of an operation. */
async function faultsOf(sample: Sample, { made, run }: Operation): Promise<Fault[]> {
  const { host, engine } = await scene(sample, made);
  const before = host.steps.length;
  await run(engine);
  const steps = Array.from({ length: host.steps.length - before }, (_, step) => step);
  expect(steps.length).toBeGreaterThan(0);
  return steps.flatMap((step) => [
    { kind: "refuse" as const, step },
    ...[true, false].flatMap((done) =>
      (["back", "away"] as const).map((host) => ({ kind: "lose" as const, step, done, host })),
    ),
  ]);
}

/** survives runs an operation into each fault, and goes each way on from there. */
async function survives(sample: Sample, operation: Operation, ways: readonly Way[]): Promise<void> {
  for (const fault of await faultsOf(sample, operation)) {
    for (const way of ways) {
      const { host, engine } = await scene(sample, operation.made);
      host.breaks(fault);
      const error: unknown = await operation.run(engine).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      host.mended();
      const now = { fault, way: way.name };
      // Only when the last answer alone was lost can all be as asked for.
      if (error === undefined) expect({ ...now, kind: fault.kind }).toEqual({ ...now, kind: "lose" });
      else expect(error instanceof IpipError || error instanceof HalfMade).toBe(true);
      if (engine.state === undefined)
        expect({ ...now, host: host.toString() }).toEqual({ ...now, host: START });
      await way.run(engine);
      expect({ ...now, host: host.toString() }).toEqual({ ...now, host: way.leaves });
      expect(host.notUnderstood).toEqual([]);
    }
  }
}

/** garble makes all answers unreadable from the next steps on, until what it gives is called. */
function garble(host: FakeHost): () => void {
  const exchange = host.exchange.bind(host);
  let changed = false;
  host.exchange = async (work) => {
    const outcome = await exchange(work);
    changed ||= work.steps.length > 0;
    if (!changed) return outcome;
    return {
      ...outcome,
      answers: outcome.answers.map(() => ({ code: 1, stdout: "", stderr: "Segmentation fault" })),
    };
  };
  return () => {
    host.exchange = exchange;
  };
}

const PATIENCE = 60_000;

describe.each(Object.entries(samples))("%s", (_, sample) => {
  const destroyed: Way = { name: "destroy", run: (engine) => engine.destroy(), leaves: START };

  describe.each(Object.entries(sample.changes))("%s", (_, [from, to]) => {
    test(
      "a create that fails leaves nothing, or is known to the state",
      async () => {
        const made = await leftBy(sample, from);
        await survives(sample, { made: undefined, run: (engine) => engine.up(from) }, [
          destroyed,
          { name: "up", run: (engine) => engine.up(from), leaves: made },
          {
            name: "refresh, up, destroy",
            run: async (engine) => {
              await engine.refresh();
              await engine.up(from);
              await engine.destroy();
            },
            leaves: START,
          },
        ]);
      },
      PATIENCE,
    );

    test(
      "a change that fails can be finished, taken back and removed",
      async () => {
        const [old, changed] = [await leftBy(sample, from), await leftBy(sample, from, to)];
        const { engine: undisturbed } = await scene(sample, from);
        const replaced = (await undisturbed.up(to)) === "replaced";
        await survives(sample, { made: from, run: (engine) => engine.up(to) }, [
          destroyed,
          { name: "up", run: (engine) => engine.up(to), leaves: changed },
          {
            name: "back",
            run: async (engine) => {
              // Whether an object that was to be replaced is still there, only a look can tell.
              if (replaced) await engine.refresh();
              await engine.up(from);
            },
            leaves: old,
          },
          {
            name: "refresh, up",
            run: async (engine) => {
              await engine.refresh();
              await engine.up(to);
            },
            leaves: changed,
          },
        ]);
      },
      PATIENCE,
    );

    test(
      "a delete that fails can be done again",
      async () => {
        await survives(sample, { made: from, run: (engine) => engine.destroy() }, [
          destroyed,
          {
            name: "refresh, destroy",
            run: async (engine) => {
              await engine.refresh();
              await engine.destroy();
            },
            leaves: START,
          },
        ]);
      },
      PATIENCE,
    );
  });

  const [[from, to] = [{}, {}]] = Object.values(sample.changes);

  test("a host that is away is an error, and nothing that was known of it is forgotten", async () => {
    const { host, engine } = await scene(sample, from);
    const { state } = engine;
    host.away = true;
    for (const run of [() => engine.refresh(), () => engine.destroy(), () => engine.up(to)]) {
      await expect(run()).rejects.toBeInstanceOf(HostUnreachable);
      expect(engine.state).toEqual(state);
    }
  });

  test("a create whose answer is lost is recorded as half made", async () => {
    const { host, engine } = await scene(sample, undefined);
    host.breaks({ kind: "lose", step: 0, done: true, host: "away" });
    const error = await engine.up(from).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HalfMade);
    expect((error as HalfMade).reason).toBeInstanceOf(ConnectionLost);
    expect(engine.state?.halfMade).toBe(true);
  });

  test("what cannot be looked at after the steps is recorded as half made, and put right the next time", async () => {
    const { host, engine } = await scene(sample, undefined);
    for (const program of [from, to]) {
      const mend = garble(host);
      await expect(engine.up(program)).rejects.toBeInstanceOf(HalfMade);
      mend();
      expect([engine.state?.halfMade, await engine.up(program)]).toEqual([true, "updated"]);
    }
    expect(host.toString()).toBe(await leftBy(sample, from, to));
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("without permission nothing is made, and the message says what to do", async () => {
    const { host, engine } = await scene(sample, undefined);
    host.permitted = false;
    await expect(engine.up(from)).rejects.toThrow(
      /needs CAP_NET_ADMIN: log in as root, or set connection.become/,
    );
    expect(host.toString()).toBe(START);
    expect(engine.state).toBeUndefined();
  });
});
