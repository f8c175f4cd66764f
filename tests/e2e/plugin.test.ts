import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../lab/engine";
import { Lab, type Machine } from "../../lab/lab";
import { TUTORIAL } from "../support/by-hand";
import { Code, type Declared, DOORS, expectCode, made, Program } from "../support/declared";
import { Running } from "../support/running";
import { connectionTo, shell, snapshot } from "../support/world";

/** What the engine does with the plugin, `pulumi-resource-ipip`, beyond what it does with dynamic resources. */

let lab: Lab;
let before: unknown;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["a"] });
  before = await snapshot(lab.host("a"));
});

afterAll(() => lab?.stop());

/** A tunnel in a namespace of its own, with what belongs to it. */
const STACK: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue" } },
  cable: {
    type: "VethPair",
    args: {
      a: { name: "v0", addresses: ["10.1.0.1/24"] },
      b: { name: "v1", namespace: made("blue"), addresses: ["10.1.0.2/24"] },
    },
  },
  tunnel: {
    type: "IpipTunnel",
    args: {
      namespace: made("blue"),
      name: "tun0",
      local: "10.1.0.2",
      remote: "10.1.0.9",
      addresses: ["192.168.50.1/30"],
    },
  },
  route: {
    type: "Route",
    args: { namespace: made("blue"), destination: "10.9.0.0/24", via: "192.168.50.2", dev: made("tunnel") },
  },
  forwarding: { type: "Sysctl", args: { namespace: made("blue"), key: "net.ipv4.ip_forward", value: 1 } },
};

const labelOf = ({ port }: Machine) => `127.0.0.1:${port}`;

async function program(): Promise<Program> {
  const one = await Program.on(lab.host("a"));
  one.stack.configure({ "ipip:hosts": { a: connectionTo(lab.host("a")) } });
  return one;
}

async function gone(one: Program): Promise<void> {
  expectCode(await one.destroy(), Code.ok);
  expect(await snapshot(lab.host("a"))).toEqual(before);
  one.close();
}

test("a stack moves over from dynamic resources and back, and no host is touched", async () => {
  const one = await program();
  one.declare(STACK);
  expectCode(await one.up(), Code.ok);
  const there = await snapshot(lab.host("a"));

  one.door = DOORS.plugin;
  one.declare(STACK);
  expectCode(await one.up("--expect-no-changes"), Code.ok);
  expect(await snapshot(lab.host("a"))).toEqual(there);
  expect((await one.stack.resources()).map(({ type }) => type)).toContain("ipip:index:IpipTunnel");
  expectCode(await one.refresh("--expect-no-changes"), Code.ok);

  one.door = DOORS.dynamic;
  one.declare(STACK);
  const back = await one.up();
  expectCode(back, Code.ok);
  expect(back.stdout).not.toMatch(/created|deleted|replaced/);
  expect(await snapshot(lab.host("a"))).toEqual(there);
  expectCode(await one.refresh("--expect-no-changes"), Code.ok);
  await gone(one);
});

test.each(["dynamic", "plugin"] as const)(
  "a provider of one's own has hosts of its own: %s",
  async (door) => {
    const one = await program();
    one.stack.configure({});
    one.door = DOORS[door];
    const { privateKeyPath, ...login } = connectionTo(lab.host("a"));
    const hosts = { here: { ...login, privateKey: readFileSync(privateKeyPath, "utf8") } };
    const options = { provider: made("lab") };
    one.declareOn(undefined, {
      lab: { type: "Provider", args: { hosts } },
      blue: { type: "Namespace", args: { host: "here", name: "blue" }, options },
    });
    expectCode(await one.up(), Code.ok);
    const { stdout } = await one.stack.pulumi("stack", "export");
    expect(stdout).toContain('"id": "here//blue"');
    expect(stdout).not.toContain("PRIVATE KEY");
    expectCode(await one.refresh("--expect-no-changes"), Code.ok);
    await gone(one);
  },
);

/** What somebody has made by hand; the tutorial's tunnel, and some of all else that there may be. */
const BY_HAND = `
  ${TUTORIAL}
  ip -n host1 link set tun0 mtu 1400
  ip -n host1 rule add priority 100 from 10.1.0.0/16 lookup 100
  ip -n host1 route add default via 192.168.50.2 dev tun0 table 100 metric 5
  ip -n host1 addr add 10.255.0.1/32 dev lo
`;

/** The ids of all that. */
const IDS = [
  ...["a//host1", "a//internet", "a//host2"],
  ...["a//host1:veth0/internet:veth1", "a//host2:veth3/internet:veth2"],
  "a/internet/net.ipv4.ip_forward",
  ...["a/host1/152.16.10.0/24 table 254 metric 0", "a/host2/172.16.10.0/24 table 254 metric 0"],
  ...["a/host1/tun0", "a/host2/tun0"],
  ...["a/host1/inet/100", "a/host1/0.0.0.0/0 table 100 metric 5", "a/host1/lo/10.255.0.1/32"],
];

