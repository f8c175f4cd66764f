import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, DOORS, expectCode, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { Running } from "../support/running";
import { shell } from "../support/world";

/** Operations that fail in the middle: what the state then holds, and how the next command goes on. */

const ADDRESS = "192.168.50.1/30";
/** Long enough for what a busy machine does, short enough to wait for. */
const PATIENCE = { operationTimeout: 10 };
const tunnel = (n: number, args: Readonly<Record<string, unknown>> = {}, options = {}): Declared => ({
  type: "IpipTunnel",
  args: {
    namespace: "blue",
    name: `t${n}`,
    local: "10.0.0.1",
    remote: `10.0.0.${n + 1}`,
    addresses: [ADDRESS],
    ...args,
  },
  options,
});
const three = { first: tunnel(1), second: tunnel(2), third: tunnel(3) };
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

  const link = (name = "t1") => machine.run(`ip -n blue address show dev ${name}`);

  test("is undone, and nothing of it is recorded", async () => {
    // The kernel then takes no IPv6 address.
    await shell(machine, "ip netns exec blue sysctl -w net.ipv6.conf.default.disable_ipv6=1");
    place.declare({ first: tunnel(1, { addresses: [ADDRESS, "fd00::1/64"] }) });
    const text = expectCode(await place.up(), Code.error);
    expect(text).toContain("address add fd00::1/64 dev t1` failed");
    expect((await link()).code).not.toBe(0);
    expect(await place.find("first")).toBeUndefined();
  });

  describe("is recorded when it can't be undone", () => {
    // Three tunnels without an address, since the command that undoes each fails too.
    beforeAll(async () => {
      place.declare(three);
      await ip.failAt("address add", "link delete");
      const text = expectCode(await place.up("--continue-on-error"), Code.error);
      for (const name of ["t1", "t2", "t3"])
        expect(text).toContain(`address add ${ADDRESS} dev ${name}\` failed`);
      await ip.clear();
      for (const name of ["t1", "t2", "t3"]) expect((await link(name)).stdout).not.toContain(ADDRESS);
    });

    test("and the next up completes it", async () => {
      const { initErrors, id, outputs } = (await place.find("first")) ?? {};
      expect(initErrors).toEqual([expect.stringContaining("RTNETLINK answers: Operation not supported")]);
      expect(id).toContain("/blue/t1");
      expect(outputs).toMatchObject({ addresses: [] });
      // Without it a dynamic resource could be neither read nor deleted.
      if (place.door === DOORS.dynamic)
        expect(outputs).toMatchObject({ __provider: expect.stringContaining("IpipTunnel") });

      expect(expectCode(await place.up(`--target=${place.urnOf("IpipTunnel", "first")}`), Code.ok)).toMatch(
        /first updated/,
      );
      expect((await link()).stdout).toContain(ADDRESS);
      expect((await place.find("first"))?.initErrors).toBeUndefined();
    });

    test("and can be destroyed as it is", async () => {
      expectCode(await place.destroy(`--target=${place.urnOf("IpipTunnel", "third")}`), Code.ok);
      expect((await link("t3")).code).not.toBe(0);
      const { third: _, ...left } = three;
      place.declare(left);
    });

    test("and is seen as it really is by a refresh, and completed then", async () => {
      expectCode(await place.refresh(), Code.ok);
      const { initErrors, outputs } = (await place.find("second")) ?? {};
      expect(outputs).toMatchObject({ addresses: [], up: false });
      expect(initErrors).toBeUndefined();
      expect(expectCode(await place.preview(), Code.changes)).toMatch(
        /second update \[diff: ~addresses,up\]/,
      );
      expectCode(await place.up(), Code.ok);
      expect((await link("t2")).stdout).toContain(ADDRESS);
    });
  });

  describe("of an update", () => {
    const changed = { first: tunnel(1, { ttl: 9, addresses: ["192.168.50.5/30"] }), second: tunnel(2) };

    test("puts it back as it was", async () => {
      const [before, seen] = [await place.find("first"), (await link()).stdout];
      await ip.failAt("address add 192.168.50.5");
      place.declare(changed);
      expect(expectCode(await place.up(), Code.error)).toContain(
        "address add 192.168.50.5/30 dev t1` failed",
      );
      expect(await place.find("first")).toMatchObject({ outputs: before?.outputs });
      expect((await link()).stdout).toBe(seen);
    });

    test("is recorded when that can't be put back either, and the next up completes it", async () => {
      await ip.failAt("address add 192.168.50.5", "ttl inherit");
      expectCode(await place.up(), Code.error);
      // What was done is known.
      expect(await place.find("first")).toMatchObject({
        initErrors: [expect.stringContaining("address add 192.168.50.5/30 dev t1")],
        outputs: { ttl: 9, addresses: [ADDRESS] },
      });
      await ip.clear();
      expectCode(await place.up(), Code.ok);
      expect((await link()).stdout).toContain("192.168.50.5/30");
      expect((await link()).stdout).not.toContain(ADDRESS);
      expectCode(await place.destroy(), Code.ok);
    });
  });

  test("is completed also when nobody could see how far it went; customTimeouts sets no other deadline", async () => {
    // By the plugin it limits what has not begun.
    const create = place.door === DOORS.dynamic ? "1s" : "8s";
    place.declare({ first: tunnel(1, {}, { customTimeouts: { create } }) }, PATIENCE);
    await ip.holdAt("link add name t1");
    const up = new Running(place.stack, "up", "--yes", "--skip-preview");
    await up.until("a command is held", () => ip.holds());
    machine.freeze();
    const text = expectCode(await up.done, Code.error);
    machine.thaw();
    expect(text).toContain("there was no answer within 10 s");
    expect(text).toContain("while running: ip -n blue link add name t1");
    expect((await place.find("first"))?.initErrors).toHaveLength(1);
    await ip.clear();
    expectCode(await place.up(), Code.ok);
    expect((await link()).stdout).toContain(ADDRESS);
    expectCode(await place.preview("--refresh"), Code.ok);
    expectCode(await place.destroy(), Code.ok);
    expect((await link()).code).not.toBe(0);
  });
});
