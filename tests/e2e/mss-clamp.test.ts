import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { handlers } from "../../provider";
import { type Bag, Calls, failed, type Made } from "../support/calls";
import { SshServer } from "../support/ssh-server";

/**
 * Clamps on the kernel of this machine, for the one of the lab has nftables without the families of IP: a router between
 * a client and a server, each a namespace, whose device towards the server takes less than the others.
 */

const NAME = `mss-${process.pid}`;
const [CLIENT, ROUTER, SERVER] = [`${NAME}-client`, `${NAME}-router`, `${NAME}-server`] as const;
const MARK = "pulumi:test/mss-clamp/it";
const ADDRESS = { ipv4: "10.2.0.2", ipv6: "fd02::2" } as const;
const SYN = "(tcp[tcpflags] & tcp-syn != 0) or (ip6 proto 6 and ip6[53] & 2 != 0)";

const WORLD = [
  ...[CLIENT, ROUTER, SERVER].flatMap((name) => [`netns add ${name}`, `-n ${name} link set lo up`]),
  `-n ${ROUTER} link add lan type veth peer name eth0 netns ${CLIENT}`,
  `-n ${ROUTER} link add tun0 type veth peer name eth0 netns ${SERVER}`,
  `-n ${ROUTER} link set tun0 mtu 1400`,
  `-n ${ROUTER} address add 10.1.0.1/24 dev lan`,
  `-n ${ROUTER} address add fd01::1/64 dev lan nodad`,
  `-n ${ROUTER} address add 10.2.0.1/24 dev tun0`,
  `-n ${ROUTER} address add fd02::1/64 dev tun0 nodad`,
  `-n ${CLIENT} address add 10.1.0.2/24 dev eth0`,
  `-n ${CLIENT} address add fd01::2/64 dev eth0 nodad`,
  `-n ${SERVER} address add 10.2.0.2/24 dev eth0`,
  `-n ${SERVER} address add fd02::2/64 dev eth0 nodad`,
  ...[
    `${ROUTER} link set lan`,
    `${ROUTER} link set tun0`,
    `${CLIENT} link set eth0`,
    `${SERVER} link set eth0`,
  ].map((device) => `-n ${device} up`),
  `-n ${CLIENT} route add default via 10.1.0.1`,
  `-n ${CLIENT} -6 route add default via fd01::1`,
  `-n ${SERVER} route add default via 10.2.0.1`,
  `-n ${SERVER} -6 route add default via fd02::1`,
  `netns exec ${ROUTER} sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
];

/** What is on the host beside ours, and must stay as it is. */
const OTHERS = [
  "add table inet filter",
  "add chain inet filter forward { type filter hook forward priority 0; policy accept; }",
];

const run = promisify(execFile);
const ip = (line: string) => run("ip", line.split(" "));
const within = (netns: string, ...argv: readonly string[]) => ["netns", "exec", netns, ...argv];
const nft = async (...argv: readonly string[]) => (await run("ip", within(ROUTER, "nft", ...argv))).stdout;

let server: SshServer;
let listener: ChildProcess;
let calls: Calls;

beforeAll(async () => {
  for (const line of WORLD) await ip(line);
  for (const command of OTHERS) await nft(command);
  const listening = 'require("node:net").createServer().listen(80, "::", () => console.log("ready"))';
  listener = spawn("ip", within(SERVER, process.execPath, "-e", listening), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (listener.stdout !== null) await once(listener.stdout, "data");
  server = await SshServer.start();
  calls = new Calls({ ...server.connection() });
});

afterAll(async () => {
  listener?.kill();
  await server?.stop();
  for (const name of [CLIENT, ROUTER, SERVER]) await ip(`netns delete ${name}`);
});

const clamp = (more: Bag = {}): Bag => ({ namespace: ROUTER, dev: "tun0", mark: MARK, ...more });

/** sizes are the segment sizes that the server and the client hear of when a connection is opened. */
async function sizes(from: string, family: keyof typeof ADDRESS): Promise<number[]> {
  const asked = await capture(SERVER, "eth0", "[S]");
  const answered = await capture(from, from === CLIENT ? "eth0" : "tun0", "[S.]");
  const connecting = `require("node:net").connect(80, "${ADDRESS[family]}", function () { this.destroy() })`;
  await run("ip", within(from, process.execPath, "-e", connecting));
  return [await asked.size, await answered.size];
}

/** capture listens to what comes by a device until a packet of a handshake has these flags, and tells its size. */
async function capture(netns: string, dev: string, flags: string) {
  const argv = within(netns, "tcpdump", "-l", "-n", "-i", dev, "--immediate-mode", SYN);
  const tcpdump = spawn("ip", argv, { stdio: ["ignore", "pipe", "pipe"] });
  const size = new Promise<number>((resolve) => {
    createInterface(tcpdump.stdout).on("line", (line) => {
      const [, text] = /mss (\d+)/.exec(line) ?? [];
      if (text === undefined || !line.includes(`Flags ${flags}`)) return;
      tcpdump.kill();
      resolve(Number(text));
    });
  });
  await new Promise<void>((resolve) => {
    createInterface(tcpdump.stderr).on("line", (line) => line.startsWith("listening on") && resolve());
  });
  return { size };
}

/** attributes are those in which a refresh finds something else than is asked for. */
async function attributes(made: Made, desired: Bag): Promise<{ gone: boolean; changed: string[] }> {
  const found = await calls.read(made);
  if (found === undefined) return { gone: true, changed: [] };
  const shown = await calls.shown("MssClamp", desired);
  const changed = Object.keys(shown).filter(
    (key) => JSON.stringify(found[key]) !== JSON.stringify(shown[key]),
  );
  const diff = await handlers.MssClamp?.diff(
    made.id,
    { ...found, __provider: "text" },
    { ...shown, __provider: "text" },
  );
  expect(diff?.changes).toBe(changed.length === 0 ? false : undefined);
  return { gone: false, changed };
}

describe("packets that open a connection", () => {
  test("ask for what the ends can take, where nothing is clamped", async () => {
    expect(await sizes(CLIENT, "ipv4")).toEqual([1460, 1460]);
    expect(await sizes(CLIENT, "ipv6")).toEqual([1440, 1440]);
  });

  test("ask for what fits the device, both ways and over both versions of IP", async () => {
    const made = await calls.create("MssClamp", clamp());
    expect(await sizes(CLIENT, "ipv4")).toEqual([1360, 1360]);
    expect(await sizes(CLIENT, "ipv6")).toEqual([1340, 1340]);
    await calls.delete(made);
  });

  test("ask for a size that is given, also those of the host itself, and for a smaller one of their own", async () => {
    const made = await calls.create("MssClamp", clamp({ ipv4: 1200, ipv6: "none" }));
    expect(await sizes(CLIENT, "ipv4")).toEqual([1200, 1200]);
    expect(await sizes(CLIENT, "ipv6")).toEqual([1440, 1440]);
    expect((await sizes(ROUTER, "ipv4"))[0]).toBe(1200);
    const changed = await calls.update(made, clamp({ ipv4: 1400, ipv6: 1300 }));
    expect(await sizes(CLIENT, "ipv4")).toEqual([1400, 1400]);
    expect(await sizes(CLIENT, "ipv6")).toEqual([1300, 1300]);
    expect((await sizes(ROUTER, "ipv4"))[0]).toBe(1360);
    await calls.delete(changed);
    expect(await sizes(CLIENT, "ipv4")).toEqual([1460, 1460]);
  });
});

describe("a clamp", () => {
  const table = "pulumi_ipip_mss_tun0";
  let before: string;
  let made: Made;

  beforeAll(async () => {
    before = await nft("list", "ruleset");
    made = await calls.create("MssClamp", clamp());
  });

  test("reads back as it was asked for", async () => {
    expect(await attributes(made, clamp())).toEqual({ gone: false, changed: [] });
  });

  test.each<[string, string[]]>([
    [`delete table inet ${table}`, []],
    [`flush chain inet ${table} output`, ["ipv4", "ipv6"]],
    [`flush table inet ${table}`, ["ipv4", "ipv6", "mark"]],
    [`delete chain inet ${table} output`, ["ipv4", "ipv6"]],
    [`add rule inet ${table} forward drop`, ["ipv4", "ipv6"]],
    [`insert rule inet ${table} forward accept`, ["ipv4", "ipv6"]],
    [`add set inet ${table} s { type ipv4_addr; }`, ["ipv4", "ipv6"]],
    [
      `add chain inet ${table} forward { type filter hook forward priority -150; policy drop; }`,
      ["ipv4", "ipv6"],
    ],
    [`add table inet ${table} { flags dormant; }`, ["ipv4", "ipv6"]],
  ])("by hand: nft %s", async (command, changed) => {
    await nft(command);
    expect(await attributes(made, clamp())).toEqual({ gone: changed.length === 0, changed });
    made = await calls.update(made, clamp());
    expect(await attributes(made, clamp())).toEqual({ gone: false, changed: [] });
  });

  test("changes in place to each of its forms", async () => {
    for (const form of [{ ipv4: 536 }, { ipv4: 65_495, ipv6: 65_475 }, { ipv4: "none", ipv6: 1220 }, {}]) {
      made = await calls.update(made, clamp(form));
      expect(await attributes(made, clamp(form))).toEqual({ gone: false, changed: [] });
    }
  });

  test("bears a mark of any length and any characters", async () => {
    for (const mark of [
      `pulumi:${"m".repeat(248)}`,
      "pulumi:!$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~*",
      "pulumi:x\\",
    ]) {
      made = await calls.update(made, clamp({ mark }));
      expect(await attributes(made, clamp({ mark }))).toEqual({ gone: false, changed: [] });
    }
    made = await calls.update(made, clamp());
  });

  test("is not taken from another stack unless that is asked for", async () => {
    const other = clamp({ mark: "pulumi:test/other/it" });
    const { message, half } = await failed(calls.create("MssClamp", other));
    expect(message).toContain(
      `MSS clamp of tun0 in namespace ${ROUTER} is there already, and it belongs to ${MARK}`,
    );
    expect(half).toBeUndefined();
    expect(await attributes(made, clamp())).toEqual({ gone: false, changed: [] });
    await calls.delete(await calls.create("MssClamp", { ...other, adopt: true }));
    made = await calls.create("MssClamp", clamp());
  });

  test("of another device stands beside it", async () => {
    const beside = await calls.create("MssClamp", clamp({ dev: "lan", mark: "pulumi:test/other/it" }));
    expect(await attributes(made, clamp())).toEqual({ gone: false, changed: [] });
    await calls.delete(beside);
    expect(await attributes(made, clamp())).toEqual({ gone: false, changed: [] });
  });

  test("leaves all others alone, and nothing behind", async () => {
    expect(await nft("list", "ruleset")).toContain(before.trim());
    await calls.delete(made);
    expect(await nft("list", "ruleset")).toBe(before);
  });
});
