import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { IpipTunnel, Namespace, TunnelLink, TunnelMesh } from "../../../sdk";
import type { LinkArgs } from "../../../sdk/link/link";
import type { MeshArgs } from "../../../sdk/mesh/mesh";
import { linkArgs, meshArgs } from "../../support/links";

/** What the components ask of the engine: which resources, with what, and nothing where something is wrong. */

interface Made {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  readonly inputs: Record<string, unknown>;
}

let made: Made[];

/** Each test is a program of its own. */
async function program(preview = false): Promise<void> {
  await settled();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...inputs, effectiveMtu: 1480 } }),
      call: () => {
        throw new Error("nothing is to be called");
      },
    },
    "shop",
    "prod",
    preview,
  );
  made = [];
}

beforeAll(() => {
  const register = MockMonitor.prototype.registerResource;
  jest.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
    this: MockMonitor,
    request: RegisterResourceRequest,
    done,
  ) {
    made.push({
      type: request.getType().split(":").at(-1) ?? "",
      name: request.getName(),
      parent: request.getParent().split("::").at(-1) ?? "",
      inputs: (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
    });
    return register.call(this, request, done);
  });
});

beforeEach(() => program());

afterEach(() => settled());

const link = (name: string, args: object = linkArgs()) => new TunnelLink(name, args as LinkArgs);
const mesh = (name: string, args: object) => new TunnelMesh(name, args as MeshArgs);

function valueIn<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T));
  });
}

const named = (type: string) => made.filter((one) => one.type === type).map(({ name }) => name);
const inputsOf = (name: string) => made.find((one) => one.name === name)?.inputs;

/** Until all that a program has begun is done. */
const settled = () => pulumi.runtime.disconnect();

test("a link makes both ends, the routes between them and forwarding", async () => {
  const one = link(
    "wan",
    linkArgs({ ttl: 64, mtu: 1400, table: 100, b: { namespace: "blue", device: "to-a" } }),
  );
  expect(await valueIn(one.mtu)).toBe(1480);
  expect(await valueIn(one.topology)).toContain("203.0.113.2 (blue)  to-a 192.168.50.2/30  10.10.2.0/24");
  expect(IpipTunnel.isInstance(one.a)).toBe(true);
  await settled();
  expect(inputsOf("wan-a")).toMatchObject({
    name: "wan",
    local: "203.0.113.1",
    remote: "203.0.113.2",
    addresses: ["192.168.50.1/30"],
    ttl: 64,
    mtu: 1400,
    mark: "pulumi:shop/prod/wan-a",
  });
  expect(inputsOf("wan-b")).toMatchObject({
    namespace: "blue",
    name: "to-a",
    local: "203.0.113.2",
    remote: "203.0.113.1",
    addresses: ["192.168.50.2/30"],
  });
  expect(inputsOf("wan-a-to-10.10.2.0/24")).toMatchObject({
    destination: "10.10.2.0/24",
    via: "192.168.50.2",
    dev: "wan",
    table: 100,
  });
  expect(inputsOf("wan-b-to-10.10.1.0/24")).toMatchObject({ via: "192.168.50.1", dev: "to-a" });
  expect(named("Sysctl").sort()).toEqual(["forwarding-host1", "forwarding-host2-blue"]);
  expect(new Set(made.filter(({ type }) => type !== "Sysctl").map(({ parent }) => parent))).toEqual(
    new Set(["", "wan"]),
  );
});

test("a component knows its own kind", async () => {
  const [one, many] = [link("kind"), mesh("kinds", meshArgs([0, 1], { pool: "172.30.0.0/20" }))];
  expect([TunnelLink.isInstance(one), TunnelLink.isInstance(many)]).toEqual([true, false]);
  expect([TunnelMesh.isInstance(one), TunnelMesh.isInstance(many)]).toEqual([false, true]);
  expect(TunnelLink.isInstance(undefined)).toBe(false);
  await valueIn(many.mtu);
});

