import { commandLine } from "../../../provider/host/host";
import { type Ping, pingCommand, pingOf } from "../../../provider/probe/ping";

/** What iputils 20221126 and BusyBox 1.36 print. */

const command = { argv: ["ping", "192.168.50.2"] };
const answer = (code: number, stdout: string, stderr = "") => ({ code, stdout, stderr });

test.each<[string, ReturnType<typeof answer>, Ping]>([
  [
    "answers",
    answer(
      0,
      "PING 192.168.50.2 (192.168.50.2) 16(44) bytes of data.\n24 bytes from 192.168.50.2: icmp_seq=1 ttl=64 time=5.15 ms\n\n--- 192.168.50.2 ping statistics ---\n3 packets transmitted, 2 received, 33.3333% packet loss, time 402ms\nrtt min/avg/max/mdev = 0.150/0.166/0.183/0.016 ms\n",
    ),
    { sent: 3, received: 2, rttMs: 0.166 },
  ],
  [
    "BusyBox",
    answer(
      0,
      "--- 10.0.0.2 ping statistics ---\n3 packets transmitted, 3 packets received, 0% packet loss\nround-trip min/avg/max = 0.060/0.071/0.090 ms\n",
    ),
    { sent: 3, received: 3, rttMs: 0.071 },
  ],
  [
    "nothing comes back",
    answer(
      1,
      "\n--- 192.168.50.2 ping statistics ---\n2 packets transmitted, 0 received, 100% packet loss, time 201ms\n\n",
    ),
    { sent: 2, received: 0 },
  ],
  [
    "somebody says that it can't be delivered",
    answer(
      1,
      "From 192.168.50.1 icmp_seq=2 Destination Host Unreachable\n\n--- 192.168.50.2 ping statistics ---\n2 packets transmitted, 0 received, +1 errors, 100% packet loss, time 201ms\n",
    ),
    { sent: 2, received: 0, report: { from: "192.168.50.1", words: "Destination Host Unreachable" } },
  ],
  [
    "somebody says so of IPv6",
    answer(
      1,
      "From fd00::1: icmp_seq=1 Destination unreachable: No route\n\n--- fd00:2::2 ping statistics ---\n2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 201ms\n",
    ),
    { sent: 2, received: 0, report: { from: "fd00::1", words: "Destination unreachable: No route" } },
  ],
  [
    "a router names its MTU, and then the kernel",
    answer(
      1,
      "From 192.168.50.1 icmp_seq=1 Frag needed and DF set (mtu = 1280)\n\n--- 192.168.50.2 ping statistics ---\n2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 201ms\n",
      "ping: local error: message too long, mtu=1280\n",
    ),
    { sent: 2, received: 0, mtu: 1280 },
  ],
  [
    "a router names its MTU of IPv6",
    answer(
      1,
      "From fd00::1 icmp_seq=1 Packet too big: mtu=1300\n\n--- fd00:2::2 ping statistics ---\n2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 201ms\n",
    ),
    { sent: 2, received: 0, mtu: 1300 },
  ],
  [
    "the kernel remembers an MTU of IPv6",
    answer(
      1,
      "PING fd50::2(fd50::2) 1432 data bytes\n\n--- fd50::2 ping statistics ---\n2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 211ms\n",
      "ping: local error: message too long, mtu: 1380\n",
    ),
    { sent: 2, received: 0, mtu: 1380 },
  ],
  [
    "a rule lets nothing out",
    answer(
      1,
      "\n--- 192.168.50.2 ping statistics ---\n2 packets transmitted, 0 received, 100% packet loss, time 201ms\n",
      "ping: sendmsg: Operation not permitted\nping: sendmsg: Operation not permitted\n",
    ),
    { sent: 2, received: 0, refused: true },
  ],
  ["there is no way", answer(2, "", "ping: connect: Network is unreachable\n"), { sent: 0, received: 0 }],
])("%s", (_, said, ping) => {
  expect(pingOf("host", command, said)).toEqual(ping);
});

test.each([
  ["/bin/sh: 1: ping: not found", 127, "apt install iputils-ping"],
  [
    "ping: unrecognized option: M\nBusyBox v1.36.1 multi-call binary.",
    1,
    "that of BusyBox or inetutils can't",
  ],
  ["ping: socket: Operation not permitted", 2, "ping needs CAP_NET_RAW"],
  ["ping: bad linger time", 2, "bad linger time"],
])("what ping can't do is an error: %s", (stderr, code, advice) => {
  const read = () => pingOf("host", command, answer(code, "", stderr));
  expect(read).toThrow(new RegExp(`^host: \`ping 192\\.168\\.50\\.2\` failed with exit code ${code}`));
  expect(read).toThrow(advice);
});

test("the size is that of the whole packet", () => {
  const line = (target: string, size?: number) =>
    commandLine(pingCommand({ target, count: 2, timeout: 1, ...(size !== undefined && { size }) }));
  expect(line("10.0.0.1")).toBe("ping -n -c 2 -i 0.2 -W 1 -s 16 10.0.0.1");
  expect(line("10.0.0.1", 1480)).toBe("ping -n -c 2 -i 0.2 -W 1 -M do -s 1452 10.0.0.1");
  expect(line("fd00::1", 1480)).toBe("ping -n -c 2 -i 0.2 -W 1 -M do -s 1432 fd00::1");
});
