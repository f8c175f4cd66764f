import type { Lab } from "../../lab/lab";
import { exampleTest } from "../support/example";
import { connectionTo, shell } from "../support/world";

exampleTest({
  name: "seed-topology",
  hosts: ["machine"],
  config: (lab) => ({ connection: connectionTo(lab.host("machine")) }),
  update: { ttl: 200 },
  replace: { tunnel: "tun9" },
  replaced: 2,
  ping: { host: "machine", command: "ip netns exec host1 ping 192.168.50.2" },
  drift: [
    ["machine", "ip -n host1 link change tun0 type ipip tos 0x10"],
    ["machine", "ip -n host2 address add 10.9.9.9/32 dev tun0"],
    ["machine", "ip -n host2 route delete 172.16.10.0/24"],
    ["machine", "ip netns exec internet sysctl -w net.ipv4.ip_forward=0"],
    ["machine", "ip -n internet link set dev lo down"],
    ["machine", "ip -n internet link set dev veth1 down"],
  ],
  drifted: ["host1-tunnel", "host2-tunnel", "host2-to-host1", "forwarding", "internet", "veth0-veth1"],
  works,
});

/** What the tutorial shows of a tunnel that works, line by line. */
async function works(lab: Lab): Promise<void> {
  const machine = lab.host("machine");
  const [dev = ""] = /tun\d/.exec(await shell(machine, "ip -n host1 link show type ipip")) ?? [];
  const [{ addr_info, ...link }] = JSON.parse(
    await shell(machine, `ip -n host1 -json address show dev ${dev}`),
  );
  expect(link).toMatchObject({
    mtu: 1480,
    flags: ["POINTOPOINT", "NOARP", "UP", "LOWER_UP"],
    link_type: "ipip",
    address: "172.16.10.2",
    broadcast: "152.16.10.2",
  });
  // The kernel adds an IPv6 address of the link by itself.
  expect(addr_info.filter(({ family }: { family: string }) => family === "inet")).toMatchObject([
    { local: "192.168.50.1", prefixlen: 30, scope: "global" },
  ]);
  const [{ linkinfo }] = JSON.parse(await shell(machine, `ip -n host1 -json -details link show dev ${dev}`));
  const { ttl } = linkinfo.info_data;

  const [request, reply] = await captured(lab, "ip netns exec host1 ping -c 1 -W 5 192.168.50.2");
  expect(request).toMatchObject({
    outer: { source: "172.16.10.2", destination: "152.16.10.2", protocol: 4, ttl, df: true, length: 104 },
    inner: { source: "192.168.50.1", destination: "192.168.50.2", protocol: 1, ttl: 64, length: 84 },
    icmpType: ECHO_REQUEST,
  });
  expect(reply).toMatchObject({
    // It crossed the router.
    outer: {
      source: "152.16.10.2",
      destination: "172.16.10.2",
      protocol: 4,
      ttl: ttl - 1,
      df: true,
      length: 104,
    },
    inner: { source: "192.168.50.2", destination: "192.168.50.1", protocol: 1, ttl: 64, length: 84 },
    icmpType: ECHO_REPLY,
  });
}

const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;
const IPV4_HEADER = 20;

/** captured gives the packets of protocol 4 on host1's veth0 while a command runs. */
async function captured(lab: Lab, command: string) {
  const text = await shell(
    lab.host("machine"),
    `cd "$(mktemp -d)"
    ip netns exec host1 timeout 60 tcpdump -Z root -i veth0 -n -x -c 2 ip proto 4 >packets 2>log &
    until grep -q listening log; do sleep 0.1; done
    ${command} >ping && wait && cat packets`,
  );
  // Each packet begins with a line that is not indented; the bytes follow as "\t0x0000:  4500 0068 …".
  return text
    .split(/^(?=\S)/m)
    .filter((packet) => packet.includes("0x0000:"))
    .map((packet) => {
      const hex = [...packet.matchAll(/^\s+0x[0-9a-f]+:((?: +[0-9a-f]+)+)/gm)]
        .map(([, words]) => words)
        .join("");
      const bytes = Buffer.from(hex.replace(/\s/g, ""), "hex");
      const inner = bytes.subarray(IPV4_HEADER);
      return { outer: ipv4(bytes), inner: ipv4(inner), icmpType: inner[IPV4_HEADER] };
    });
}

/** ipv4 reads a header (RFC 791, section 3.1). */
function ipv4(bytes: Buffer) {
  const address = (at: number) => [...bytes.subarray(at, at + 4)].join(".");
  return {
    length: bytes.readUInt16BE(2),
    df: (bytes.readUInt16BE(6) & 0x4000) !== 0,
    ttl: bytes[8],
    protocol: bytes[9],
    source: address(12),
    destination: address(16),
  };
}
