import { Lab } from "../../lab/lab";
import { Code, expectCode } from "../support/declared";
import { connectionTo, shell, snapshot, type Workplace, workplace } from "../support/world";

/** The components that join sites, each as its example uses it, one after another on the same machines. */

const HOSTS = ["n0", "n1", "n2", "n3"];
/** Those that reach each other by IPv6 too. */
const V6_HOSTS = ["n0", "n1"];
const v6Of = (host: string) => `2001:db8::1${HOSTS.indexOf(host)}`;

let lab: Lab;
const before = new Map<string, unknown>();

beforeAll(async () => {
  lab = await Lab.start({ hosts: HOSTS });
  for (const host of V6_HOSTS) await shell(lab.host(host), `ip address add ${v6Of(host)}/64 dev eth0 nodad`);
  for (const host of HOSTS) before.set(host, await snapshot(lab.host(host)));
});

afterAll(async () => {
  await lab?.stop();
});

const hostConfig = (host: string) => ({
  ...connectionTo(lab.host(host)),
  underlay: lab.host(host).address,
});

/** joins proves that each of the addresses is reached from the network of another. */
async function joins(from: string, own: string, ...others: string[]): Promise<void> {
  for (const other of others) await shell(lab.host(from), `ping -c 1 -W 5 -I ${own} ${other}`);
}

describe("the example link", () => {
  let place: Workplace;
  const right = () => ({ a: hostConfig("n0"), b: hostConfig("n1") });
  beforeAll(async () => {
    place = await workplace("examples/link");
    place.stack.configure(right());
  });
  afterAll(() => place?.close());

  test("a preview refuses what can't work, all of it at once, before any host is asked", async () => {
    const network = lab.host("n1").address.replace(/\d+$/, "0/24");
    place.stack.configure({
      a: { ...hostConfig("n0"), port: 1 },
      b: { ...hostConfig("n1"), network },
      tunnelA: "192.168.60.1/30",
      mtu: 65_530,
    });
    const shown = expectCode(await place.stack.pulumi("preview"), Code.error);
    for (const message of [
      'TunnelLink "site-link" can\'t be as it is given',
      /b\.networks\[0\]: .* the tunnel itself/,
      /mtu: 65530 can't be: .* 68 to 65515/,
      "b.address: 192.168.50.2/30 is not in the subnet of `a.address`, 192.168.60.0/30",
    ]) {
      expect(shown).toMatch(message);
    }
    expect(shown).not.toContain("unhandled");
    place.stack.configure(right());
  });

  test("joins two sites, and is seen unchanged", async () => {
    expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
    await joins("n0", "10.10.1.1", "10.10.2.1");
    await joins("n1", "10.10.2.1", "10.10.1.1");
    const { stdout } = await place.stack.pulumi("stack", "output", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      mtu: 1480,
      topology: [
        "site-link: ipip, mtu 1480",
        `  a  ${lab.host("n0").address}  site-link 192.168.50.1/30  10.10.1.0/24`,
        `  b  ${lab.host("n1").address}  site-link 192.168.50.2/30  10.10.2.0/24`,
      ].join("\n"),
    });
    expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
    expectCode(await place.stack.pulumi("destroy", "--yes", "--skip-preview"), Code.ok);
  });
});

describe("the example ipv6-underlay", () => {
  let place: Workplace;
  const config = (host: string) => ({ ...connectionTo(lab.host(host)), underlay: v6Of(host) });
  const right = () => ({ a: config("n0"), b: config("n1") });
  beforeAll(async () => {
    place = await workplace("examples/ipv6-underlay");
  });
  afterAll(() => place?.close());

  test("fails as long as no packet comes through, and then joins two sites in IPv4 and in IPv6", async () => {
    place.stack.configure(right());
    const b = lab.host("n1");
    await shell(b, `ip route add blackhole ${v6Of("n0")}`);
    const shown = expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.error);
    expect(shown).toMatch(/sites-probe .*the probe failed: nothing comes back from 192\.168\.40\.2/);
    await shell(b, `ip route delete blackhole ${v6Of("n0")}`);
    expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
    await joins("n0", "10.40.1.1", "10.40.2.1");
    await joins("n1", "fd00:40:2::1", "fd00:40:1::1");
    const { stdout } = await place.stack.pulumi("stack", "output", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      mtu: 1460,
      works: true,
      topology: [
        "sites: ip6tnl, mtu 1460",
        "  a  2001:db8::10  sites 192.168.40.1/30, fd00:40::1/126  10.40.1.0/24, fd00:40:1::/64",
        "  b  2001:db8::11  sites 192.168.40.2/30, fd00:40::2/126  10.40.2.0/24, fd00:40:2::/64",
      ].join("\n"),
    });
    expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
  });

  test("is of another kind after one update, and then goes without a trace", async () => {
    place.stack.configure({ ...right(), kind: "ip6gre" });
    const shown = expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
    // Both ends, the four routes by them, and the probe.
    expect(shown).toMatch(/\+-\s*7 replaced/);
    await joins("n1", "fd00:40:2::1", "fd00:40:1::1");
    expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
    expectCode(await place.stack.pulumi("destroy", "--yes", "--skip-preview"), Code.ok);
  });
});

test("the example hub-and-spoke: spokes reach each other through the hub, also from the hosts themselves", async () => {
  const place = await workplace("examples/hub-and-spoke");
  place.stack.configure({ hub: hostConfig("n0"), east: hostConfig("n1"), west: hostConfig("n2") });
  expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
  await joins("n1", "10.20.1.1", "10.20.0.1", "10.20.2.1");
  await joins("n2", "10.20.2.1", "10.20.0.1", "10.20.1.1");
  await shell(lab.host("n1"), "ping -c 1 -W 5 10.20.2.1");
  const { stdout } = await lab.host("n1").run("ip -json route show proto 204");
  const routes = JSON.parse(stdout) as { dst: string; dev: string }[];
  expect(routes.map(({ dst, dev }) => `${dst} ${dev}`).sort()).toEqual([
    "10.20.0.0/24 wan-hub",
    "10.20.2.0/24 wan-hub",
    "172.31.0.0/24 wan-hub",
  ]);
  expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
  expectCode(await place.stack.pulumi("destroy", "--yes", "--skip-preview"), Code.ok);
  place.close();
});

test("the example mesh: four sites reach each other, and the fourth has changed nothing of the three", async () => {
  const place = await workplace("examples/mesh");
  const hosts = {
    berlin: hostConfig("n0"),
    madrid: hostConfig("n1"),
    oslo: hostConfig("n2"),
    rome: hostConfig("n3"),
  };
  place.stack.configure({ ...hosts, sites: { berlin: 0, madrid: 1, rome: 3 } });
  expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
  place.stack.configure(hosts);
  const shown = expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
  expect(shown).toMatch(/\+ \d+ created/);
  // The stack's own outputs tell of one more.
  expect(shown).not.toMatch(/updated|replaced|deleted/);
  const addresses = HOSTS.map((_, id) => `10.30.${id}.1`);
  for (const [id, host] of HOSTS.entries()) {
    await joins(host, addresses[id] ?? "", ...addresses.filter((_, other) => other !== id));
  }
  expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
  expectCode(await place.stack.pulumi("destroy", "--yes", "--skip-preview"), Code.ok);
  place.close();
});

test("nothing of them is left", async () => {
  for (const host of HOSTS) expect(await snapshot(lab.host(host))).toEqual(before.get(host));
});
