import { Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { AtTerminal, Running } from "../support/running";
import { shell, snapshot } from "../support/world";

/**
 * ^C, a second ^C, and engines that are killed: what was under way must neither be lost nor left behind. Each test goes on
 * from where the one before it has ended, with one tunnel more.
 */

const tunnel = (args: Readonly<Record<string, unknown>>, options = {}): Declared => ({
  type: "IpipTunnel",
  args: { namespace: made("blue"), local: "10.0.0.1", addresses: ["192.168.50.1/30"], ...args },
  options,
});
const two: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue" } },
  first: tunnel({ name: "t1", remote: "10.0.0.2" }),
  second: tunnel({ name: "t2", remote: "10.0.0.3" }, { dependsOn: [made("first")] }),
};
const three = { ...two, third: tunnel({ name: "t3", remote: "10.0.0.4" }) };
const four = { ...three, fourth: tunnel({ name: "t4", remote: "10.0.0.5" }) };

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
    place.declare(two);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  async function expectWhole(...devices: readonly string[]): Promise<void> {
    expectCode(await place.preview("--refresh"), Code.ok);
    expect(await place.pending()).toEqual([]);
    for (const device of devices) {
      expect(await shell(machine, `ip -n blue address show dev ${device} up`)).toContain("192.168.50.1/30");
    }
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

  test("ends what is under way, begins nothing more, and records all of it, when ^C is typed at a terminal", async () => {
    await ip.holdAt("link add name t1");
    const up = new AtTerminal(place.stack, "--non-interactive", "up", "--yes", "--skip-preview");
    await up.until("a command is held", () => ip.holds());
    // The terminal's signal reaches the engine alone.
    up.interrupt();
    await up.says("^C received; cancelling");
    expect(up.ended).toBe(false);
    await ip.clear();
    const run = await up.done;
    expect(expectCode(run, Code.error)).toContain("update canceled");
    expect(run.stdout).toMatch(/first .*created/);
    expect(await place.pending()).toEqual([]);
    expect(await place.find("first")).toBeDefined();
    expect(await place.find("second")).toBeUndefined();
    expect((await machine.run("ip -n blue link show dev t2")).code).not.toBe(0);
  });

  test("ends at once after a second ^C; the next up takes over what the host went on to make", async () => {
    const up = await heldAt("link add name t2", "up");
    up.interrupt();
    await up.says("^C received; cancelling");
    up.interrupt();
    expectCode(await up.done, Code.cancelled);
    expect(await place.pending()).toEqual(["creating second"]);
    await ip.clear();
    const marked = async () =>
      (await shell(machine, "ip -n blue link show dev t2")).includes("pulumi:declared/dev/second");
    await until(async () => (await marked()) || undefined, { for: "the host to go on", seconds: 30 });

    const text = expectCode(await place.up(), Code.ok);
    expect(text).toMatch(/second created/);
    expect(text).toMatch(/\+ 1 created\s+3 unchanged/);
    expectCode(await place.refresh("--clear-pending-creates"), Code.ok);
    await expectWhole("t1", "t2");
  });

  test("killed with its provider: the next up takes over what it left half-made", async () => {
    place.declare(three);
    const up = await heldAt("address add", "up");
    await killed(up);
    // Not even the host goes on with it.
    await ip.killHeld();
    await ip.clear();
    expect(await place.pending()).toEqual(["creating third"]);
    expect(await shell(machine, "ip -n blue address show dev t3")).not.toContain("192.168.50.1/30");

    expectCode(await place.up(), Code.ok);
    expectCode(await place.refresh("--clear-pending-creates"), Code.ok);
    await expectWhole("t3");
  });

  test("killed with its provider: a refresh clears what was pending, and up completes it", async () => {
    place.declare(four);
    const up = await heldAt("address add", "up");
    await killed(up);
    await ip.clear();
    expectCode(await place.refresh("--clear-pending-creates"), Code.ok);
    expect(await place.pending()).toEqual([]);

    expect(expectCode(await place.up(), Code.ok)).toMatch(/\+ 1 created\s+5 unchanged/);
    await expectWhole("t4");
  });

  test("killed in the middle of an update and of a destroy: the next one ends it", async () => {
    const addresses = ["192.168.50.1/30", "192.168.51.1/30"];
    place.declare({ ...four, first: tunnel({ name: "t1", remote: "10.0.0.2", ttl: 9, addresses }) });
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
  });
});
