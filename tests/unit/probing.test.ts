import { CommandFailed, HostUnreachable, ProbeFailed } from "../../provider/errors";
import { type Answer, type Command, commandLine, type Host, type Work } from "../../provider/host/host";
import { Probing } from "../../provider/probing";
import { tunnelProbe } from "../../provider/resources/tunnel-probe";
import type { Desired, Fields } from "../../provider/state";
import { HalfMade } from "../../provider/subject";
import { CONNECTION } from "../support/mini-engine";

const LINKS = JSON.stringify([
  {
    ifindex: 4,
    ifname: "tun0",
    flags: ["POINTOPOINT", "NOARP", "UP", "LOWER_UP"],
    mtu: 1480,
    linkinfo: { info_kind: "ipip", info_data: { proto: "ipip", local: "10.99.0.11", remote: "10.99.0.12" } },
    addr_info: [{ family: "inet", local: "192.168.50.1", prefixlen: 30 }],
  },
]);

/** A host that answers what a probe asks, with a link that carries packets or does not. */
class LinkHost implements Host {
  readonly label = "203.0.113.1";
  readonly asked: string[][] = [];
  carries = true;
  away = false;
  /** Losses of ping that the tunnel's memory of earlier ones makes. */
  remembers = 0;

  async exchange({ steps, queries }: Work): Promise<{ answers: Answer[] }> {
    if (this.away) throw new HostUnreachable(this.label, "it is away", "", true, true);
    expect(steps).toEqual([]);
    this.asked.push(queries.map(commandLine));
    return { answers: queries.map((query) => ({ code: 0, stdout: this.stdout(query), stderr: "" })) };
  }

  private stdout({ argv }: Command): string {
    const [program] = argv;
    if (program === "ping") return this.ping(argv.includes("192.168.50.2"));
    if (argv.includes("address")) return LINKS;
    if (argv.includes("route")) {
      return JSON.stringify([{ dst: argv.at(-1), dev: argv.at(-1) === "192.168.50.2" ? "tun0" : "eth0" }]);
    }
    return "";
  }

  private ping(through: boolean): string {
    if (through && !this.carries) return "2 packets transmitted, 0 received, 100% packet loss";
    if (through && this.remembers-- > 0)
      return "From 192.168.50.1 icmp_seq=1 Destination Host Unreachable\n2 packets transmitted, 1 received, +2 errors";
    return "2 packets transmitted, 2 received, 0% packet loss\nrtt min/avg/max/mdev = 1.0/2.5/3.0/0.1 ms";
  }
}

let host: LinkHost;
let probing: Probing;
beforeEach(() => {
  host = new LinkHost();
  probing = new Probing(tunnelProbe, () => host);
});

function checked(inputs: Fields = {}) {
  return probing.check({ connection: CONNECTION, dev: "tun0", target: "192.168.50.2", ...inputs });
}
const desired = (inputs?: Fields) => checked(inputs).inputs as Desired;
const FILTERED =
  /^203\.0\.113\.1: the probe failed: packets leave by tun0 and nothing comes back.*\nLet IP protocol 4/;

test("check and diff ask no host, so that a preview sends nothing", async () => {
  const state = (await probing.create(desired())).outputs;
  host.asked.length = 0;
  expect(checked().problems).toEqual([]);
  expect(probing.diff(state, desired({ size: 900 })).changed).toEqual(["size"]);
  expect(host.asked).toEqual([]);
});

test("create tells what was found, and changes nothing", async () => {
  expect(await probing.create(desired({ required: true }))).toMatchObject({
    id: "203.0.113.1//tun0/192.168.50.2",
    outputs: {
      dev: "tun0",
      reachable: true,
      lossPercent: 0,
      rttMs: 2.5,
      pathMtu: 1480,
      cause: "none",
      reason: "",
      advice: "",
      schemaVersion: 1,
    },
  });
});

test("no exchange holds others back for longer than one ping takes", async () => {
  host.carries = false;
  await probing.create(desired());
  for (const asked of host.asked.filter((one) => one.some((line) => line.includes("ping"))))
    expect(asked).toHaveLength(1);
});

test("a probe that fails is no failure, unless the program insists", async () => {
  host.carries = false;
  const { outputs } = await probing.create(desired());
  expect(outputs).toMatchObject({ reachable: false, lossPercent: 100, cause: "protocol-filtered" });
  expect(outputs).not.toHaveProperty("rttMs");
  const failing = probing.create(desired({ required: true }));
  await expect(failing).rejects.toThrow(ProbeFailed);
  await expect(failing).rejects.toThrow(FILTERED);
});

