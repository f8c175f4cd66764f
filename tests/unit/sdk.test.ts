import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { handlers } from "../../provider";
import * as sdk from "../../sdk";
import { CONNECTION } from "../support/mini-engine";
import { probes, samples } from "../support/samples";

const { TunnelLink: _link, TunnelMesh: _mesh, ...others } = sdk;
const {
  getNamespace: _1,
  getNamespaceOutput: _2,
  getNamespaces: _3,
  getNamespacesOutput: _4,
  ...rest
} = others;
const { getTunnel: _5, getTunnelOutput: _6, getTunnels: _7, getTunnelsOutput: _8, ...more } = rest;
const { getLink: _9, getLinkOutput: _10, getLinks: _11, getLinksOutput: _12, ...less } = more;
const { getAddresses: _13, getAddressesOutput: _14, getRoutes: _15, getRoutesOutput: _16, ...last } = less;
const { getRules: _17, getRulesOutput: _18, Provider: _19, ...resources } = last;
const { Address, GreTunnel, Ip6GreTunnel, Ip6Tunnel, IpipTunnel, Link, Namespace } = resources;
const {
  FouPort,
  ManagerExemption,
  MplsInput,
  MplsLabelTable,
  MplsRoute,
  MssClamp,
  Route,
  Rule,
  SitTunnel,
  Sysctl,
  TunnelProbe,
  VethPair,
} = resources;

type Bag = Record<string, unknown>;

/** What a program asks of the engine for one resource. */
interface Registration {
  readonly type: string;
  readonly name: string;
  readonly object: Bag;
  readonly deletedWith: string;
  readonly replaceWith: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly secretly: (path: string) => boolean;
}

/** The key under which the engine's protocol has a secret, and its value (@pulumi/pulumi, runtime/rpc.ts). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const registered: Registration[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...inputs, ifindex: 7 } }),
      call: () => {
        throw new Error("nothing is to be called");
      },
    },
    "shop",
    "prod",
  );
  const register = MockMonitor.prototype.registerResource;
  jest.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
    this: MockMonitor,
    request,
    done,
  ) {
    registered.push(registrationOf(request));
    return register.call(this, request, done);
  });
});

beforeEach(() => {
  registered.length = 0;
});

function registrationOf(request: RegisterResourceRequest): Registration {
  const object = request.getObject()?.toJavaScript() ?? {};
  const at = (path: string) =>
    path.split(".").reduce<unknown>((value, key) => (value as Bag | undefined)?.[key], object);
  return {
    type: request.getType(),
    name: request.getName(),
    object,
    deletedWith: request.getDeletedwith(),
    replaceWith: request.getReplaceWithList(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    secretly: (path) => (at(path) as Bag | undefined)?.[SIGNATURE] === SECRET,
  };
}

/** settled waits for a resource, and gives what was asked for it. */
async function settled(resource: pulumi.CustomResource): Promise<Registration> {
  const urn = await new Promise<string>((resolve) => {
    resource.urn.apply(resolve);
  });
  const found = registered.find(({ type, name }) => urn.endsWith(`${type}::${name}`));
  if (found === undefined) throw new Error(`${urn} was not registered`);
  return found;
}

function urnOf({ type, name }: Registration): string {
  return `urn:pulumi:prod::shop::${type}::${name}`;
}

function valueIn<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T));
  });
}

