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
  readonly dependsOn: readonly string[];
  readonly aliases: readonly string[];
  readonly inputs: Record<string, unknown>;
}

let made: Made[];

/** What hosts tell, of tunnels and of probes. */
const TOLD = { effectiveMtu: 1480, cause: "mtu", reason: "packets of 1480 bytes do not fit" };

/** Each test is a program of its own. */
async function program(preview = false): Promise<void> {
  await settled();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...inputs, ...TOLD } }),
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
      dependsOn: request.getDependenciesList().map((urn) => urn.split("::").at(-1) ?? ""),
      aliases: request.getAliasesList().map((alias) => alias.getSpec()?.getType() ?? ""),
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

describe("the tunnel of a link", () => {
  const over6 = { a: { underlay: "2001:db8::1" }, b: { underlay: "2001:db8::2" } };
  const inside6 = { address: "fd50::1/64", networks: ["fd00:1::/64"] };
  const sit = { a: inside6, b: { ...inside6, address: "fd50::2/64", networks: [] } };
  const gre = { ikey: 7, okey: 7, iseq: true, oseq: true, icsum: true, ocsum: true };

  test.each([
    [
      { kind: "ipip", ttl: 9, tos: "0x10", pmtudisc: true },
      "IpipTunnel",
      { ttl: 9, tos: "0x10", pmtudisc: true },
    ],
    [{ kind: "sit", ...sit, ttl: 9 }, "SitTunnel", { ttl: 9 }],
    [{ kind: "gre", ttl: 9, key: 7, seq: true, csum: true }, "GreTunnel", { ttl: 9, ...gre }],
    [{ kind: "ipip6", ...over6, hoplimit: 9 }, "Ip6Tunnel", { mode: "ipip6", hoplimit: 9 }],
    [
      { kind: "ip6ip6", a: { ...over6.a, ...sit.a }, b: { ...over6.b, ...sit.b }, tclass: 4 },
      "Ip6Tunnel",
      { mode: "ip6ip6", tclass: 4 },
    ],
    [{ kind: "ip6tnl", ...over6, encaplimit: "none" }, "Ip6Tunnel", { mode: "any", encaplimit: "none" }],
    [
      { kind: "ip6gre", ...over6, hoplimit: 9, key: 7, seq: true, csum: true },
      "Ip6GreTunnel",
      { hoplimit: 9, ...gre },
    ],
  ] as const)("%j is one of its kind with its options, and no more", async (args, type, options) => {
    const one = link("wan", linkArgs(args as never));
    await valueIn(one.topology);
    expect(named(type)).toEqual(["wan-a", "wan-b"]);
    const common = ["__provider", "addresses", "connection", "local", "mark", "name", "persist", "remote"];
    for (const end of ["wan-a", "wan-b"]) {
      expect(inputsOf(end)).toMatchObject(options);
      const given = Object.entries(inputsOf(end) ?? {}).filter(([, value]) => value !== null);
      expect(given.map(([key]) => key).sort()).toEqual([...common, ...Object.keys(options)].sort());
    }
  });

  test("is known to the engine by the other kinds' types too, so that it takes the place of one of them", async () => {
    await valueIn(link("wan").topology);
    const types = made.find(({ name }) => name === "wan-a")?.aliases.map((type) => type.split(":").at(-1));
    // The last one is its own class by the other door.
    expect(types).toEqual(["SitTunnel", "GreTunnel", "Ip6Tunnel", "Ip6GreTunnel", "IpipTunnel"]);
  });

  test("has an address of each family, by which the routes of that family go", async () => {
    const side = (number: number) => ({
      address: undefined,
      addresses: [`192.168.50.${number}/30`, Promise.resolve(`fd50::${number}/64`)],
      networks: [`10.10.${number}.0/24`, `fd00:${number}::/64`],
    });
    const one = link("wan", linkArgs({ kind: "gre", a: side(1), b: side(2) }));
    expect(await valueIn(one.topology)).toContain(
      "wan 192.168.50.1/30, fd50::1/64  10.10.1.0/24, fd00:1::/64",
    );
    await settled();
    expect(inputsOf("wan-a")).toMatchObject({ addresses: ["192.168.50.1/30", "fd50::1/64"] });
    expect(inputsOf("wan-a-to-10.10.2.0/24")).toMatchObject({ via: "192.168.50.2" });
    expect(inputsOf("wan-a-to-fd00:2::/64")).toMatchObject({ via: "fd50::2" });
    expect(named("Sysctl").sort()).toEqual([
      "forwarding-host1",
      "forwarding-host1-ipv6",
      "forwarding-host2",
      "forwarding-host2-ipv6",
    ]);
  });
});

