import * as pulumi from "@pulumi/pulumi";
import { looking } from "../../provider";
import { addressesLookup } from "../../provider/lookups/addresses";
import { linkLookup, linksLookup } from "../../provider/lookups/links";
import { Looking } from "../../provider/lookups/looking";
import type { Lookup } from "../../provider/lookups/lookup";
import { namespaceLookup, namespacesLookup } from "../../provider/lookups/namespaces";
import { routesLookup } from "../../provider/lookups/routes";
import { rulesLookup } from "../../provider/lookups/rules";
import { tunnelLookup, tunnelsLookup } from "../../provider/lookups/tunnels";
import { ipipTunnel } from "../../provider/resources/ipip-tunnel";
import { sitTunnel } from "../../provider/resources/sit-tunnel";
import type { Fields } from "../../provider/state";
import { getRoutesOutput, getTunnel } from "../../sdk";
import { FakeHost } from "../support/fake-host";
import { CONNECTION } from "../support/mini-engine";

/** What a program finds on a host, whoever made it, and what it is told when it finds nothing. */

const host = new FakeHost(undefined, "203.0.113.1");
host.byHand(
  "ip netns add blue",
  "ip -n blue link set dev lo up",
  "ip link add name v0 type veth peer name v1 netns blue",
  "ip address add 10.0.0.1/24 dev v0",
  "ip address add fd00::1/64 dev v0",
  "ip link set dev v0 up",
  "ip -n blue link set dev v1 up",
  "ip -n blue link add name t1 type ipip mode ipip local 10.1.0.1 remote 10.1.0.2 ttl 64 tos 0x0 pmtudisc",
  "ip -n blue link add name s1 type sit mode ip6ip local 10.1.0.1 remote 10.1.0.3 ttl inherit tos 0x0 pmtudisc",
  "ip -n blue link set dev t1 up",
  "ip -n blue address add 192.168.7.1/30 dev t1",
  "ip -n blue -4 route add unicast 10.9.0.0/16 dev t1 table 254 proto 3",
  "ip -n blue -4 route add blackhole 0.0.0.0/0 table 100 proto 4",
  "ip -n blue -4 rule add priority 1000 from 10.6.0.0/16 table 100 protocol 3",
);
const before = String(host);
const kinds = { ipip: ipipTunnel, sit: sitTunnel } as ConstructorParameters<typeof Looking>[0];

async function find<R>(lookup: Lookup<never, R>, args: Fields = {}): Promise<R> {
  const found = new Looking(kinds, () => host).find(lookup as never, { connection: CONNECTION, ...args });
  try {
    return (await found) as R;
  } finally {
    expect([host.notUnderstood, String(host)]).toEqual([[], before]);
  }
}

const blue = { namespace: "blue" };

test("a tunnel is found with all that its class has, and its kind", async () => {
  const tunnel = await find(tunnelLookup as never, { ...blue, name: "t1" });
  expect(tunnel).toMatchObject({
    ...{ kind: "ipip", name: "t1", namespace: "blue", local: "10.1.0.1", remote: "10.1.0.2", ttl: 64 },
    ...{ addresses: ["192.168.7.1/30"], mode: "ipip", up: true, effectiveMtu: 1480, mark: "" },
  });
  expect(tunnel).not.toHaveProperty("connection");
  expect(tunnel).not.toHaveProperty("adopt");
});

test("tunnels are listed without those of the kernel's own", async () => {
  expect(await find(tunnelsLookup as never, blue)).toMatchObject([
    { name: "t1" },
    { name: "s1", kind: "sit" },
  ]);
  expect(await find(tunnelsLookup as never, { ...blue, kind: "sit" })).toMatchObject([{ name: "s1" }]);
  expect(await find(tunnelsLookup as never)).toEqual([]);
});

test("namespaces and devices are found", async () => {
  expect(await find(namespacesLookup as never)).toEqual([{ name: "blue", path: "/run/netns/blue" }]);
  expect(await find(namespaceLookup as never, { name: "blue" })).toMatchObject({
    ...{ loopback: true, mark: "", devices: expect.arrayContaining(["lo", "t1", "v1"]) },
  });
  expect(await find(linkLookup as never, { name: "v0" })).toMatchObject({
    ...{ kind: "veth", mtu: 1500, up: true, state: "up", group: 0, txqlen: 1000, alias: "" },
    addresses: expect.arrayContaining(["10.0.0.1/24", "fd00::1/64"]),
  });
  expect(await find(linksLookup as never, { kind: "veth" })).toMatchObject([{ name: "v0" }]);
});

