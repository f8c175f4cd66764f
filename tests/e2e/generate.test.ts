import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type Run } from "../../lab/engine";
import { Lab, type Machine } from "../../lab/lab";
import { TUTORIAL } from "../support/by-hand";
import { Code, expectCode } from "../support/declared";
import { Published } from "../support/published";
import { connectionTo, shell, snapshot, type Workplace, workplace } from "../support/world";

/** What people made by hand on a machine is taken over by the program that `pulumi-ipip generate` writes of it. */

/** What the program is not to touch, and is there before all else. */
const NOT_OURS = `
  modprobe -a fou ipip sit ip_gre mpls_router dummy
  sysctl -w net.mpls.platform_labels=1000
  ip link add d0 type dummy
  ip route add 10.12.0.0/16 dev eth0
  ip link add theirs type ipip remote 10.99.0.99
  ip link set theirs alias pulumi:other/dev/theirs
  systemd-run --unit=box unshare -n sleep infinity
  until box=$(systemctl show -P MainPID box) && [ "$(readlink /proc/$box/ns/net)" != "$(readlink /proc/1/ns/net)" ]; do sleep 0.1; done
  ip link add c0 address 02:00:00:00:00:c0 type veth peer name c1
  ip link set c1 netns $box
`;

/** The tutorial, step by step, and in the machine's own namespace some of all else that there may be. */
const BY_HAND = `
  ${TUTORIAL}

  ip link add near type veth peer name far netns host1
  ip link set near mtu 1400 up
  ip link add below netns host1 type ipip local 10.99.0.11 remote 10.99.0.98
  ip addr add 10.255.0.1/32 dev lo
  ip link add gre9 type gre local 10.99.0.11 remote 10.99.0.13 key 42
  ip link set gre9 group 7
  ip addr add 10.7.0.1 peer 10.7.0.2 dev gre9
  ip link set gre9 up
  ip link add sit9 type sit local 10.99.0.11 remote 10.99.0.12 ttl 64
  ip addr add fd00:9::1/64 dev sit9 nodad
  ip link set sit9 up
  ip route add 10.8.0.0/16 dev gre9 src 10.255.0.1 metric 50
  ip route add 10.9.0.0/16 via 10.7.0.2 dev gre9 mtu 1300
  ip route add fd00:99::/64 dev sit9
  ip route add blackhole default table 100
  ip route add 10.11.0.0/16 tos 0x10 dev gre9
  ip rule add priority 1000 from 10.6.0.0/16 table 100
  ip fou add port 5555 ipproto 4
  sysctl -w net.mpls.conf.gre9.input=1
  ip -M route add 100 as 200 via inet 10.7.0.2 dev gre9
`;

