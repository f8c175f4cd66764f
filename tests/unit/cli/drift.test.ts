import { exitCodeOf, type Filter, type Finding, findDrift } from "../../../cli/drift";
import { table } from "../../../cli/report/table";
import { readState } from "../../../cli/state";
import { contracts, servicesOver } from "../../../provider";
import { Probing } from "../../../provider/probing";
import type { Contract, Probe } from "../../../provider/resource";
import { tunnelProbe } from "../../../provider/resources/tunnel-probe";
import { FakeHost } from "../../support/fake-host";
import { CONNECTION } from "../../support/mini-engine";
import { type Entry, entry, exported, made, named, secret } from "../../support/state-export";

const contract = (type: string) => contracts[type] as Contract;
const tunnel = { name: "t1", local: "10.0.0.1", remote: "10.0.0.2", mtu: 1400 };

let near: FakeHost;
let far: FakeHost;
let entries: Entry[];

beforeEach(async () => {
  near = new FakeHost(undefined, "192.0.2.1");
  far = new FakeHost(undefined, "192.0.2.2");
  entries = [
    await made(near, contract("IpipTunnel"), "tunnel", tunnel),
    await made(near, contract("Route"), "route", { destination: "10.9.0.0/16", dev: "t1" }),
    await made(far, contract("Namespace"), "blue", { name: "blue" }),
  ];
});

const ALL: Filter = { host: [], target: [] };

async function drift(filter: Partial<Filter> = {}, states = [exported(entries)]): Promise<Finding[]> {
  const services = servicesOver(({ host }) => (host === near.label ? near : far));
  const recorded = states.flatMap((state) => readState(state, "the test").resources);
  return await findDrift(recorded, services, { ...ALL, ...filter });
}

const outcomes = (findings: readonly Finding[]) => findings.map(({ name, outcome }) => [name, outcome]);

test("what is as it was asked for is no drift, and is told by host and object", async () => {
  const findings = await drift();
  expect(outcomes(findings)).toEqual([
    ["tunnel", "same"],
    ["route", "same"],
    ["blue", "same"],
  ]);
  expect(findings[0]).toMatchObject({ host: "192.0.2.1", object: "tunnel t1", stack: "shop/dev" });
  expect(exitCodeOf(findings)).toBe(0);
});

test("a change by hand is told by attribute, with what was asked for and what is there", async () => {
  near.byHand("ip link set dev t1 mtu 1300");
  const findings = await drift();
  expect(findings[0]).toMatchObject({
    outcome: "drift",
    differences: [{ attribute: "mtu", wanted: "1400", found: "1300" }],
  });
  expect(outcomes(findings).slice(1)).toEqual([
    ["route", "same"],
    ["blue", "same"],
  ]);
  expect(exitCodeOf(findings)).toBe(2);
  expect(near.steps.filter((step) => step.includes("1300"))).toEqual([]);
});

test("a difference inside of an attribute is told by its path", async () => {
  const pair = await made(far, contract("VethPair"), "pair", {
    a: { name: "v0", mtu: 1400 },
    b: { name: "v1", namespace: "blue" },
  });
  far.byHand("ip link set dev v0 mtu 1300");
  const findings = await drift({}, [exported([pair])]);
  expect(findings[0]?.differences).toEqual([{ attribute: "a.mtu", wanted: "1400", found: "1300" }]);
});

test("an object that is gone is said to be gone", async () => {
  far.byHand("ip netns delete blue");
  const findings = await drift();
  expect(outcomes(findings)[2]).toEqual(["blue", "gone"]);
  expect(exitCodeOf(findings)).toBe(2);
});

test("a host that is away is trouble, and hides nothing of the others", async () => {
  near.byHand("ip link set dev t1 mtu 1300");
  far.away = true;
  const findings = await drift();
  expect(outcomes(findings)).toEqual([
    ["tunnel", "drift"],
    ["route", "same"],
    ["blue", "trouble"],
  ]);
  expect(findings[2]?.message).toContain("the host is away");
  expect(exitCodeOf(findings)).toBe(1);
});

test("what an older release could not be asked for yet is no drift", async () => {
  const [first] = entries as [Entry];
  const { ttl: _, ...inputs } = first.inputs as Record<string, unknown>;
  const { ttl: __, ...outputs } = first.outputs as Record<string, unknown>;
  const connection = { ...CONNECTION, host: near.label };
  const older = {
    ...first,
    inputs: { ...inputs, connection },
    outputs: { ...outputs, connection },
  };
  const findings = await drift({}, [exported([older])]);
  expect(outcomes(findings)).toEqual([["tunnel", "same"]]);
});

test("what is no object of the stack is not looked at", async () => {
  const [first] = entries as [Entry];
  const others = [
    { ...first, external: true },
    { ...first, delete: true },
    { ...first, pendingReplacement: true },
    { ...first, type: "aws:ec2/instance:Instance" },
  ];
  expect(await drift({}, [exported(others)])).toEqual([]);
  expect(exitCodeOf([])).toBe(0);
});

test("a host or a resource that is named is looked at alone, and one that is not there is an error", async () => {
  expect(outcomes(await drift({ host: ["192.0.2.2"] }))).toEqual([["blue", "same"]]);
  expect(outcomes(await drift({ target: ["tunnel", entries[1]?.urn ?? ""] }))).toEqual([
    ["tunnel", "same"],
    ["route", "same"],
  ]);
  await expect(drift({ target: ["tunel"] })).rejects.toThrow("no object of the state matches --target tunel");
  await expect(drift({ host: ["192.0.2.1", "192.0.2.9"] })).rejects.toThrow("--host 192.0.2.9");
});

