import fc from "fast-check";
import type { GenerateOptions } from "../../../cli/generate";
import { bulkImport } from "../../../cli/generate/bulk-import";
import { keysOf } from "../../../cli/marked/object";
import { contracts, servicesOver } from "../../../provider";
import { imported } from "../../../provider/existing/import";
import type { Contract } from "../../../provider/resource";
import type { Desired } from "../../../provider/state";
import { FakeHost } from "../../support/fake-host";
import { MiniEngine } from "../../support/mini-engine";
import { playground, samples } from "../../support/samples";

/** What `pulumi-ipip show --import` makes of hosts. */

const OPTIONS: GenerateOptions = { owner: [], namespace: [], proxy: [], knownHosts: "~/.ssh/known_hosts" };

interface ImportFile {
  readonly nameTable: object;
  readonly resources: readonly { readonly type: string; readonly name: string; readonly id: string }[];
}

async function fileOf(host: FakeHost, hosts: readonly string[], options: Partial<GenerateOptions> = {}) {
  const before = String(host);
  const services = servicesOver(() => host);
  const made = await bulkImport(hosts, { ...OPTIONS, ...options }, services, () => host);
  expect(made.troubles).toEqual([]);
  expect(String(host)).toBe(before);
  return { left: made.left, file: JSON.parse(made.file) as ImportFile };
}

const BY_HAND = [
  "ip netns add blue",
  "ip link add name v0 type veth peer name v1 netns blue",
  "ip address add 10.0.0.1/24 dev v0",
  "ip link set dev v0 up",
  "ip -n blue link add name t1 type ipip mode ipip local 10.1.0.1 remote 10.1.0.2 ttl 64 tos 0x0 pmtudisc",
  "ip -n blue link set dev t1 up",
  "ip -n blue -4 route add unicast 10.9.0.0/16 dev t1 table 254 proto 3",
  "ip -6 route add unicast fd09::/64 dev v0 table 254 metric 1024 proto 3",
];

describe("the file", () => {
  test("has each object's type, a name of its own and its id, what others are in or on first", async () => {
    const host = new FakeHost();
    host.byHand(...BY_HAND);
    const { file, left } = await fileOf(host, ["a=root@192.0.2.7:2222"]);
    expect(file).toEqual({
      nameTable: {},
      resources: [
        { type: "ipip:index:Namespace", name: "blue", id: "a//blue" },
        { type: "ipip:index:VethPair", name: "v0-v1", id: "a//:v0/blue:v1" },
        { type: "ipip:index:IpipTunnel", name: "blue-t1", id: "a/blue/t1" },
        { type: "ipip:index:Route", name: "to-fd09-64", id: "a//fd09::/64 table 254 metric 1024" },
        {
          type: "ipip:index:Route",
          name: "blue-to-10.9.0.0-16",
          id: "a/blue/10.9.0.0/16 table 254 metric 0",
        },
      ],
    });
    expect(left).toEqual([]);
  });

  test.each([
    [["root@gw"], "gw//blue"],
    [["ssh://root@gw:2222"], "gw:2222//blue"],
    [["berlin=root@gw"], "berlin//blue"],
    [["fd00::7"], "fd00::7//blue"],
    [["[fd00::7]:2222"], "[fd00::7]:2222//blue"],
  ])("calls %s as it is given, or by the name before it", async (hosts, id) => {
    const host = new FakeHost();
    host.byHand("ip netns add blue");
    const { file } = await fileOf(host, hosts);
    expect(file.resources.map((one) => one.id)).toEqual([id]);
  });

  test("of several hosts has names that differ", async () => {
    const host = new FakeHost();
    host.byHand("ip netns add blue");
    const { file } = await fileOf(host, ["a=192.0.2.1", "192.0.2.2"]);
    expect(file.resources).toEqual([
      { type: "ipip:index:Namespace", name: "a-blue", id: "a//blue" },
      { type: "ipip:index:Namespace", name: "192.0.2.2-blue", id: "192.0.2.2//blue" },
    ]);
  });

  test("has no more than what is asked for, and what it leaves out is said with the reason", async () => {
    const host = new FakeHost();
    host.byHand(
      ...BY_HAND,
      "ip -n blue link set dev t1 alias pulumi:shop/dev/tunnel",
      "ip -n blue link add name d0 type dummy",
    );
    const own = await fileOf(host, ["a=gw"], { namespace: [""] });
    expect(own.file.resources.map(({ name }) => name)).toEqual(["v0-v1", "to-fd09-64"]);
    const { left } = await fileOf(host, ["a=gw"], { namespace: ["blue"] });
    expect(left).toEqual([
      "left out  a  device t1 in namespace blue: it belongs to a stack, pulumi:shop/dev/tunnel, and --owner takes it over",
      "left out  a  device d0 in namespace blue: of kind dummy, which this package does not make",
    ]);
    const taken = await fileOf(host, ["a=gw"], { namespace: ["blue"], owner: ["shop/dev"] });
    expect(taken.file.resources).toContainEqual(expect.objectContaining({ id: "a/blue/t1" }));
  });

  test.each(Object.entries(samples))(
    "knows a %s by an id that the plugin takes for it",
    async (type, sample) => {
      const engine = new MiniEngine(sample.contract, playground());
      const inputs = sample.inputs.filter((some) => engine.isValid(some) && some.alias === undefined);
      let seen = 0;
      const property = fc.asyncProperty(inputs, async (asked) => {
        const host = playground();
        const made = new MiniEngine(sample.contract, host);
        await made.up(asked);
        const desired = made.check(asked);
        const key = (inputs: Desired) => keysOf(type, inputs).sort().join();
        const { file } = await fileOf(host, ["a=gw"], { owner: ["any"] });
        const services = servicesOver(() => host);
        for (const one of file.resources) {
          const typed = one.type.replace("ipip:index:", "");
          const [contract, service] = [contracts[typed] as Contract, services[typed]];
          if (service === undefined) throw new Error(`there is no ${typed}`);
          const path = one.id.replace(/^a\//, "");
          const found = await imported(contract, service, host, desired.connection, path, undefined);
          expect(found?.id.replace(/^[^/]*\//, "")).toBe(path);
          if (typed === type && key(made.check(found?.inputs ?? {})) === key(desired)) seen++;
        }
        const names = file.resources.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
      });
      await fc.assert(property, { numRuns: 2, seed: 7 });
      // Of these only what is unlike that of a new host is listed, and of files nothing.
      if (!["Sysctl", "Link", "MplsInput", "Address", "ManagerExemption"].includes(type))
        expect(seen).toBeGreaterThan(0);
    },
  );
});

test("a host that is away, is not named, or has no name for an id, is said to be", async () => {
  const host = new FakeHost(undefined, "gw");
  host.away = true;
  const run = (...hosts: string[]) =>
    bulkImport(
      hosts,
      OPTIONS,
      servicesOver(() => host),
      () => host,
    );
  await expect(run("gw")).rejects.toThrow("gw: the host is away");
  await expect(run()).rejects.toThrow("give --host [NAME=][USER@]HOST[:PORT]");
  await expect(run("a/b=gw")).rejects.toThrow("has no blanks and no slashes");
  await expect(run("=gw")).rejects.toThrow("has no blanks and no slashes");
  await expect(run("a=gw", "a=other")).rejects.toThrow("two hosts are called a: give each its name");
});
