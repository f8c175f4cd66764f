import type { Connection } from "../../../provider/host/connection";
import { bare } from "../../../provider/plugin/struct";
import type { Fields } from "../../../provider/state";
import { unknown } from "../../../provider/unknown";
import type { FakeHost } from "../../support/fake-host";
import { HOSTS, pluginOn, urnOfType } from "../../support/plugin-on";
import { playground } from "../../support/samples";

const URN = urnOfType("Namespace");

let machines: Record<string, FakeHost>;
beforeEach(() => {
  machines = { "203.0.113.1": playground(), "203.0.113.2": playground() };
});

const open = ({ host }: Connection) => {
  const machine = machines[host];
  if (machine === undefined) throw new Error(`nobody is at ${host}`);
  return machine;
};

async function made(inputs: Fields, hosts: unknown = HOSTS) {
  const plugin = pluginOn(open, hosts);
  const { inputs: desired, failures } = await plugin.check(URN, inputs);
  expect(failures).toEqual([]);
  const { id, outputs } = await plugin.create(URN, bare(desired) as Fields, 0);
  return { plugin, desired: bare(desired) as Fields, id, outputs };
}

test("an object on a named host has the name in its id and in its state, and nothing of what is behind it", async () => {
  const { plugin, desired, id, outputs } = await made({ host: "a", name: "n1" });
  expect(id).toBe("a//n1");
  const found = await plugin.read(URN, id, outputs, desired, 0);
  expect(found?.id).toBe("a//n1");
  const updated = await plugin.update(URN, outputs, { ...desired, loopback: false }, 0);
  for (const bag of [desired, outputs, found?.outputs, found?.inputs, updated.outputs]) {
    expect(bag).toMatchObject({ host: "a", name: "n1" });
    expect(bag).not.toHaveProperty("connection");
    expect(JSON.stringify(bag)).not.toMatch(/203\.0\.113|sesame/);
  }
  await plugin.delete(URN, "b//n1", updated.outputs, 0);
  expect(machines["203.0.113.1"]?.toString()).toBe(playground().toString());
});

test.each<[string, Fields, object[]]>([
  [
    "both",
    { host: "a", connection: HOSTS.a },
    [{ property: "host", reason: "give host or connection, not both" }],
  ],
  [
    "a host that there is not",
    { host: "c" },
    [{ property: "host", reason: 'there is no host "c": there are a, same, b; put it into `ipip:hosts`' }],
  ],
  ["neither", {}, [{ property: "connection", reason: expect.stringContaining("is required") }]],
  ["no name", { host: 5 }, [{ property: "host", reason: expect.any(String) }]],
  ["one that is not known yet", { host: unknown }, []],
])("%s: check tells", async (_, where, failures) => {
  expect((await pluginOn(open).check(URN, { ...where, name: "n1" })).failures).toEqual(failures);
});

test("a host that is no more is told whatever is done", async () => {
  const { outputs, desired, id } = await made({ host: "a", name: "n1" });
  const plugin = pluginOn(open, { b: HOSTS.b });
  const why = 'there is no host "a": there are b; put it into `ipip:hosts`';
  await expect(plugin.diff(URN, outputs, desired)).rejects.toThrow(why);
  await expect(plugin.create(URN, desired, 0)).rejects.toThrow(why);
  await expect(plugin.update(URN, outputs, desired, 0)).rejects.toThrow(why);
  await expect(plugin.read(URN, id, outputs, desired, 0)).rejects.toThrow(why);
  await expect(plugin.delete(URN, id, outputs, 0)).rejects.toThrow(why);
  await expect(plugin.invoke("ipip:index:getNamespaces", { host: "a" })).rejects.toThrow(why);
  await expect(pluginOn(open, {}).check(URN, { host: "a", name: "n1" })).resolves.toMatchObject({
    failures: [{ reason: expect.stringContaining("the provider's configuration has no hosts") }],
  });
});

test.each<[string, Fields, Fields, readonly string[], readonly string[]]>([
  ["another name of the same machine", { host: "a" }, { host: "same" }, ["host"], []],
  ["another machine", { host: "a" }, { host: "b" }, ["host"], ["host"]],
  ["a connection in place of the name", { host: "same" }, { connection: HOSTS.same }, ["host"], []],
  ["a name in place of the connection", { connection: HOSTS.same }, { host: "same" }, ["host"], []],
  ["that of another machine", { connection: HOSTS.same }, { host: "b" }, ["host"], ["host"]],
  ["a name that is not known yet", { host: "a" }, { host: unknown }, ["host"], []],
])("%s", async (_, from, to, changed, replaces) => {
  const { plugin, outputs } = await made({ ...from, name: "n1" });
  const { inputs } = await plugin.check(URN, { ...to, name: "n1" });
  expect(await plugin.diff(URN, outputs, bare(inputs) as Fields)).toMatchObject({
    changed,
    replaces,
    details: [{ replaces: replaces.length > 0 }],
  });
});

test("another address under the same name is the same machine at a new place", async () => {
  const { outputs, desired, id } = await made({ host: "a", name: "n1" });
  const moved = pluginOn(open, { a: HOSTS.b });
  machines = { "203.0.113.2": machines["203.0.113.1"] as FakeHost };
  expect((await moved.diff(URN, outputs, desired)).changed).toEqual([]);
  expect(await moved.read(URN, id, outputs, desired, 0)).toMatchObject({ id, outputs });
});

test("no error has a secret of the host behind a name", async () => {
  const failing = pluginOn(() => {
    throw new Error("login with open sesame failed");
  });
  const state = {
    host: "a",
    name: "n1",
    mark: "pulumi:a/b/c",
    schemaVersion: 1,
    loopback: true,
    adopt: false,
  };
  const masked = "login with [secret] failed";
  await expect(failing.create(URN, state, 0)).rejects.toThrow(masked);
  await expect(failing.update(URN, state, state, 0)).rejects.toThrow(masked);
  await expect(failing.read(URN, "a//n1", state, state, 0)).rejects.toThrow(masked);
  await expect(failing.read(URN, "a//n1", {}, {}, 0)).rejects.toThrow(masked);
  await expect(failing.delete(URN, "a//n1", state, 0)).rejects.toThrow(masked);
  await expect(failing.invoke("ipip:index:getNamespaces", { host: "a" })).rejects.toThrow(masked);
});

test("a lookup goes to a host by its name", async () => {
  const found = await pluginOn(open).invoke("ipip:index:getLink", {
    host: "a",
    name: "u0",
    namespace: "ns1",
  });
  expect(found).toMatchObject({ link: { name: "u0" } });
  expect(JSON.stringify(found)).not.toMatch(/connection|sesame/);
});