const connection = CONNECTION;
const make: Readonly<Record<string, (name: string) => pulumi.CustomResource>> = {
  Namespace: (name) => new Namespace(name, { connection, name: "n1" }),
  VethPair: (name) => new VethPair(name, { connection, a: { name: "va" }, b: { name: "vb" } }),
  IpipTunnel: (name) => new IpipTunnel(name, { connection, name: "tun0", remote: "10.0.0.2" }),
  SitTunnel: (name) => new SitTunnel(name, { connection, name: "tun0", remote: "10.0.0.2" }),
  Ip6Tunnel: (name) => new Ip6Tunnel(name, { connection, name: "tun0", remote: "fd00::2" }),
  GreTunnel: (name) =>
    new GreTunnel(name, { connection, name: "tun0", remote: "10.0.0.2", ikey: 5, okey: 5 }),
  Ip6GreTunnel: (name) => new Ip6GreTunnel(name, { connection, name: "tun0", remote: "fd00::2" }),
  Route: (name) => new Route(name, { connection, destination: "default", via: "10.0.0.1" }),
  Rule: (name) => new Rule(name, { connection, priority: 100, from: "10.0.0.0/8", table: 100 }),
  Address: (name) => new Address(name, { connection, dev: "lo", address: "10.255.0.1/32" }),
  Link: (name) => new Link(name, { connection, dev: "eth0", mtu: 9000 }),
  ManagerExemption: (name) => new ManagerExemption(name, { connection, manager: "systemd-networkd" }),
  MplsInput: (name) => new MplsInput(name, { connection, dev: "tun0" }),
  MplsLabelTable: (name) => new MplsLabelTable(name, { connection, platformLabels: 1000 }),
  MplsRoute: (name) => new MplsRoute(name, { connection, label: 100, dev: "lo" }),
  Sysctl: (name) => new Sysctl(name, { connection, key: "net.ipv4.ip_forward", value: 1 }),
  FouPort: (name) => new FouPort(name, { connection, port: 5555, ipproto: "ipip" }),
  MssClamp: (name) => new MssClamp(name, { connection, dev: "tun0" }),
  TunnelProbe: (name) => new TunnelProbe(name, { connection, dev: "tun0", target: "192.168.50.2" }),
};

test("has a class for every type that the provider serves", () => {
  expect(Object.keys(make).sort()).toEqual(Object.keys(handlers).sort());
  expect(Object.keys(resources).sort()).toEqual(Object.keys(handlers).sort());
});

describe.each(Object.entries(make))("%s", (type, instance) => {
  test("registers as a dynamic resource of its own type, with one short text for all that ever will be", async () => {
    const [one, other] = [await settled(instance("one")), await settled(instance("other"))];
    expect(one.type).toBe(`pulumi-nodejs:dynamic/ipip:${type}`);
    expect(one.object.__provider).toBe(
      `exports.handler=()=>require("pulumi-ipip/provider").handlers.${type};`,
    );
    expect(String(one.object.__provider).length).toBeLessThanOrEqual(100);
    expect(other.object.__provider).toBe(one.object.__provider);
  });

  test("that text is a provider, from where a program runs", () => {
    const code = `exports.handler=()=>require("pulumi-ipip/provider").handlers.${type};`;
    const load = new Function("exports", "require", code);
    const module: { handler?: () => unknown } = {};
    load(module, (path: string) => {
      expect(path).toBe("pulumi-ipip/provider");
      return { handlers };
    });
    expect(module.handler?.()).toBe(handlers[type]);
  });

  test("has every property of its contract to be read", async () => {
    const resource = instance("all");
    await settled(resource);
    const contract = samples[type]?.contract ?? probes[type];
    const properties = [
      ...Object.keys(contract?.inputs.shape ?? {}),
      ...Object.keys(contract?.outputs.shape ?? {}),
    ];
    for (const property of properties) {
      expect([property, pulumi.Output.isInstance(Reflect.get(resource, property))]).toEqual([property, true]);
    }
  });

  test("bears the mark of its project, stack and name, if its objects can bear one", async () => {
    const { object } = await settled(instance("a b"));
    const bears = "mark" in (samples[type]?.contract.inputs.shape ?? {});
    expect(object.mark).toBe(bears ? "pulumi:shop/prod/a%20b" : undefined);
  });

  test("is deleted before it is replaced, since the engine may replace it without asking", async () => {
    expect((await settled(instance("replaced"))).deleteBeforeReplace).toBe(true);
  });

  test("knows its own kind", () => {
    const resource = instance("kind");
    for (const [other, Class] of Object.entries(resources))
      expect(Class.isInstance(resource)).toBe(other === type);
    expect(Namespace.isInstance(undefined)).toBe(false);
  });
});

test("outputs have what the host told", async () => {
  const tunnel = new IpipTunnel("told", { connection, name: "tun0", remote: "10.0.0.2" });
  expect(await valueIn(tunnel.ifindex)).toBe(7);
  expect(await valueIn(tunnel.name)).toBe("tun0");
});

