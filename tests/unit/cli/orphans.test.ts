import { type Census, inOrder, remove, takeCensus } from "../../../cli/marked/orphans";
import { chosenOf, refusePending } from "../../../cli/marked/remove";
import { censusJson, censusTable, commandsOf } from "../../../cli/report/census";
import { readState, type StackState } from "../../../cli/state";
import { contracts, servicesOver } from "../../../provider";
import type { Contract } from "../../../provider/resource";
import { plant } from "../../support/fake-boot";
import { FakeHost } from "../../support/fake-host";
import { type Entry, exported, made, secret } from "../../support/state-export";

const contract = (type: string) => contracts[type] as Contract;

let host: FakeHost;
let kept: Entry;
beforeEach(async () => {
  host = new FakeHost(undefined, "192.0.2.1");
  kept = await made(host, contract("Namespace"), "blue", { name: "blue" });
});

const open = () => host;
const services = servicesOver(open);
const stateOf = (entries: readonly Entry[], stack = "dev") => readState(exported(entries, stack), "the test");
const census = (...states: StackState[]) => takeCensus(states, services, open);
const objects = ({ orphans }: Census) => orphans.map(({ object }) => object);

/** One of each type that bears a mark, each of them made by a stack that has forgotten it. */
const FORGOTTEN: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>]>> = {
  IpipTunnel: ["tunnel t1", { name: "t1", local: "10.0.0.1", remote: "10.0.0.2", up: true }],
  SitTunnel: [
    "tunnel t2 in namespace blue",
    { name: "t2", namespace: "blue", local: "10.0.0.1", remote: "10.0.0.2" },
  ],
  GreTunnel: ["tunnel t3", { name: "t3", local: "10.0.0.1", remote: "10.0.0.2" }],
  Ip6Tunnel: ["tunnel t4", { name: "t4", local: "fd00::1", remote: "fd00::2" }],
  Ip6GreTunnel: ["tunnel t5", { name: "t5", local: "fd00::1", remote: "fd00::2" }],
  VethPair: [
    "veth pair v0 and v1 in namespace blue",
    { a: { name: "v0" }, b: { name: "v1", namespace: "blue" } },
  ],
  Namespace: ["namespace red", { name: "red" }],
  Route: [
    "route 10.9.0.0/16 (table 254, metric 5)",
    { destination: "10.9.0.0/16", type: "blackhole", metric: 5 },
  ],
  Rule: ["rule 1000 (inet)", { priority: 1000, from: "10.1.0.0/16", table: 100 }],
  MplsRoute: ["MPLS route 300", { label: 300, dev: "lo" }],
  MssClamp: ["MSS clamp of t1", { dev: "t1" }],
};

async function forget(...types: string[]): Promise<void> {
  if (types.includes("MplsRoute"))
    await made(host, contract("MplsLabelTable"), "labels", { platformLabels: 1000 });
  for (const type of types) await made(host, contract(type), `old-${type}`, FORGOTTEN[type]?.[1] ?? {});
}

test("what the stacks have is no orphan", async () => {
  const entries = [kept];
  for (const [type, [, inputs]] of Object.entries(FORGOTTEN)) {
    if (type === "MplsRoute")
      entries.push(await made(host, contract("MplsLabelTable"), "labels", { platformLabels: 1000 }));
    entries.push(await made(host, contract(type), type, inputs));
  }
  const found = await census(stateOf(entries));
  expect(found).toEqual({ hosts: 1, orphans: [], rivals: [], troubles: [] });
  expect(host.notUnderstood).toEqual([]);
});

test.each(Object.keys(FORGOTTEN))("a forgotten %s is found, and removed by what is shown", async (type) => {
  const before = String(host);
  await forget(type);
  const after = String(host);
  const found = await census(stateOf([kept]));
  expect(objects(found)).toEqual([FORGOTTEN[type]?.[0]]);
  const [orphan] = found.orphans;
  const marked = !["Route", "Rule", "MplsRoute"].includes(type);
  expect(orphan?.mark).toBe(marked ? `pulumi:shop/dev/old-${type}` : "protocol 204");
  expect(orphan?.owner).toBe(marked ? "shop/dev" : undefined);
  // Looking has changed nothing.
  expect(String(host)).toBe(after);
  host.steps.length = 0;
  expect(orphan && (await remove(orphan, services, open))).toBeUndefined();
  expect(host.steps).toEqual(orphan?.commands);
  expect(await census(stateOf([kept]))).toMatchObject({ orphans: [] });
  // The table of labels is not what was forgotten.
  if (type !== "MplsRoute") expect(String(host)).toBe(before);
});