describe("encap", () => {
  const encap = { type: "fou", port: 5555 };
  const third = { connection: { host: "host3", insecureIgnoreHostKey: true }, underlay: "203.0.113.3" };
  const far = (more: object = {}) =>
    linkArgs({
      a: { address: "192.168.51.1/30" },
      b: { ...third, address: "192.168.51.2/30", networks: [] },
      ...more,
    });

  test("opens a port on each host before the ends that send there", async () => {
    const one = link("wan", linkArgs({ encap }));
    expect(await valueIn(one.topology)).toContain("wan: ipip in fou (UDP port 5555), mtu 1480");
    await settled();
    expect(named("FouPort")).toEqual(["fou-5555-host1", "fou-5555-host2"]);
    expect(inputsOf("fou-5555-host2")).toMatchObject({
      port: 5555,
      encap: "fou",
      ipproto: "ipip",
      family: 4,
    });
    for (const [end, port] of [
      ["wan-a", "fou-5555-host1"],
      ["wan-b", "fou-5555-host2"],
    ] as const) {
      expect(inputsOf(end)).toMatchObject({ encap: { type: "fou", dport: 5555 } });
      expect(made.find(({ name }) => name === end)?.dependsOn).toContain(port);
    }
  });

  test("shares the port of a host, which says nothing of what GUE carries", async () => {
    const gue = { encap: { type: "gue", port: 6080 } };
    await valueIn(link("one", linkArgs(gue)).topology);
    const two = link("two", far({ kind: "gre", ...gue, a: { address: "192.168.51.1/30" } }));
    await valueIn(two.topology);
    expect(named("FouPort").sort()).toEqual(["fou-6080-host1", "fou-6080-host2", "fou-6080-host3"]);
    expect(inputsOf("fou-6080-host1")?.ipproto ?? undefined).toBeUndefined();
    expect(made.find(({ name }) => name === "two-a")?.dependsOn).toContain("fou-6080-host1");
  });

  test("over IPv6 opens one of IPv6", async () => {
    const over6 = { a: { underlay: "2001:db8::1" }, b: { underlay: "2001:db8::2" } };
    await valueIn(link("wan", linkArgs({ kind: "ip6gre", ...over6, encap })).topology);
    expect(inputsOf("fou6-5555-host1")).toMatchObject({ family: 6, ipproto: "gre" });
  });

  test("that would have one port take two things is refused before anything of it is made", async () => {
    await valueIn(link("one", linkArgs({ encap })).topology);
    await settled();
    const count = made.length;
    expect(() => link("two", far({ encap: { type: "gue", port: 5555 } }))).toThrow(
      /encap\.port: on host1 the port 5555 takes fou with ipip for the link "one"/,
    );
    expect(made).toHaveLength(count);
  });
});

test("mssClamp clamps at each end what the tunnel carries", async () => {
  await valueIn(link("wan", linkArgs({ mssClamp: true, b: { namespace: "blue" } })).topology);
  await settled();
  expect(named("MssClamp")).toEqual(["wan-a-mss", "wan-b-mss"]);
  expect(inputsOf("wan-a-mss")).toMatchObject({ dev: "wan", ipv4: "pmtu", ipv6: "none" });
  expect(inputsOf("wan-b-mss")).toMatchObject({ namespace: "blue" });
  await program();
  await valueIn(link("wan", linkArgs({ kind: "gre", mssClamp: true })).topology);
  await settled();
  expect(inputsOf("wan-b-mss")).toMatchObject({ ipv4: "pmtu", ipv6: "pmtu" });
});

