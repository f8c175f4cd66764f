import { servicesOver } from "../../../provider";
import { bare, secret } from "../../../provider/plugin/struct";
import type { Fields } from "../../../provider/state";
import { Wire } from "../../support/doors";
import type { FakeHost } from "../../support/fake-host";
import { HOSTS, pluginOn, urnOfType } from "../../support/plugin-on";
import { playground } from "../../support/samples";

const URN = urnOfType("Route");
const ROUTE = { connection: HOSTS.a, destination: "10.50.0.0/24", via: "10.0.0.9" };

let host: FakeHost;
beforeEach(() => {
  host = playground();
});

async function checked(urn: string, inputs: Fields): Promise<Fields> {
  const { inputs: desired, failures } = await pluginOn(() => host).check(urn, inputs);
  expect(failures).toEqual([]);
  return bare(desired) as Fields;
}

test("told to replace what stays under its id, the engine deletes last what it has just made: that stays", async () => {
  const desired = await checked(URN, ROUTE);
  const earlier = await pluginOn(() => host).create(URN, desired, 0);
  const there = host.toString();

  const plugin = pluginOn(() => host);
  const again = await plugin.create(URN, desired, 0);
  expect(again.id).toBe(earlier.id);
  await plugin.delete(URN, earlier.id, earlier.outputs, 0);
  expect(host.toString()).toBe(there);

  // Another process removes it, and this one what has another id or another name.
  await plugin.delete(URN.replace("name", "other"), earlier.id, earlier.outputs, 0);
  expect(host.toString()).toBe(playground().toString());
});

test("a resource has a mark of its own, unless a program gives one", async () => {
  const urn = "urn:pulumi:dev::net::my:index:Site$ipip:index:Namespace::a#b";
  const given = { connection: HOSTS.b, name: "n1" };
  expect(await checked(urn, given)).toMatchObject({ mark: "pulumi:net/dev/a%23b" });
  expect(await checked(urn, { ...given, mark: "pulumi:mine" })).toMatchObject({ mark: "pulumi:mine" });
  const sysctl = { connection: HOSTS.b, key: "net.ipv4.ip_forward", value: 1 };
  const setting = await checked(urnOfType("Sysctl"), sysctl);
  expect(setting).not.toHaveProperty("mark");
});

test("what a schema calls secret is a secret of the state, though a program gives it in clear", async () => {
  const { inputs } = await pluginOn(() => host).check(URN, {
    ...ROUTE,
    connection: {
      ...HOSTS.a,
      become: { method: "sudo", password: "plugh" },
    },
  });
  expect(inputs.connection).toMatchObject({
    host: "203.0.113.1",
    password: secret("open sesame"),
    become: { method: "sudo", password: secret("plugh") },
  });
});

test("a type or a function that there is not is told, with the nearest one", async () => {
  const plugin = pluginOn(() => host);
  const typed = "there is no ipip:index:IpipTunel; did you mean ipip:index:IpipTunnel?";
  await expect(plugin.check(urnOfType("IpipTunel"), {})).rejects.toThrow(typed);
  await expect(plugin.read(urnOfType("constructor"), "a//x", {}, {}, 0)).rejects.toThrow("there is no");
  await expect(plugin.invoke("ipip:index:getRoute", {})).rejects.toThrow(
    "did you mean ipip:index:getRoutes?",
  );
  await expect(plugin.invoke("other:index:getRoutes", {})).rejects.toThrow(
    "there is no other:index:getRoutes",
  );
});

test("what is half made reaches the engine with all that there is of it, and without secrets", async () => {
  const wire = new Wire(servicesOver(() => host)).handler("IpipTunnel");
  const { inputs } = await wire.check(
    {},
    { connection: HOSTS.a, name: "tun0", remote: "10.0.0.9", mark: "pulumi:a/b/c" },
  );
  host.breaks({ kind: "lose", step: 1, done: true, host: "away" });
  const error = await wire.create(inputs).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    id: "203.0.113.1//tun0",
    properties: { name: "tun0", connection: { host: "203.0.113.1" } },
    reasons: [expect.stringContaining("the connection was lost")],
  });
  expect((error as Error).message).not.toContain("sesame");
});

test("a link that fails is unhealthy under the id that it has, without what a host says to a terminal", async () => {
  const wire = new Wire({
    ...servicesOver(() => host),
    TunnelProbe: Object.assign(Object.create(servicesOver(() => host).TunnelProbe as object), {
      read: async () => ({ id: "new", outputs: {}, inputs: {}, failing: "u0\u001b[2J with open sesame" }),
    }),
  });
  const state = { connection: HOSTS.a, dev: "u0", schemaVersion: 1 };
  await expect(wire.handler("TunnelProbe").read("old", state)).rejects.toMatchObject({
    id: "old",
    message: "u0\\u001b[2J with [secret]",
  });
});
