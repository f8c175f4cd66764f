import { textOf } from "./look";
import { type LoopbackFault, loopbackFaults, SHORT, WHOLE } from "./loopback-faults";
import { type Login, LoopbackScene } from "./loopback-scene";
import { record, type Verdict } from "./results";
import { type Lengths, type Measured, OPERATIONS, type Operation, Trial } from "./trial";

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

/** How long an operation is, by its name, whether its connection is opened within it, and how it logs in. */
const lengths = new Map<string, Lengths>();
const after: Partial<Record<Operation, string>> = {};
let empty = "";
const keyOf = (operation: Operation, cold: boolean, login: Login) => `${operation} ${cold} ${login}`;

beforeAll(async () => {
  for (const login of ["password", "key"] as const)
    for (const operation of OPERATIONS)
      for (const cold of [false, true]) {
        const measure = async (scene: LoopbackScene) => {
          empty = textOf(await scene.look());
          const trial = new Trial(scene, operation);
          await trial.prepare(cold);
          scene.proxy.count();
          const count = { commands: 0, listings: 0 };
          scene.host.fate = ({ listing }) => {
            count.commands++;
            if (listing) count.listings++;
            return undefined;
          };
          const { failures } = await trial.run();
          expect(failures).toEqual([]);
          lengths.set(keyOf(operation, cold, login), { ...scene.proxy.bytes, ...count });
          after[operation] = await trial.finish();
          expect(await trial.destroy()).toBe(empty);
        };
        await within(login, undefined, measure);
      }
});

/** Which of two ways to log in is a fault's own, and no matter of chance. */
function loginOf({ id }: LoopbackFault): Login {
  return [...id].reduce((sum, char) => sum + char.charCodeAt(0), 0) % 2 === 0 ? "password" : "key";
}

test("no two faults are the same", () => {
  expect(new Set(faults.map(({ id }) => id)).size).toBe(faults.length);
});

test.each(faults)("$id", async (fault) => {
  const { id, kind, operation, cold = false, maxSessions } = fault;
  const login = loginOf(fault);
  const length = lengths.get(keyOf(operation, cold, login));
  if (length === undefined) throw new Error(`${operation} was not measured`);
  const measured: Measured = { empty, after: after as Record<Operation, string> };
  const verdict = await within(login, maxSessions, (scene) =>
    new Trial(scene, operation).meets(fault, length, measured),
  );
  record({ id, kind, host: HOST, ...verdict });
  expectGood(verdict);
});

function expectGood({ wrong, lies, orphans, secrets }: Verdict): void {
  expect({ wrong, lies, orphans, secrets }).toEqual({ wrong: [], lies: [], orphans: [], secrets: [] });
}
