import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { Running } from "../support/running";
import { shell } from "../support/world";

/** Operations that fail in the middle: what the state then holds, and how the next command goes on. */

const ADDRESS = "192.168.50.1/30";
/** Long enough for what a busy machine does, short enough to wait for. */
const PATIENCE = { operationTimeout: 10 };
const tunnel = (args: Readonly<Record<string, unknown>> = {}): { readonly tunnel: Declared } => ({
  tunnel: {
    type: "IpipTunnel",
    args: {
      namespace: "blue",
      name: "t1",
      local: "10.0.0.1",
      remote: "10.0.0.2",
      addresses: [ADDRESS],
      ...args,
    },
  },
});

describe("an operation that fails half-way", () => {
  let lab: Lab;
  let machine: Machine;
  let ip: FaultyIp;
  let place: Program;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    place = await Program.on(machine);
    await shell(machine, "ip netns add blue");
    ip = await FaultyIp.install(machine);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  const link = () => machine.run("ip -n blue address show dev t1");

  test("is undone, and nothing of it is recorded", async () => {
    // The kernel then takes no IPv6 address.
    await shell(machine, "ip netns exec blue sysctl -w net.ipv6.conf.default.disable_ipv6=1");
    place.declare(tunnel({ addresses: [ADDRESS, "fd00::1/64"] }));
    const text = expectCode(await place.up(), Code.error);
    expect(text).toContain("address add fd00::1/64 dev t1` failed");
    expect((await link()).code).not.toBe(0);
    expect(await place.find("tunnel")).toBeUndefined();
  });

  /** Leaves a tunnel that has no address, since the command that undoes it fails too. */
  async function halfMade(): Promise<void> {
    place.declare(tunnel());
    await ip.failAt("address add", "link delete");
    const text = expectCode(await place.up(), Code.error);
    expect(text).toContain(`address add ${ADDRESS} dev t1\` failed`);
    await ip.clear();
    expect((await link()).stdout).not.toContain(ADDRESS);
  }

  test("is recorded when it can't be undone, and the next up completes it", async () => {
    await halfMade();
    const { initErrors, id, outputs } = (await place.find("tunnel")) ?? {};
    expect(initErrors).toEqual([expect.stringContaining("RTNETLINK answers: Operation not supported")]);
    expect(id).toContain("/blue/t1");
    expect(outputs).toMatchObject({ addresses: [], __provider: expect.stringContaining("IpipTunnel") });

    expect(expectCode(await place.up(), Code.ok)).toMatch(/tunnel updated/);
    expect((await link()).stdout).toContain(ADDRESS);
    expect((await place.find("tunnel"))?.initErrors).toBeUndefined();
    expectCode(await place.destroy(), Code.ok);
  });

  test("is seen as it really is by a refresh, and completed then", async () => {
    await halfMade();
    expectCode(await place.refresh(), Code.ok);
    expect(await place.find("tunnel")).toMatchObject({ outputs: { addresses: [], up: false } });
    expect((await place.find("tunnel"))?.initErrors).toBeUndefined();
    expect(expectCode(await place.preview(), Code.changes)).toMatch(/tunnel update \[diff: ~addresses,up\]/);
    expectCode(await place.up(), Code.ok);
    expect((await link()).stdout).toContain(ADDRESS);
    expectCode(await place.destroy(), Code.ok);
  });

  test("can be destroyed as it is", async () => {
    await halfMade();
    expectCode(await place.destroy(), Code.ok);
    expect((await link()).code).not.toBe(0);
  });

  test("is put back as it was when it is an update", async () => {
    place.declare(tunnel());
    expectCode(await place.up(), Code.ok);
    const [before, seen] = [await place.find("tunnel"), (await link()).stdout];
    await ip.failAt("address add 192.168.50.5");
    place.declare(tunnel({ ttl: 9, addresses: ["192.168.50.5/30"] }));
    expect(expectCode(await place.up(), Code.error)).toContain("address add 192.168.50.5/30 dev t1` failed");
    expect(await place.find("tunnel")).toMatchObject({ outputs: before?.outputs });
    expect((await link()).stdout).toBe(seen);
    await ip.clear();
    expectCode(await place.destroy(), Code.ok);
  });

  test("is recorded when an update can't be put back either, and the next up completes it", async () => {
    place.declare(tunnel());
    expectCode(await place.up(), Code.ok);
    await ip.failAt("address add 192.168.50.5", "ttl inherit");
    place.declare(tunnel({ ttl: 9, addresses: ["192.168.50.5/30"] }));
    expectCode(await place.up(), Code.error);
    // What was done is known.
    expect(await place.find("tunnel")).toMatchObject({
      initErrors: [expect.stringContaining("address add 192.168.50.5/30 dev t1")],
      outputs: { ttl: 9, addresses: [ADDRESS] },
    });
    await ip.clear();
    expectCode(await place.up(), Code.ok);
    expect((await link()).stdout).toContain("192.168.50.5/30");
    expect((await link()).stdout).not.toContain(ADDRESS);
    expectCode(await place.destroy(), Code.ok);
  });

  test("is completed also when nobody could see how far it went", async () => {
    place.declare(tunnel(), PATIENCE);
    await ip.holdAt("link add name t1");
    const up = new Running(place.stack, "up", "--yes", "--skip-preview");
    await up.until("a command is held", () => ip.holds());
    machine.freeze();
    const text = expectCode(await up.done, Code.error);
    machine.thaw();
    expect(text).toContain("there was no answer within 10 s");
    expect(text).toContain("while running: ip -n blue link add name t1");
    expect((await place.find("tunnel"))?.initErrors).toHaveLength(1);
    await ip.clear();
    expectCode(await place.up(), Code.ok);
    expect((await link()).stdout).toContain(ADDRESS);
    expectCode(await place.preview("--refresh"), Code.ok);
    expectCode(await place.destroy(), Code.ok);
  });

  test("fails after the connection's own deadline; customTimeouts can't set one", async () => {
    const declared = tunnel().tunnel;
    place.declare({ tunnel: { ...declared, options: { customTimeouts: { create: "1s" } } } }, PATIENCE);
    await ip.holdAt("link add name t1");
    const text = expectCode(await place.up(), Code.error);
    expect(text).toContain("there was no answer within 10 s");
    await ip.clear();
    expectCode(await place.up(), Code.ok);
    expectCode(await place.destroy(), Code.ok);
    expect((await link()).code).not.toBe(0);
  });
});