describe("pulumi-ipip generate", () => {
  let lab: Lab;
  let machine: Machine;
  let place: Workplace;
  let program: string;
  let before: Record<string, unknown>;
  let made: string;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    await shell(machine, `set -e; ${NOT_OURS}`);
    before = await snapshot(machine);
    await shell(machine, `set -e; ${BY_HAND}`);
    made = await contents(machine);
    place = await workplace("examples/seed-topology");
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  function cli(...args: readonly string[]): Promise<Run> {
    const command = [join(ROOT, "dist/cli/main.js"), ...args];
    return new Promise((resolve) =>
      execFile(process.execPath, command, { env: place.stack.env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      ),
    );
  }

  test("writes a program that compiles, and says what it leaves out and why", async () => {
    const { port, hostKey, privateKeyPath } = connectionTo(machine);
    const login = [`127.0.0.1:${port}`, "--host-key", hostKey, "--private-key-path", privateKeyPath];
    const file = join(place.stack.program, "index.ts");
    expect(await cli("generate", ...login, "--output", file)).toEqual({ code: 0, stdout: "", stderr: "" });
    program = readFileSync(file, "utf8");
    const published = await Published.make();
    expect(published.errors({ "index.ts": program })).toEqual([]);
    const comments = program.split("// Left out:")[1]?.replaceAll("\n// ", " ") ?? "";
    for (const [what, why] of [
      ["device d0", "of kind dummy"],
      ["device theirs", "it belongs to a stack, pulumi:other/dev/theirs"],
      ["device c0", "its other end is in a namespace without a name"],
      ["route 10.11.0.0/16 (table 254, metric 0)", "told tos"],
      ["route 10.12.0.0/16 (table 254, metric 0)", "leaves by eth0"],
    ])
      expect(comments).toContain(` ${what}: ${why}`);
    expect(await contents(machine)).toBe(made);
  });

  test("a program finds out what is there, and ends by itself", async () => {
    const login = JSON.stringify(connectionTo(machine));
    const asked = `
      const { getTunnel, getRoutes } = require("pulumi-ipip");
      const at = { connection: ${login}, namespace: "host1" };
      Promise.all([getTunnel({ ...at, name: "tun0" }), getRoutes({ ...at, protocol: "boot" })]).then((found) =>
        console.log(JSON.stringify(found)));`;
    const run = await new Promise<string>((resolve, reject) =>
      execFile(process.execPath, ["-e", asked], { cwd: ROOT }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      ),
    );
    expect(JSON.parse(run)).toMatchObject([
      { kind: "ipip", remote: "152.16.10.2", ttl: 255, addresses: ["192.168.50.1/30"], mark: "" },
      [{ destination: "152.16.10.0/24", via: "172.16.10.1", dev: "veth0", protocol: 3 }],
    ]);
    // With the engine, in the program that is run next: of what it has made itself.
    const more = `
      import { getTunnelOutput } from "pulumi-ipip";
      export const remote = getTunnelOutput({ connection, namespace: host1, name: "tun0" }).remote;`;
    writeFileSync(join(place.stack.program, "index.ts"), program + more);
  });

  test("the first `up` changes nothing but whose things are, and the next one has nothing to do", async () => {
    const text = expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
    expect(text).not.toMatch(/warning/);
    expect(text).toMatch(/remote *: "152\.16\.10\.2"/);
    expect(await contents(machine)).toBe(made);
    await shell(machine, "ip netns exec host1 ping -c 1 -W 5 192.168.50.2");
    expectCode(await place.stack.pulumi("preview", "--refresh", "--expect-no-changes"), Code.ok);
  });

  test("there is nothing left to take over, unless it is asked for", async () => {
    const { port, hostKey, privateKeyPath } = connectionTo(machine);
    const login = [`127.0.0.1:${port}`, "--host-key", hostKey, "--private-key-path", privateKeyPath];
    const none = expectCode(await cli("generate", ...login), 0);
    expect(none).not.toMatch(/new (Namespace|VethPair|\w+Tunnel|\w*Route|Rule)\(/);
    const shown = expectCode(await cli("show", "--host", ...login), 0);
    expect(shown).toMatch(/ tunnel tun0 in namespace host1 +- +pulumi:seed-topology\/dev\/host1-tun0\n/);
    const all = expectCode(await cli("generate", ...login, "--owner", "seed-topology/dev"), 0);
    expect(all.match(/new Namespace\(/g)).toHaveLength(3);
    expect(all).not.toContain('"theirs"');
  });

  test("destroy removes what was taken over, and nothing else", async () => {
    expectCode(await place.stack.pulumi("destroy", "--yes", "--skip-preview"), Code.ok);
    expect(await snapshot(machine)).toEqual(before);
  });
});

/** contents is all that can be told of a machine and its namespaces, but for what says whose things are. */
async function contents(machine: Machine): Promise<string> {
  const inside = [
    "details address show",
    "4 route show table all",
    "6 route show table all",
    "4 rule",
    "6 rule",
  ];
  const text = await shell(
    machine,
    `set -e
    settled() { timeout 60 sh -c "while $1 -6 address show tentative | grep -q .; do sleep 0.1; done"; }
    settled ip
    for n in host1 internet host2; do settled "ip -n $n"; done
    ${inside.map((words) => `ip -${words}; for n in host1 internet host2; do echo "in $n"; ip -n $n -${words}; done`).join("\n")}
    ip fou show; ip -M route; sysctl net.mpls.platform_labels net.mpls.conf.gre9.input; ip netns exec internet sysctl net.ipv4.ip_forward`,
  );
  const marks = / proto (?:static|boot|204)\b/g;
  return text
    .replace(/^ *alias .*\n/gm, "")
    .replace(marks, "")
    .replace(/ +$/gm, "");
}