describe("forwarding", () => {
  const far = (more: object = {}) =>
    linkArgs({
      a: { address: "192.168.51.1/30", ...more },
      b: {
        connection: { host: "fd00::3", insecureIgnoreHostKey: true },
        underlay: "203.0.113.3",
        address: "192.168.51.2/30",
        networks: ["10.10.3.0/24"],
      },
    });

  test("is one resource a host, whichever of its links comes first", async () => {
    await valueIn(link("one").topology);
    await valueIn(link("two", far()).topology);
    const first = named("Sysctl").sort();
    expect(first).toEqual(["forwarding-fd00~~3", "forwarding-host1", "forwarding-host2"]);
    await program();
    await valueIn(link("two", far()).topology);
    await valueIn(link("one").topology);
    expect(named("Sysctl").sort()).toEqual(first);
  });

  test("is shared in a namespace that is given as a resource", async () => {
    const connection = { host: "host1", insecureIgnoreHostKey: true };
    const namespace = new Namespace("blue", { connection, name: "n1" });
    await valueIn(link("one", linkArgs({ a: { namespace } })).topology);
    await valueIn(link("two", far({ namespace })).topology);
    expect(named("Sysctl").sort()).toEqual([
      "forwarding-fd00~~3",
      "forwarding-host1-in-blue",
      "forwarding-host2",
    ]);
    expect(inputsOf("forwarding-host1-in-blue")).toMatchObject({
      namespace: "n1",
      key: "net.ipv4.ip_forward",
    });
  });

  test("is left out where it is not wanted, or where nothing is behind a host", async () => {
    await valueIn(link("one", linkArgs({ a: { forwarding: false }, b: { networks: [] } })).topology);
    expect(named("Sysctl")).toEqual([]);
  });

  test("is the link's own where a program does not tell the host", async () => {
    const connection = pulumi.output({ host: "host1", insecureIgnoreHostKey: true });
    await valueIn(link("one", linkArgs({ a: { connection } })).topology);
    expect(named("Sysctl").sort()).toEqual(["forwarding-host2", "one-a-forwarding"]);
  });
});

describe("what is wrong", () => {
  test("and plain is refused before anything is made, all at once", () => {
    const args = linkArgs({ mtu: 1, b: { address: "10.0.0.1/30", networks: ["10.10.1.0/24"] } });
    const refused = () => link("wan", args);
    expect(refused).toThrow(pulumi.RunError);
    expect(refused).toThrow(
      /^TunnelLink "wan" can't be as it is given:\n {2}mtu: 1 can't be.*\n {2}b\.address: .*\n {2}b\.networks\[0\]: /,
    );
    expect(made).toEqual([]);
  });

  test("between two links is refused by the one that comes later, and told of the other", async () => {
    await valueIn(link("one").topology);
    await settled();
    const count = made.length;
    expect(() => link("two")).toThrow(
      /a\.underlay: the link "one" joins 203\.0\.113\.1 to 203\.0\.113\.2 already/,
    );
    expect(made).toHaveLength(count);
  });

  test("in another program is none of this one's affair", async () => {
    await valueIn(link("one").topology);
    await program();
    expect(await valueIn(link("one").topology)).toContain("one: ipip");
  });

  test("in a mesh is refused in its own words", () => {
    const args = meshArgs([0, 1, 2]);
    args.sites[2] = { ...args.sites[2], networks: ["10.0.0.0/8"] };
    expect(() => mesh("wan", args)).toThrow(
      /^TunnelMesh "wan" can't be as it is given:\n {2}sites\[2\]\.networks\[0\]: 10\.0\.0\.0\/8 overlaps 10\.0\.0\.0\/24/,
    );
    expect(made).toEqual([]);
  });
});

describe("what only the engine knows", () => {
  test("leaves the rest of a preview known", async () => {
    await program(true);
    const open = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;
    const one = link("wan", linkArgs({ a: { underlay: open } }));
    await valueIn(one.b.name);
    await settled();
    expect(inputsOf("wan-a")).toMatchObject({ remote: "203.0.113.2", addresses: ["192.168.50.1/30"] });
  });

  test("is waited for at up, and then is as good as what is plain", async () => {
    const address = Promise.resolve("192.168.50.1/30");
    const one = link("wan", linkArgs({ a: { underlay: pulumi.output("203.0.113.1"), address } }));
    expect(await valueIn(one.topology)).toContain("203.0.113.1");
    await settled();
    expect(inputsOf("wan-b")).toMatchObject({ remote: "203.0.113.1" });
    expect(inputsOf("wan-b-to-10.10.1.0/24")).toMatchObject({ via: "192.168.50.1" });
  });
});

test("a mesh makes a link of each pair, or of each spoke with its hub", async () => {
  const full = mesh("wan", meshArgs([0, 1, 2]));
  expect(await valueIn(full.mtu)).toBe(1480);
  expect(named("TunnelLink")).toEqual(["wan-s0~s1", "wan-s0~s2", "wan-s1~s2"]);
  expect(inputsOf("wan-s1~s2-b")).toMatchObject({ name: "wan-s1", addresses: ["172.31.0.5/31"] });
  expect(named("Sysctl").sort()).toEqual(["forwarding-host0", "forwarding-host1", "forwarding-host2"]);
  await program();
  const star = mesh("wan", meshArgs([0, 1, 2], { hubs: ["s1"], prefixLength: 30 }));
  expect((await valueIn(star.topology)).split("\n")).toHaveLength(6);
  await settled();
  expect(named("TunnelLink")).toEqual(["wan-s0~s1", "wan-s1~s2"]);
  const routes = made.filter(({ name }) => name.startsWith("wan-s0~s1-a-to-"));
  expect(routes.map(({ inputs }) => inputs.destination)).toEqual([
    "10.1.0.0/24",
    "172.31.0.0/20",
    "10.2.0.0/24",
  ]);
});
