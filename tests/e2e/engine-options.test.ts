import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { FaultyIp } from "../support/faulty-ip";
import { connectionTo, shell } from "../support/world";

/** Resource options, secrets, and objects that are not ours: what the engine and the package make of them together. */

const blue: Declared = { type: "Namespace", args: { name: "blue" } };
const tunnel = (args: Readonly<Record<string, unknown>> = {}, options = {}): Declared => ({
  type: "IpipTunnel",
  args: { namespace: "blue", name: "t1", local: "10.0.0.1", remote: "10.0.0.2", mtu: 1400, ...args },
  options: { dependsOn: [made("blue")], ...options },
});

let lab: Lab;
let machine: Machine;
let place: Program;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["machine"] });
  machine = lab.host("machine");
});

afterAll(async () => {
  await lab?.stop();
});

beforeEach(async () => {
  place = await Program.on(machine);
});

afterEach(async () => {
  expectCode(await place.destroy(), Code.ok);
  place.close();
});

const link = (name = "t1") => shell(machine, `ip -n blue -details link show dev ${name}`);

describe("resource options", () => {
  const tunnels = {
    ignored: tunnel({ name: "t1", remote: "10.0.0.2" }),
    replaced: tunnel({ name: "t2", remote: "10.0.0.3" }),
    retained: tunnel({ name: "t3", remote: "10.0.0.4" }, { retainOnDelete: true }),
    old: tunnel({ name: "t4", remote: "10.0.0.5" }),
    secret: tunnel({ name: "t5", remote: "10.0.0.6" }, { additionalSecretOutputs: ["ifindex", "flags"] }),
    protected: tunnel({ name: "t6", remote: "10.0.0.7" }, { protect: true }),
  };
  const route = (metric: number, options = {}): Declared => ({
    type: "Route",
    args: { namespace: "blue", destination: "10.9.0.0/16", dev: "lo", metric },
    options: { dependsOn: [made("blue")], ...options },
  });
  /** Somebody else's, which is only looked at. */
  const found: Declared = {
    type: "IpipTunnel",
    args: { namespace: "red", name: "t9" },
    options: { id: "t9" },
  };
  const first = { blue, found, route: route(10), ...tunnels };
  const { retained: _retained, old: _old, ...kept } = tunnels;
  const second = {
    ...{ blue, found, route: route(20), ...kept },
    ignored: tunnel({ name: "t1", remote: "10.0.0.2", mtu: 1300 }, { ignoreChanges: ["mtu"] }),
    replaced: tunnel({ name: "t2", remote: "10.0.0.3", mtu: 1300 }, { replaceOnChanges: ["mtu"] }),
    renamed: tunnel({ name: "t4", remote: "10.0.0.5" }, { aliases: [{ name: "old" }] }),
  };

  /** In which order routes were added and deleted since the last time. */
  async function routeSteps(ip: FaultyIp): Promise<string[]> {
    const steps = (await ip.log()).flatMap((line) => /route (add|delete)/.exec(line)?.[1] ?? []);
    await ip.clear();
    return steps;
  }

  test("each does what it says", async () => {
    await shell(machine, "ip netns add red");
    await shell(machine, "ip -n red link add t9 type ipip mode ipip local 10.0.0.5 remote 10.0.0.6 ttl 7");
    place.declare(first);
    expectCode(await place.up(), Code.ok);
    const state = Object.fromEntries(
      (await place.stack.resources()).map(({ urn, outputs }) => [urn.split("::").at(-1), outputs]),
    );
    // additionalSecretOutputs: what the host tells is kept encrypted.
    for (const output of ["ifindex", "flags"])
      expect(state.secret?.[output]).toMatchObject({ ciphertext: expect.any(String) });
    // id: what is there already is looked up.
    expect(state.found).toMatchObject({ local: "10.0.0.5", remote: "10.0.0.6", ttl: 7, state: "down" });

    const ip = await FaultyIp.install(machine);
    place.declare(second);
    const text = expectCode(await place.up(), Code.ok);
    // deleteBeforeReplace: a route makes room first, unless it is told that both may be there.
    expect(await routeSteps(ip)).toEqual(["delete", "add"]);
    // replaceOnChanges: what Linux would change in place is replaced. The other one is the route.
    expect(text).toMatch(/\+-\s*2 replaced/);
    expect(text).toMatch(/replaced (created|replaced) .*\[diff: ~mtu\]/);
    expect(await link("t2")).toContain("mtu 1300");
    // ignoreChanges: what the program says of it counts no more.
    expect(text).not.toMatch(/ignored (updated|replaced)/);
    expect(await link("t1")).toContain("mtu 1400");
    // retainOnDelete: it stays on the host when it leaves the program.
    expect(await place.find("retained")).toBeUndefined();
    expect(await link("t3")).toContain("mtu 1400");
    // aliases: under its new name in the program it is the same object, with a new mark.
    expect(text).toMatch(/renamed updated .*\[diff: ~mark\]/);
    expect((await place.find("renamed"))?.outputs?.ifindex).toBe(state.old?.ifindex);
    expect(await link("t4")).toContain("alias pulumi:declared/dev/renamed");

    place.declare({ ...second, route: route(30, { deleteBeforeReplace: false }) });
    expectCode(await place.up(), Code.ok);
    expect(await routeSteps(ip)).toEqual(["add", "delete"]);
    await ip.remove();

    // protect: neither the program nor destroy removes it.
    const { protected: _, ...without } = second;
    place.declare(without);
    expectCode(await place.up(), Code.error);
    expect(expectCode(await place.destroy(), Code.error)).toContain("protected");
    expect(await link("t6")).toContain("mtu 1400");
    expectCode(await place.stack.pulumi("state", "unprotect", "--all", "--yes"), Code.ok);

    // id: what was looked up is never touched.
    expectCode(await place.destroy(), Code.ok);
    expect(await shell(machine, "ip -n red link show dev t9")).not.toContain("alias");
    await shell(machine, "ip netns delete red");
  });
});