test("addresses, routes and rules are those that are asked for", async () => {
  expect(await find(addressesLookup as never, { dev: "v0", family: 4 })).toMatchObject([
    { dev: "v0", address: "10.0.0.1/24", scope: "global", dynamic: false },
  ]);
  const destinations = async (args: Fields) =>
    ((await find(routesLookup as never, { ...blue, ...args })) as { destination: string }[]).map(
      (one) => one.destination,
    );
  expect(await destinations({ protocol: "boot" })).toEqual(["10.9.0.0/16"]);
  expect(await destinations({ dev: "t1", family: 4 })).toEqual(["192.168.7.0/30", "10.9.0.0/16"]);
  expect(await destinations({ destination: "10.9.0.0/16" })).toEqual(["10.9.0.0/16"]);
  expect(await destinations({ destination: "default" })).toEqual([]);
  expect(await destinations({ destination: "default", table: 100 })).toEqual(["0.0.0.0/0"]);
  expect(await destinations({ destination: "default", table: "all" })).toEqual(["0.0.0.0/0"]);
  expect(await destinations({ destination: "10.9.0.0/16", family: 6 })).toEqual([]);
  expect(await find(rulesLookup as never, { ...blue, table: 100 })).toMatchObject([
    { family: 4, priority: 1000, from: "10.6.0.0/16", action: "lookup", protocol: 3 },
  ]);
  expect(await find(rulesLookup as never, { ...blue, priority: 7 })).toEqual([]);
});

test("what is not there is an error that names it, and so is a namespace that is not", async () => {
  await expect(find(tunnelLookup as never, { ...blue, name: "t9" })).rejects.toThrow(
    "203.0.113.1: there is no tunnel t9 in namespace blue, which getTunnel looks for",
  );
  // A device of another kind is no tunnel.
  await expect(find(tunnelLookup as never, { name: "v0" })).rejects.toThrow("there is no tunnel v0");
  await expect(find(routesLookup as never, { namespace: "gone" })).rejects.toThrow(
    "203.0.113.1: there is no namespace gone, which getRoutes looks for",
  );
  await expect(find(namespaceLookup as never, { name: "gone" })).rejects.toThrow(
    "there is no namespace gone",
  );
});

test("what can't be asked is said before anybody is, and a secret is in no message", async () => {
  await expect(find(routesLookup as never, { famly: 4 })).rejects.toThrow(
    'getRoutes can\'t be asked like this: famly: there is no property of this name; did you mean "family"?',
  );
  await expect(find(routesLookup as never, { connection: { host: "gw" } })).rejects.toThrow(
    "connection.hostKey",
  );
  const away = new FakeHost(undefined, "gw-sesame");
  away.away = true;
  const login = { ...CONNECTION, password: "sesame" };
  const found = new Looking(kinds, () => away).find(rulesLookup as never, { connection: login });
  await expect(found).rejects.toThrow("gw-[secret]: the host is away");
});

describe("the functions of the SDK", () => {
  const found = jest.spyOn(looking, "find");
  beforeEach(() => found.mockReset());

  test("take plain values, and give a promise", async () => {
    found.mockResolvedValue({ kind: "ipip" });
    expect(await getTunnel({ connection: CONNECTION, name: "t1" })).toEqual({ kind: "ipip" });
    expect(found).toHaveBeenCalledWith(tunnelLookup, { connection: CONNECTION, name: "t1" }, undefined);
    found.mockRejectedValue(new Error("it is not there"));
    await expect(getTunnel({ connection: CONNECTION, name: "t1" })).rejects.toBeInstanceOf(pulumi.RunError);
  });

  test("take outputs, and give one that is a secret when anything given is", async () => {
    found.mockResolvedValue([]);
    const secret = { ...CONNECTION, password: pulumi.secret("open sesame") };
    const [hidden, open] = [secret, CONNECTION].map((connection) =>
      getRoutesOutput({ connection, namespace: pulumi.output("blue") }),
    );
    expect([
      await pulumi.isSecret(hidden as pulumi.Output<unknown>),
      await pulumi.isSecret(open as pulumi.Output<unknown>),
    ]).toEqual([true, false]);
    const args = { connection: { ...CONNECTION, password: "open sesame" }, namespace: "blue" };
    expect(found).toHaveBeenCalledWith(routesLookup, args, undefined);
  });
});
