import type { Run, StateResource } from "../../lab/engine";
import type { Bag } from "../support/calls";
import { Code, type Declared, made, Program as Stack } from "../support/declared";
import { changesBetween, differences, type Look, namesOf, owned, seen, textOf } from "./look";
import { type Density, type LoopbackFault, loopbackFaults } from "./loopback-faults";
import { LoopbackScene } from "./loopback-scene";
import { AFTER, BEFORE, FIRST, type Program } from "./program";
import { record, type Verdict } from "./results";
import { expectGood, type Lengths, type Operation } from "./trial";

/** A few of the faults once more, with the real engine, its state file and a provider in a process of its own. */

const SPARSE: Density = {
  cut: 1,
  cutForGood: 1,
  handshake: 1,
  freeze: 0,
  killed: 1,
  truncated: 0,
  host: 1,
  slow: 0,
};
/** A fault for each way in which a process of the engine may learn of one; it is their number that costs here. */
const everywhere = loopbackFaults(SPARSE).filter(({ id }) =>
  /^(reset|away|sshd|power|shell|killed)/.test(id),
);
const SHORT_IDS = ["reset/update/from-the-host/50%", "sshd/update/command-50%"];
const faults =
  process.env.FAULTS === "whole" ? everywhere : everywhere.filter(({ id }) => SHORT_IDS.includes(id));

const TARGET: Readonly<Record<Operation, Program>> = {
  create: BEFORE,
  update: AFTER,
  refresh: BEFORE,
  destroy: BEFORE,
};

/** declared gives a program's resources one another where it names them. */
function declared(program: Program): Record<string, Declared> {
  const nameOf = (type: string, name: unknown) =>
    Object.entries(program).find(([, one]) => one.type === type && one.inputs.name === name)?.[0];
  const given = (type: string, name: unknown) => {
    const found = nameOf(type, name);
    return found === undefined ? name : made(found);
  };
  const inputs = (bag: Bag): Bag =>
    Object.fromEntries(
      Object.entries(bag).map(([key, value]) => {
        if (key === "namespace") return [key, given("Namespace", value)];
        if (key === "dev") return [key, given("IpipTunnel", value)];
        return [key, key === "a" || key === "b" ? inputs(value as Bag) : value];
      }),
    );
  return Object.fromEntries(
    Object.entries(program).map(([name, { type, inputs: bag, after = [] }]) => [
      name,
      {
        type: type as Declared["type"],
        args: inputs(bag),
        options: { dependsOn: after.map((one) => made(one)) },
      },
    ]),
  );
}

/** EngineTrial is the way of one fault with a stack of the real engine. */
class EngineTrial {
  private said = "";
  private readonly wrong: string[] = [];
  private readonly lies: string[] = [];
  private readonly orphans: string[] = [];

  constructor(
    private readonly scene: LoopbackScene,
    private readonly stack: Stack,
    private readonly operation: Operation,
  ) {}

  async prepare(): Promise<void> {
    this.stack.declare(declared(this.operation === "create" ? FIRST : BEFORE));
    this.must("the preparation", await this.stack.up());
    if (this.operation === "refresh") await this.scene.drift();
    this.stack.declare(declared(TARGET[this.operation]));
  }

  async run(): Promise<Run> {
    if (this.operation === "refresh") return await this.heard(this.stack.refresh());
    if (this.operation === "destroy") return await this.heard(this.stack.destroy());
    return await this.heard(this.stack.up());
  }

  async finish(): Promise<string> {
    const { stack } = this;
    this.must("refresh", await this.heard(stack.refresh()));
    await this.compare("after the refresh");
    this.must("up", await this.heard(stack.up()));
    await this.compare("after the up");
    this.must("a preview, which must find nothing,", await this.heard(stack.preview()));
    return textOf(await this.scene.look());
  }

  async destroy(): Promise<string> {
    this.must("destroy", await this.heard(this.stack.destroy()));
    return textOf(await this.scene.look());
  }

