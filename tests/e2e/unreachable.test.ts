import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { AtTerminal, Running } from "../support/running";
import { shell, snapshot } from "../support/world";

/** What the engine shows of a host that keeps it waiting, and what becomes of one that never comes back. */

const program: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue" } },
  uplink: {
    type: "IpipTunnel",
    // By name, so that it is not simply gone with the namespace.
    args: { namespace: made("blue", "name"), name: "t1", local: "10.0.0.1", remote: "10.0.0.2" },
  },
  forwarding: { type: "Sysctl", args: { key: "net.ipv4.ip_forward", value: 1 } },
};

/** Which attempt it is that a status tells of is a matter of how busy the machine is. */
const WAITING = /waiting for 127\.0\.0\.1:\d+: attempt \d+, since the connection was reset/;

describe("a host that can't be reached", () => {
  let lab: Lab;
  let machine: Machine;
  let place: Program;
  let label: string;
  let before: unknown;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    label = `127.0.0.1:${machine.port}`;
    // Loaded with the first tunnel, and never unloaded.
    await shell(machine, "modprobe ipip");
    before = await snapshot(machine);
    place = await Program.on(machine);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  const leave = () => shell(machine, "systemctl stop ssh");
  const comeBack = () => shell(machine, "systemctl start ssh");

  test("is what the engine says it waits for, in its status and nowhere else", async () => {
    place.declare(program, { dialErrorLimit: -1 });
    await leave();
    const up = new Running(place.stack, "up", "--yes", "--skip-preview");
    await up.says(`waiting for ${label}: attempt `);
    await comeBack();
    const text = expectCode(await up.done, Code.ok);
    expect(text).toMatch(WAITING);
    expect(text).toContain("4 created");
    expect(text).not.toContain("Diagnostics:");
  });

  test("is what a person at a terminal sees that the engine waits for", async () => {
    await leave();
    const refresh = new AtTerminal(place.stack, "refresh", "--yes", "--skip-preview", "--color", "never");
    await refresh.says(`waiting for ${label}: attempt `);
    await comeBack();
    const text = expectCode(await refresh.done, Code.ok);
    expect(text).toMatch(WAITING);
    expect(text).toContain("4 unchanged");
    expect(text).not.toContain("Diagnostics:");
  });

  test("but takes long: the command that it has not answered is named", async () => {
    const ip = await FaultyIp.install(machine);
    await ip.holdAt("link set dev t1 mtu");
    place.declare({
      ...program,
      uplink: { ...program.uplink, type: "IpipTunnel", args: { ...program.uplink?.args, mtu: 1400 } },
    });
    const up = new Running(place.stack, "up", "--yes", "--skip-preview");
    await up.says(`waiting for ${label}: no answer yet to ip -n blue link set dev t1 mtu 1400`);
    await ip.clear();
    expectCode(await up.done, Code.ok);
  });

  test("keeps its objects in the state, unless a destroy is told to forget them", async () => {
    await leave();
    const { stdout } = await place.destroy();
    expect(stdout).toContain(`${label}: the connection was reset`);
    expect(await place.find("blue")).toBeDefined();

    place.stack.env.PULUMI_IPIP_ON_UNREACHABLE = "forget";
    const destroy = await place.destroy();
    delete place.stack.env.PULUMI_IPIP_ON_UNREACHABLE;
    await comeBack();
    const text = expectCode(destroy, Code.ok);
    const forgotten = (name: string) =>
      `warning: ${label}: ${name} was forgotten, not removed, since the host can't be reached: the connection was reset`;
    for (const name of ["namespace blue", "tunnel t1 in namespace blue", "sysctl net.ipv4.ip_forward"])
      expect(text).toContain(forgotten(name));
    expect(await place.stack.resources()).toEqual([]);

    // What the warning says about finding it is true.
    expect(text).toContain(
      "Its alias is pulumi:declared/dev/uplink: `ip link show` has it, with -n NAMESPACE in one.",
    );
    expect(await shell(machine, "ip -n blue link show")).toContain("alias pulumi:declared/dev/uplink");
    expect(text).toContain('previous "0"');
  });

  test("is forgotten also when the program says so, and the next up takes over what is still there", async () => {
    place.declare(program, { onUnreachable: "forget" });
    expectCode(await place.up(), Code.ok);
    await leave();
    expect(expectCode(await place.destroy(), Code.ok)).toContain("namespace blue was forgotten");
    await comeBack();

    place.declare(program);
    expectCode(await place.up(), Code.ok);
    expectCode(await place.destroy(), Code.ok);
    await shell(machine, "sysctl --write net.ipv4.ip_forward=0");
    expect(await snapshot(machine)).toEqual(before);
  });
});
