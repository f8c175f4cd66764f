import fc from "fast-check";
import type { Plugin } from "../../../provider/plugin/plugin";
import { bare } from "../../../provider/plugin/struct";
import { type Fields, pick } from "../../../provider/state";
import type { FakeHost } from "../../support/fake-host";
import { MARK, MiniEngine } from "../../support/mini-engine";
import { pluginOn, urnOfType } from "../../support/plugin-on";
import { playground, type Sample, samples } from "../../support/samples";

const RUNS = { numRuns: 8, seed: 50_011 };
const FOREIGN = "pulumi:other/stack/name";
const HAND = 4;

/** An object on a host, and the plugin, which knows the host as `a`. */
interface There {
  readonly host: FakeHost;
  readonly start: string;
  readonly plugin: Plugin;
  readonly id: string;
  readonly urn: string;
}

async function there({ contract }: Sample, program: Fields): Promise<There> {
  const host = playground();
  const start = host.toString();
  const engine = new MiniEngine(contract, host);
  await engine.up(program);
  const id = (engine.state?.id ?? "").replace(/^[^/]*/, "a");
  return { host, start, plugin: pluginOn(() => host), id, urn: urnOfType(contract.type) };
}

/** byHand has what bears our mark bear none, as what somebody has made by hand. */
function byHand({ kernel }: FakeHost): void {
  const plain = <T extends { readonly protocol: number }>(all: readonly T[]) =>
    all.map((one) => (one.protocol === 204 ? { ...one, protocol: HAND } : one));
  for (const netns of [kernel.host, ...kernel.namespaces.values()]) {
    for (const device of netns.devices) if (device.alias === MARK) device.alias = undefined;
    netns.routes = plain(netns.routes);
    netns.rules = plain(netns.rules);
    netns.labelRoutes = plain(netns.labelRoutes);
  }
}

async function imported({ plugin, urn, id }: There) {
  const found = await plugin.read(urn, id, {}, {}, 0);
  if (found === undefined) throw new Error(`${id} is not there`);
  return found;
}

async function checked({ plugin, urn }: There, inputs: Fields): Promise<Fields> {
  const { inputs: right, failures } = await plugin.check(urn, inputs);
  expect(failures).toEqual([]);
  return bare(right) as Fields;
}

async function changes(one: There, state: Fields, inputs: Fields): Promise<readonly string[]> {
  return (await one.plugin.diff(one.urn, state, await checked(one, inputs))).changed;
}

function valid({ contract, inputs }: Sample): fc.Arbitrary<Fields> {
  const engine = new MiniEngine(contract, playground());
  // Which address of its own a host has chosen to talk to a peer can't be told from one that was asked for.
  const chosen = ({ peer, peerPort, local }: Fields) =>
    peer !== undefined && peerPort !== undefined && local === undefined;
  return inputs.filter((some) => engine.isValid(some) && !chosen(some));
}

