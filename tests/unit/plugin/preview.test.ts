import type { Fields } from "../../../provider/state";
import { isUnknown, unknown } from "../../../provider/unknown";
import { HOSTS, pluginOn, urnOfType } from "../../support/plugin-on";

const URN = urnOfType("IpipTunnel");

const shown: string[] = [];
jest.mock("../../../provider/progress", () => ({
  inform: async (text: string) => {
    shown.push(text);
  },
  warn: async () => undefined,
  showWaits: () => undefined,
}));
beforeEach(() => {
  shown.length = 0;
});

const forbidden = () => {
  throw new Error("a preview asks no host");
};

async function previewed(inputs: Fields, plugin = pluginOn(forbidden)) {
  const { inputs: desired } = await plugin.check(URN, inputs);
  return await plugin.preview(URN, undefined, desired);
}

test("what follows from the inputs is known, the id too, and what only the host tells is not", async () => {
  const { id, outputs } = await previewed({ host: "a", name: "tun0", remote: "10.0.0.9" });
  expect(id).toBe("a//tun0");
  expect(outputs).toMatchObject({
    host: "a",
    name: "tun0",
    remote: "10.0.0.9",
    mark: "pulumi:project/stack/name",
  });
  for (const key of ["ifindex", "effectiveMtu", "state"]) expect(outputs).toHaveProperty(key, unknown);
  expect(outputs).not.toHaveProperty("connection");
});

test("what follows from what is not known is not known, and neither is the id", async () => {
  const { id, outputs } = await previewed({
    host: "a",
    name: "tun0",
    remote: "10.0.0.9",
    namespace: unknown,
  });
  expect(id).toBe("");
  expect(outputs).toMatchObject({ name: "tun0", namespace: unknown });
});

test("where a host is not known yet, all else is", async () => {
  const { id, outputs } = await previewed({ host: unknown, name: "tun0", remote: "10.0.0.9" });
  expect([id, outputs.host, outputs.name]).toEqual(["", unknown, "tun0"]);
});

test("the commands are shown where that is asked for, a removal before what is made in its place", async () => {
  const inputs = { host: "a", name: "tun0", remote: "10.0.0.9" };
  await previewed(inputs);
  expect(shown).toEqual([]);
  const plugin = pluginOn(forbidden, HOSTS, true);
  const { outputs } = await previewed(inputs, plugin);
  expect(shown.splice(0)).toEqual([
    expect.stringMatching(/^203\.0\.113\.1: ip link add name tun0 type ipip/),
  ]);

  const known = Object.entries(outputs).filter(([, value]) => !isUnknown(value));
  const { inputs: renamed } = await plugin.check(URN, { ...inputs, name: "tun1" });
  const state = { ...Object.fromEntries(known), schemaVersion: 1 };
  expect((await plugin.diff(URN, state, renamed)).replaces).toEqual(["name"]);
  await plugin.preview(URN, undefined, renamed);
  expect(shown[0]).toMatch(/ip link delete dev tun0.*ip link add name tun1/s);
});

test("no command has a secret in it", async () => {
  const plugin = pluginOn(forbidden, { a: { ...HOSTS.a, password: "secret" } }, true);
  await previewed({ host: "a", name: "secret0", remote: "10.0.0.9" }, plugin);
  expect(shown).toEqual([expect.stringContaining("ip link add name [secret]0")]);
});
