import { Lab, type Machine } from "../../lab/lab";
import { handlers } from "../../provider";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { connectionTo, shell } from "../support/world";

/** A link between two machines, broken in one way after another, and what a probe at one end says of it. */

const TUNNEL = { name: "tun0", mtu: 1480 };
const [HERE, THERE, BEHIND] = ["192.168.50.1", "192.168.50.2", "10.10.2.2"];

let lab: Lab;
let a: Machine;
let b: Machine;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["a", "b"] });
  [a, b] = [lab.host("a"), lab.host("b")];
  for (const [host, other, address] of [
    [a, b, HERE],
    [b, a, THERE],
  ] as const) {
    await shell(
      host,
      `ip link add tun0 type ipip mode ipip local ${host.address} remote ${other.address} ttl 64 && ` +
        `ip address add ${address}/30 dev tun0 && ip link set tun0 up`,
    );
  }
  await shell(
    b,
    "ip netns add private && ip link add p0 type veth peer name p1 netns private && " +
      "ip address add 10.10.2.1/24 dev p0 && ip link set p0 up && " +
      `ip -n private address add ${BEHIND}/24 dev p1 && ip -n private link set p1 up && ` +
      "ip -n private route add default via 10.10.2.1 && sysctl -w net.ipv4.ip_forward=0 && " +
      "tc qdisc add dev eth0 ingress",
  );
  await shell(
    a,
    `ip route add 10.10.2.0/24 via ${THERE} dev tun0 && sysctl -w net.ipv4.conf.eth0.rp_filter=1`,
  );
});

afterAll(async () => {
  await lab?.stop();
});

async function probed(inputs: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { TunnelProbe } = handlers;
  if (TunnelProbe === undefined) throw new Error("there is no handler of the probe");
  const news = { connection: connectionTo(a), dev: "tun0", target: THERE, ...inputs, __provider: "text" };
  const { inputs: checked, failures } = await TunnelProbe.check({}, news);
  expect(failures).toEqual([]);
  const { outs } = await TunnelProbe.create(checked as Record<string, unknown>);
  return outs as Record<string, unknown>;
}

/** What somebody on the way loses of what comes to the other machine. */
const loses = (match: string): readonly [string, string] => [
  `tc filter add dev eth0 ingress protocol ip prio 1 ${match} action drop`,
  "tc filter delete dev eth0 ingress",
];

interface Broken {
  readonly how: string;
  readonly on: "a" | "b";
  readonly break: string;
  readonly mend: string;
  readonly inputs?: Record<string, unknown>;
  readonly cause: string;
  readonly reason: RegExp;
}

const [filter, unfilter] = loses("u32 match ip protocol 4 0xff");
const [swallow, spew] = loses("basic match 'meta(pkt_len gt 100) and u32(u8 4 0xff at 9)'");

const broken: readonly Broken[] = [
  {
    how: "IP protocol 4 is filtered before the other machine",
    on: "b",
    break: filter,
    mend: unfilter,
    cause: "protocol-filtered",
    reason: /nothing comes back, while 10\.99\.0\.12 itself answers: IP protocol 4/,
  },
  {
    how: "the other end is down",
    on: "b",
    break: "ip link set tun0 down",
    mend: "ip link set tun0 up",
    cause: "peer-missing",
    reason: /^10\.99\.0\.12, which is there, answers IP protocol 4 .* with "unreachable"/,
  },
  {
    how: "there is no machine at the other end",
    on: "a",
    break: "ip link change tun0 type ipip remote 10.99.0.77",
    mend: "ip link change tun0 type ipip remote 10.99.0.12",
    cause: "peer-silent",
    reason: /nor from 10\.99\.0\.77, the tunnel's other end in the underlay/,
  },
  {
    how: "this host itself drops what the tunnel sends",
    on: "a",
    break:
      "tc qdisc add dev eth0 clsact && " +
      "tc filter add dev eth0 egress protocol ip prio 1 u32 match ip protocol 4 0xff action drop",
    mend: "tc qdisc delete dev eth0 clsact",
    cause: "firewall",
    reason: /^tun0 can't send what it has packed: this host drops it/,
  },
  {
    how: "the device is down",
    on: "a",
    break: "ip link set tun0 down",
    mend: `ip link set tun0 up && ip route add 10.10.2.0/24 via ${THERE} dev tun0`,
    cause: "device-down",
    reason: /^the device tun0 is down$/,
  },
  {
    how: "the device is not there",
    on: "a",
    break: "true",
    mend: "true",
    inputs: { dev: "tun9" },
    cause: "device-missing",
    reason: /^there is no device tun9$/,
  },
  {
    how: "the route leads elsewhere",
    on: "a",
    break: `ip route add ${THERE} via 10.99.0.12 dev eth0`,
    mend: `ip route delete ${THERE}`,
    cause: "no-route",
    reason: /the route to it leads to eth0$/,
  },
  {
    how: "the tunnel's own packets are routed into the tunnel",
    on: "a",
    break: "ip route add 10.99.0.12 dev tun0",
    mend: "ip route delete 10.99.0.12 dev tun0",
    cause: "no-route",
    reason: /^the route to 10\.99\.0\.12, the tunnel's own other end, leads into the tunnel tun0$/,
  },
  {
    how: "large packets vanish on the way",
    on: "b",
    break: swallow,
    mend: spew,
    inputs: { size: 120 },
    cause: "mtu-black-hole",
    // 20 bytes are of the outer header.
    reason: /^packets of 120 bytes vanish without a word, .*: at most 80 come through$/,
  },
  {
    how: "the path takes less than the device, and says so",
    on: "a",
    break: "ip route add 10.99.0.12 dev eth0 mtu lock 1300",
    mend: "ip route delete 10.99.0.12 dev eth0",
    cause: "mtu",
    reason: /which reports an MTU of 1280: at most 1280 come through$/,
  },
  {
    how: "the host behind the other end is not forwarded to",
    on: "b",
    break: "sysctl -w net.ipv4.ip_forward=0",
    mend: "sysctl -w net.ipv4.ip_forward=1",
    inputs: { target: BEHIND },
    cause: "forwarding",
    reason: /^the other end 192\.168\.50\.2 answers, but 10\.10\.2\.2 behind it does not$/,
  },
  {
    how: "answers come beside the tunnel, and the reverse path filter is strict",
    on: "b",
    break: `ip route add ${HERE} via 10.99.0.11 dev eth0`,
    mend: `ip route delete ${HERE} via 10.99.0.11`,
    cause: "rp-filter",
    reason: /reverse path filter dropped them, .*net\.ipv4\.conf\.eth0\.rp_filter = 1/,
  },
];