test("an update that fails records what was found", async () => {
  const { outputs } = await probing.create(desired({ required: true }));
  host.carries = false;
  const error = await probing.update(outputs, desired({ required: true, triggers: [1] })).catch((one) => one);
  expect(error).toBeInstanceOf(HalfMade);
  expect(error.message).toMatch(FILTERED);
  expect(error.made).toMatchObject({
    outputs: { reachable: false, triggers: [1], cause: "protocol-filtered" },
  });
});

test("a refresh that finds something else is no difference, unless the program insists on it", async () => {
  for (const required of [false, true]) {
    host.carries = true;
    const { outputs } = await probing.create(desired({ required }));
    expect(probing.diff((await probing.read(outputs)).outputs, desired({ required })).changed).toEqual([]);
    host.carries = false;
    const found = await probing.read(outputs);
    expect(found.outputs).toMatchObject({ reachable: false });
    expect(found.inputs).toEqual(desired({ required }));
    const { changed, replaces } = probing.diff(found.outputs, desired({ required }));
    expect([changed.includes("reachable"), replaces]).toEqual([required, []]);
  }
});

test("what replaces it is another device, namespace, target or host", async () => {
  const { outputs } = await probing.create(desired());
  const other = { connection: { ...CONNECTION, host: "203.0.113.2" } };
  for (const inputs of [{ dev: "tun1" }, { namespace: "blue" }, { target: "192.168.50.6" }, other])
    expect(probing.diff(outputs, desired(inputs)).replaces).toEqual(Object.keys(inputs));
  for (const inputs of [{ triggers: ["x"] }, { count: 5 }, { timeout: 2 }, { required: true }, { size: 500 }])
    expect(probing.diff(outputs, desired(inputs))).toMatchObject({
      changed: Object.keys(inputs),
      replaces: [],
    });
});

test("delete asks nothing of a host, also when that is away", async () => {
  const { outputs } = await probing.create(desired());
  host.asked.length = 0;
  host.away = true;
  await probing.delete(outputs);
  expect(host.asked).toEqual([]);
});

test("a host that is away is an error, and no finding", async () => {
  const { outputs } = await probing.create(desired());
  host.away = true;
  await expect(probing.create(desired())).rejects.toThrow(HostUnreachable);
  await expect(probing.read(outputs)).rejects.toThrow(HostUnreachable);
  await expect(probing.update(outputs, desired())).rejects.toThrow(HostUnreachable);
});

test("what a host without ping answers is an error, and no finding", async () => {
  jest.spyOn(host, "exchange").mockImplementation(async ({ queries }) => ({
    answers: queries.map(({ argv }) =>
      argv.includes("address")
        ? { code: 0, stdout: LINKS, stderr: "" }
        : argv.includes("route")
          ? { code: 0, stdout: '[{"dev":"tun0"}]', stderr: "" }
          : { code: 127, stdout: "", stderr: "ping: not found" },
    ),
  }));
  await expect(probing.create(desired())).rejects.toThrow(CommandFailed);
});

test("losses of a link that was just mended are not counted", async () => {
  host.remembers = 1;
  expect((await probing.create(desired())).outputs).toMatchObject({ lossPercent: 0, cause: "none" });
});

test("a program may look a link up", async () => {
  const { outputs } = await probing.read({ connection: CONNECTION, dev: "tun0", target: "192.168.50.2" });
  expect(outputs).toMatchObject({ reachable: true, count: 3 });
  await expect(probing.read({ connection: CONNECTION, dev: "tun0" })).rejects.toThrow("target: is required");
});

test.each<[Fields, string]>([
  [
    { target: "fe80::1" },
    "target: fe80::1 means something on one device only: give the other end another address",
  ],
  [
    { target: "example.org" },
    'target: "example.org" is not an IP address: give an IPv4 or IPv6 address, like "10.0.0.1"',
  ],
  [{ dev: "a-name-that-is-too-long" }, "dev: a device name has at most 15 characters"],
  [{ size: 67 }, "size: give a whole number from 68 to 65535"],
  [{ size: "1400" }, "size: give a whole number from 68 to 65535"],
  [{ count: 0 }, "count: give a whole number from 1 to 10"],
  [{ timeout: 11 }, "timeout: give a whole number from 1 to 10"],
  [{ timeout: 0.5 }, "timeout: give a whole number from 1 to 10"],
  [{ require: true }, 'require: there is no property of this name; did you mean "required"?'],
])("%j is refused", (inputs, problem) => {
  expect(checked(inputs).problems.map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([
    problem,
  ]);
});
