import { Lab, type Machine } from "../../lab/lab";
import { Code, expectCode } from "../support/declared";
import { connectionTo, shell, snapshot, type Workplace, workplace } from "../support/world";

/** What docs/security.md promises of real hosts: the example of IPsec, and a host that means harm to who looks at it. */

const HOSTS = ["a", "b"] as const;
const before = new Map<string, unknown>();
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await Lab.start({ hosts: HOSTS });
  for (const host of HOSTS) before.set(host, await snapshot(lab.host(host)));
  place = await workplace("examples/ipsec");
  const config = HOSTS.map((host) => {
    const machine = lab.host(host);
    return [host, { ...connectionTo(machine), underlay: machine.address }];
  });
  place.stack.configure(Object.fromEntries(config));
  expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
});

afterAll(async () => {
  await lab?.stop();
  place?.close();
});

const PING = "ping -c 2 -i 0.2 -W 2 -I 10.60.1.1";

/** answered is how many of some packets through the tunnel were answered. */
async function answered(options = ""): Promise<number> {
  const { stdout } = await lab.host("a").run(`${PING} ${options} 10.60.2.1`);
  return Number(/, (\d+) received/.exec(stdout)?.[1]);
}

/** seen is what passed between the two hosts while something was done, without what belongs to SSH and ARP. */
async function seen(work: () => Promise<void>): Promise<string[]> {
  const [a, b] = HOSTS.map((host) => lab.host(host).address);
  const capture = await lab.capture({ filter: `host ${a} and host ${b} and (proto 4 or esp)` });
  await work();
  const packets = await capture.packets();
  await capture.stop();
  return packets;
}

const CLEAR = /proto IPIP|proto unknown \(4\)|proto IPENCAP/;

describe("the example ipsec", () => {
  let config: Record<string, { swanctl: string; unit: string }>;

  beforeAll(async () => {
    const { stdout } = await place.stack.pulumi("stack", "output", "--json");
    config = (JSON.parse(stdout) as { ipsec: typeof config }).ipsec;
  });

  async function block(host: string): Promise<void> {
    await put(lab.host(host), "/etc/systemd/system/ipip-in-esp.service", config[host]?.unit ?? "");
    await shell(lab.host(host), "systemctl enable --quiet --now ipip-in-esp");
  }

  test("without IPsec, what is in the tunnel can be read on the way", async () => {
    const packets = await seen(async () => expect(await answered()).toBe(2));
    expect(packets).toHaveLength(4);
    for (const packet of packets) expect(packet).toMatch(/10\.60\.[12]\.1 > 10\.60\.[12]\.1: ICMP echo/);
  });

  test("with the policies that block alone, nothing is taken in and nothing leaves", async () => {
    await block("b");
    const taken = await takenIn("b");
    // What an attacker would send in the other host's name.
    expect(await seen(async () => expect(await answered()).toBe(0))).toHaveLength(2);
    expect(await takenIn("b")).toBe(taken);
    await block("a");
    expect(await seen(async () => expect(await answered()).toBe(0))).toEqual([]);
  });

  test("with strongSwan, all of the tunnel travels in ESP, packets of the whole MTU too", async () => {
    for (const host of HOSTS) await makeKeys(lab.host(host));
    const keys = await Promise.all(
      HOSTS.map((host) => shell(lab.host(host), "cat /etc/swanctl/pubkey/own.pem")),
    );
    for (const [index, host] of HOSTS.entries()) {
      await put(lab.host(host), "/etc/swanctl/pubkey/other.pem", keys[1 - index] ?? "");
      await put(lab.host(host), "/etc/swanctl/conf.d/ipip.conf", config[host]?.swanctl ?? "");
      await shell(lab.host(host), "systemctl start strongswan");
    }
    const packets = await seen(async () => {
      // The first packets are held back until there is a key for them.
      await shell(lab.host("a"), `timeout 60 sh -c "until ${PING} -q 10.60.2.1 >/dev/null; do :; done"`);
      expect(await answered()).toBe(2);
      expect(await answered("-M do -s 1418")).toBe(2);
      expect(await answered("-M do -s 1419")).toBe(0);
    });
    expect(packets.length).toBeGreaterThanOrEqual(8);
    for (const packet of packets) expect(packet).toMatch(/proto ESP \(50\), length \d+\)/);
    expect(packets.filter((packet) => packet.includes("length 1500)"))).toHaveLength(4);
    expect(packets.filter((packet) => CLEAR.test(packet) || packet.includes("ICMP"))).toEqual([]);
  });

  test("when strongSwan stops, and its policies are gone, nothing is sent in clear", async () => {
    await shell(lab.host("a"), "systemctl stop strongswan");
    expect(await shell(lab.host("a"), "ip xfrm policy")).not.toContain("proto esp");
    expect(await seen(async () => expect(await answered()).toBe(0))).toEqual([]);
  });

  test("no key has left its host", async () => {
    const { stdout } = await place.stack.pulumi("stack", "export", "--show-secrets");
    expect(stdout).not.toContain("PRIVATE KEY");
    expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
  });
});

test("an alias that means harm to a terminal is drift, shown as numbers, and repaired, with a key that may do nothing but run commands", async () => {
  const a = lab.host("a");
  await shell(
    a,
    "sed -i 's/^ssh-/restrict ssh-/' /etc/ssh/lab_authorized_keys && grep -q ^restrict /etc/ssh/lab_authorized_keys",
  );
  await shell(a, `ip link set dev tun0 alias "$(printf '\\033[2J\\033]0;x\\007')"`);
  const seen = await place.stack.pulumi("refresh", "--preview-only", "--diff");
  const shown = expectCode(seen, Code.ok);
  expect(shown).toContain('"\\x1b[2J\\x1b]0;x\\a"');
  expect(shown).not.toMatch(/[^\n\r\t\P{Cc}]/u);
  expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
  expect(await shell(a, "ip link show dev tun0")).toContain("alias pulumi:ipsec/dev/");
});

/** takenIn is how many packets a host has taken out of the tunnel. */
async function takenIn(host: string): Promise<number> {
  const [link] = JSON.parse(await shell(lab.host(host), "ip -json -stats link show tun0")) as {
    stats64: { rx: { packets: number } };
  }[];
  return link?.stats64.rx.packets ?? Number.NaN;
}

async function put(machine: Machine, path: string, text: string): Promise<void> {
  const { code, stderr } = await machine.run(`cat > ${path}`, { stdin: text });
  if (code !== 0) throw new Error(stderr);
}

async function makeKeys(machine: Machine): Promise<void> {
  await shell(
    machine,
    "umask 077 && cd /etc/swanctl && pki --gen --type ecdsa --size 384 --outform pem >private/own.pem && " +
      "pki --pub --in private/own.pem --outform pem >pubkey/own.pem",
  );
}
