import { readJson } from "../../provider/ip/json";
import { routesOf } from "../../provider/ip/routes";
import { FakeHost } from "../support/fake-host";
import { MiniEngine } from "../support/mini-engine";
import { playground, samples } from "../support/samples";

const TABLE = "/proc/sys/net/mpls/platform_labels";
const NOT_FOUND = "modprobe: FATAL: Module mpls_router not found in directory /lib/modules/6.1.0";

function on(host: FakeHost, type: string): MiniEngine {
  const sample = samples[type];
  if (sample === undefined) throw new Error(`there is no sample of ${type}`);
  return new MiniEngine(sample.contract, host);
}

async function failure(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "it succeeded",
    (error: unknown) => String(error),
  );
}

/** A host whose kernel has its MPLS as modules that nobody has loaded yet. */
function unloaded(): FakeHost {
  const host = new FakeHost(["ipip", "veth"]);
  host.byHand("ip link add name u0 type dummy", "ip link set dev u0 up", "ip address add 10.0.0.1/24 dev u0");
  return host;
}

describe("what iproute2 prints twice", () => {
  test("keeps the first under its name, and the others under one of their own", () => {
    const text =
      '[{"dst":"10.0.0.0/24","encap":"ip","src":"0.0.0.0","dst":"10.9.9.9","dst":"1"},{"dst":"a"}]';
    expect(readJson(text)).toEqual([
      { dst: "10.0.0.0/24", encap: "ip", src: "0.0.0.0", "again:dst": "1" },
      { dst: "a" },
    ]);
  });

  test("is told from the same key elsewhere, and from text that looks like one", () => {
    const text = String.raw`[{"dst":"x","encap":"{\"dst\":","hops":[{"dst":"1"},{"dst":"2"}],"flags":["dst"]}]`;
    expect(readJson(text)).toEqual(JSON.parse(text));
  });

  test("leaves a stranger's route what it is, and those beside it readable", () => {
    const listing =
      '[{"dst":"default","encap":"ip","id":5,"src":"0.0.0.0","dst":"10.3.0.7","ttl":0,"tos":0,"dev":"d1","flags":[]},' +
      '{"dst":"10.9.0.0/24","encap":"mpls","dst":"100/200","ttl":7,"gateway":"10.3.0.7","dev":"d1","flags":[]}]';
    expect(routesOf(4, readJson(listing) as unknown[], {})).toMatchObject([
      { destination: "0.0.0.0/0", dev: "d1", encap: { mpls: [] } },
      { destination: "10.9.0.0/24", via: "10.3.0.7", encap: { mpls: [100, 200], ttl: 7 } },
    ]);
  });
});

describe("a kernel that has not loaded its module", () => {
  test.each([
    ["MplsLabelTable", { platformLabels: 1000 }],
    ["MplsInput", { dev: "u0" }],
  ])("has it loaded for a %s, which puts back what the module began with", async (type, inputs) => {
    const host = unloaded();
    const engine = on(host, type);
    expect(await engine.up(inputs)).toBe("created");
    const begun = unloaded();
    begun.byHand("modprobe mpls_router");
    await engine.destroy();
    expect(host.toString()).toBe(begun.toString());
  });

  test.each([
    ["MplsLabelTable", { platformLabels: 1000 }],
    ["MplsInput", { dev: "u0" }],
    ["MplsRoute", { label: 100, dev: "lo" }],
  ])("and has none, makes a %s fail with what to do", async (type, inputs) => {
    const host = unloaded();
    host.loadable = [];
    const engine = on(host, type);
    const error = await failure(engine.up(inputs));
    expect(error).toContain(`\`modprobe mpls_router\` could not load it: ${NOT_FOUND}`);
    expect(error).toContain("CONFIG_MPLS_ROUTING");
    expect(engine.state).toBeUndefined();
  });

  test.each([
    ["MplsLabelTable", { platformLabels: 1000 }, "platformLabels"],
    ["MplsInput", { dev: "u0" }, "input"],
  ])("any more shows a %s as changed, and lets it be deleted", async (type, inputs, property) => {
    const engine = on(unloaded(), type);
    await engine.up(inputs);
    const rebooted = unloaded();
    const again = on(rebooted, type);
    again.state = engine.state;
    await again.refresh();
    expect(again.differs(inputs)).toEqual([property]);
    await again.destroy();
    expect(rebooted.steps).toEqual([]);
  });
});

describe("the table of labels", () => {
  test("that is too small, or not there, makes a route fail with what to do", async () => {
    const host = unloaded();
    const advice = "Make an `MplsLabelTable` whose `platformLabels` is larger than the label";
    expect(await failure(on(host, "MplsRoute").up({ label: 100, dev: "lo" }))).toContain(advice);
    expect(host.steps).toContain("ip -M route add 100 dev lo proto 204");
  });

  test("keeps what a stranger's routes need when it is deleted", async () => {
    const host = unloaded();
    const engine = on(host, "MplsLabelTable");
    await engine.up({ platformLabels: 1000 });
    host.byHand("ip -M route add 200 dev lo proto 3", "ip -M route add 300 dev lo proto 204");
    await engine.destroy();
    expect(host.netns().files.get(TABLE)).toBe("201");
    expect(host.netns().labelRoutes.map(({ label }) => label)).toEqual([200]);
  });
});

test("a device that is not there is named as what is missing", async () => {
  const error = await failure(on(playground(), "MplsInput").up({ dev: "u9" }));
  expect(error).toContain("/proc/sys/net/mpls/conf/u9/input: No such file or directory");
  expect(error).toContain("There is no such device in this namespace, or it can't carry MPLS");
});

test("a route that somebody else has made for the label is not taken", async () => {
  const host = playground();
  host.byHand("ip -M route add 100 dev lo proto 3");
  const before = host.toString();
  const engine = on(host, "MplsRoute");
  expect(await failure(engine.up({ label: 100, dev: "u0" }))).toContain("MPLS route 100 is there already");
  expect(host.toString()).toBe(before);
  await engine.up({ label: 100, dev: "u0", adopt: true });
  expect(host.netns().labelRoutes).toMatchObject([{ protocol: 204, hops: [{ dev: { name: "u0" } }] }]);
});