describe("secrets", () => {
  const given = {
    host: "gw",
    insecureIgnoreHostKey: true,
    password: "hunter2",
    privateKey: "key",
    privateKeyPassword: "phrase",
    become: { method: "sudo" as const, password: "sesame" },
  };
  const paths = ["password", "privateKey", "privateKeyPassword", "become.password"].map(
    (path) => `connection.${path}`,
  );

  test("are made of the values that are, and of nothing around them", async () => {
    const found = await settled(new Namespace("clear", { connection: given, name: "n1" }));
    expect(paths.filter(found.secretly)).toEqual(paths);
    for (const path of [
      "connection",
      "connection.host",
      "connection.become",
      "connection.become.method",
      "name",
    ]) {
      expect([path, found.secretly(path)]).toEqual([path, false]);
    }
    expect(found.object.connection).toMatchObject({ host: "gw", become: { method: "sudo" } });
  });

  test("are made of those of every hop", async () => {
    const hop = { host: "b", insecureIgnoreHostKey: true, password: "hunter2" };
    const proxy = [hop, pulumi.output(hop)];
    const found = await settled(new Namespace("hops", { connection: { ...given, proxy }, name: "n1" }));
    const secret = ["0.password", "1"].map((path) => `connection.proxy.${path}`);
    expect(secret.filter(found.secretly)).toEqual(secret);
    expect(["", ".0", ".0.host"].filter((path) => found.secretly(`connection.proxy${path}`))).toEqual([]);
    const whole = { ...given, proxy: pulumi.output([hop]) };
    const covered = await settled(new Namespace("covered", { connection: whole, name: "n1" }));
    expect(covered.secretly("connection.proxy")).toBe(true);
  });

  test("are made of values that are outputs", async () => {
    const outputs = { ...given, password: pulumi.output("hunter2"), privateKey: pulumi.secret("key") };
    const found = await settled(new Namespace("outputs", { connection: outputs, name: "n1" }));
    expect(paths.filter(found.secretly)).toEqual(paths);
    expect(found.secretly("connection")).toBe(false);
  });

  test.each<[string, () => pulumi.Input<typeof given>]>([
    ["an output", () => pulumi.output(given)],
    ["a promise", () => Promise.resolve(given)],
  ])("cover the whole of a connection that is %s", async (_, whole) => {
    const found = await settled(new Namespace("whole", { connection: whole(), name: "n1" }));
    expect(found.secretly("connection")).toBe(true);
  });

  test("cover the whole of a part that is an output", async () => {
    const part = { ...given, become: pulumi.output(given.become) };
    const found = await settled(new Namespace("part", { connection: part, name: "n1" }));
    expect(found.secretly("connection.become")).toBe(true);
    expect(found.secretly("connection.host")).toBe(false);
  });

  test("are not made of other outputs", async () => {
    const found = await settled(new Namespace("plain", { connection, name: pulumi.output("n1") }));
    expect(found.object.name).toBe("n1");
  });
});

