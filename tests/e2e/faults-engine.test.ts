import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "../../lab/engine";
import { Lab, type Machine } from "../../lab/lab";
import { Calls } from "../support/calls";
import { Code, type Declared, expectCode, Program } from "../support/declared";
import { TUNNEL } from "../support/trial";
import { connectionTo, shell } from "../support/world";

/** Faults that show only with all of a program's resources together, or in how a process ends. */

describe("through the engine", () => {
  let lab: Lab;
  let machine: Machine;
  let other: Machine;
  let place: Program;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine", "other"] });
    machine = lab.host("machine");
    other = lab.host("other");
    place = await Program.on(machine);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  const tunnel = (name: string, args: Readonly<Record<string, unknown>> = {}): Declared => ({
    type: "IpipTunnel",
    args: { name, local: "10.3.0.1", remote: "10.3.0.2", ...args },
  });
  const elsewhere = () => ({ connection: { ...connectionTo(other), dialErrorLimit: 1, perDialTimeout: 3 } });
  const links = (host: Machine) => shell(host, "ip -brief link show type ipip");

  test("two tunnels of one program with the same ends: one is made, and the other names it", async () => {
    place.declare({ one: tunnel("t1"), two: tunnel("t2") });
    const text = expectCode(await place.up(), Code.error);
    const [, winner] = /the tunnel (t\d) already joins 10\.3\.0\.1 to 10\.3\.0\.2/.exec(text) ?? [];
    expect(["t1", "t2"]).toContain(winner);
    expect((await links(machine)).match(/^t\d/gm)).toEqual([winner]);
    expectCode(await place.destroy(), Code.ok);
  });

  test("a destroy without one of the hosts removes what it can, and keeps the rest in the state", async () => {
    place.declare({ here: tunnel("t1"), there: tunnel("t1", elsewhere()) });
    expectCode(await place.up(), Code.ok);
    other.freeze();
    const run = await place.destroy("--continue-on-error");
    other.thaw();
    const text = expectCode(run, Code.error);
    expect(text).toContain(`127.0.0.1:${other.port}: there was no answer within 3 s`);
    expect(await links(machine)).not.toContain("t1");
    expect(await place.find("here")).toBeUndefined();
    expect(await place.find("there")).toMatchObject({ outputs: { name: "t1" } });
    expect(await links(other)).toContain("t1");
    expectCode(await place.destroy(), Code.ok);
    expect(await links(other)).not.toContain("t1");
  });

  test("a provider whose work is done ends by itself, with its connections still open", async () => {
    const calls = new Calls({ ...connectionTo(machine), dialErrorLimit: 1, perDialTimeout: 2 });
    const made = await calls.create("IpipTunnel", TUNNEL);
    const read =
      `require("./provider").handlers.IpipTunnel.read(${JSON.stringify(made.id)}, ${JSON.stringify(made.state)})` +
      ".then(({ id }) => console.log(id), ({ message }) => console.log(message))";
    // Less than a connection stays open for nothing; a process that does not end is killed, which is an error here.
    const provider = () =>
      promisify(execFile)(process.execPath, ["--require", "tsx/cjs", "--eval", read], {
        cwd: ROOT,
        timeout: 40_000,
      });
    expect((await provider()).stdout).toBe(`${made.id}\n`);
    machine.freeze();
    const down = await provider().finally(() => machine.thaw());
    expect(down.stdout).toContain(`127.0.0.1:${machine.port}: there was no answer within 2 s`);
    await calls.delete(made);
  });
});
