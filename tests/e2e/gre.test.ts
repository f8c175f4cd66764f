import { Lab } from "../../lab/lab";
import { Code, expectCode } from "../support/declared";
import { connectionTo, shell, snapshot, type Workplace, workplace } from "../support/world";

/** The examples of GRE: with a routing daemon that knows the other one by what comes through alone, and of two tenants. */

const HOSTS = ["a", "b"] as const;
const before = new Map<string, unknown>();
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start({ hosts: HOSTS });
  for (const host of HOSTS) before.set(host, await snapshot(lab.host(host)));
});

afterAll(() => lab?.stop());

async function example(name: string): Promise<Workplace> {
  const place = await workplace(`examples/${name}`);
  const config = HOSTS.map((host) => {
    const machine = lab.host(host);
    return [host, { ...connectionTo(machine), underlay: machine.address }];
  });
  place.stack.configure(Object.fromEntries(config));
  expectCode(await place.stack.pulumi("up", "--yes", "--skip-preview"), Code.ok);
  return place;
}

/** gone insists that nothing of an example is left. */
async function gone(place: Workplace): Promise<void> {
  expectCode(await place.stack.pulumi("destroy", "--yes", "--skip-preview"), Code.ok);
  for (const host of HOSTS) expect(await snapshot(lab.host(host))).toEqual(before.get(host));
  place.close();
}

test("OSPF finds the other router by multicast, and its network; its routes are no drift", async () => {
  const place = await example("gre-multicast");
  const capture = await lab.capture({ filter: "proto 47" });
  const { stdout } = await place.stack.pulumi("stack", "output", "--json");
  const { bird } = JSON.parse(stdout) as { bird: Record<string, string> };
  for (const host of HOSTS) {
    await lab.host(host).run("cat > /run/ospf.conf", { stdin: bird[host] ?? "" });
    await shell(
      lab.host(host),
      "systemd-run --quiet --unit=ospf -- bird -f -c /run/ospf.conf -s /run/ospf.ctl",
    );
  }
  // The answer needs the way back, which the other router learns at a time of its own.
  for (const [host, network, next] of [
    ["a", "10.55.2.0/24", "192.168.55.2"],
    ["b", "10.55.1.0/24", "192.168.55.1"],
  ] as const) {
    const learned = `ip -4 route show proto bird | grep -q '^${network} via ${next} dev ospf0'`;
    await shell(lab.host(host), `timeout 60 sh -c "until ${learned}; do sleep 0.2; done"`);
  }
  await shell(lab.host("a"), "ping -c 1 -W 5 -I 10.55.1.1 10.55.2.1");

  const hellos = (await capture.packets()).filter((line) => line.includes("OSPFv2, Hello"));
  await capture.stop();
  for (const [from, inner] of [
    ["a", "192.168.55.1"],
    ["b", "192.168.55.2"],
  ] as const) {
    const sent = hellos.filter((line) => line.includes(`${inner} > 224.0.0.5`));
    expect(sent.length).toBeGreaterThan(0);
    for (const line of sent) {
      expect(line).toMatch(new RegExp(`ttl 64, .* ${lab.host(from).address} > .*GREv0.*key=0x59.*ttl 1,`));
    }
  }
  expect(await shell(lab.host("a"), "ip link show ospf0")).toContain("MULTICAST");

  expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
  for (const host of HOSTS) await shell(lab.host(host), "systemctl stop ospf");
  await gone(place);
});

test("two tenants with the same addresses reach their own other end, from namespaces without the underlay", async () => {
  const place = await example("tenants");
  const capture = await lab.capture({ filter: "proto 47" });
  for (const [name, key] of [
    ["red", "0x1"],
    ["blue", "0x2"],
  ] as const) {
    await shell(lab.host("a"), `ip netns exec ${name} ping -c 1 -W 5 10.0.0.2`);
    expect(await shell(lab.host("a"), `ip -n ${name} -4 route show`)).not.toContain("10.99.0.");
    const echoes = (await capture.packets()).filter((line) => line.includes("ICMP echo"));
    const seen = echoes.filter((line) => line.includes(`key=${key},`));
    // The question and the answer.
    expect(seen).toHaveLength(2);
  }
  await capture.stop();
  expectCode(await place.stack.pulumi("preview", "--expect-no-changes"), Code.ok);
  await gone(place);
});
