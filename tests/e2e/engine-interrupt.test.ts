import { Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { AtTerminal, Running } from "../support/running";
import { shell, snapshot } from "../support/world";

/** ^C, a second ^C, and engines that are killed: what was under way must neither be lost nor left behind. */

const tunnel = (args: Readonly<Record<string, unknown>>, options = {}): Declared => ({
  type: "IpipTunnel",
  args: { namespace: made("blue"), local: "10.0.0.1", addresses: ["192.168.50.1/30"], ...args },
  options,
});
const program: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue" } },
  first: tunnel({ name: "t1", remote: "10.0.0.2" }),
  second: tunnel({ name: "t2", remote: "10.0.0.3" }, { dependsOn: [made("first")] }),
};

describe("an interrupted update", () => {
  let lab: Lab;
  let machine: Machine;
  let ip: FaultyIp;
  let place: Program;
  let before: unknown;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    // Loaded with the first tunnel, and never unloaded.
    await shell(machine, "modprobe ipip");
    before = await snapshot(machine);
    ip = await FaultyIp.install(machine);
    place = await Program.on(machine);
    place.declare(program);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  /** Everything is there then, and after a destroy nothing at all. */
  async function expectWholeAndDestroy(): Promise<void> {
    expectCode(await place.preview("--refresh"), Code.ok);
    expect(await place.pending()).toEqual([]);
    for (const device of ["t1", "t2"]) {
      expect(await shell(machine, `ip -n blue address show dev ${device} up`)).toContain("192.168.50.1/30");
    }
    expectCode(await place.destroy(), Code.ok);
    expect(await snapshot(machine)).toEqual(before);
  }

  /** An up that waits in the middle of a command on the host. */
  async function heldAt(command: string, ...args: readonly string[]): Promise<Running> {
    await ip.holdAt(command);
    const run = new Running(place.stack, ...args, "--yes", "--skip-preview");
    await run.until("a command is held", () => ip.holds());
    return run;
  }

  async function killed(run: Running): Promise<void> {
    run.kill();
    await run.done;
    // A dead engine still holds the lock of its stack.
    expectCode(await place.stack.pulumi("cancel", "--yes"), Code.ok);
  }

  test("ends what is under way, begins nothing more, and records all of it", async () => {
    const up = await heldAt("link add name t1", "up");
    up.interrupt();
    await up.says("^C received; cancelling");
    expect(up.ended).toBe(false);
    await ip.clear();
    const run = await up.done;
    expect(expectCode(run, Code.error)).toContain("update canceled");
    expect(run.stdout).toMatch(/first created/);
    expect(await place.pending()).toEqual([]);
    expect(await place.find("first")).toBeDefined();
    expect(await place.find("second")).toBeUndefined();
    expect((await machine.run("ip -n blue link show dev t2")).code).not.toBe(0);

    expect(expectCode(await place.up(), Code.ok)).toMatch(/\+ 1 created\s+3 unchanged/);
    await expectWholeAndDestroy();
  });

  test("ends in the same way when ^C is typed at a terminal, which reaches the engine alone", async () => {
    await ip.holdAt("link add name t1");
    const up = new AtTerminal(place.stack, "--non-interactive", "up", "--yes", "--skip-preview");
    await up.until("a command is held", () => ip.holds());
    up.interrupt();
    await up.says("^C received; cancelling");
    expect(up.ended).toBe(false);
    await ip.clear();
    const run = await up.done;
    expect(expectCode(run, Code.error)).toContain("update canceled");
    expect(await place.pending()).toEqual([]);
    expect(await place.find("first")).toBeDefined();

    expectCode(await place.up(), Code.ok);
    await expectWholeAndDestroy();
  });

  test("ends at once after a second ^C; the next up takes over what the host went on to make", async () => {
    const up = await heldAt("link add name t1", "up");
    up.interrupt();
    await up.says("^C received; cancelling");
    up.interrupt();
    expectCode(await up.done, Code.cancelled);
    expect(await place.pending()).toEqual(["creating first"]);
    await ip.clear();
    const marked = async () =>
      (await shell(machine, "ip -n blue link show dev t1")).includes("pulumi:declared/dev/first");
    await until(async () => (await marked()) || undefined, { for: "the host to go on", seconds: 30 });

    expect(expectCode(await place.up(), Code.ok)).toMatch(/first created/);
    expectCode(await place.refresh("--clear-pending-creates"), Code.ok);
    await expectWholeAndDestroy();
  });

  test("killed with its provider: the next up takes over what it left half-made", async () => {
    const up = await heldAt("address add", "up");
    await killed(up);
    // Not even the host goes on with it.
    await ip.killHeld();
    await ip.clear();
    expect(await place.pending()).toEqual(["creating first"]);
    expect(await shell(machine, "ip -n blue address show dev t1")).not.toContain("192.168.50.1/30");

    expectCode(await place.up(), Code.ok);
    expectCode(await place.refresh("--clear-pending-creates"), Code.ok);
    await expectWholeAndDestroy();
  });

  test("killed with its provider: a refresh clears what was pending, and up completes it", async () => {
    const up = await heldAt("address add", "up");
    await killed(up);
    await ip.clear();
    expectCode(await place.refresh("--clear-pending-creates"), Code.ok);
    expect(await place.pending()).toEqual([]);

    expect(expectCode(await place.up(), Code.ok)).toMatch(/\+ 2 created\s+2 unchanged/);
    await expectWholeAndDestroy();
  });

  test("killed in the middle of an update and of a destroy: the next one ends it", async () => {
    expectCode(await place.up(), Code.ok);
    const addresses = ["192.168.50.1/30", "192.168.51.1/30"];
    place.declare({ ...program, first: tunnel({ name: "t1", remote: "10.0.0.2", ttl: 9, addresses }) });
    const up = await heldAt("address add 192.168.51.1/30", "up");
    await killed(up);
    await ip.killHeld();
    await ip.clear();
    expect(await place.pending()).toEqual(["updating first"]);
    expectCode(await place.up("--refresh"), Code.ok);
    expect(await shell(machine, "ip -n blue -details address show dev t1")).toMatch(
      /ttl 9.*192\.168\.51\.1/s,
    );

    const destroy = await heldAt("netns delete", "destroy");
    await killed(destroy);
    await ip.clear();
    expect(await place.pending()).toEqual(["deleting blue"]);
    expectCode(await place.destroy(), Code.ok);
    expect(await snapshot(machine)).toEqual(before);
    place.declare(program);
  });
});
