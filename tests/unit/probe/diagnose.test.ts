import { CAUSES, type Cause, diagnose } from "../../../provider/probe/diagnose";
import type { Device, Observations, Silence } from "../../../provider/probe/observations";

const device: Device = {
  up: true,
  mtu: 1480,
  addresses: ["192.168.50.1/30"],
  outer: { remote: "198.51.100.20", protocol: 4, elsewhere: false },
};
const none = { sent: 2, received: 0 };
const answered = { sent: 2, received: 2, rttMs: 1 };
const counted = { out: 2, in: 0, unsent: 0, unreachable: 0, reversePath: 0 };
const quiet: Silence = {
  counted,
  again: none,
  underlay: { way: { dev: "eth0" }, ping: answered },
  rpFilter: { all: 0, tun0: 0, eth0: 0 },
  dropped: [],
  mayDrop: [],
};
const link: Observations = { dev: "tun0", target: "192.168.50.2", device, way: { dev: "tun0" }, small: none };
const silent = (more: Partial<Silence> = {}): Observations => ({ ...link, silence: { ...quiet, ...more } });
const good: Observations = { ...link, small: answered, fit: { passed: 1480 } };

const beyond = { ...silent(), target: "10.10.2.2", way: { dev: "tun0", via: "192.168.50.2" } };
const near = (received: number) => ({ address: "192.168.50.2", ping: { sent: 2, received } });
const over = (protocol: number) => ({
  ...device,
  outer: { remote: "198.51.100.20", protocol, elsewhere: false },
});

