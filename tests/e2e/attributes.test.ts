import { cells, type Row } from "../support/cells";

const MARK = "pulumi:test/attributes/it";
/** Those that bring settings of their own. */
const MODULES = ["modprobe mpls_iptunnel"];

const DEVICES = [
  "ip link add d1 type dummy",
  "ip link add d2 type dummy",
  "ip link set d1 up",
  "ip link set d2 up",
];
const end = { addresses: ["10.1.0.1/24", "fd00:1::1/64"], mtu: 1400, mac: "02:00:00:00:00:0a", up: true };

const rows: readonly Row[] = [
  {
    type: "Namespace",
    inputs: { name: "n1", mark: MARK },
    changes: [[{ loopback: false }], [{ name: "n2" }, "name"]],
    drift: [
      ["ip netns delete n1", []],
      ["ip -n n1 link set dev lo down", ["loopback"]],
      ["ip -n n1 link set dev lo alias other", ["mark"]],
    ],
  },
  {
    type: "VethPair",
    setUp: ["ip netns add n1"],
    inputs: {
      a: { name: "v1", ...end },
      b: { name: "v2", namespace: "n1", addresses: ["10.1.0.2/24"] },
      mark: MARK,
    },
    changes: [
      [{ a: { name: "v1", ...end, mtu: 1300 } }],
      [{ a: { name: "v1", ...end, mac: "02:00:00:00:00:0b" } }],
      [{ a: { name: "v1", ...end, up: false } }],
      [{ a: { name: "v1", ...end, addresses: ["10.1.0.3/24", "fd00:1::1/72", "10.1.0.1/24"] } }],
      [{ a: { name: "v1", ...end, addresses: [] } }],
      [{ b: { name: "v2", namespace: "n1" } }],
      [{ b: { name: "v2", namespace: "n1", mtu: 1300 } }],
      [{ a: { name: "v3", ...end } }, "a"],
      [{ b: { name: "v2" } }, "b"],
    ],
    drift: [
      ["ip link delete v1", []],
      ["ip link set v1 mtu 1300", ["a"]],
      ["ip link set v1 address 02:00:00:00:00:0c", ["a"]],
      ["ip link set v1 down", ["a"]],
      ["ip address delete 10.1.0.1/24 dev v1", ["a"]],
      ["ip address add 10.2.0.1/24 dev v1", ["a"]],
      ["ip -n n1 address add fd00:2::1/64 dev v2", ["b"]],
      ["ip -n n1 link set v2 down", ["b"]],
      ["ip link set v1 alias other", ["mark"]],
    ],
  },
  {
    type: "IpipTunnel",
    setUp: ["ip link add d1 type dummy", "ip link add d2 type dummy", "ip address add 10.3.0.1/24 dev d1"],
    inputs: {
      name: "t1",
      local: "10.3.0.1",
      remote: "10.3.0.2",
      dev: "d1",
      ttl: 64,
      tos: "0x10",
      mtu: 1400,
      addresses: ["10.4.0.1/30", "fd00:4::1/64"],
      mark: MARK,
    },
    changes: [
      [{ local: "10.3.0.9" }],
      [{ local: "any" }],
      [{ remote: "10.3.0.8" }],
      [{ dev: "d2" }],
      [{ ttl: 32 }],
      [{ ttl: "inherit" }],
      [{ ttl: "inherit", pmtudisc: false }],
      [{ tos: "inherit" }],
      [{ tos: 0 }],
      [{ mtu: 1300 }],
      [{ addresses: ["10.4.0.2/30", "10.4.0.1/30"] }],
      [{ addresses: ["fd00:4::1/80"] }],
      [{ up: false }],
      [{ up: false, local: "10.3.0.7", ttl: 1, tos: 255, mtu: 1280, addresses: ["fd00:9::9/128"] }],
      [{ name: "t2" }, "name"],
      [{ remote: "any" }, "remote"],
      [{ dev: undefined }, "dev"],
    ],
    drift: [
      ["ip link delete t1", []],
      ["ip link change t1 type ipip local 10.3.0.7", ["local"]],
      ["ip link change t1 type ipip remote 10.3.0.7", ["remote"]],
      // The kernel takes the MTU anew from the device.
      ["ip link change t1 type ipip dev d2", ["dev", "mtu"]],
      ["ip link change t1 type ipip ttl 17", ["ttl"]],
      ["ip link change t1 type ipip tos inherit", ["tos"]],
      ["ip link change t1 type ipip ttl inherit nopmtudisc", ["ttl", "pmtudisc"]],
      ["ip link set t1 mtu 1300", ["mtu"]],
      ["ip address delete fd00:4::1/64 dev t1", ["addresses"]],
      ["ip address add 10.4.0.2/30 dev t1", ["addresses"]],
      ["ip link set t1 alias other", ["mark"]],
      [
        "ip link delete t1 && ip link add t1 type ipip mode ipip local 10.3.0.1 remote 10.3.0.2 dev d1",
        ["ttl", "tos", "mtu", "addresses", "up", "mark"],
      ],
    ],
  },
  {
    type: "Route",
    setUp: [
      "ip link add d1 type dummy",
      "ip link add d2 type dummy",
      "ip link set d1 up",
      "ip link set d2 up",
      "ip address add 10.3.0.1/24 dev d1",
      "ip address add 10.3.0.2/24 dev d1",
      "ip address add 10.5.0.1/24 dev d2",
    ],
    inputs: {
      destination: "10.6.0.0/16",
      via: "10.3.0.7",
      dev: "d1",
      src: "10.3.0.1",
      metric: 10,
      table: 100,
      mtu: 1400,
      scope: "global",
      mark: MARK,
    },
    changes: [
      [{ via: "10.3.0.8" }],
      [{ via: "10.5.0.8", dev: "d2", src: "10.5.0.1" }],
      [{ via: undefined, scope: "link" }],
      [{ via: "fe80::7" }],
      [{ src: "10.3.0.2" }],
      [{ mtu: 1300 }],
      [{ onlink: true }],
      [
        {
          type: "blackhole",
          via: undefined,
          dev: undefined,
          src: undefined,
          mtu: undefined,
          scope: undefined,
        },
      ],
      [
        {
          type: "unreachable",
          via: undefined,
          dev: undefined,
          src: undefined,
          mtu: undefined,
          scope: undefined,
        },
      ],
      [{ destination: "10.7.0.0/16" }, "destination"],
      [{ metric: 11 }, "metric"],
      [{ table: "main" }, "table"],
    ],
    drift: [
      ["ip route delete 10.6.0.0/16 table 100", []],
      [
        "ip route replace 10.6.0.0/16 via 10.3.0.9 dev d1 src 10.3.0.1 metric 10 table 100 mtu 1400 proto 204",
        ["via"],
      ],
      [
        "ip route replace 10.6.0.0/16 via 10.3.0.7 dev d2 src 10.3.0.1 metric 10 table 100 mtu 1400 proto 204 onlink",
        ["dev", "onlink"],
      ],
      [
        "ip route replace 10.6.0.0/16 via 10.3.0.7 dev d1 src 10.3.0.2 metric 10 table 100 mtu 1400 proto 204",
        ["src"],
      ],
      [
        "ip route replace 10.6.0.0/16 via 10.3.0.7 dev d1 src 10.3.0.1 metric 10 table 100 mtu 1300 proto 204",
        ["mtu"],
      ],
      [
        "ip route replace 10.6.0.0/16 via 10.3.0.7 dev d1 src 10.3.0.1 metric 10 table 100 mtu 1400",
        ["mark"],
      ],
      [
        "ip route replace prohibit 10.6.0.0/16 metric 10 table 100 proto 204",
        ["via", "dev", "src", "mtu", "type"],
      ],
    ],
  },
  {
    type: "Route",
    setUp: [
      "ip link add d1 type dummy",
      "ip link set d1 up",
      "ip address add fd00:3::1/64 dev d1 nodad",
      "ip address add fd00:3::2/64 dev d1 nodad",
    ],
    inputs: {
      destination: "fd00:6::/48",
      via: "fd00:3::7",
      dev: "d1",
      src: "fd00:3::1",
      mtu: 1400,
      mark: MARK,
    },
    changes: [
      [{ via: "fd00:3::8" }],
      [{ via: undefined }],
      [{ src: "fd00:3::2" }],
      [{ mtu: 1300 }],
      [{ type: "blackhole", via: undefined, dev: undefined, src: undefined, mtu: undefined }],
      [{ metric: 11 }, "metric"],
      [{ destination: "::/0" }, "destination"],
    ],
    drift: [
      ["ip -6 route delete fd00:6::/48", []],
      ["ip -6 route replace fd00:6::/48 via fd00:3::9 dev d1 src fd00:3::1 mtu 1400 proto 204", ["via"]],
      ["ip -6 route replace fd00:6::/48 via fd00:3::7 dev d1 src fd00:3::1 mtu 1300 proto 204", ["mtu"]],
      ["ip -6 route replace fd00:6::/48 via fd00:3::7 dev d1 src fd00:3::1 mtu 1400 proto static", ["mark"]],
    ],
  },
  {
    type: "Route",
    setUp: [
      ...DEVICES,
      "ip address add 10.3.0.1/24 dev d1",
      "ip address add 10.5.0.1/24 dev d2",
      "ip address add fd00:5::1/64 dev d2 nodad",
    ],
    inputs: {
      destination: "10.8.0.0/16",
      nexthops: [
        { via: "10.3.0.7", dev: "d1", weight: 3 },
        { via: "10.5.0.7", encap: { mpls: [100, 200] } },
        { via: "fd00:5::7", dev: "d2" },
      ],
      mark: MARK,
    },
    changes: [
      [{ nexthops: [{ dev: "d2" }, { via: "10.3.0.7", dev: "d1", weight: 256 }] }],
      [{ nexthops: [{ via: "10.9.9.9", dev: "d2", onlink: true }, { via: "10.3.0.7" }] }],
      [{ nexthops: [{ via: "10.3.0.7", encap: { mpls: [100], ttl: 9 } }, { via: "10.5.0.7" }], mtu: 1400 }],
      [{ nexthops: undefined, via: "10.3.0.7" }],
      [{ nexthops: undefined, dev: "d2" }],
      [{ nexthops: undefined, type: "blackhole" }],
    ],
    drift: [
      ["ip route delete 10.8.0.0/16", []],
      ["ip route replace 10.8.0.0/16 via 10.3.0.7 dev d1 proto 204", ["nexthops"]],
      [
        "ip route replace 10.8.0.0/16 proto 204 nexthop via 10.3.0.7 dev d1 weight 3 nexthop via 10.5.0.7 dev d2",
        ["nexthops"],
      ],
      [
        "ip route replace 10.8.0.0/16 proto 204 nexthop encap mpls 100/201 via 10.5.0.7 dev d2 nexthop via 10.3.0.7 dev d1 weight 3 nexthop via inet6 fd00:5::7 dev d2",
        ["nexthops"],
      ],
      [
        "ip route replace 10.8.0.0/16 proto static nexthop encap mpls 100/200 via 10.5.0.7 dev d2 nexthop via inet6 fd00:5::7 dev d2 nexthop via 10.3.0.7 dev d1 weight 3",
        ["mark"],
      ],
    ],
  },
  {
    type: "Route",
    setUp: [
      ...DEVICES,
      "ip address add fd00:3::1/64 dev d1 nodad",
      "ip address add fd00:5::1/64 dev d2 nodad",
      // A stranger's, in the same listing.
      "ip -6 route add fd00:99::/48 encap mpls 99 via fd00:3::7 dev d1",
    ],
    inputs: {
      destination: "fd00:8::/48",
      nexthops: [
        { via: "fd00:3::7", dev: "d1", weight: 3 },
        { via: "fe80::7", dev: "d2" },
      ],
      mark: MARK,
    },
    changes: [
      [{ nexthops: [{ via: "fd00:3::7" }, { via: "fd00:77::1", dev: "d2", onlink: true, weight: 256 }] }],
      [
        {
          nexthops: [
            { via: "fd00:3::7", encap: { mpls: [100] } },
            { via: "fd00:5::7", encap: { mpls: [101, 102], ttl: 3 } },
          ],
        },
      ],
      [{ nexthops: undefined, via: "fd00:3::7", encap: { mpls: [100] } }],
      [{ nexthops: undefined, dev: "d2" }],
      [{ nexthops: undefined, type: "blackhole" }],
    ],
    drift: [
      ["ip -6 route delete fd00:8::/48", []],
      ["ip -6 route append fd00:8::/48 metric 1024 via fd00:3::9 dev d1 proto 204", ["nexthops"]],
      ["ip -6 route delete fd00:8::/48 metric 1024 via fe80::7 dev d2", ["nexthops"]],
      [
        "ip -6 route replace fd00:8::/48 proto static nexthop via fe80::7 dev d2 nexthop via fd00:3::7 dev d1 weight 3",
        ["mark"],
      ],
    ],
  },
  {
    type: "Route",
    setUp: [
      ...DEVICES,
      "ip address add 10.3.0.1/24 dev d1",
      // A stranger's, in the same listing.
      "ip route add 10.10.0.0/16 encap ip id 5 dst 10.3.0.9 dev d2",
    ],
    inputs: {
      destination: "10.9.0.0/16",
      via: "10.3.0.7",
      dev: "d1",
      encap: { mpls: [100, 200], ttl: 64 },
      mark: MARK,
    },
    changes: [
      [{ encap: { mpls: [100] } }],
      [{ encap: { mpls: [0, 1_048_575], ttl: 255 } }],
      [{ encap: undefined }],
      [{ via: undefined }],
      [{ encap: { mpls: Array.from({ length: 30 }, (_, index) => index + 16) } }],
    ],
    drift: [
      ["ip route delete 10.9.0.0/16", []],
      ["ip route replace 10.9.0.0/16 via 10.3.0.7 dev d1 proto 204", ["encap"]],
      ["ip route replace 10.9.0.0/16 encap mpls 200/100 ttl 64 via 10.3.0.7 dev d1 proto 204", ["encap"]],
      ["ip route replace 10.9.0.0/16 encap mpls 100/200 via 10.3.0.7 dev d1 proto 204", ["encap"]],
      ["ip route replace 10.9.0.0/16 encap ip id 5 dst 10.3.0.9 via 10.3.0.7 dev d1 proto 204", ["encap"]],
      ["ip route replace 10.9.0.0/16 encap mpls 100/200 ttl 64 via 10.3.0.8 dev d1 proto 204", ["via"]],
    ],
  },
  {
    type: "MplsLabelTable",
    inputs: { platformLabels: 1000 },
    changes: [[{ platformLabels: 1_048_575 }], [{ platformLabels: 17 }]],
    drift: [["sysctl -w net.mpls.platform_labels=500", ["platformLabels"]]],
  },
  {
    type: "MplsInput",
    setUp: DEVICES,
    inputs: { dev: "d1" },
    changes: [[{ input: false }], [{ dev: "d2" }, "dev"]],
    drift: [["sysctl -w net.mpls.conf.d1.input=0", ["input"]]],
  },
  {
    type: "MplsRoute",
    setUp: [
      ...DEVICES,
      "ip address add 10.3.0.1/24 dev d1",
      "ip address add fd00:5::1/64 dev d2 nodad",
      "sysctl -w net.mpls.platform_labels=1000",
    ],
    inputs: { label: 100, as: [200, 300], via: "10.3.0.7", dev: "d1", ttlPropagate: false, mark: MARK },
    changes: [
      [{ as: [] }],
      [{ as: [0] }],
      [{ via: "fd00:5::7", dev: "d2" }],
      [{ via: undefined }],
      [{ as: undefined, via: undefined, dev: "lo" }],
      [{ ttlPropagate: true }],
      [{ ttlPropagate: "inherit" }],
      [
        {
          as: undefined,
          via: undefined,
          dev: undefined,
          nexthops: [
            { as: [200], via: "10.3.0.7", dev: "d1" },
            { via: "fd00:5::7", dev: "d2" },
            { dev: "d2" },
          ],
        },
      ],
      [{ label: 101 }, "label"],
    ],
    drift: [
      ["ip -M route delete 100", []],
      ["ip -M route replace 100 as 200 via inet 10.3.0.7 dev d1 ttl-propagate disabled proto 204", ["as"]],
      [
        "ip -M route replace 100 as 200/300 via inet 10.3.0.8 dev d1 ttl-propagate disabled proto 204",
        ["via"],
      ],
      [
        "ip -M route replace 100 as 200/300 via inet 10.3.0.7 dev d2 ttl-propagate disabled proto 204",
        ["dev"],
      ],
      ["ip -M route replace 100 as 200/300 via inet 10.3.0.7 dev d1 proto 204", ["ttlPropagate"]],
      [
        "ip -M route replace 100 as 200/300 via inet 10.3.0.7 dev d1 ttl-propagate disabled proto 3",
        ["mark"],
      ],
    ],
    tearDown: ["sysctl -w net.mpls.platform_labels=0"],
  },
  {
    type: "Sysctl",
    inputs: { key: "net.ipv4.tcp_rmem", value: "4096 100000 200000" },
    changes: [[{ value: "4096 100001 200000" }], [{ key: "net.ipv4.tcp_wmem" }, "key"]],
    drift: [["sysctl -w net.ipv4.tcp_rmem='4096 100002 200000'", ["value"]]],
  },
  {
    type: "FouPort",
    inputs: { port: 5555, ipproto: "ipip" },
    changes: [
      [{ port: 5556 }, "port"],
      [{ ipproto: "gre" }, "ipproto"],
      [{ family: 6 }, "family"],
      [{ local: "127.0.0.1" }, "local"],
    ],
    drift: [
      ["ip fou delete port 5555", []],
      ["ip fou delete port 5555 && ip fou add port 5555 ipproto 47", ["ipproto"]],
      ["ip fou delete port 5555 && ip fou add port 5555 gue", ["encap", "ipproto"]],
      ["ip fou delete port 5555 && ip fou add port 5555 ipproto 4 peer 127.0.0.1 peer_port 7", ["peer"]],
    ],
  },
  {
    type: "FouPort",
    setUp: [
      "ip link add d1 type dummy",
      "ip link set d1 up",
      "ip address add fd00:3::1/64 dev d1 nodad",
      "ip fou add port 6666 gue",
    ],
    inputs: { port: 6666, encap: "gue", local: "fd00:3::1", peer: "fd00:3::2", peerPort: 7, dev: "d1" },
    changes: [
      [{ peer: "fd00:3::3" }, "peer"],
      [{ peerPort: 8 }, "peerPort"],
      [{ dev: undefined }, "dev"],
    ],
    drift: [
      ["ip fou delete -6 port 6666 local fd00:3::1 peer fd00:3::2 peer_port 7 dev d1", []],
      [
        "ip fou delete -6 port 6666 local fd00:3::1 peer fd00:3::2 peer_port 7 dev d1 && ip fou add -6 port 6666 local fd00:3::1 dev d1 ipproto 41",
        ["encap", "peer", "peerPort"],
      ],
    ],
  },
  {
    type: "FouPort",
    setUp: ["ip netns add n1"],
    inputs: { namespace: "n1", port: 7777, ipproto: "ipv6" },
    changes: [[{ namespace: undefined }, "namespace"]],
    drift: [
      ["ip -n n1 fou delete port 7777", []],
      ["ip -n n1 fou delete port 7777 && ip -n n1 fou add port 7777 ipproto 137", ["ipproto"]],
    ],
  },
];

describe("every attribute on a real kernel", () => cells(rows, MODULES));
