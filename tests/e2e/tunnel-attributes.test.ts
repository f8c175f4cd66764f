import { by, cells, type Row } from "../support/cells";

/** Each kind of tunnel with each of its attributes, on a real kernel. */

const MARK = "pulumi:test/attributes/it";

type Change = Row["changes"][number];
type Drift = Row["drift"][number];

const UNDERLAY = [
  "modprobe -a ipip sit ip6_tunnel ip_gre ip6_gre dummy",
  "ip link add d1 type dummy",
  "ip link add d2 type dummy mtu 1400",
  "ip link set d1 up",
  "ip link set d2 up",
  "ip address add 10.3.0.1/24 dev d1",
  "ip address add fd00:3::1/64 dev d1 nodad",
];

const deviceChanges = (address: string, other: string): Change[] => [
  [{ mtu: 1400 }],
  [{ mtu: 1281, addresses: [address] }],
  [{ addresses: [address, other] }],
  [{ addresses: [other] }],
  [{ addresses: [] }],
  [{ multicast: false }],
  [{ multicast: undefined }],
  [{ up: false }],
  [{ up: false, addresses: [other], mtu: 1300 }],
  [{ mark: "pulumi:test/attributes/other" }],
  [{ name: "t2" }, "name"],
  [{ namespace: "n1" }, "namespace"],
  [{ underlayNamespace: "n1" }, "underlayNamespace"],
];

const deviceDrift: Drift[] = [
  ["ip link delete t1", []],
  ["ip link set t1 down", ["addresses", "up"]],
  ["ip link set t1 multicast off", ["multicast"]],
  ["ip link set t1 alias other", ["mark"]],
  ["ip link set t1 alias ''", ["mark"]],
  ["ip address add 10.9.0.1/24 dev t1", ["addresses"]],
  ["ip address add fd00:9::1/64 dev t1", ["addresses"]],
  ["ip address flush dev t1 scope global", ["addresses"]],
];

const outer4Changes: Change[] = [
  [{ local: "10.3.0.9" }],
  [{ local: "any" }],
  [{ remote: "10.3.0.8" }],
  [{ local: "10.3.0.9", remote: "10.3.0.8", ttl: 255, tos: 255, fwmark: 4_294_967_295 }],
  [{ dev: "d1" }],
  [{ ttl: 1 }],
  [{ ttl: 255 }],
  [{ ttl: "inherit" }],
  [{ ttl: "inherit", pmtudisc: false }],
  [{ tos: "inherit" }],
  [{ tos: 4 }],
  [{ tos: "0xb8" }],
  [{ fwmark: 5 }],
  [{ fwmark: "0xffffffff" }],
  [{ remote: "any" }, "remote"],
];

const outer4Drift = (kind: string): Drift[] => {
  const hand = by(kind);
  return [
    hand("local 10.3.0.7", "local"),
    hand("local any", "local"),
    hand("remote 10.3.0.7", "remote"),
    hand("ttl 17", "ttl"),
    hand("ttl inherit", "ttl"),
    hand("ttl inherit nopmtudisc", "ttl", "pmtudisc"),
    hand("tos inherit", "tos"),
    hand("tos 0x20", "tos"),
    hand("fwmark 0x7", "fwmark"),
    hand("local 10.3.0.7 remote 10.3.0.6 ttl 3 tos 0x8", "local", "remote", "ttl", "tos"),
  ];
};

const outer6Changes: Change[] = [
  [{ local: "fd00:3::9" }],
  [{ local: "any" }],
  [{ remote: "fd00:3::8" }],
  [{ remote: "any" }],
  [{ dev: "d1" }],
  [{ hoplimit: 1 }],
  [{ hoplimit: 255 }],
  [{ hoplimit: "inherit" }],
  [{ encaplimit: "none" }],
  [{ encaplimit: 0 }],
  [{ encaplimit: 255 }],
  [{ tclass: "inherit" }],
  [{ tclass: "0xb8" }],
  [{ tclass: 255 }],
  [{ flowlabel: "inherit" }],
  [{ flowlabel: "0xfffff" }],
  [{ flowlabel: 1 }],
  [{ fwmark: 5 }],
  [{ fwmark: "0xffffffff" }],
  [{ allowLocalremote: true }],
  [{ tclass: "inherit", flowlabel: "inherit", encaplimit: "none", hoplimit: "inherit", mtu: 1300 }],
];