const cases: readonly (readonly [string, Observations, Cause, reason: string, advice: string])[] = [
  ["all comes back", good, "none", "", ""],
  [
    "a packet of a size that was asked for comes back",
    { ...good, size: 900, fit: { passed: 900 } },
    "none",
    "",
    "",
  ],
  [
    "there is no device",
    { dev: "tun0", target: "192.168.50.2", namespace: "blue" },
    "device-missing",
    "there is no device tun0 in namespace blue",
    "Make it first",
  ],
  [
    "the device is down",
    { ...link, device: { ...device, up: false } },
    "device-down",
    "tun0 is down",
    "up: true",
  ],
  [
    "there is no route",
    { ...link, way: { said: "Network is unreachable" } },
    "no-route",
    "192.168.50.2 is not reached through tun0: there is no route to it: Network is unreachable",
    "make a `Route`",
  ],
  [
    "the route leads elsewhere",
    { ...link, way: { dev: "eth0" } },
    "no-route",
    "leads to eth0",
    "make a `Route`",
  ],
  [
    "a rule counted such packets",
    silent({ dropped: ["inet filter input, handle 4"] }),
    "firewall",
    "rule inet filter input, handle 4",
    "`nft -a list chain inet filter input`",
  ],
  [
    "the kernel lets no ping out",
    silent({ again: { ...none, refused: true } }),
    "firewall",
    "does not let the ping",
    "Let ICMP",
  ],
  [
    "what was packed is not sent",
    silent({ counted: { ...counted, out: 0, unsent: 2 } }),
    "firewall",
    "tun0 can't send what it has packed",
    "IP protocol 4 (IPv4 in IP) from and to 198.51.100.20",
  ],
  [
    "there is no route to the other end",
    silent({
      counted: { ...counted, out: 0, unsent: 2 },
      underlay: { way: { said: "Network is unreachable" } },
    }),
    "no-route",
    "there is no route to 198.51.100.20, the tunnel's other end",
    "Check `remote`",
  ],
  [
    "the tunnel leads into itself",
    silent({ underlay: { way: { dev: "tun0" } } }),
    "no-route",
    "leads into the tunnel tun0",
    "by the underlay",
  ],
  [
    "the reverse path filter drops answers",
    silent({ counted: { ...counted, reversePath: 2 }, rpFilter: { all: 1, tun0: 0, eth0: 0 } }),
    "rp-filter",
    "(net.ipv4.conf.all.rp_filter = 1)",
    "2 (loose)",
  ],
  [
    "only the other end answers",
    { ...beyond, silence: { ...quiet, near: near(1) } },
    "forwarding",
    "the other end 192.168.50.2 answers, but 10.10.2.2 behind it does not",
    "set net.ipv4.ip_forward",
  ],
  [
    "not even the other end answers",
    { ...beyond, silence: { ...quiet, near: near(0) } },
    "protocol-filtered",
    "198.51.100.20 itself answers",
    "encap: fou",
  ],
  [
    "the other host refuses the protocol",
    silent({ counted: { ...counted, unreachable: 2 } }),
    "peer-missing",
    '198.51.100.20, which is there, answers IP protocol 4 (IPv4 in IP) with "unreachable"',
    "its `local` must be this end's `remote`",
  ],
  [
    "a router says that the other host is not there",
    silent({
      counted: { ...counted, unreachable: 2 },
      underlay: {
        way: { dev: "eth0" },
        ping: { ...none, report: { from: "203.0.113.1", words: "Destination Host Unreachable" } },
      },
    }),
    "peer-silent",
    '203.0.113.1 says "Destination Host Unreachable"',
    "Is that host up",
  ],
  [
    "the other host says nothing at all",
    silent({ underlay: { way: { dev: "eth0" }, ping: none } }),
    "peer-silent",
    "nor from 198.51.100.20",
    "Check `remote`",
  ],
  [
    "a host in the link says that it has no way",
    silent({ again: { ...none, report: { from: "192.168.50.6", words: "Destination Net Unreachable" } } }),
    "no-route",
    "packets reach 192.168.50.6, which says of 192.168.50.2: Destination Net Unreachable",
    "on the host of 192.168.50.6",
  ],
  [
    "this host itself says so, which means nothing more",
    silent({ again: { ...none, report: { from: "192.168.50.1", words: "Destination Host Unreachable" } } }),
    "protocol-filtered",
    "nothing comes back",
    "proto 4",
  ],
  [
    "a rule may drop such packets",
    silent({ mayDrop: ["ip filter INPUT, handle 9"] }),
    "firewall",
    "rules that may drop it: ip filter INPUT, handle 9",
    "`nft -a list chain ip filter INPUT`",
  ],
  [
    "something else comes in by the device",
    silent({ counted: { ...counted, in: 5 } }),
    "unknown",
    "packets do come in by tun0",
    "the address 192.168.50.2",
  ],
  [
    "the device is no tunnel",
    { ...silent(), device: { up: true, mtu: 1500, addresses: ["192.168.50.1/24"] } },
    "unknown",
    "packets leave by tun0",
    "tcpdump",
  ],
  [
    "the underlay is in another namespace",
    {
      ...silent({ underlay: undefined }),
      device: { ...device, outer: { remote: "198.51.100.20", protocol: 4, elsewhere: true } },
    },
    "unknown",
    "its underlay is in another namespace, which was not looked at",
    "`tcpdump -ni any proto 4`",
  ],
  [
    "IPv4 in IP is lost",
    silent(),
    "protocol-filtered",
    "IP protocol 4 (IPv4 in IP) is most likely filtered",
    "use `encap: fou`",
  ],
  [
    "IPv6 in IP is lost",
    { ...silent(), device: over(41) },
    "protocol-filtered",
    "IP protocol 41",
    "use `encap: fou`",
  ],
  ["GRE is lost", { ...silent(), device: over(47) }, "protocol-filtered", "IP protocol 47 (GRE)", "proto 47"],
  [
    "UDP is lost",
    { ...silent(), device: over(17) },
    "protocol-filtered",
    "UDP (FOU or GUE)",
    "tcpdump -ni any udp",
  ],
  [
    "the size is more than the device takes",
    { ...good, size: 1500, fit: { passed: 1480, named: 1480 } },
    "mtu",
    "packets of 1500 bytes exceed the device's MTU of 1480: at most 1480 come through",
    "no more than 1480",
  ],
  [
    "the path takes less, and says so",
    { ...good, fit: { passed: 1380, named: 1380 } },
    "mtu",
    "reports an MTU of 1380: at most 1380 come through",
    "Set `mtu: 1380` on the device at both ends. Where the path has been mended",
  ],
  [
    "the path takes less, and is silent about it",
    { ...good, fit: { passed: 1380 } },
    "mtu-black-hole",
    "packets of 1480 bytes vanish without a word, smaller ones pass: at most 1380 come through",
    'Set `mtu: 1380` on the device at both ends, or let ICMP "fragmentation needed"',
  ],
  [
    "none but the smallest come through",
    { ...good, fit: { passed: 44 } },
    "mtu-black-hole",
    "only the smallest come through",
    "both ends",
  ],
];

test.each(cases)("%s", (_, seen, cause, reason, advice) => {
  const found = diagnose(seen);
  expect(found).toEqual({
    cause,
    reason: expect.stringContaining(reason),
    advice: expect.stringContaining(advice),
  });
  expect([found.reason === "", found.advice === ""]).toEqual([cause === "none", cause === "none"]);
});

test("every cause has a case", () => {
  expect([...new Set(cases.map(([, , cause]) => cause))].sort()).toEqual([...CAUSES].sort());
});
