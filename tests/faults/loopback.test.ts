import { type Door, doorFor } from "../support/doors";
import { textOf } from "./look";
import { type LoopbackFault, loopbackFaults, SHORT, WHOLE } from "./loopback-faults";
import { type Login, LoopbackScene } from "./loopback-scene";
import { record } from "./results";
import { expectGood, type Lengths, type Measured, type Operation, Trial } from "./trial";

/**
 * Every fault between the provider, as the engine drives it, and a host within the test. A fault's point is a part of
 * the way that was measured on an operation without faults, so nothing here knows how the provider talks.
 */

const HOST = "loopback";
const faults = loopbackFaults(process.env.FAULTS === "whole" ? WHOLE : SHORT);

let open: LoopbackScene | undefined;
beforeEach(() => {
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, "write").mockImplementation((text) => {
      open?.hear(String(text));
      return true;
    });
});
afterEach(() => {
  jest.restoreAllMocks();
});

async function within<T>(
  login: Login,
  maxSessions: number | undefined,
  work: (scene: LoopbackScene) => Promise<T>,
) {
  const scene = await LoopbackScene.open(login, maxSessions);
  open = scene;
  try {
    return await work(scene);
  } finally {
    open = undefined;
    await scene.close();
  }
}

interface Undisturbed {
  readonly lengths: Lengths;
  readonly measured: Measured;
}
const known = new Map<string, Undisturbed>();

/** undisturbed is an operation without faults, done once for each way to log in and to begin it. */
async function undisturbed(
  operation: Operation,
  cold: boolean,
  login: Login,
  door: Door,
): Promise<Undisturbed> {
  const key = `${operation} ${cold} ${login} ${door}`;
  const found =
    known.get(key) ?? (await within(login, undefined, (scene) => measure(scene, operation, cold, door)));
  known.set(key, found);
  return found;
}

async function measure(
  scene: LoopbackScene,
  operation: Operation,
  cold: boolean,
  door: Door,
): Promise<Undisturbed> {
  const empty = textOf(await scene.look());
  const trial = new Trial(scene, operation, door);
  await trial.prepare(cold);
  scene.proxy.count();
  const count = { commands: 0, listings: 0 };
  scene.host.fate = ({ listing }) => {
    count.commands++;
    if (listing) count.listings++;
    return undefined;
  };
  expect((await trial.run()).failures).toEqual([]);
  const lengths = { ...scene.proxy.bytes, ...count };
  const after = await trial.finish();
  expect(await trial.destroy()).toBe(empty);
  return { lengths, measured: { empty, after } };
}

/** Which of two ways to log in is a fault's own, and no matter of chance. */
function loginOf({ id }: LoopbackFault): Login {
  return [...id].reduce((sum, char) => sum + char.charCodeAt(0), 0) % 2 === 0 ? "password" : "key";
}

test("no two faults are the same", () => {
  expect(new Set(faults.map(({ id }) => id)).size).toBe(faults.length);
});

test.each(faults.map((fault, index) => ({ ...fault, door: doorFor(index) })))(
  "$id, through $door",
  async (fault) => {
    const { id, kind, operation, cold = false, maxSessions, door } = fault;
    const login = loginOf(fault);
    const { lengths, measured } = await undisturbed(operation, cold, login, door);
    const verdict = await within(login, maxSessions, (scene) =>
      new Trial(scene, operation, fault.door).meets(fault, lengths, measured),
    );
    record({ id, kind, host: HOST, ...verdict });
    expectGood(verdict);
  },
);
