import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { Running } from "../support/running";
import { shell, snapshot } from "../support/world";

/** Two engines, each with a backend of its own, change one machine at once: one has its lock, and the other waits for it. */

const namespaces = (prefix: string, count: number): Record<string, Declared> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${prefix}${index}`,
      { type: "Namespace", args: { name: `${prefix}${index}` } },
    ]),
  );

let lab: Lab;
let machine: Machine;
let before: unknown;
const programs: Program[] = [];

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["machine"] });
  machine = lab.host("machine");
  before = await snapshot(machine);
});

afterAll(async () => {
  for (const program of programs) program.close();
  await lab?.stop();
});

async function program(resources: Readonly<Record<string, Declared>>): Promise<Program> {
  const made = await Program.on(machine);
  programs.push(made);
  made.declare(resources);
  return made;
}

const up = ({ stack }: Program) => new Running(stack, "up", "--yes", "--skip-preview");
const listed = async () => (await shell(machine, "ip netns list | sort")).trim().split("\n");

test("a second engine says for whom it waits, and then does its part", async () => {
  const ip = await FaultyIp.install(machine);
  const [one, two] = [await program(namespaces("one", 2)), await program(namespaces("two", 2))];
  await ip.holdAt("netns add one");
  const first = up(one);
  await first.until("it holds", () => ip.holds());
  const second = up(two);
  await second.says("it is locked by ");
  expect(await listed()).not.toContainEqual(expect.stringContaining("two"));
  await ip.clear();
  for (const run of [first, second]) expectCode(await run.done, Code.ok);
  expect(await listed()).toEqual(["one0", "one1", "two0", "two1"]);
  await ip.remove();
  for (const each of [one, two]) expectCode(await each.destroy(), Code.ok);
  expect(await snapshot(machine)).toEqual(before);
});

test("one program run twice at once makes its objects once, and both runs have them", async () => {
  const [one, two] = [await program(namespaces("n", 3)), await program(namespaces("n", 3))];
  const runs = [up(one), up(two)];
  for (const run of runs) expectCode(await run.done, Code.ok);
  expect(await listed()).toEqual(["n0", "n1", "n2"]);
  expectCode(await two.preview("--refresh"), Code.ok);
  expectCode(await one.destroy(), Code.ok);
  expectCode(await two.destroy(), Code.ok);
  expect(await snapshot(machine)).toEqual(before);
});

test("an engine that is killed while it changes something keeps nobody out", async () => {
  const ip = await FaultyIp.install(machine);
  const [one, two] = [await program(namespaces("k", 1)), await program(namespaces("l", 1))];
  await ip.holdAt("netns add k");
  const first = up(one);
  await first.until("it holds", () => ip.holds());
  first.kill();
  const second = up(two);
  await second.says("it is locked by ");
  // What the host was told before it carries out to its end, and then nobody holds the lock.
  await ip.clear();
  expectCode(await second.done, Code.ok);
  await ip.remove();
  for (const each of [one, two]) {
    expectCode(await each.stack.pulumi("cancel", "--yes"), Code.ok);
    expectCode(await each.up(), Code.ok);
    expectCode(await each.destroy(), Code.ok);
  }
  expect(await snapshot(machine)).toEqual(before);
});