describe.each(Object.entries(samples))("%s", (_, sample) => {
  const { contract } = sample;

  test("its id tells which one it is", () => {
    const engine = new MiniEngine(contract, playground());
    const same = fc.property(valid(sample), (program) => {
      const desired = engine.check(program);
      const id = contract.id(desired);
      const [, netns = "", rest = ""] = /^[^/]*\/(?:([^/]*)\/)?(.*)$/s.exec(id) ?? [];
      const which = contract.which(rest);
      expect(desired).toMatchObject(which ?? { a: "which" });
      expect(desired.namespace ?? "").toBe(netns);
    });
    fc.assert(same, RUNS);
  });

  test("imported by its id, it shows no change, whoever made it", async () => {
    const fine = fc.asyncProperty(valid(sample), fc.boolean(), async (program, ours) => {
      const one = await there(sample, program);
      if (!ours) byHand(one.host);
      const before = one.host.toString();
      const { id, outputs, inputs } = await imported(one);
      expect(id).toBe(one.id);
      expect(await changes(one, outputs, inputs)).toEqual([]);
      // A program may also say all that the host has, or what it was made with.
      const { mark: _, ...all } = pick(outputs, Object.keys(contract.inputs.shape));
      expect(await changes(one, outputs, all)).toEqual([]);
      expect(await changes(one, outputs, { host: "a", ...program })).toEqual([]);
      const again = await one.plugin.read(one.urn, id, outputs, inputs, 0);
      expect(Object.keys(again?.inputs ?? {}).sort()).toEqual(Object.keys(inputs).sort());
      expect(await changes(one, again?.outputs ?? {}, inputs)).toEqual([]);
      expect(one.host.toString()).toBe(before);

      const desired = await checked(one, inputs);
      const { outputs: updated } = await one.plugin.update(one.urn, outputs, desired, 0);
      expect(updated.mark).toBe(desired.mark);
      expect(await changes(one, updated, inputs)).toEqual([]);
      await one.plugin.delete(one.urn, id, updated, 0);
      // What was there before a setting nobody remembers.
      expect(one.host.toString()).toBe(contract.remembers === undefined ? one.start : before);
    });
    await fc.assert(fine, RUNS);
  });
});

test.each(
  Object.entries(samples).filter(
    ([, { contract }]) => "mark" in contract.inputs.shape && contract.sharedMark !== true,
  ),
)("a %s of another stack shows its mark as the one change", async (_, sample) => {
  const [[program]] = Object.values(sample.changes) as [[Fields, Fields]];
  const one = await there(sample, { ...program, mark: FOREIGN });
  const { outputs, inputs } = await imported(one);
  expect(await changes(one, outputs, inputs)).toEqual(["mark"]);
});

test("a change of an imported object is all that is shown, and so is what is let go with it", async () => {
  const sample = samples.IpipTunnel as Sample;
  const program = { name: "tun0", remote: "10.0.0.9", mtu: 1400, addresses: ["192.168.7.1/24"] };
  const one = await there(sample, program);
  byHand(one.host);
  const { outputs, inputs } = await imported(one);
  expect(await changes(one, outputs, { ...inputs, ttl: 17 })).toEqual(["ttl"]);
  const { addresses: _, ...fewer } = inputs;
  expect(new Set(await changes(one, outputs, { ...fewer, ttl: 17 }))).toEqual(new Set(["addresses", "ttl"]));
  expect(await changes(one, outputs, { ...inputs, name: "tun1" })).toEqual(["name"]);
});

test.each([
  ["Namespace", "nobody", "begins with the name of a host"],
  ["Namespace", "c//nobody", 'there is no host "c": there are a, same, b; put it into `ipip:hosts`'],
  ["Namespace", "a//no/body", '"/no/body" is not the id of a Namespace after the host'],
  ["Namespace", `a//${"x".repeat(300)}`, "the id says name where"],
  ["Rule", "a//inet/x", "is not the id of a Rule"],
  ["TunnelProbe", "a//x", "a TunnelProbe has nothing on a host to import"],
])("of a %s %s is no id", async (type, id, why) => {
  const read = pluginOn(() => playground()).read(urnOfType(type), id, {}, {}, 0);
  await expect(read).rejects.toThrow(why);
});

test("what is not there is not imported", async () => {
  const plugin = pluginOn(() => playground());
  expect(await plugin.read(urnOfType("Namespace"), "a/nobody", {}, {}, 0)).toBeUndefined();
});

test("an IPv6 address of the machine itself is imported", async () => {
  const one = await there(samples.Address as Sample, { dev: "lo", address: "fd07::1/128" });
  one.host.byHand("ip link add name e0 type dummy", "ip address add fd08::1/64 dev e0");
  const found = await one.plugin.read(one.urn, "a//e0/fd08::1/64", {}, {}, 0);
  expect(found?.inputs).toEqual({ host: "a", dev: "e0", address: "fd08::1/64" });
});