test("a link that works is found to carry packets of the device's MTU", async () => {
  expect(await probed()).toMatchObject({
    reachable: true,
    lossPercent: 0,
    rttMs: expect.any(Number),
    pathMtu: TUNNEL.mtu,
    cause: "none",
    reason: "",
    advice: "",
  });
});

test.each(broken)("where $how, it says so", async ({ on, break: harm, mend, inputs, cause, reason }) => {
  const host = lab.host(on);
  await shell(host, harm);
  const found = await probed(inputs);
  await shell(host, mend);
  expect(found).toMatchObject({ cause, reason: expect.stringMatching(reason) });
  expect(found.advice).not.toBe("");
});

test("once all is mended, the link carries traffic again, also to what is behind the other end", async () => {
  expect(await probed({ target: BEHIND, required: true })).toMatchObject({
    cause: "none",
    pathMtu: TUNNEL.mtu,
  });
});

test("a probe leaves nothing on the hosts, and a ping that can't do what is needed is named", async () => {
  await shell(a, "mv /usr/bin/ping /usr/bin/ping.away");
  await expect(probed()).rejects.toThrow(
    /`ping .*` failed with exit code 127(.|\n)*apt install iputils-ping/,
  );
  await shell(
    a,
    `printf '#!/bin/sh\\necho "ping: unrecognized option: M" >&2; exit 1\\n' > /usr/bin/ping && chmod +x /usr/bin/ping`,
  );
  await expect(probed()).rejects.toThrow(/that of BusyBox or inetutils can't/);
  await shell(a, "mv /usr/bin/ping.away /usr/bin/ping");
});

describe("with the engine", () => {
  let place: Program;
  beforeAll(async () => {
    place = await Program.on(a);
  });
  afterAll(() => place?.close());

  const probe = (args = {}): Declared => ({
    type: "TunnelProbe",
    args: { dev: "tun0", target: THERE, ...args },
  });
  const outputs = async () => (await place.find("probe"))?.outputs;
  const echoes = () => shell(a, "awk '/^IcmpMsg:/' /proc/net/snmp");

  test("a preview sends nothing, and a required probe fails the update until the link is mended", async () => {
    await shell(b, "ip link set tun0 down");
    const sent = await echoes();
    const after = { ...probe(), options: { dependsOn: [made("probe")] } };
    place.declare({ probe: probe({ required: true }), after });
    expectCode(await place.preview(), Code.changes);
    expect(await echoes()).toBe(sent);

    const text = expectCode(await place.up(), Code.error);
    expect(text).toMatch(/the probe failed: 10\.99\.0\.12, which is there, answers/);
    expect(text).toContain("Make the other end, or bring it up");
    expect((await place.stack.resources()).map(({ urn }) => urn.split("::").at(-1))).not.toContain("probe");

    await shell(b, "ip link set tun0 up");
    place.declare({ probe: probe({ required: true }) });
    expectCode(await place.up(), Code.ok);
    expect(await outputs()).toMatchObject({ reachable: true, cause: "none" });
  });

  test("a refresh probes anew, which is a difference where a required probe fails", async () => {
    await shell(b, "ip link set tun0 down");
    expectCode(await place.refresh("--expect-no-changes"), Code.changes);
    expectCode(await place.up(), Code.error);
    expect(await outputs()).toMatchObject({ reachable: false, cause: "peer-missing" });
    place.declare({ probe: probe({ triggers: ["another"] }) });
    expectCode(await place.up(), Code.ok);
    expectCode(await place.preview("--refresh"), Code.ok);
  });

  test("destroy does nothing on the host, also when the host is away", async () => {
    await a.powerOff();
    expectCode(await place.destroy(), Code.ok);
  });
});
