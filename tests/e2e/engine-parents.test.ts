import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { shell, snapshot } from "../support/world";

/** The kernel removes what is in a namespace, or on a device, with it: the engine has to know, whoever replaces what. */

type Ref = ReturnType<typeof made>;

/** A namespace and all that can be inside; how the two containers are named is up to the test. */
const program = (blue: Ref, tunnel: Ref): Readonly<Record<string, Declared>> => ({
  blue: { type: "Namespace", args: { name: "blue" } },
  forwarding: { type: "Sysctl", args: { namespace: blue, key: "net.ipv4.ip_forward", value: 1 } },
  cable: { type: "VethPair", args: { a: { name: "v1" }, b: { name: "v2", namespace: blue } } },
  tunnel: {
    type: "IpipTunnel",
    args: {
      namespace: blue,
      name: "t1",
      local: "10.0.0.1",
      remote: "10.0.0.2",
      addresses: ["192.168.50.1/30"],
    },
  },
  route: {
    type: "Route",
    args: { namespace: blue, destination: "10.9.0.0/16", via: "192.168.50.2", dev: tunnel },
  },
});
const asResources = program(made("blue"), made("tunnel"));
const asNames = program(made("blue", "name"), made("tunnel", "name"));

const urn = (type: string, name: string) =>
  `urn:pulumi:dev::declared::pulumi-nodejs:dynamic/ipip:${type}::${name}`;

describe("parents and children", () => {
  let lab: Lab;
  let machine: Machine;
  let ip: FaultyIp;
  let place: Program;
  let before: unknown;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    await shell(machine, "modprobe ipip");
    before = await snapshot(machine);
    place = await Program.on(machine);
    ip = await FaultyIp.install(machine);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  /** What somebody put into the namespace, and onto the tunnel, tells whether they are still the same. */
  const dirty = () =>
    shell(machine, "ip -n blue link add dirt type dummy; ip -n blue address add 10.7.7.7/32 dev t1");
  const hasDirt = async () => (await machine.run("ip -n blue link show dev dirt")).code === 0;

  describe.each([
    ["as resources", asResources],
    ["by their names", asNames],
  ])("given %s", (_, resources) => {
    test("all that is in a namespace is replaced with it, although its inputs read the same", async () => {
      place.declare(resources);
      expectCode(await place.up(), Code.ok);
      await dirty();
      const run = await place.up("--replace", urn("Namespace", "blue"));
      expectCode(run, Code.ok);
      expect(run.stdout).toMatch(/\+-\s*5 replaced\s+1 unchanged/);
      expect(await hasDirt()).toBe(false);
      expectCode(await place.preview("--refresh"), Code.ok);
    });

    test("a route is replaced with its tunnel, and nothing else is", async () => {
      await dirty();
      const run = await place.up("--replace", urn("IpipTunnel", "tunnel"));
      expectCode(run, Code.ok);
      expect(run.stdout).toMatch(/\+-\s*2 replaced\s+4 unchanged/);
      expect(await hasDirt()).toBe(true);
      expect(await shell(machine, "ip -n blue address show dev t1")).not.toContain("10.7.7.7");
      expectCode(await place.preview("--refresh"), Code.ok);
    });

    test("a namespace of another name takes all of them along", async () => {
      place.declare({ ...resources, blue: { type: "Namespace", args: { name: "green" } } });
      const run = await place.up();
      expectCode(run, Code.ok);
      expect(run.stdout).toMatch(/\+-\s*5 replaced\s+1 unchanged/);
      expect(await shell(machine, "ip netns list")).toMatch(/^green/);
      expect(await shell(machine, "ip netns list")).not.toContain("blue");
      expectCode(await place.preview("--refresh"), Code.ok);
      expectCode(await place.destroy(), Code.ok);
      expect(await snapshot(machine)).toEqual(before);
    });
  });

  test("a child goes alone, and the rest stays", async () => {
    place.declare(asResources);
    expectCode(await place.up(), Code.ok);
    const { route: _route, tunnel: _tunnel, forwarding: _forwarding, ...rest } = asResources;
    place.declare(rest);
    expect(expectCode(await place.up(), Code.ok)).toMatch(/- 3 deleted\s+3 unchanged/);
    expect(await shell(machine, "ip -n blue -brief link show")).not.toContain("t1@");
    expect(await shell(machine, "ip -n blue -brief link show")).toContain("v2@");
    expect(await shell(machine, "ip netns exec blue sysctl -n net.ipv4.ip_forward")).toBe("0\n");
  });

  test("what is in a namespace is not deleted one by one when it goes, and nothing is left", async () => {
    const { cable: _, ...inside } = asResources;
    place.declare(inside);
    expectCode(await place.up(), Code.ok);
    await ip.clear();
    expectCode(await place.destroy(), Code.ok);
    const deletes = (await ip.log()).filter((command) => command.includes(" delete "));
    expect(deletes).toEqual(["-n blue link delete dev t1", "netns delete blue"]);
    await ip.remove();
    expect(await snapshot(machine)).toEqual(before);
  });

  test("a port for FOU goes with its device, which it outlives, and a delete of its own", async () => {
    const tunnel = { name: "t1", local: "10.0.0.1", remote: "10.0.0.2", addresses: ["192.168.50.1/30"] };
    const port = { port: 5555, encap: "gue", local: "192.168.50.1", dev: made("tunnel") };
    place.declare({ tunnel: { type: "IpipTunnel", args: tunnel }, port: { type: "FouPort", args: port } });
    expectCode(await place.up(), Code.ok);
    const run = await place.up("--replace", urn("IpipTunnel", "tunnel"));
    expect(expectCode(run, Code.ok)).toMatch(/\+-\s*2 replaced/);
    // That of the device before it would be there by its number.
    const there = { port: 5555, gue: null, family: "inet", local: "192.168.50.1", dev: "t1" };
    expect(JSON.parse(await shell(machine, "ip -json fou show"))).toEqual([there]);
    expectCode(await place.preview("--refresh"), Code.ok);
    expectCode(await place.destroy(), Code.ok);
    expect(await snapshot(machine)).toEqual(before);
  });
});
