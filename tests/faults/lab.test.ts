import { Lab, type Machine } from "../../lab/lab";
import { type Door, doorFor } from "../support/doors";
import { shell } from "../support/world";
import { labFaults, SHORT_IDS } from "./lab-faults";
import { LabScene } from "./lab-scene";
import { textOf } from "./look";
import { record } from "./results";
import { expectGood, type Lengths, type Measured, type Operation, Trial } from "./trial";

/** Faults between the provider, as the engine drives it, and a real machine, which has some of its own. */

const all = labFaults();
const faults = process.env.FAULTS === "whole" ? all : all.filter(({ id }) => SHORT_IDS.includes(id));

let lab: Lab;
let machine: Machine;
let empty: string;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["machine"] });
  machine = lab.host("machine");
  await within(prepared);
});
afterAll(() => lab?.stop());

/** prepared: the module stays once it is loaded, and a booted machine has it not. */
async function prepared(scene: LabScene): Promise<void> {
  await shell(machine, "modprobe ipip");
  empty = textOf(await scene.look());
}

async function within<T>(work: (scene: LabScene) => Promise<T>): Promise<T> {
  const scene = await LabScene.open(machine);
  return await work(scene).finally(() => scene.close());
}

interface Undisturbed {
  readonly lengths: Lengths;
  readonly after: string;
}
const known = new Map<string, Undisturbed>();

async function undisturbed(operation: Operation, door: Door): Promise<Undisturbed> {
  const key = `${operation} ${door}`;
  const found = known.get(key) ?? (await within((scene) => measure(scene, operation, door)));
  known.set(key, found);
  return found;
}

async function measure(scene: LabScene, operation: Operation, door: Door): Promise<Undisturbed> {
  const trial = new Trial(scene, operation, door);
  await trial.prepare();
  scene.proxy.count();
  expect((await trial.run()).failures).toEqual([]);
  const lengths = { ...scene.proxy.bytes, commands: 0, listings: 0 };
  const after = await trial.finish();
  expect(await trial.destroy()).toBe(empty);
  return { lengths, after };
}

test("no fault is left out by a slip in its name", () => {
  expect(SHORT_IDS.filter((id) => !all.some((fault) => fault.id === id))).toEqual([]);
});

test.each(faults.map((fault, index) => ({ ...fault, door: doorFor(index) })))(
  "$id, through $door",
  async (fault) => {
    const { lengths, after } = await undisturbed(fault.operation, fault.door);
    const measured: Measured = { empty, after };
    await within(async (scene) => {
      const { id, kind, operation } = fault;
      const verdict = await new Trial(scene, operation, fault.door).meets(fault, lengths, measured);
      record({ id, kind, host: "lab", ...verdict });
      expectGood(verdict);
    });
  },
);
