import type { Lab } from "../../lab/lab";
import { exampleTest } from "../support/example";
import { connectionTo, shell } from "../support/world";

exampleTest({
  name: "combinations",
  hosts: ["a", "b"],
  config: (lab) => ({
    a: { ...connectionTo(lab.host("a")), underlay: lab.host("a").address },
    b: { ...connectionTo(lab.host("b")), underlay: lab.host("b").address },
  }),
  update: { tos: 32 },
  replace: { ipip6: "tun9" },
  replaced: 2,
  ping: { host: "a", command: "ping fd53::2" },
  drift: [
    ["a", "ip link change ipip1 type ipip ttl 17"],
    ["a", "ip link change sit1 type sit tos 0x10"],
    ["a", "ip link change ip6ip6 type ip6tnl tclass 0x30"],
    ["b", "ip link change gre1 type gre ikey 9"],
    ["b", "ip link delete gre6"],
  ],
  drifted: ["a-ipip", "a-sit", "a-ip6ip6", "b-gre", "b-gre6"],
  works,
});

/** Each tunnel's far end, and the largest packet that goes through it whole. */
const TUNNELS = [
  ["192.168.51", 1480],
  ["fd99:a:", 1480],
  // The tunnels below go through one of 1480: 40 for IPv6 and 8 for the limit of nesting.
  ["192.168.52", 1432],
  ["fd52:", 1432],
  // 20 for IPv4, 4 for GRE and 4 for its key.
  ["192.168.53", 1472],
  ["fd53:", 1472],
  // 48 for IPv6, 4 for GRE and 4 for the checksum.
  ["192.168.54", 1424],
  // A tunnel's own, less 4 for the label.
  ["10.71.0", 1476],
  ["10.72.0", 1428],
  ["fd54:", 1424],
] as const;

async function works(lab: Lab): Promise<void> {
  const ends = [
    [lab.host("a"), 2],
    [lab.host("b"), 1],
  ] as const;
  // A ping that is refused takes a second, so they don't wait for each other.
  await Promise.all(
    ends.flatMap(([from, number]) =>
      TUNNELS.map(async ([subnet, mtu]) => {
        const v6 = subnet.endsWith(":");
        const address = `${subnet}${v6 ? ":" : "."}${number}`;
        const size = mtu - (v6 ? 48 : 28);
        await shell(from, `ping -c 1 -W 5 -M do -s ${size} ${address}`);
        const tooLong = await from.run(`ping -c 1 -W 5 -M do -s ${size + 1} ${address}`);
        expect([address, tooLong.code]).toEqual([address, 1]);
        expect(tooLong.stdout + tooLong.stderr).toMatch(new RegExp(`mtu ?[=:] ?${mtu}`));
      }),
    ),
  );
}
