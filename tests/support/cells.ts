import { isDeepStrictEqual } from "node:util";
import { Lab, type Machine } from "../../lab/lab";
import { doorFor, handlerOf } from "./doors";
import { connectionTo, shell, snapshot } from "./world";

/**
 * Attributes of resources on a real kernel, cell by cell: set, read back without a difference; changed by hand, found to
 * be just that difference, and repaired; changed in the program, changed on the host.
 */

/** What the engine itself puts into each bag. */
const PROVIDER = { __provider: "text" };

export interface Row {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
  /** Other values, each alone: what the program may change. */
  readonly changes: readonly (readonly [
    inputs: Record<string, unknown>,
    replaces?: string | readonly string[],
  ])[];
  /** What somebody may do by hand, and the attributes in which that shows; none when the object is gone. */
  readonly drift: readonly (readonly [command: string, attributes: readonly string[]])[];
  /** What must be there before, besides what all rows need. */
  readonly setUp?: readonly string[];
  /** What takes it away afterwards, besides the devices and namespaces. */
  readonly tearDown?: readonly string[];
}

/**
 * by is a change by hand of the tunnel t1 of a kind. With one that says nothing of encapsulation iproute2 takes it off.
 */
export const by =
  (kind: string) =>
  (words: string, ...attributes: string[]) =>
    [`ip link change t1 type ${kind} ${words}`, attributes] as const;

/** cells are the tests of some rows, on a machine of their own. */
export function cells(rows: readonly Row[], setUp: readonly string[] = []): void {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
  });

  cellsOn(rows, () => lab.host("machine"), setUp);

  // Hooks of this kind run in their order, so the machine goes last.
  afterAll(async () => {
    await lab?.stop();
  });
}

/** cellsOn are the tests of some rows, on a machine that is there when they begin, with what all of them need. */
export function cellsOn(rows: readonly Row[], machine: () => Machine, setUp: readonly string[] = []): void {
  const run = (command: string) => shell(machine(), command);
  /** Before each row that does not set up more. */
  let usual: unknown;

  beforeAll(async () => {
    for (const command of setUp) await run(command);
    usual = await snapshot(machine());
  });

  afterAll(() => tearDown({ setUp }));

  async function tearDown(row: Pick<Row, "setUp" | "tearDown">): Promise<void> {
    const made = (command: string) => row.setUp?.some((text) => text.startsWith(command));
    for (const command of row.tearDown ?? []) await run(command);
    for (const device of ["d1", "d2"])
      if (made(`ip link add ${device} `)) await run(`ip link delete ${device}`);
    if (made("ip netns add n1")) await run("ip netns delete n1");
  }

  async function checked(row: Row, change: Record<string, unknown>): Promise<Record<string, unknown>> {
    const news = {
      ...row.inputs,
      ...change,
      connection: connectionTo(machine()),
      ...PROVIDER,
    };
    const given = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
    const { inputs, failures } = await handler(row).check({}, given);
    expect(failures).toEqual([]);
    return { ...inputs, ...PROVIDER };
  }

  const handler = (row: Row) => handlerOf(row.type, doorFor(rows.indexOf(row)));

  /** What refreshing and comparing says: the attributes that differ, and whether it is all gone. */
  async function differences(
    row: Row,
    id: string,
    state: Record<string, unknown>,
    desired: Record<string, unknown>,
  ) {
    const read = await handler(row).read(id, state);
    if (read.id === "") return { gone: true, attributes: [], state };
    const props = { ...read.props, ...PROVIDER };
    const inputs: Record<string, unknown> = { ...read.inputs, ...PROVIDER };
    const keys = Object.keys({ ...desired, ...inputs });
    const attributes = keys.filter((key) => !isDeepStrictEqual(inputs[key], desired[key])).sort();
    const diff = await handler(row).diff(id, props, desired);
    expect(diff.changes).toBe(attributes.length === 0 ? false : undefined);
    return { gone: false, attributes, state: props };
  }

  /** updated changes the object and insists that what was read back then is what was asked for. It gives the new state. */
  async function updated(
    row: Row,
    id: string,
    state: Record<string, unknown>,
    wanted: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const { outs } = await handler(row).update(id, state, wanted);
    const made: Record<string, unknown> = { ...outs, ...PROVIDER };
    const differing = Object.keys(wanted).filter((key) => !isDeepStrictEqual(made[key], wanted[key]));
    expect(differing).toEqual([]);
    return made;
  }

  for (const row of rows) {
    describe(`${row.type} through ${doorFor(rows.indexOf(row))} ${row.inputs.destination ?? row.inputs.name ?? row.inputs.port ?? row.inputs.label ?? ""}`, () => {
      let before: unknown;
      let id: string;
      let desired: Record<string, unknown>;
      let state: Record<string, unknown>;

      beforeAll(async () => {
        for (const command of row.setUp ?? []) await run(command);
        before = row.setUp === undefined ? usual : await snapshot(machine());
        desired = await checked(row, {});
        const made = await handler(row).create(desired);
        id = made.id;
        state = { ...made.outs, ...PROVIDER };
      });

      test("reads back what was asked for", async () => {
        expect(await differences(row, id, state, desired)).toMatchObject({ gone: false, attributes: [] });
      });

      for (const [command, attributes] of row.drift) {
        test(`by hand: ${command}`, async () => {
          await run(command);
          const found = await differences(row, id, state, desired);
          expect({ ...found, state: undefined }).toEqual({
            gone: attributes.length === 0,
            attributes: [...attributes].sort(),
            state: undefined,
          });
          // Whatever it left otherwise the next look finds.
          state = await updated(row, id, found.state, desired);
        });
      }

      for (const [change, replaces] of row.changes) {
        test(`by program: ${JSON.stringify({ change, replaces })}`, async () => {
          const wanted = await checked(row, change);
          const diff = await handler(row).diff(id, state, wanted);
          expect(diff.replaces).toEqual([replaces ?? []].flat());
          if (replaces !== undefined) return;
          const changed = await updated(row, id, state, wanted);
          expect(await differences(row, id, changed, wanted)).toMatchObject({ gone: false, attributes: [] });
          state = await updated(row, id, changed, desired);
        });
      }

      test("deleting it leaves the host as it was", async () => {
        expect(await differences(row, id, state, desired)).toMatchObject({ gone: false, attributes: [] });
        await handler(row).delete(id, state);
        expect(await snapshot(machine())).toEqual(before);
      });

      afterAll(() => tearDown(row));
    });
  }
}