describe("a private key in the program", () => {
  test("is nowhere to be read in the state, in what the engine prints, or in an error", async () => {
    const privateKey = readFileSync(machine.privateKeyPath, "utf8");
    const [, , line = ""] = privateKey.split("\n");
    expect(line.length).toBeGreaterThan(40);
    place.declare({ blue, tunnel: tunnel() }, { privateKey, privateKeyPath: undefined });
    const printed = [expectCode(await place.up("--diff"), Code.ok)];
    place.declare({ blue, tunnel: tunnel({ dev: "missing0" }) }, { privateKey, privateKeyPath: undefined });
    printed.push(expectCode(await place.up("--diff"), Code.error));
    printed.push(expectCode(await place.refresh("--diff"), Code.ok));
    printed.push((await place.stack.pulumi("stack", "export")).stdout);
    for (const file of readdirSync(join(place.dir, "state"), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) printed.push(readFileSync(join(file.parentPath, file.name), "utf8"));
    }
    expect(printed.length).toBeGreaterThan(8);
    expect(printed.filter((text) => text.includes(line))).toEqual([]);
    expect((await place.find("tunnel"))?.outputs?.connection).toMatchObject({
      host: "127.0.0.1",
      privateKey: { ciphertext: expect.any(String) },
    });
  });

  test("nor is a password that the host refuses, or a key that is none", async () => {
    const [password, privateKey] = [
      "open-sesame-4711",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r4711\n",
    ];
    const { privateKeyPath: _, ...address } = connectionTo(machine);
    const namespace = (name: string, secret: object): Declared => ({
      type: "Namespace",
      args: { name, connection: { ...address, ...secret } },
    });
    place.declare({ one: namespace("one", { password }), two: namespace("two", { privateKey }) });
    const text = expectCode(await place.up("--diff", "--continue-on-error"), Code.error);
    expect(text).not.toMatch(/4711/);
    const host = `127.0.0.1:${machine.port}`;
    expect(text).toContain(`${host}: root was refused with password`);
    expect(text).toContain(`${host}: connection.privateKey can't be read`);
  });
});

