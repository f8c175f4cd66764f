import type { Lab } from "../../lab/lab";
import { exampleTest } from "../support/example";
import { connectionTo, shell } from "../support/world";

const INSIDE = "ip netns exec private";
const AMOUNT = 2_000_000;

exampleTest({
  name: "two-hosts",
  hosts: ["a", "b"],
  rebooted: "a",
  config: (lab) => ({
    a: { ...connectionTo(lab.host("a")), underlay: lab.host("a").address },
    b: { ...connectionTo(lab.host("b")), underlay: lab.host("b").address },
  }),
  update: { ttl: 64 },
  replace: { tunnel: "tun9" },
  // Two tunnels, and the routes through them.
  replaced: 4,
  ping: { host: "a", command: `${INSIDE} ping 10.10.2.2` },
  drift: [
    ["a", "ip link delete tun0"],
    ["a", "sysctl -w net.ipv4.ip_forward=0"],
    ["b", "ip link change tun0 type ipip ttl 17"],
    ["b", "ip link delete private0"],
  ],
  drifted: ["a-tunnel", "a-to-other", "a-forwarding", "b-tunnel", "b-cable", "b-private-default"],
  works,
});

async function works(lab: Lab): Promise<void> {
  const sides = [
    { from: lab.host("a"), to: lab.host("b"), address: "10.10.2.2" },
    { from: lab.host("b"), to: lab.host("a"), address: "10.10.1.2" },
  ];
  for (const { from, to, address } of sides) {
    await shell(from, `${INSIDE} ping -c 2 -i 0.2 -W 5 ${address}`);
    // 1480 bytes are 28 of headers and the rest; they fit whole, and one more does not.
    await shell(from, `${INSIDE} ping -c 1 -W 5 -M do -s 1452 ${address}`);
    const tooLong = await from.run(`${INSIDE} ping -c 1 -W 5 -M do -s 1453 ${address}`);
    expect(tooLong.code).toBe(1);
    expect(tooLong.stdout + tooLong.stderr).toMatch(/mtu ?= ?1480/);
    await shell(to, `${INSIDE} iperf3 --server --one-off --daemon`);
    const report = JSON.parse(
      await shell(from, `${INSIDE} iperf3 --client ${address} --bytes ${AMOUNT} --json`),
    ) as {
      end: { sum_sent: { bytes: number }; sum_received: { bytes: number } };
    };
    // The client ends when it has handed over all of it, and the server counts what has come by then.
    expect(report.end.sum_sent.bytes).toBeGreaterThanOrEqual(AMOUNT);
    expect(report.end.sum_received.bytes).toBeGreaterThan(AMOUNT / 10);
  }
}