test("what was made by hand is imported in one go, shows no change in the program that is printed, and is destroyed", async () => {
  await shell(lab.host("a"), `set -e; ${BY_HAND}`);
  const there = await snapshot(lab.host("a"));
  const one = await program();
  const { port, hostKey, privateKeyPath } = connectionTo(lab.host("a"));
  const login = [
    "--host",
    `a=root@127.0.0.1:${port}`,
    "--host-key",
    hostKey,
    "--private-key-path",
    privateKeyPath,
  ];
  const command = [join(ROOT, "dist/cli/main.js"), "show", "--import", ...login];
  const [list, printed] = [join(one.dir, "import.json"), join(one.dir, "printed.yaml")];
  writeFileSync(list, (await promisify(execFile)(process.execPath, command)).stdout);

  // The engine prints programs in YAML, which needs no more than the schema.
  const settings = join(one.stack.program, "Pulumi.yaml");
  const yaml = readFileSync(settings, "utf8").replace(/^runtime:\n(?: .*\n)*/m, "runtime: yaml\n");
  writeFileSync(settings, yaml);
  const files = ["--file", list, "--out", printed];
  expectCode(
    await one.stack.pulumi("import", ...files, "--yes", "--skip-preview", "--protect=false"),
    Code.ok,
  );
  const imported = (await one.stack.resources()).filter(({ type }) => type.startsWith("ipip:index:"));
  expect(imported.map(({ id }) => id).sort()).toEqual([...IDS].sort());

  writeFileSync(settings, yaml + readFileSync(printed, "utf8"));
  expectCode(await one.preview("--diff"), Code.ok);
  expectCode(await one.up("--expect-no-changes"), Code.ok);
  expectCode(await one.refresh("--expect-no-changes"), Code.ok);
  expectCode(await one.preview(), Code.ok);
  expect(await snapshot(lab.host("a"))).toEqual(there);
  await gone(one);
});

/** What `pulumi preview --json` says of one resource. */
interface Step {
  readonly op: string;
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string }>>;
}

async function stepsOf(one: Program): Promise<Readonly<Record<string, Step>>> {
  const { stdout } = await one.stack.pulumi("preview", "--json");
  const { steps } = JSON.parse(stdout) as { steps: (Step & { readonly urn: string })[] };
  return Object.fromEntries(steps.map((step) => [step.urn.split("::")[3], step]));
}

test("a preview tells every difference by its place, and what is made of it; the same object is never deleted", async () => {
  const one = await program();
  one.door = DOORS.plugin;
  one.stack.configure({ "ipip:hosts": { a: connectionTo(lab.host("a")) }, "ipip:showCommands": true });
  one.declareOn("a", STACK);
  const shown = await one.stack.pulumi("preview");
  expect(shown.stdout).toContain(`${labelOf(lab.host("a"))}: ip netns add blue`);
  expectCode(await one.up(), Code.ok);

  const { tunnel, route } = STACK;
  one.declareOn("a", {
    ...STACK,
    tunnel: {
      type: "IpipTunnel",
      args: {
        ...tunnel?.args,
        ttl: 64,
        mtu: 1400,
        addresses: ["192.168.50.1/30", "192.168.60.1/30"],
        encap: { type: "fou", dport: 5555 },
      },
    },
    route: { type: "Route", args: { ...route?.args, via: "192.168.50.1", metric: 7 } },
  });
  const steps = await stepsOf(one);
  expect(steps.tunnel).toMatchObject({
    op: "update",
    detailedDiff: {
      ttl: { kind: "update" },
      mtu: { kind: "add" },
      "addresses[1]": { kind: "add" },
      "encap.type": { kind: "update" },
      "encap.dport": { kind: "add" },
    },
  });
  expect(Object.keys(steps.tunnel?.detailedDiff ?? {})).toHaveLength(5);
  expect(steps.route).toMatchObject({
    op: "replace",
    detailedDiff: { metric: { kind: "update-replace" }, via: { kind: "update" } },
  });

  one.declareOn("a", STACK);
  // Drift is shown in the same way.
  await shell(
    lab.host("a"),
    "ip -n blue link change tun0 type ipip ttl 17 && ip -n blue addr add 192.168.77.1/24 dev tun0",
  );
  expectCode(await one.refresh(), Code.ok);
  expect((await stepsOf(one)).tunnel?.detailedDiff).toEqual({
    ttl: { kind: "update", inputDiff: false },
    "addresses[1]": { kind: "delete", inputDiff: false },
  });
  // Told to replace what it has no reason to, the engine deletes the old object last; it has become the new one.
  expectCode(
    await one.up("--target-replace", "urn:pulumi:dev::declared::ipip:index:Sysctl::forwarding"),
    Code.ok,
  );
  expectCode(await one.refresh("--expect-no-changes"), Code.ok);
  await gone(one);
});