test("all that is forgotten is removed in an order in which it can be", async () => {
  await forget(...Object.keys(FORGOTTEN));
  const { orphans } = await census(stateOf([kept]));
  expect(orphans).toHaveLength(Object.keys(FORGOTTEN).length);
  for (const orphan of inOrder(orphans)) expect(await remove(orphan, services, open)).toBeUndefined();
  expect(await census(stateOf([kept]))).toMatchObject({ orphans: [], troubles: [] });
});

test("a device that a stack has stays its own, whatever mark somebody has given it", async () => {
  const tunnel = await made(host, contract("IpipTunnel"), "t1", FORGOTTEN.IpipTunnel?.[1] ?? {});
  host.byHand("ip link set dev t1 alias pulumi:other/dev/x");
  expect(objects(await census(stateOf([kept, tunnel])))).toEqual([]);
});

test("what is to be deleted after it was replaced is known to the state", async () => {
  const tunnel = await made(host, contract("IpipTunnel"), "t1", FORGOTTEN.IpipTunnel?.[1] ?? {});
  expect(objects(await census(stateOf([kept, { ...tunnel, delete: true }])))).toEqual([]);
});

test("a stranger's object is none of ours", async () => {
  host.byHand(
    "ip link add name d0 type dummy",
    "ip -4 route add blackhole 10.8.0.0/16 table 254 metric 0 proto 4",
    "ip netns add green",
  );
  expect(objects(await census(stateOf([kept])))).toEqual([]);
});

test("a device of a kind that we never make is told, and left", async () => {
  host.byHand("ip link add name d0 type dummy", "ip link set dev d0 alias pulumi:shop/dev/d0");
  const { orphans } = await census(stateOf([kept]));
  expect(orphans).toMatchObject([{ object: "device d0", commands: [] }]);
  expect(chosenOf(orphans, [stateOf([kept])], ["any"])).toEqual([]);
});

test("an object whose mark has changed since it was listed is left", async () => {
  await forget("IpipTunnel");
  const [orphan] = (await census(stateOf([kept]))).orphans;
  host.byHand("ip link set dev t1 alias pulumi:other/dev/x");
  expect(orphan && (await remove(orphan, services, open))).toBe(
    "it bears another mark now: pulumi:other/dev/x",
  );
  expect(host.netns().device("t1").alias).toBe("pulumi:other/dev/x");
});

test("only orphans of the given stacks are removed, unless others are named", async () => {
  await forget("IpipTunnel", "Route");
  await made(host, contract("GreTunnel"), "live", { stack: "prod", ...(FORGOTTEN.GreTunnel?.[1] ?? {}) });
  const state = stateOf([kept]);
  const { orphans } = await census(state);
  const chosen = (...owner: string[]) => chosenOf(orphans, [state], owner).map(({ object }) => object);
  expect(chosen()).toEqual(["tunnel t1"]);
  expect(chosen("shop/prod")).toEqual(["tunnel t1", "tunnel t3"]);
  expect(chosen("shop/pro")).toEqual(["tunnel t1"]);
  expect(chosen("any")).toHaveLength(3);
});

test("what an object of the given stacks would go with is not removed, whatever is asked for", async () => {
  await forget("IpipTunnel");
  const route = await made(host, contract("Route"), "by", { destination: "10.7.0.0/16", dev: "t1" });
  const other = await made(host, contract("GreTunnel"), "in", {
    ...FORGOTTEN.GreTunnel?.[1],
    namespace: "blue",
  });
  const state = stateOf([other, route]);
  const { orphans } = await census(state);
  expect(orphans.map(({ object, bearing }) => [object, bearing])).toEqual([
    ["tunnel t1", ["route 10.7.0.0/16 (table 254, metric 0)"]],
    ["namespace blue", ["tunnel t3 in namespace blue"]],
  ]);
  expect(chosenOf(orphans, [state], ["any"])).toEqual([]);
});

test("what an orphan of another stack would go with is not removed before that is named", async () => {
  await forget("Namespace");
  await made(host, contract("GreTunnel"), "live", {
    stack: "prod",
    ...FORGOTTEN.GreTunnel?.[1],
    namespace: "red",
  });
  const state = stateOf([kept]);
  const { orphans } = await census(state);
  const chosen = (...owner: string[]) => chosenOf(orphans, [state], owner).map(({ object }) => object);
  expect(chosen()).toEqual([]);
  expect(chosen("shop/prod").sort()).toEqual(["namespace red", "tunnel t3 in namespace red"]);
});

test("nothing is removed while an update is under way, or was interrupted", () => {
  const text = exported([kept]).replace(
    '"manifest":{}',
    '"manifest":{},"pending_operations":[{"type":"creating"}]',
  );
  expect(() => refusePending([readState(text, "the test")])).toThrow("an update of shop/dev is under way");
  expect(() => refusePending([stateOf([kept])])).not.toThrow();
});