describe("parents", () => {
  test("stand for their names, and take what is inside with them", async () => {
    const host = new Namespace("host", { connection, name: "n1" });
    const found = await settled(
      new IpipTunnel("in", { connection, namespace: host, name: "tun0", remote: "10.0.0.2" }),
    );
    const parent = urnOf(await settled(host));
    expect(found.object.namespace).toBe("n1");
    expect(found).toMatchObject({ deletedWith: parent, replaceWith: [parent] });
  });

  test("that are several all take it with them, and the first one spares its delete", async () => {
    const host = new Namespace("host2", { connection, name: "n1" });
    const tunnel = new IpipTunnel("on", { connection, namespace: host, name: "tun0", remote: "10.0.0.2" });
    const route = new Route("over", { connection, namespace: host, destination: "10.1.0.0/16", dev: tunnel });
    const found = await settled(route);
    const [around, on] = [urnOf(await settled(host)), urnOf(await settled(tunnel))];
    expect(found.object).toMatchObject({ namespace: "n1", dev: "tun0" });
    expect(found.deletedWith).toBe(around);
    expect([...found.replaceWith].sort()).toEqual([around, on].sort());
  });

  test("do not spare the delete of what a host makes again at boot", async () => {
    const host = new Namespace("host-kept", { connection, name: "n1", persist: "systemd" });
    const inside = (persist: "none" | "systemd") =>
      settled(
        new Sysctl(`kept-${persist}`, {
          ...{ connection, namespace: host, persist },
          ...{ key: "net.ipv4.ip_forward", value: 1 },
        }),
      );
    const parent = urnOf(await settled(host));
    expect(await inside("systemd")).toMatchObject({ deletedWith: "", replaceWith: [parent] });
    expect(await inside("none")).toMatchObject({ deletedWith: parent, replaceWith: [parent] });
  });

  test("of one end of a pair replace it, but do not spare its delete", async () => {
    const host = new Namespace("host3", { connection, name: "n1" });
    const pair = new VethPair("pair", { connection, a: { name: "va", namespace: host }, b: { name: "vb" } });
    const found = await settled(pair);
    expect(found.object.a).toEqual({ name: "va", namespace: "n1" });
    expect(found).toMatchObject({ deletedWith: "", replaceWith: [urnOf(await settled(host))] });
  });

  test("that it outlives replace it, but do not spare its delete", async () => {
    const below = new IpipTunnel("below", { connection, name: "tun9", remote: "10.0.0.2" });
    const port = { connection, port: 5555, encap: "gue" as const, local: "10.0.0.1" };
    const found = await settled(new FouPort("port", { ...port, dev: below }));
    expect(found.object.dev).toBe("tun9");
    expect(found).toMatchObject({ deletedWith: "", replaceWith: [urnOf(await settled(below))] });
  });

  test("that it goes on with are only names", async () => {
    const clamped = new IpipTunnel("clamped", { connection, name: "tun8", remote: "10.0.0.2" });
    const found = await settled(new MssClamp("clamping", { connection, dev: clamped }));
    expect(found.object.dev).toBe("tun8");
    expect(found).toMatchObject({ deletedWith: "", replaceWith: [] });
  });

  test("of one of several ways replace a route, but do not spare its delete", async () => {
    const device = new IpipTunnel("way", { connection, name: "tun0", remote: "10.0.0.2" });
    const nexthops = [{ via: "10.0.0.3" }, { dev: device, weight: 2 }];
    const found = await settled(new Route("ways", { connection, destination: "10.1.0.0/16", nexthops }));
    expect(found.object.nexthops).toEqual([{ via: "10.0.0.3" }, { dev: "tun0", weight: 2 }]);
    expect(found).toMatchObject({ deletedWith: "", replaceWith: [urnOf(await settled(device))] });
  });

  test("by name are only names", async () => {
    const found = await settled(
      new IpipTunnel("named", { connection, namespace: "n1", name: "tun0", remote: "10.0.0.2" }),
    );
    expect(found).toMatchObject({ deletedWith: "", replaceWith: [] });
    expect(found.object.namespace).toBe("n1");
  });

  test("do not undo what a program says in its options", async () => {
    const [host, other] = [
      new Namespace("host4", { connection, name: "n1" }),
      new Namespace("other", { connection, name: "n2" }),
    ];
    const tunnel = new IpipTunnel(
      "told",
      { connection, namespace: host, name: "tun0", remote: "10.0.0.2" },
      { deletedWith: other, replaceWith: [other], deleteBeforeReplace: false },
    );
    const found = await settled(tunnel);
    expect(found.deletedWith).toBe(urnOf(await settled(other)));
    expect(found.replaceWith).toEqual([urnOf(await settled(other)), urnOf(await settled(host))]);
    expect(found.deleteBeforeReplace).toBe(false);
  });
});

test.each([undefined, "pulumi:my/own/mark"])("a mark of %p is taken as meant", async (mark) => {
  const found = await settled(new Namespace("marked", { connection, name: "n1", ...{ mark } } as never));
  expect(found.object.mark).toBe(mark ?? "pulumi:shop/prod/marked");
});