const outer6Drift = (kind: string): Drift[] => {
  const hand = by(kind);
  return [
    hand("local fd00:3::7", "local"),
    hand("remote fd00:3::7", "remote"),
    hand("remote any", "remote"),
    hand("hoplimit 17", "hoplimit"),
    hand("hoplimit 0", "hoplimit"),
    hand("encaplimit none", "encaplimit"),
    hand("encaplimit 9", "encaplimit"),
    hand("tclass inherit", "tclass"),
    hand("tclass 0x20", "tclass"),
    hand("flowlabel inherit", "flowlabel"),
    hand("flowlabel 0x7", "flowlabel"),
    hand("fwmark 0x7", "fwmark"),
    hand("allow-localremote", "allowLocalremote"),
  ];
};

const greChanges: Change[] = [
  [{ ikey: 42, okey: 42 }],
  [{ ikey: "10.0.0.1" }],
  [{ okey: 3 }],
  [{ ikey: 0, okey: 4_294_967_295 }],
  [{ iseq: true }],
  [{ oseq: true }],
  [{ icsum: true }],
  [{ ocsum: true }],
  [{ ikey: 1, okey: 2, iseq: true, oseq: true, icsum: true, ocsum: true, mtu: 1300 }],
];

const greDrift = (kind: string): Drift[] => {
  const hand = by(kind);
  return [
    hand("key 7", "ikey", "okey"),
    hand("ikey 7", "ikey"),
    hand("okey 10.0.0.7", "okey"),
    hand("seq", "iseq", "oseq"),
    hand("iseq", "iseq"),
    hand("oseq", "oseq"),
    hand("icsum", "icsum"),
    hand("ocsum", "ocsum"),
    hand("key 7 seq csum", "ikey", "okey", "iseq", "oseq", "icsum", "ocsum"),
  ];
};

const of4 = { name: "t1", local: "10.3.0.1", remote: "10.3.0.2", ttl: 64, tos: "0x10", mark: MARK };
const of6 = { name: "t1", local: "fd00:3::1", remote: "fd00:3::2", tclass: "0x10", mark: MARK };
const addresses = ["10.4.0.1/30", "fd00:4::1/64"];

/** with a device below, and an MTU, which the kernel then takes anew. */
const over = (kind: string, inputs: Record<string, unknown>): Pick<Row, "inputs" | "changes" | "drift"> => ({
  inputs: { ...inputs, dev: "d1", mtu: 1300 },
  changes: [[{ dev: "d2" }], [{ dev: undefined }, "dev"], [{ mtu: 1280 }], [{ dev: "d2", mtu: 1320 }]],
  drift: [by(kind)("dev d2", "dev", "mtu"), ["ip link set t1 mtu 1290", ["mtu"]]],
});

