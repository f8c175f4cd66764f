import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { shell, snapshot } from "../support/world";

/** The kernel removes what is in a namespace, or on a device, with it: the engine has to know, whoever replaces what. */

type Ref = ReturnType<typeof made>;

/** A namespace and all that can be inside; how the two containers are named is up to the test. */
const group = (n: number, blue: Ref, tunnel: Ref): Readonly<Record<string, Declared>> => ({
  [`forwarding${n}`]: {
    type: "Sysctl",
    args: { namespace: blue, key: "net.ipv4.ip_forward", value: 1 },
  },
  [`cable${n}`]: {
    type: "VethPair",
    args: { a: { name: `v${n}a` }, b: { name: `v${n}b`, namespace: blue } },
  },
  [`tunnel${n}`]: {
    type: "IpipTunnel",
    args: {
      namespace: blue,
      name: `t${n}`,
      local: "10.0.0.1",
      remote: `10.0.0.${n + 1}`,
      addresses: ["192.168.50.1/30"],
    },
  },
  [`route${n}`]: {
    type: "Route",
    args: { namespace: blue, destination: "10.9.0.0/16", via: "192.168.50.2", dev: tunnel },
  },
});
/** The first group has its containers given as resources, the second by their names. */
const groups = [
  group(1, made("space1"), made("tunnel1")),
  group(2, made("space2", "name"), made("tunnel2", "name")),
] as const;
const spaces = (first: string, second: string): Readonly<Record<string, Declared>> => ({
  space1: { type: "Namespace", args: { name: first } },
  space2: { type: "Namespace", args: { name: second } },
});
/** A tunnel, and a port for FOU on its device. */
const fou: Readonly<Record<string, Declared>> = {
  outer: {
    type: "IpipTunnel",
    args: { name: "t9", local: "10.0.0.1", remote: "10.0.0.9", addresses: ["192.168.59.1/30"] },
  },
  port: {
    type: "FouPort",
    args: { port: 5555, encap: "gue", local: "192.168.59.1", dev: made("outer") },
  },
};

describe("parents and children", () => {
  let lab: Lab;
  let machine: Machine;
  let place: Program;

  const replace = (...resources: readonly (readonly [type: Declared["type"], name: string])[]) =>
    resources.flatMap(([type, name]) => ["--replace", place.urnOf(type, name)]);

  let before: unknown;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    await shell(machine, "modprobe ipip");
    before = await snapshot(machine);
    place = await Program.on(machine);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  const [blue, red] = ["blue", "red"];
  const TUNNELS = [
    [blue, "t1"],
    [red, "t2"],
  ] as const;

  /** What somebody put into the namespaces, and onto the tunnels, tells whether they are still the same. */
  async function dirty(): Promise<void> {
    for (const [space, tunnel] of TUNNELS)
      await shell(
        machine,
        `ip -n ${space} link add dirt type dummy; ip -n ${space} address add 10.7.7.7/32 dev ${tunnel}`,
      );
  }
  const hasDirt = async (space: string) =>
    (await machine.run(`ip -n ${space} link show dev dirt`)).code === 0;

  test("all that is in a namespace is replaced with it, although its inputs read the same", async () => {
    place.declare({ ...spaces(blue, red), ...groups[0], ...groups[1], ...fou });
    expectCode(await place.up(), Code.ok);
    await dirty();
    const run = await place.up(...replace(["Namespace", "space1"], ["Namespace", "space2"]));
    expect(expectCode(run, Code.ok)).toMatch(/\+-\s*10 replaced\s+3 unchanged/);
    for (const space of [blue, red]) expect(await hasDirt(space)).toBe(false);
    expectCode(await place.preview("--refresh"), Code.ok);
  });

  test("a route is replaced with its tunnel, and so is a port for FOU, and nothing else is", async () => {
    await dirty();
    const tunnels = ["tunnel1", "tunnel2", "outer"].map((name) => ["IpipTunnel", name] as const);
    const run = await place.up(...replace(...tunnels));
    expect(expectCode(run, Code.ok)).toMatch(/\+-\s*6 replaced\s+7 unchanged/);
    for (const [space, tunnel] of TUNNELS) {
      expect(await hasDirt(space)).toBe(true);
      expect(await shell(machine, `ip -n ${space} address show dev ${tunnel}`)).not.toContain("10.7.7.7");
    }
    // The port outlives its device: that of the device before it would be there by its number.
    const there = { port: 5555, gue: null, family: "inet", local: "192.168.59.1", dev: "t9" };
    expect(JSON.parse(await shell(machine, "ip -json fou show"))).toEqual([there]);
    expectCode(await place.preview("--refresh"), Code.ok);
  });

  test("a namespace of another name takes all of them along", async () => {
    place.declare({ ...spaces("green", "yellow"), ...groups[0], ...groups[1], ...fou });
    expect(expectCode(await place.up(), Code.ok)).toMatch(/\+-\s*10 replaced\s+3 unchanged/);
    const there = (await shell(machine, "ip netns list")).match(/^\w+/gm);
    expect(there?.sort()).toEqual(["green", "yellow"]);
    expectCode(await place.preview("--refresh"), Code.ok);
  });

  test("a child goes alone, and the rest stays", async () => {
    const { cable1: _, ...inside } = groups[0];
    const { route2: _route, tunnel2: _tunnel, forwarding2: _forwarding, ...rest } = groups[1];
    place.declare({ ...spaces("green", "yellow"), ...inside, ...rest, ...fou });
    expect(expectCode(await place.up(), Code.ok)).toMatch(/- 4 deleted\s+9 unchanged/);
    const links = await shell(machine, "ip -n yellow -brief link show");
    expect(links).not.toContain("t2@");
    expect(links).toContain("v2b@");
    expect(await shell(machine, "ip netns exec yellow sysctl -n net.ipv4.ip_forward")).toBe("0\n");
  });

  test("what is in a namespace is not deleted one by one when it goes, and nothing is left", async () => {
    const ip = await FaultyIp.install(machine);
    expectCode(await place.destroy(), Code.ok);
    const deletes = (await ip.log()).filter((command) => / delete .*(t1|green)\b/.test(command));
    expect(deletes).toEqual(["-n green link delete dev t1", "netns delete green"]);
    await ip.remove();
    expect(await snapshot(machine)).toEqual(before);
  });
});