test("an object of two stacks is told, and is no orphan", async () => {
  const setting = { key: "net.ipv4.ip_forward", value: 1 };
  const one = await made(host, contract("Sysctl"), "forward", setting);
  const other = await made(host, contract("Sysctl"), "forward", { stack: "prod", ...setting });
  const found = await census(stateOf([kept, one]), stateOf([other], "prod"));
  expect(found).toMatchObject({
    orphans: [],
    rivals: [{ host: "192.0.2.1", object: "sysctl net.ipv4.ip_forward", stacks: ["shop/dev", "shop/prod"] }],
  });
});

test("what a stack has on a machine that it calls otherwise is no orphan, and an orphan there is told once", async () => {
  host.netns().files.set("/proc/sys/kernel/random/boot_id", "0a1b");
  await forget("IpipTunnel", "Route");
  const theirs = await made(host, contract("GreTunnel"), "theirs", {
    name: "t9",
    local: "10.0.0.9",
    remote: "10.0.0.8",
  });
  const connection = { ...(theirs.inputs as { connection: object }).connection, host: "gw.example.com" };
  const elsewhere = {
    ...theirs,
    inputs: { ...(theirs.inputs as object), connection },
    outputs: { ...(theirs.outputs as object), connection },
  };
  const found = await census(stateOf([kept, elsewhere]));
  expect({ hosts: found.hosts, objects: objects(found).sort() }).toEqual({
    hosts: 2,
    objects: [FORGOTTEN.Route?.[0], FORGOTTEN.IpipTunnel?.[0]],
  });
});

test("a host that is away is trouble", async () => {
  host.away = true;
  const found = await census(stateOf([kept]));
  expect(found.orphans).toEqual([]);
  expect(found.troubles).toMatchObject([{ host: "192.0.2.1" }]);
});

test("a state that can't be understood makes nothing an orphan", async () => {
  const sealed = { ...kept, inputs: { ...(kept.inputs as object), name: secret("blue", false) } };
  await expect(census(stateOf([sealed]))).rejects.toThrow("nobody knows what is an orphan");
});