  async meets(fault: LoopbackFault, lengths: Lengths, empty: string, after: string): Promise<Verdict> {
    const { scene } = this;
    await this.prepare();
    const { struck, cure } = await fault.begin(scene, lengths);
    const { code } = await this.run();
    const met = struck();
    await cure?.();
    await scene.proxy.mends();
    await scene.quiet();
    this.strays("after the fault", await scene.look(), await this.stack.stack.resources());
    const now = await this.finish();
    this.wrong.push(...changesBetween(after, now).map((one) => `on the host after the up: ${one}`));
    const left = await this.destroy();
    this.orphans.push(...changesBetween(empty, left).map((one) => `after the destroy: ${one}`));
    const seenBy = `${this.said}${await scene.said()}`;
    const secrets = scene.secrets.some((secret) => seenBy.includes(secret)) ? ["a secret was shown"] : [];
    const { wrong, lies, orphans } = this;
    return { met, failed: code === Code.ok ? 0 : 1, wrong, lies, orphans, secrets };
  }

  private must(what: string, { code, stdout, stderr }: Run): void {
    if (code !== Code.ok) this.wrong.push(`${what} failed with ${code}\n${stdout}${stderr}`);
  }

  private async heard(run: Promise<Run>): Promise<Run> {
    const { code, stdout, stderr } = await run;
    this.said += stdout + stderr;
    return { code, stdout, stderr };
  }

  private async compare(when: string): Promise<void> {
    const look = await this.scene.look();
    const resources = await this.stack.stack.resources();
    this.said += JSON.stringify(resources);
    for (const { urn, type, outputs = {}, pendingReplacement = false } of ours(resources)) {
      if (pendingReplacement) continue;
      const name = urn.split("::").at(-1);
      const found = seen(look, type, outputs);
      if (found === undefined) this.lies.push(`${when}: ${name} is in the state and not on the host`);
      else this.lies.push(...differences(outputs, found).map((one) => `${when}: ${name}: ${one}`));
    }
    this.strays(when, look, resources);
  }

  /** strays: what is in a namespace that the state has goes with it, so the state knows of it. */
  private strays(when: string, look: Look, resources: readonly StateResource[]): void {
    const known = new Set(ours(resources).flatMap(({ type, outputs = {} }) => namesOf(type, outputs)));
    for (const one of owned(look)) {
      const [, place] = one.split(" ");
      if (!known.has(one) && !known.has(`namespace ${place}`))
        this.orphans.push(`${when}: nobody knows of ${one}`);
    }
  }
}

function ours(resources: readonly StateResource[]): StateResource[] {
  const own = resources.filter(({ type }) => type.includes("ipip"));
  return own.map((resource) => ({ ...resource, type: resource.type.split(":").at(-1) ?? "" }));
}

async function within<T>(work: (scene: LoopbackScene, stack: Stack) => Promise<T>): Promise<T> {
  const scene = await LoopbackScene.open("password");
  const stack = await Stack.over({ ...scene.connection, dialErrorLimit: 2, perDialTimeout: 5 });
  return await work(scene, stack).finally(async () => {
    stack.close();
    await scene.close();
  });
}

interface Undisturbed {
  readonly lengths: Lengths;
  readonly empty: string;
  readonly after: string;
}
const known = new Map<Operation, Undisturbed>();

async function undisturbed(operation: Operation): Promise<Undisturbed> {
  const found = known.get(operation) ?? (await within((scene, stack) => measure(scene, stack, operation)));
  known.set(operation, found);
  return found;
}

async function measure(scene: LoopbackScene, stack: Stack, operation: Operation): Promise<Undisturbed> {
  const empty = textOf(await scene.look());
  const trial = new EngineTrial(scene, stack, operation);
  await trial.prepare();
  scene.proxy.count();
  const count = { commands: 0, listings: 0 };
  scene.host.fate = ({ listing }) => {
    count.commands++;
    if (listing) count.listings++;
    return undefined;
  };
  expect((await trial.run()).code).toBe(Code.ok);
  const lengths = { ...scene.proxy.bytes, ...count };
  return { lengths, empty, after: await trial.finish() };
}

test("no fault is left out by a slip in its name", () => {
  expect(SHORT_IDS.filter((id) => !everywhere.some((fault) => fault.id === id))).toEqual([]);
});

test.each(faults.map((fault) => ({ ...fault, id: `engine/${fault.id}` })))("$id", async (fault) => {
  const { id, kind, operation } = fault;
  const { lengths, empty, after } = await undisturbed(operation);
  await within(async (scene, stack) => {
    const trial = new EngineTrial(scene, stack, operation);
    const verdict = await trial.meets(fault, lengths, empty, after);
    record({ id, kind, host: "loopback, real engine", ...verdict });
    expectGood(verdict);
  });
});