test("persist is that of all resources of a link or a mesh", async () => {
  const encap = { type: "fou", port: 5555 };
  const more = { encap, mssClamp: true, probe: {}, persist: "systemd" };
  await valueIn(link("wan", linkArgs(more)).topology);
  await valueIn(mesh("net", meshArgs([3, 4], { ...more, encap: { ...encap, port: 5556 } })).topology);
  await settled();
  const types = ["FouPort", "IpipTunnel", "MssClamp", "Route", "Sysctl"];
  const lasting = made.filter(({ inputs }) => inputs.persist === "systemd");
  expect(made.filter(({ type }) => types.includes(type))).toEqual(lasting);
  expect(lasting).toHaveLength(2 * 2 * types.length);
  await program();
  await valueIn(link("wan").topology);
  expect(inputsOf("wan-a")).toMatchObject({ persist: "none" });
});

test("links that share something of a host have one persist", async () => {
  await valueIn(link("one").topology);
  const far = {
    connection: { host: "host3", insecureIgnoreHostKey: true },
    underlay: "203.0.113.3",
    address: "192.168.51.2/30",
    networks: ["10.10.3.0/24"],
  };
  const two = linkArgs({ a: { address: "192.168.51.1/30" }, b: far, persist: "systemd" });
  expect(() => link("two", two)).toThrow(
    'a.forwarding: the link "one" shares forwarding on host1, with `persist: "none"`, and here it would be "systemd": give both the same',
  );
});

describe("a probe", () => {
  test("looks from a when all of the link is there, and again when any of it changes", async () => {
    const one = link("wan", linkArgs({ probe: { required: true }, mssClamp: true, ttl: 9 }));
    expect(await valueIn(one.works)).toBe(false);
    expect(await valueIn(one.reason)).toBe(TOLD.reason);
    const [probe] = made.filter(({ type }) => type === "TunnelProbe");
    expect(probe).toMatchObject({ name: "wan-probe", parent: "wan" });
    expect(probe?.inputs).toMatchObject({ dev: "wan", target: "192.168.50.2", required: true });
    const all = made.map(({ name }) => name).filter((name) => name !== "wan" && name !== "wan-probe");
    expect([...(probe?.dependsOn ?? [])].sort()).toEqual(all.sort());
    const before = JSON.stringify(probe?.inputs.triggers);
    for (const change of [{ ttl: 10 }, { b: { underlay: "203.0.113.9" } }, { a: { device: "other" } }]) {
      await program();
      await valueIn(link("wan", linkArgs({ probe: {}, ttl: 9, ...change })).works);
      expect(JSON.stringify(inputsOf("wan-probe")?.triggers)).not.toBe(before);
    }
  });

  test("is not there unless it is asked for", async () => {
    const one = link("wan");
    expect(await valueIn(one.works)).toBeUndefined();
    expect(await valueIn(one.reason)).toBeUndefined();
    expect(named("TunnelProbe")).toEqual([]);
  });
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

test("a mesh gives all its links its options, and tells of those that don't work", async () => {
  const encap = { type: "gue", port: 6080 };
  const options = { kind: "gre", key: 7, encap, mssClamp: true, probe: {} };
  const one = mesh("wan", meshArgs([0, 1, 2], { ...options, hubs: ["s0"] }));
  expect(await valueIn(one.works)).toBe(false);
  expect(await valueIn(one.reason)).toBe(`wan-s0~s1: ${TOLD.reason}\nwan-s0~s2: ${TOLD.reason}`);
  await settled();
  expect(named("GreTunnel")).toHaveLength(4);
  expect(inputsOf("wan-s0~s2-b")).toMatchObject({ ikey: 7, encap: { type: "gue", dport: 6080 } });
  expect(named("FouPort").sort()).toEqual(["fou-6080-host0", "fou-6080-host1", "fou-6080-host2"]);
  expect(named("MssClamp")).toHaveLength(4);
  await program();
  const quiet = mesh("wan", meshArgs([0, 1]));
  expect([await valueIn(quiet.works), await valueIn(quiet.reason)]).toEqual([undefined, undefined]);
});

test("a mesh of IPv6 takes its tunnels' addresses from a pool of it, or of both", async () => {
  const pools = { pool: undefined, pools: ["172.31.0.0/20", "fd00:31::/112"] };
  await valueIn(mesh("wan", meshArgs([0, 3], { kind: "gre", ...pools })).topology);
  expect(inputsOf("wan-s0~s3-b")).toMatchObject({ addresses: ["172.31.0.7/31", "fd00:31::7/127"] });
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