describe("a program of its own", () => {
  let one: Program;
  /** What never answers, as a host that froze. */
  const silent = createServer(() => {});

  beforeAll(async () => {
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    one = await program();
    one.door = DOORS.plugin;
    const { privateKeyPath, ...login } = connectionTo(lab.host("a"));
    const privateKey = readFileSync(privateKeyPath, "utf8");
    const frozen = { host: "127.0.0.1", port, insecureIgnoreHostKey: true, password: "open sesame" };
    one.stack.configure({ "ipip:hosts": { a: { ...login, privateKey }, frozen } });
  });

  afterAll(async () => {
    silent.close();
    await gone(one);
  });

  test.each([
    ["a//nobody", "nobody' does not exist"],
    ["a/nobody", "'a/nobody' does not exist"],
    ["b//nobody", 'there is no host "b": there are a, frozen'],
    ["nobody", "begins with the name of a host"],
    ["a//no/body", "is not the id of a Namespace"],
    [`a//${"x".repeat(300)}`, "the id says name where"],
  ])("what can't be imported is told: %s", async (id, why) => {
    const run = await one.stack.pulumi(
      ...["import", "ipip:index:Namespace", "nobody", id, "--yes", "--skip-preview", "--generate-code=false"],
    );
    expect(expectCode(run, Code.error)).toContain(why);
  });

  test("a program imports by an option, and secrets of the configuration are none in the state", async () => {
    await shell(lab.host("a"), "ip netns add green && ip -n green link set lo up");
    one.declareOn("a", {
      green: { type: "Namespace", args: { name: "green" }, options: { import: "a//green" } },
    });
    expectCode(await one.up(), Code.ok);
    one.declareOn("a", { green: { type: "Namespace", args: { name: "green" } } });
    expectCode(await one.preview(), Code.ok);
    const { stdout } = await one.stack.pulumi("stack", "export");
    expect(stdout).not.toMatch(/PRIVATE KEY|open sesame/);
    // With its first change it gets its mark.
    expect(await shell(lab.host("a"), "ip -n green link show lo")).not.toContain("alias");
    one.declareOn("a", { green: { type: "Namespace", args: { name: "green", loopback: false } } });
    expectCode(await one.up(), Code.ok);
    expect(await shell(lab.host("a"), "ip -n green link show lo")).toContain(
      "alias pulumi:declared/dev/green",
    );
  });

  test("a create keeps to its time, and ^C ends what waits", async () => {
    const late: Declared = { type: "Namespace", args: { name: "late", host: "frozen" } };
    one.declareOn("a", { late: { ...late, options: { customTimeouts: { create: "2s" } } } });
    const text = expectCode(await one.up(), Code.error);
    expect(text).toContain("nothing could be sent within 2 s");
    expect(text).toContain("The resource's customTimeouts allow 2 s for this.");

    one.declareOn("a", { late });
    const run = new Running(one.stack, "up", "--yes", "--skip-preview");
    await run.says("waiting for 127.0.0.1");
    run.interrupt();
    const { stdout } = await run.done;
    expect(stdout).toContain("nothing was changed, since the run was cancelled");
    expect(await one.pending()).toEqual([]);
    one.declareOn("a", { green: { type: "Namespace", args: { name: "green", loopback: false } } });
    expectCode(await one.up(), Code.ok);
  });

  test("a link that carries nothing is unhealthy at a refresh", async () => {
    const { blue, cable } = STACK as Record<"blue" | "cable", Declared>;
    const args = { dev: "v0", target: "10.1.0.2", required: true };
    const probe: Declared = { type: "TunnelProbe", args, options: { dependsOn: [made("cable")] } };
    one.declareOn("a", { blue, cable, probe });
    expectCode(await one.up(), Code.ok);
    await shell(lab.host("a"), "ip -n blue address delete 10.1.0.2/24 dev v1");
    const found = await one.refresh();
    expect(found.stdout).toContain("unhealthy");
    expectCode(await one.preview(), Code.changes);
    expectCode(await one.up(), Code.ok);
  });

  test("the plugin installs from one file, and is found then", async () => {
    const file = join(one.dir, "plugin.tar.gz");
    await promisify(execFile)("tar", ["-czf", file, "-C", join(ROOT, "dist/plugin"), "."]);
    // What the tests before have made is gone while its plugin is still found.
    one.declareOn("a", {});
    expectCode(await one.up(), Code.ok);
    const settings = join(one.stack.program, "Pulumi.yaml");
    writeFileSync(settings, readFileSync(settings, "utf8").replace(/^plugins:[\s\S]*/m, ""));
    one.declareOn("a", { blue: { type: "Namespace", args: { name: "blue" } } });
    expect(expectCode(await one.preview(), Code.error)).toContain("ipip");
    expectCode(
      await one.stack.pulumi("plugin", "install", "resource", "ipip", "0.1.0", "--file", file),
      Code.ok,
    );
    expectCode(await one.preview(), Code.changes);
  });
});