describe("a file from which the host makes an object when it boots", () => {
  const files = () => host.netns().files;
  const booted = (found: Census) => found.orphans.filter(({ object }) => object.startsWith("boot file"));
  const tunnel = (more = {}) =>
    made(host, contract("IpipTunnel"), "t1", { ...FORGOTTEN.IpipTunnel?.[1], ...more });
  const line = (text: string) =>
    files().set("/etc/pulumi-ipip/boot/100001-IpipTunnel-0123456789abcdef", `${text}\n`);

  test("is none where a stack has the object, even on a host that it calls otherwise", async () => {
    const other = new FakeHost(undefined, "gw");
    const red = await made(other, contract("Namespace"), "red", { name: "red" });
    plant(files(), contract("Namespace"), kept);
    plant(files(), contract("Namespace"), red);
    expect(booted(await census(stateOf([kept, red])))).toEqual([]);
    expect(booted(await census(stateOf([kept])))).toMatchObject([{ object: "boot file of namespace red" }]);
    expect(host.notUnderstood).toEqual([]);
  });

  test("is removed before the object, by what is shown", async () => {
    const before = String(host);
    const name = plant(files(), contract("IpipTunnel"), await tunnel());
    const found = await census(stateOf([kept]));
    expect(booted(found)).toMatchObject([
      {
        host: "192.0.2.1",
        object: "boot file of tunnel t1",
        mark: "pulumi:shop/dev/t1",
        owner: "shop/dev",
        commands: [`remove /etc/pulumi-ipip/boot/…-${name}`],
      },
    ]);
    const chosen = inOrder(chosenOf(found.orphans, [stateOf([kept])], []));
    expect(chosen.map(({ object }) => object)).toEqual(["boot file of tunnel t1", "tunnel t1"]);
    host.steps.length = 0;
    for (const orphan of chosen) expect(await remove(orphan, services, open)).toBeUndefined();
    expect(host.steps).toEqual(chosen.flatMap(({ commands }) => commands));
    expect(String(host)).toBe(before);
  });

  test("is removed under the lock of the host", async () => {
    plant(files(), contract("IpipTunnel"), await tunnel());
    const [orphan] = booted(await census(stateOf([kept])));
    const exchange = jest.spyOn(host, "exchange");
    expect(orphan && (await remove(orphan, services, open))).toBeUndefined();
    expect(exchange.mock.calls.map(([{ lock }]) => lock)).toEqual([
      "pulumi:shop/dev/t1",
      "pulumi:shop/dev/t1",
    ]);
  });

  test("of an object that bears no mark is of no stack", async () => {
    const setting = await made(host, contract("Sysctl"), "s", { key: "net.ipv4.ip_forward", value: 1 });
    plant(files(), contract("Sysctl"), setting);
    const found = await census(stateOf([kept]));
    expect(found.orphans).toMatchObject([
      { object: "boot file of sysctl net.ipv4.ip_forward", mark: "", owner: undefined },
    ]);
    expect(censusTable(found)).toMatch(/^orphan .* boot file of sysctl net\.ipv4\.ip_forward {2}-$/m);
    expect(chosenOf(found.orphans, [stateOf([kept])], [])).toEqual([]);
    expect(chosenOf(found.orphans, [stateOf([kept])], ["any"])).toHaveLength(1);
  });

  test.each(["", "make() {", "# ", '# a "b', "# \u001b[2J"])(
    "that begins with %j is trouble, and no orphan",
    async (text) => {
      line(text);
      const { orphans, troubles } = await census(stateOf([kept]));
      expect(orphans).toEqual([]);
      expect(troubles).toEqual([
        {
          host: "192.0.2.1",
          message: expect.stringMatching(
            /^\/etc\/pulumi-ipip\/boot\/100001-IpipTunnel-0123456789abcdef does not say/,
          ),
        },
      ]);
    },
  );

  test("of another name is trouble, and no orphan", async () => {
    files().set("/etc/pulumi-ipip/boot/99-custom", "# tunnel t9 pulumi:shop/dev/x\n");
    const { orphans, troubles } = await census(stateOf([kept]));
    expect([orphans, troubles.length]).toEqual([[], 1]);
  });

  test("that says what a terminal would obey is shown as one line", async () => {
    line("# tunnel \\u001b[2J\\n::error::x pulumi:shop/dev/##[x]");
    const found = await census(stateOf([kept]));
    expect(found.orphans).toMatchObject([{ object: "boot file of tunnel \u001b[2J\n::error::x" }]);
    const shown = censusTable(found) + commandsOf(found.orphans) + censusJson(found);
    expect(shown).not.toContain("\u001b");
    expect(shown).not.toMatch(/^\s*::/m);
    expect(censusTable(found)).toContain("tunnel \\u001b[2J\\u000a::error::x  pulumi:shop/dev/## [x]");
  });

  test("that has changed since it was listed is left, and one that has gone is done with", async () => {
    line("# tunnel t9 pulumi:shop/dev/x");
    const [orphan] = (await census(stateOf([kept]))).orphans;
    const before = String(host);
    line("# tunnel t9 pulumi:shop/dev/y");
    expect(orphan && (await remove(orphan, services, open))).toBe("its first line is another one now");
    line("# tunnel t9 pulumi:shop/dev/x");
    expect(String(host)).toBe(before);
    host.breaks({ kind: "refuse", step: 0, stderr: "Read-only file system\n" });
    expect(orphan && (await remove(orphan, services, open))).toContain("Read-only file system");
    host.mended();
    files().delete("/etc/pulumi-ipip/boot/100001-IpipTunnel-0123456789abcdef");
    expect(orphan && (await remove(orphan, services, open))).toBeUndefined();
  });
});

describe("the report", () => {
  const hostile = "\u001b[2J\n::error::x";
  const found: Census = {
    hosts: 2,
    orphans: [
      {
        host: "192.0.2.1",
        object: "tunnel t1",
        mark: `pulumi:shop/dev/${hostile}`,
        owner: "shop/dev",
        bearing: [],
        keys: ["device /t1"],
        grounds: [],
        commands: [`ip link delete dev '${hostile}'`],
        removal: { type: "IpipTunnel", desired: { connection: { host: "x", password: "hunter2" } as never } },
      },
    ],
    rivals: [{ host: "192.0.2.1", object: "namespace red", stacks: ["shop/dev", "shop/prod"] }],
    troubles: [{ host: "192.0.2.2", message: hostile }],
  };

  test("as a table begins each line with something of ours", () => {
    expect(censusTable(found).split("\n")).toEqual([
      "         HOST       OBJECT         BELONGS TO",
      "orphan   192.0.2.1  tunnel t1      pulumi:shop/dev/\\u001b[2J\\u000a::error::x",
      "claimed  192.0.2.1  namespace red  shop/dev and shop/prod",
      "",
      "trouble  192.0.2.2",
      "  | \\u001b[2J",
      "  | ::error::x",
      "",
      "2 hosts: 1 orphan, 1 object of several stacks",
      "",
    ]);
    expect(commandsOf(found.orphans).split("\n")).toEqual([
      "remove  192.0.2.1  tunnel t1",
      "  # ip link delete dev '\\u001b[2J",
      "  # ::error::x'",
      "",
    ]);
  });

  test("as JSON has no secrets", () => {
    const text = censusJson(found);
    expect(text).not.toContain("hunter2");
    expect(JSON.parse(text)).toMatchObject({
      version: 1,
      orphans: [{ object: "tunnel t1", owner: "shop/dev" }],
      claimed: found.rivals,
      troubles: found.troubles,
    });
  });
});
