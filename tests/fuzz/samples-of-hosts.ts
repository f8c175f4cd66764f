import type { Answer, Command } from "../../provider/host/host";

/** What real hosts have said, by what was asked: the beginning of what fuzzing makes lies of. */

export const PING = `PING 192.168.50.2 (192.168.50.2) 56(84) bytes of data.
64 bytes from 192.168.50.2: icmp_seq=1 ttl=64 time=0.412 ms
From 10.99.0.12 icmp_seq=2 Destination Host Unreachable
From 10.99.0.12 icmp_seq=3 Frag needed and DF set (mtu = 1300)
ping: local error: message too long, mtu=1480

--- 192.168.50.2 ping statistics ---
3 packets transmitted, 1 received, +1 errors, 66% packet loss, time 2003ms
rtt min/avg/max/mdev = 0.412/0.412/0.412/0.000 ms
`;

const STATS = { bytes: 1, packets: 2, errors: 0, dropped: 0 };
export const DEVICE = JSON.stringify([
  { ifindex: 7, ifname: "tun0", flags: ["UP", "LOWER_UP"], mtu: 1480, stats64: { rx: STATS, tx: STATS } },
]);

export const NETSTAT = `TcpExt: SyncookiesSent IPReversePathFilter
TcpExt: 0 7
Ip6InReceives                   	5
Icmp: InMsgs InDestUnreachs OutDestUnreachs
Icmp: 9 3 1
Icmp6InDestUnreachs             	2
`;

export const RULESET = JSON.stringify({
  nftables: [
    { metainfo: { version: "1.0.6" } },
    {
      rule: {
        family: "inet",
        table: "filter",
        chain: "input",
        handle: 4,
        expr: [
          { match: { op: "==", left: { payload: { protocol: "ip", field: "saddr" } }, right: "10.99.0.12" } },
          { match: { op: "==", left: { meta: { key: "l4proto" } }, right: { set: ["ipencap", 4] } } },
          { counter: { packets: 3, bytes: 252 } },
          { drop: null },
        ],
      },
    },
  ],
});

export const WAY = JSON.stringify([
  { dst: "192.168.50.2", dev: "tun0", gateway: "192.168.50.2", prefsrc: "192.168.50.1", flags: [], uid: 0 },
]);

export const ROUTE = JSON.stringify([
  {
    ...{
      type: "1",
      dst: "10.0.0.0/24",
      dev: "u0",
      table: "254",
      protocol: "2",
      scope: "253",
      metric: 0,
      flags: [],
    },
    ...{
      nexthops: [{ gateway: "10.0.0.7", dev: "u1", weight: 1, flags: ["onlink"] }],
      metrics: [{ mtu: 1400 }],
    },
  },
]);

export const RULES = JSON.stringify([
  { priority: 0, src: "all", table: "255" },
  {
    priority: 100,
    src: "10.0.0.0",
    srclen: 24,
    fwmark: "0x1",
    fwmask: "0xff",
    ipproto: "ipproto-6",
    dport: 22,
  },
  { priority: 200, src: "all", action: "7", not: null, iif: "u0", iif_detached: null },
  { priority: 32766, src: "all", table: "254", protocol: "2" },
]);

export const LINKS = JSON.stringify([
  {
    ...{
      ifindex: 7,
      ifname: "tun0",
      flags: ["POINTOPOINT", "UP", "LOWER_UP"],
      mtu: 1480,
      link: "u0",
      link_netnsid: 1,
    },
    ...{ group: "0", address: "10.99.0.11", ifalias: "pulumi:shop/dev/tunnel", txqlen: 1000 },
    linkinfo: {
      info_kind: "ipip",
      info_data: {
        ...{ proto: "ipip", remote: "10.99.0.12", local: "10.99.0.11", ttl: 64, pmtudisc: true, tos: "0x10" },
        ...{ fwmark: "0x7", encap: { type: "fou", sport: 0, dport: 5555, csum: false } },
      },
    },
    addr_info: [
      {
        family: "inet",
        local: "192.168.50.1",
        address: "192.168.50.2",
        prefixlen: 30,
        scope: "0",
        label: "tun0",
      },
      {
        family: "inet6",
        local: "fd00::1",
        prefixlen: 64,
        scope: "global",
        dynamic: true,
        valid_life_time: 7,
      },
    ],
  },
  { ifindex: 8, ifname: "u0", flags: ["UP"], mtu: 1500, link_type: "ether", master: "br0", addr_info: [] },
  { ifindex: 9, ifname: "lo", flags: [], mtu: 65536, ifalias: "pulumi:shop/dev/space", addr_info: [] },
  {
    ifindex: 10,
    ifname: "v0",
    flags: [],
    mtu: 1500,
    linkinfo: { info_kind: "veth" },
    ifalias: "pulumi:shop/dev/v",
  },
]);

export const LABELS = JSON.stringify([
  {
    dst: "100",
    to: "200/300",
    via: { family: "inet", host: "10.0.0.7" },
    dev: "u0",
    protocol: "204",
    flags: [],
  },
  { dst: "101", nexthops: [{ to: "7", dev: "u0" }], "ttl-propagate": true, protocol: "204" },
]);

export const ENCAPSULATED =
  '[{"type":"1","dst":"10.5.0.0/24","encap":"mpls","dst":"100/200","ttl":7,"via":{"family":"inet6","host":"fd00::7"},"dev":"u0","protocol":"204","scope":"0","flags":["onlink"]}]';

export const NAMESPACES = JSON.stringify([{ name: "red", id: 1 }, { name: "blue" }]);

export const FOUS = JSON.stringify([
  { port: 5555, family: "inet", ipproto: 4, local: "10.0.0.1" },
  { port: 6080, family: "inet6", gue: null, peer: "fd00::2", peer_port: 9, dev: "u0" },
]);

export const TABLES = "table inet filter\ntable inet pulumi_ipip_mss_tun0\n";

export const CLAMP = `table inet pulumi_ipip_mss_tun0 {
	chain forward {
		type filter hook forward priority mangle; policy accept;
		iifname "tun0" meta nfproto ipv4 tcp flags syn tcp option maxseg size set rt mtu comment "pulumi:shop/dev/clamp"
	}
}
`;

const FAMILIES = "\nName: nlctrl\n\tID: 0x10\nName: fou\n\tID: 0x1a\n";

/** What a command is answered by, the first that fits. */
const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/^ping /, PING],
  [/^cat .*rp_filter/, "1\n"],
  [/^cat .*\/net\/(netstat|snmp)/, NETSTAT],
  [/^cat /, "1\n"],
  [/^nft -json/, RULESET],
  [/^nft list tables/, TABLES],
  [/^nft list table /, CLAMP],
  [/^genl /, FAMILIES],
  [/ netns list/, NAMESPACES],
  [/-statistics/, DEVICE],
  [/ address show/, LINKS],
  [/ fou show/, FOUS],
  [/ rule show/, RULES],
  [/-M route show/, LABELS],
  [/ fibmatch /, ROUTE],
  [/ route get /, WAY],
  [/ route show .*::\/0/, ENCAPSULATED],
  [/ route show /, ROUTE],
];

/** truthOf is what a real host would have said; a change is made without a word. */
export function truthOf({ argv }: Command): Answer {
  const line = argv.join(" ");
  return { code: 0, stdout: ANSWERS.find(([asked]) => asked.test(line))?.[1] ?? "", stderr: "" };
}
