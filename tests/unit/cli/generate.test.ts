import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type GenerateOptions, generate } from "../../../cli/generate";
import { readHost } from "../../../cli/generate/read";
import { keysOf } from "../../../cli/marked/object";
import { contracts, servicesOver } from "../../../provider";
import type { Contract } from "../../../provider/resource";
import type { Desired } from "../../../provider/state";
import { FakeHost } from "../../support/fake-host";
import { MiniEngine } from "../../support/mini-engine";
import { Published } from "../../support/published";
import { playground, samples } from "../../support/samples";

/** What `pulumi-ipip generate` makes of a host; with a real one it is in tests/e2e/generate.test.ts. */

const OPTIONS: GenerateOptions = { owner: [], namespace: [], proxy: [], knownHosts: "~/.ssh/known_hosts" };

async function generated(host: FakeHost, options: Partial<GenerateOptions> = {}): Promise<string> {
  const before = String(host);
  const services = servicesOver(() => host);
  const { program, troubles } = await generate(["root@gw"], { ...OPTIONS, ...options }, services, () => host);
  expect(troubles).toEqual([]);
  expect(String(host)).toBe(before);
  return program;
}

/** statementsIn are the lines of a program that make something. */
function statementsIn(program: string): string[] {
  return program.split("\n").filter((line) => /\bnew \w+\("/.test(line));
}

const CABLE = [
  "ip netns add blue",
  "ip link add name v0 type veth peer name v1 netns blue",
  "ip address add 10.0.0.1/24 dev v0",
  "ip link set dev v0 up",
];

describe("what is taken over stays as it is", () => {
  // Marks apart, which the next owner puts there.
  const state = (host: FakeHost) => String(host).replace(/ alias \S+| (?:proto|protocol) \d+/g, "");

  test.each(Object.entries(samples))("with a %s", async (type, sample) => {
    const engine = new MiniEngine(sample.contract, playground());
    // A text that somebody gave a device as its alias makes room for the mark.
    const inputs = sample.inputs.filter((some) => engine.isValid(some) && some.alias === undefined);
    let seen = 0;
    const property = fc.asyncProperty(inputs, async (asked) => {
      const host = playground();
      const made = new MiniEngine(sample.contract, host);
      await made.up(asked);
      const services = servicesOver(() => host);
      const connection = made.check(asked).connection;
      const all = { owned: () => true, within: () => true };
      const { objects, troubles } = await readHost(host, connection, services, all);
      expect(troubles).toEqual([]);
      const before = state(host);
      for (const object of objects) {
        const contract = contracts[object.type] as Contract;
        const own = new MiniEngine(contract, host);
        const adopt = "adopt" in contract.inputs.shape && { adopt: true };
        const program = { ...object.inputs, ...adopt };
        const key = (inputs: Desired) => keysOf(object.type, inputs).sort().join();
        if (object.type === type && key(own.check(program)) === key(made.check(asked))) seen++;
        await own.up(program);
        expect([object, state(host)]).toEqual([object, before]);
        await own.refresh();
        expect([object, own.differs(program)]).toEqual([object, []]);
      }
    });
    await fc.assert(property, { numRuns: 6, seed: 7 });
    // Of these only what is unlike that of a new host is taken over, and of files nothing.
    if (!["Sysctl", "Link", "MplsInput", "Address", "ManagerExemption"].includes(type))
      expect(seen).toBeGreaterThan(0);
  });
});

describe("the program", () => {
  test("has parents as variables, in an order in which they are there, and compiles", async () => {
    const host = new FakeHost();
    host.byHand(
      ...CABLE,
      "ip -n blue link add name t1 type ipip mode ipip local 10.1.0.1 remote 10.1.0.2 ttl 64 tos 0x0 pmtudisc",
      "ip -n blue link set dev t1 up",
      "ip -n blue -4 route add unicast 10.9.0.0/16 dev t1 table 254 proto 3",
      "ip -4 route add unicast 10.8.0.0/16 via 10.0.0.2 dev v0 table 254 proto 4",
      "ip -6 route add unicast fd09::/64 dev v0 table 254 metric 1024 proto 3",
    );
    const program = await generated(host);
    expect(program).toContain(`
const blue = new Namespace("blue", { connection, adopt, name: "blue", loopback: false });

const v0V1 = new VethPair("v0-v1", {
  connection,
  adopt,
  a: { name: "v0", addresses: ["10.0.0.1/24"] },
  b: { name: "v1", namespace: blue, up: false },
});

const blueT1 = new IpipTunnel("blue-t1", {
`);
    expect(program).toContain('via: "10.0.0.2", dev: v0V1.a.name });');
    expect(program).toContain('destination: "10.9.0.0/16", dev: blueT1 });');
    // What comes with a route of IPv6 anyway, its metric and its scope, is not said.
    expect(program).toContain('{ connection, adopt, destination: "fd09::/64", dev: v0V1.a.name });');
    const published = await Published.make();
    expect(published.errors({ "index.ts": program })).toEqual([]);
  }, 120_000);

  test("has nothing of what is the kernel's, the machine's or another stack's, and says so", async () => {
    const host = new FakeHost();
    host.byHand(
      ...CABLE,
      "ip link set dev v0 alias pulumi:shop/dev/cable",
      "ip link add name d0 type dummy",
      "ip address add 10.5.0.1/24 dev d0",
      "ip link set dev d0 up",
      "ip -4 route add unicast 10.6.0.0/16 dev d0 table 254 proto 3",
      "ip -4 route add blackhole 10.7.0.0/16 table 254 proto 186",
      "ip -4 route add blackhole 10.8.0.0/16 table 254 proto 204",
    );
    const program = await generated(host);
    expect(statementsIn(program)).toEqual([expect.stringContaining('new Namespace("blue"')]);
    expect(program.split("// Left out:")[1]?.replaceAll("\n// ", " ").split(" - ").slice(1)).toEqual([
      "device v0: it belongs to a stack, pulumi:shop/dev/cable, and --owner takes it over",
      "device d0: of kind dummy, which this package does not make",
      "route 10.6.0.0/16 (table 254, metric 0): leaves by d0, which is not taken over",
      "route 10.7.0.0/16 (table 254, metric 0): of protocol 186, a routing daemon's",
      "route 10.8.0.0/16 (table 254, metric 0): it belongs to a stack, protocol 204, and --owner takes it over\n",
    ]);
    const more = statementsIn(await generated(host, { owner: ["shop/dev"] }));
    expect(more).toEqual([expect.anything(), expect.stringContaining('new VethPair("v0-v1"')]);
    expect(statementsIn(await generated(host, { owner: ["any"] }))).toHaveLength(3);
  });

  test("has of the host no more than the namespaces that are asked for", async () => {
    const host = new FakeHost();
    host.byHand(...CABLE, "ip netns add red", "ip -4 route add blackhole 10.7.0.0/16 table 254 proto 3");
    expect(statementsIn(await generated(host, { namespace: ["red"] }))).toHaveLength(1);
    const own = statementsIn(await generated(host, { namespace: [""] }));
    expect(own.map((line) => /new (\w+)/.exec(line)?.[1])).toEqual(["VethPair", "Route"]);
  });

  test("of several hosts has a connection for each, and names that differ", async () => {
    const host = new FakeHost();
    host.byHand("ip netns add blue");
    const services = servicesOver(() => host);
    const { program } = await generate(["a", "192.0.2.7:2222"], OPTIONS, services, () => host);
    expect(program).toContain('const a: ConnectionArgs = { host: "a", ');
    expect(program).toContain('const host2: ConnectionArgs = { host: "192.0.2.7", port: 2222, ');
    expect(statementsIn(program).map((line) => line.slice(0, 50))).toEqual([
      'new Namespace("a-blue", { connection: a, adopt, na',
      'new Namespace("host2-blue", { connection: host2, a',
    ]);
  });

  test("takes secrets from the configuration, and names none", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "generate-")), "connection.json");
    const login = { host: "gw", user: "admin", become: { method: "sudo", password: "open sesame" } };
    writeFileSync(file, JSON.stringify(login));
    const host = new FakeHost();
    const program = await generated(host, { connection: file });
    expect(program).not.toContain("sesame");
    expect(program).toContain('{ method: "sudo", password: config.requireSecret("becomePassword") }');
    expect(program).toContain("`pulumi config set --secret becomePassword`");
    const published = await Published.make();
    expect(published.errors({ "index.ts": program })).toEqual([]);
  }, 120_000);

  test("is no more than text to whoever reads it, whatever a host is told to call things", async () => {
    const host = new FakeHost();
    host.byHand("ip netns add blue");
    host.netns().add('x";evil\u2028()', "dummy", 1500);
    host.netns("blue").add("\u202egnihton", "dummy", 1500);
    const program = await generated(host);
    expect(program).toContain(
      'device x";evil\\u2028(); device \\u202egnihton in namespace blue: of kind dummy',
    );
    expect(program).not.toMatch(/[\u2028\u202e]/);
  });
});

test("a host that is away, or can't be named so, is said to be", async () => {
  const host = new FakeHost(undefined, "gw");
  host.away = true;
  const run = (destination: string) =>
    generate(
      [destination],
      OPTIONS,
      servicesOver(() => host),
      () => host,
    );
  await expect(run("gw")).rejects.toThrow("gw: the host is away");
  await expect(run("a b")).rejects.toThrow("host: write a name or an address alone");
  await expect(run("x:y")).rejects.toThrow("is no host: write [USER@]HOST[:PORT]");
  await expect(
    generate(
      [],
      OPTIONS,
      servicesOver(() => host),
      () => host,
    ),
  ).rejects.toThrow("there is no host");
});