describe("a secret", () => {
  const withSecrets = (more: Record<string, unknown>): Entry => {
    const [first] = entries as [Entry];
    const bag = (values: unknown) => {
      const { connection, ...rest } = values as Record<string, unknown>;
      return { connection: { ...(connection as object), password: secret("hunter2") }, ...rest, ...more };
    };
    return { ...first, inputs: bag(first.inputs), outputs: bag(first.outputs) };
  };

  test("is used to log in, and never shown", async () => {
    const seen: unknown[] = [];
    const services = servicesOver((connection) => {
      seen.push(connection.password);
      return {
        label: near.label,
        exchange: () => Promise.reject(new Error(`not by ${connection.password}\n${connection.password}`)),
      };
    });
    const { resources } = readState(exported([withSecrets({})]), "the test");
    const findings = await findDrift(resources, services, ALL);
    expect(seen).toContain("hunter2");
    expect(findings[0]?.message).toBe("not by [secret]\n[secret]");
    expect(JSON.stringify(findings)).not.toContain("hunter2");
  });

  test("of the program's own making is told to differ, but not how", async () => {
    near.byHand("ip link set dev t1 mtu 1300");
    const findings = await drift({}, [exported([withSecrets({ mtu: secret(1400), name: secret("t1") })])]);
    expect(findings[0]).toMatchObject({
      object: "tunnel [secret]",
      differences: [{ attribute: "mtu", wanted: "[secret]", found: "[secret]" }],
    });
  });

  test("of a whole connection does not hide which host it is", async () => {
    const [first] = entries as [Entry];
    const whole = (values: unknown) => ({
      ...(values as object),
      connection: secret((values as Record<string, unknown>).connection),
    });
    const hidden = { ...first, inputs: whole(first.inputs), outputs: whole(first.outputs) };
    expect((await drift({}, [exported([hidden])]))[0]).toMatchObject({ host: "192.0.2.1", outcome: "same" });
  });

  test("that is encrypted is trouble that says what to do", async () => {
    const findings = await drift({}, [
      exported([withSecrets({ mtu: secret(1400, false) }), ...entries.slice(1)]),
    ]);
    expect(findings[0]).toMatchObject({ host: "192.0.2.1", object: "IpipTunnel tunnel", outcome: "trouble" });
    expect(findings[0]?.message).toContain("pulumi stack export --show-secrets");
    expect(findings[1]?.outcome).toBe("same");
  });
});

test.each([
  [true, "drift", [{ attribute: "cause", wanted: "none", found: "peer-silent: nothing comes back" }]],
  [false, "same", []],
])("a probe that fails, and is required: %s, is %s", async (required, outcome, differences) => {
  const found = { reachable: false, lossPercent: 100, cause: "peer-silent", reason: "nothing comes back" };
  const probe = { ...tunnelProbe, probe: async () => ({ ...found, advice: "" }) };
  const services = { TunnelProbe: new Probing(probe as unknown as Probe, () => near) };
  const inputs = { connection: { ...CONNECTION, host: near.label }, dev: "t1", target: "10.0.0.2", required };
  const recorded = entry("TunnelProbe", "probe", { inputs, outputs: { ...inputs, schemaVersion: 1 } });
  const { resources } = readState(exported([recorded]), "the test");
  expect(await findDrift(resources, services, ALL)).toMatchObject([{ outcome, differences }]);
});

test.each([{ host: { toString: 1 } }, "192.0.2.1", null])(
  "a host that can't be one, %j, is trouble, and is shown as no host",
  async (connection) => {
    const [one] = entries;
    if (one === undefined) throw new Error("no entry");
    entries = [{ ...one, inputs: { ...(one.inputs as object), connection } }];
    const findings = await drift();
    expect(findings[0]).toMatchObject({ host: "?", object: "IpipTunnel tunnel", outcome: "trouble" });
    expect(findings[0]?.message).toContain("names no host");
    expect(table(findings)).toContain("?");
  },
);

test("a type that only a newer release knows is trouble", async () => {
  const findings = await drift({}, [exported([entry("WarpGate", "gate", {}), ...entries])]);
  expect(findings[0]).toMatchObject({ host: "?", object: "WarpGate gate", outcome: "trouble" });
  expect(findings[0]?.message).toContain("upgrade");
});

test.each([
  ["text", "no state", "it is not JSON"],
  ["a checkpoint", JSON.stringify({ version: 3, checkpoint: {} }), "deployment"],
  ["an older export", JSON.stringify({ version: 2, deployment: {} }), "version"],
])("%s is refused as a state", (_what, text, why) => {
  expect(() => readState(text, "FILE")).toThrow("FILE is not what `pulumi stack export` writes");
  expect(() => readState(text, "FILE")).toThrow(why);
});

describe("a state of the plugin's, whose objects name their host", () => {
  test("is looked at by what its provider has", async () => {
    near.byHand("ip link set dev t1 mtu 1300");
    const findings = await drift({}, [exported(named(entries.slice(0, 2), "near"))]);
    expect(outcomes(findings)).toEqual([
      ["tunnel", "drift"],
      ["route", "same"],
    ]);
    expect(findings[0]?.host).toBe("192.0.2.1");
    expect(JSON.stringify(findings)).not.toContain("open sesame");
  });

  test("is trouble where that is encrypted, or lacks the name", async () => {
    const [hidden] = await drift({}, [exported(named(entries.slice(0, 1), "near", false))]);
    expect(hidden).toMatchObject({ outcome: "trouble", message: expect.stringContaining("--show-secrets") });
    const [provider, ...others] = named(entries.slice(0, 1), "near");
    const strange = others.map((one) => ({ ...one, outputs: { ...(one.outputs as object), host: "far" } }));
    const [lost] = await drift({}, [exported([provider as Entry, ...strange])]);
    expect(lost).toMatchObject({ outcome: "trouble" });
  });
});