describe("an object that is there already", () => {
  const strangers = [
    "ip netns add blue",
    "ip -n blue link add t1 type ipip mode ipip local 10.0.0.1 remote 10.0.0.9",
    "ip -n blue link add v1 type veth peer name v2",
    "ip -n blue link set v1 up",
    "ip -n blue link set v2 up",
    "ip -n blue route add 10.9.0.0/16 dev v1",
  ].join(" && ");
  const program = (args = {}): Readonly<Record<string, Declared>> => ({
    blue: { type: "Namespace", args: { name: "blue", ...args } },
    tunnel: { type: "IpipTunnel", args: { ...tunnel().args, ...args } },
    cable: {
      type: "VethPair",
      args: { a: { name: "v1", namespace: "blue" }, b: { name: "v2", namespace: "blue" }, ...args },
    },
    route: { type: "Route", args: { namespace: "blue", destination: "10.9.0.0/16", dev: "v2", ...args } },
  });

  test("is a stranger's: it is named and left alone, until it is to be adopted", async () => {
    await shell(machine, strangers);
    place.declare(program());
    const text = expectCode(await place.up("--continue-on-error"), Code.error);
    for (const what of [
      "namespace blue",
      "tunnel t1 in namespace blue",
      "veth pair v1 in",
      "route 10.9.0.0/16 (table",
    ])
      expect(text).toMatch(
        new RegExp(`${what.replace("(", "\\(")}.* is there already, and it was not made by Pulumi`),
      );
    expect(text).toContain("remote 10.0.0.9");
    expect(text).toContain("adopt: true");
    expect(await place.names()).toEqual([]);
    expect(await link()).toContain("remote 10.0.0.9");
    expect(await shell(machine, "ip -n blue route show 10.9.0.0/16")).toContain("dev v1");

    place.declare(program({ adopt: true }));
    expectCode(await place.up(), Code.ok);
    expect(await link()).toMatch(/remote 10\.0\.0\.2 .*alias pulumi:declared\/dev\/tunnel/s);
    expect(await shell(machine, "ip -n blue route show 10.9.0.0/16")).toMatch(/dev v2 proto 204/);
    expectCode(await place.preview("--refresh"), Code.ok);
    expectCode(await place.destroy(), Code.ok);
    expect(await shell(machine, "ip netns list")).toBe("");
  });

  test("is another stack's: its mark is named, and it is left alone", async () => {
    const other = await Program.on(machine, "prod");
    other.declare({ blue, tunnel: tunnel() });
    expectCode(await other.up(), Code.ok);
    place.declare({ blue, tunnel: tunnel({ remote: "10.0.0.3" }) });
    const text = expectCode(await place.up("--continue-on-error"), Code.error);
    expect(text).toContain("namespace blue is there already, and it belongs to pulumi:declared/prod/blue");

    expectCode(await other.preview("--refresh"), Code.ok);
    expectCode(await other.destroy(), Code.ok);
    other.close();
  });
});

test("ipip:showCommands: a preview shows what would be run, an update does not, and the state knows nothing of it", async () => {
  place.stack.configure({ "ipip:showCommands": true });
  place.declare({ blue, tunnel: tunnel() });
  const making = [
    "ip netns add blue",
    "ip -n blue link add name t1 mtu 1400 type ipip mode ipip local 10.0.0.1 remote 10.0.0.2 ttl inherit",
  ];
  const previewed = expectCode(await place.preview(), Code.changes);
  for (const line of making) expect(previewed).toContain(`127.0.0.1:${machine.port}: ${line}`);
  const updated = expectCode(await place.up(), Code.ok);
  for (const line of making) expect(updated).not.toContain(line);
  expect((await place.find("tunnel"))?.inputs).not.toHaveProperty("__commands");
  // A preview of what is as it should be shows no difference either, and nothing to run.
  expect(expectCode(await place.preview("--diff"), Code.ok)).not.toMatch(/127\.0\.0\.1:\d+: |__commands/);
  place.declare({ blue, tunnel: tunnel({ mtu: 1300 }) });
  expect(expectCode(await place.preview(), Code.changes)).toContain("ip -n blue link set dev t1 mtu 1300");
  place.stack.configure({});
  expect(expectCode(await place.preview(), Code.changes)).not.toContain("ip -n blue");
});