const rows: readonly Row[] = [
  {
    type: "IpipTunnel",
    inputs: { ...of4, addresses, multicast: true },
    changes: [
      ...deviceChanges("10.4.0.1/30", "10.4.0.9/30"),
      ...outer4Changes,
      [{ mode: "any" }, "mode"],
      [{ mode: "mplsip" }, "mode"],
    ],
    drift: [...deviceDrift, ...outer4Drift("ipip")],
  },
  { type: "IpipTunnel", ...over("ipip", { ...of4, mode: "mplsip" }) },
  {
    type: "SitTunnel",
    inputs: { ...of4, addresses, multicast: true },
    changes: [
      ...deviceChanges("fd00:4::1/64", "fd00:4::9/80"),
      ...outer4Changes,
      [{ mode: "any" }, "mode"],
      [{ isatap: true, remote: "any" }, ["remote", "isatap"]],
    ],
    drift: [...deviceDrift, ...outer4Drift("sit")],
  },
  { type: "SitTunnel", ...over("sit", { ...of4, mode: "any" }) },
  {
    type: "SitTunnel",
    inputs: { name: "t1", local: "10.3.0.1", isatap: true, addresses: ["fd00:4::1/64"], mark: MARK },
    changes: [[{ isatap: false }, "isatap"], [{ ttl: 9 }], [{ local: "10.3.0.9" }]],
    drift: [by("sit")("ttl 9", "ttl"), by("sit")("local 10.3.0.7", "local")],
  },
  {
    type: "Ip6Tunnel",
    inputs: { ...of6, mode: "ipip6", addresses, multicast: true },
    changes: [
      ...deviceChanges("10.4.0.1/30", "10.4.0.9/30"),
      ...outer6Changes,
      [{ mode: "ip6ip6" }],
      [{ mode: "any" }],
      [{ dscpInherit: true }],
    ],
    drift: [
      ...deviceDrift,
      ...outer6Drift("ip6tnl"),
      by("ip6tnl")("mode any", "mode"),
      by("ip6tnl")("mode ip6ip6", "mode"),
      by("ip6tnl")("dscp inherit", "dscpInherit"),
    ],
  },
  { type: "Ip6Tunnel", ...over("ip6tnl", of6) },
  {
    type: "GreTunnel",
    inputs: { ...of4, addresses, multicast: true },
    changes: [
      ...deviceChanges("10.4.0.1/30", "10.4.0.9/30"),
      ...outer4Changes,
      ...greChanges,
      [{ ttl: "inherit", pmtudisc: false, ignoreDf: true }],
    ],
    drift: [
      ...deviceDrift,
      ...outer4Drift("gre"),
      ...greDrift("gre"),
      by("gre")("ttl inherit nopmtudisc ignore-df", "ttl", "pmtudisc", "ignoreDf"),
    ],
  },
  { type: "GreTunnel", ...over("gre", { ...of4, ikey: 5, okey: 5, oseq: true }) },
  {
    type: "GreTunnel",
    inputs: { name: "t1", local: "10.3.0.1", remote: "224.0.0.5", dev: "d1", addresses, mark: MARK },
    // In place such a device changes only where the kernel has CONFIG_NET_IPGRE_BROADCAST, which this one has not.
    changes: [[{ mtu: 1300 }], [{ remote: "10.3.0.2", ikey: "224.0.0.5", okey: "224.0.0.5" }, "remote"]],
    drift: [["ip link set t1 alias other", ["mark"]]],
  },
  {
    type: "Ip6GreTunnel",
    inputs: { ...of6, addresses, multicast: true },
    changes: [...deviceChanges("10.4.0.1/30", "10.4.0.9/30"), ...outer6Changes, ...greChanges],
    drift: [...deviceDrift, ...outer6Drift("ip6gre"), ...greDrift("ip6gre")],
  },
  { type: "Ip6GreTunnel", ...over("ip6gre", { ...of6, ikey: 5, okey: 5, oseq: true }) },
  ...["IpipTunnel", "Ip6Tunnel", "GreTunnel", "Ip6GreTunnel"].map((type) => ({
    type,
    inputs: { name: "t1", external: true, addresses, multicast: true, mark: MARK },
    changes: [
      type.includes("6")
        ? [{ external: false, remote: "fd00:3::2" }, "external"]
        : [{ external: false, remote: "10.3.0.2" }, ["remote", "external"]],
    ] as Change[],
    drift: [["ip link set t1 down", ["addresses", "up"]]] as Drift[],
  })),
  ...(
    [
      ["IpipTunnel", of4],
      ["SitTunnel", of4],
      ["Ip6Tunnel", of6],
      ["GreTunnel", of4],
      ["Ip6GreTunnel", of6],
    ] as const
  ).flatMap(([type, inputs]) => [
    {
      type,
      setUp: ["ip netns add n1", "ip -n n1 link set lo up"],
      inputs: { ...inputs, namespace: "n1", underlayNamespace: "", addresses },
      changes: [[{ underlayNamespace: "n1" }, "underlayNamespace"], [{ mtu: 1300 }]] as Change[],
      drift: [["ip -n n1 link delete t1", []]] as Drift[],
    },
    {
      type,
      inputs: { ...inputs, mtu: "auto" },
      changes: [[{ mtu: 1300 }], [{ mtu: undefined }]] as Change[],
      drift: [
        ["ip link set d1 mtu 1450", ["mtu"]],
        ["ip link set t1 mtu 1290", ["mtu"]],
        [
          type.includes("6")
            ? "ip route add fd00:3::2/128 dev d1 mtu 1350"
            : "ip route add 10.3.0.2/32 dev d1 mtu 1350",
          ["mtu"],
        ],
        [
          `ip link set d1 mtu 1500 && ip route del ${type.includes("6") ? "fd00:3::2/128" : "10.3.0.2/32"} dev d1`,
          ["mtu"],
        ],
      ] as Drift[],
    },
  ]),
];

describe("every attribute of every kind of tunnel on a real kernel", () => cells(rows, UNDERLAY));
