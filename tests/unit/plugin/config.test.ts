import { configOf } from "../../../provider/plugin/config";
import { bare, secret } from "../../../provider/plugin/struct";
import type { Fields } from "../../../provider/state";
import { unknown } from "../../../provider/unknown";
import { HOSTS, pluginOn, urnOfType } from "../../support/plugin-on";
import { playground } from "../../support/samples";

const checked = (given: Fields) => pluginOn(() => playground()).checkConfig(given);

test.each<[string, Fields]>([
  ["nothing", {}],
  ["hosts", { hosts: HOSTS }],
  ["hosts as JSON", { hosts: JSON.stringify(HOSTS) }],
  ["no hosts, as `pulumi config` may say it", { hosts: "" }],
  ["hosts that are not known yet", { hosts: unknown }],
  ["a part of them that is not", { hosts: { a: { ...HOSTS.a, password: unknown } } }],
  ["commands as a text", { showCommands: "true" }],
  ["what the engine adds", { version: "1.0.0", pluginDownloadURL: "x", __internal: {} }],
])("%s is right", (_, given) => {
  expect(checked(given).failures).toEqual([]);
});

test.each<[string, Fields, string, string]>([
  ["no map", { hosts: ["a"] }, "hosts", "give a map of connections by name"],
  ["no JSON", { hosts: "{" }, "hosts", "give a map of connections by name"],
  ["JSON of something else", { hosts: "5" }, "hosts", "give a map of connections by name"],
  ["a host without an address", { hosts: { a: {} } }, "hosts.a.host", "is required"],
  ["a port in JSON", { hosts: '{"a":{"host":"x","port":0}}' }, "hosts.a.port", "a port is a number from 1"],
  ["a name with a slash", { hosts: { "a/b": HOSTS.b } }, 'hosts["a/b"]', "has no blanks and no slashes"],
  [
    "an unknown key of a host",
    { hosts: { a: { ...HOSTS.b, usr: "x" } } },
    "hosts.a.usr",
    'did you mean "user"?',
  ],
  ["an unknown property", { host: "x" }, "host", "there are hosts, showCommands"],
  ["commands that are neither", { showCommands: "yes" }, "showCommands", "give true or false"],
])("%s is told by its place", (_, given, property, reason) => {
  const { failures } = checked(given);
  expect(failures).toContainEqual({ property, reason: expect.stringContaining(reason) });
});

test("secrets among the hosts make a secret of them all, and are in no message", () => {
  for (const hosts of [HOSTS, JSON.stringify(HOSTS)])
    expect(checked({ hosts }).inputs).toEqual({ hosts: secret(hosts) });
  const { a: _, ...others } = HOSTS;
  expect(checked({ hosts: others }).inputs).toEqual({ hosts: others });

  const wrong = { a: { ...HOSTS.a, port: 0, privateKey: "open sesame" }, b: { password: ["open sesame"] } };
  expect(JSON.stringify(checked({ hosts: wrong }).failures)).not.toContain("sesame");
});

test.each([
  ["all", secret(HOSTS)],
  ["the text of all", secret(JSON.stringify(HOSTS))],
  [
    "some of them",
    { ...HOSTS, a: { ...HOSTS.a, host: secret(HOSTS.a.host), password: secret("open sesame") } },
  ],
])("%s may come as a secret", async (_, hosts) => {
  const plugin = pluginOn(() => playground(), hosts);
  const { failures } = await plugin.check(urnOfType("Namespace"), { host: "a", name: "n1" });
  expect(failures).toEqual([]);
  expect(bare(configOf({ hosts }).hosts)).toEqual(configOf({ hosts }).hosts);
});

test.each([true, "true", secret(true)])("%j shows commands", (showCommands) => {
  expect(configOf({ showCommands }).showCommands).toBe(true);
});

test("hosts that can't be are told to those alone who need one", async () => {
  const plugin = pluginOn(() => playground(), { a: { port: 0 } });
  const urn = urnOfType("Namespace");
  expect((await plugin.check(urn, { connection: HOSTS.b, name: "n1" })).failures).toEqual([]);
  await expect(plugin.check(urn, { host: "a", name: "n1" })).rejects.toThrow(
    "the provider's configuration is wrong: hosts.a.port: a port is a number from 1 to 65535; hosts.a.host: is required",
  );
});
