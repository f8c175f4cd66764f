import fc from "fast-check";
import type { Contract, Probe } from "../../provider/resource";
import { address } from "../../provider/resources/address";
import { fouPort } from "../../provider/resources/fou-port";
import { greTunnel } from "../../provider/resources/gre-tunnel";
import { ip6GreTunnel } from "../../provider/resources/ip6-gre-tunnel";
import { ip6Tunnel } from "../../provider/resources/ip6-tunnel";
import { ipipTunnel } from "../../provider/resources/ipip-tunnel";
import { link } from "../../provider/resources/link";
import { managerExemption } from "../../provider/resources/manager-exemption";
import { mplsInput } from "../../provider/resources/mpls-input";
import { mplsLabelTable } from "../../provider/resources/mpls-label-table";
import { mplsRoute } from "../../provider/resources/mpls-route";
import { mssClamp } from "../../provider/resources/mss-clamp";
import { namespace } from "../../provider/resources/namespace";
import { route } from "../../provider/resources/route";
import { rule } from "../../provider/resources/rule";
import { sitTunnel } from "../../provider/resources/sit-tunnel";
import { sysctl } from "../../provider/resources/sysctl";
import { tunnelProbe } from "../../provider/resources/tunnel-probe";
import { vethPair } from "../../provider/resources/veth-pair";
import type { Fields } from "../../provider/state";
import { FakeHost } from "./fake-host";
import type { FakeEncap } from "./fake-routes";

/** Sample is what tests of all types alike need of one. */
export interface Sample {
  readonly contract: Contract;
  /** Inputs as users write them, many of which share what replaces an object, so that they lead into each other. */
  readonly inputs: fc.Arbitrary<Fields>;
  /** What somebody may do by hand to the object that a program asks for; some of it can't be done. */
  byHand(inputs: Fields): string[];
  /** The inputs as the host has them, read past the code under test; undefined when the object is not there. */
  onHost(host: FakeHost, desired: Fields): Fields | undefined;
  /** Changes, each from what is made first to what is asked for then. */
  readonly changes: Readonly<Record<string, readonly [Fields, Fields]>>;
}

/** probes are the types that make nothing on a host. */
export const probes: Readonly<Record<string, Probe>> = { TunnelProbe: tunnelProbe };

/** Where a namespace has its settings for MPLS. */
const MPLS = "/proc/sys/net/mpls";

/** GROUND is what the samples stand on: two namespaces, and two pairs of devices in each and outside. */
export const GROUND: readonly string[] = [
  ...["ip netns add ns1", "ip netns add ns2"],
  ...["ip", "ip -n ns1", "ip -n ns2"].flatMap((at) => [
    `${at} link set dev lo up`,
    `${at} link add name u0 type veth peer name u1`,
    // What goes down loses its IPv6 addresses: these have none.
    `${at} link add name u2 type veth peer name u3`,
    `${at} link set dev u0 up`,
    `${at} link set dev u1 up`,
    `${at} address add 10.0.0.1/24 dev u0`,
    `${at} address add 10.0.0.2/24 dev u0`,
    `${at} address add fd00::1/64 dev u0`,
    `${at} address add 10.0.1.1/24 dev u1`,
    `${at} address add fd01::1/64 dev u1`,
  ]),
];

/** LABELS is room for MPLS labels in each of its namespaces. */
export const LABELS: readonly string[] = ["", "ip netns exec ns1 ", "ip netns exec ns2 "].map(
  (within) => `${within}tee ${MPLS}/platform_labels <<< 1000`,
);

/** playground is a host with that ground. */
export function playground(modules?: readonly string[]): FakeHost {
  const host = new FakeHost(modules);
  host.byHand(...GROUND, ...(modules === undefined ? LABELS : []));
  return host;
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const someOf = <T>(...values: T[]) =>
  fc.subarray(values).chain((some) => fc.shuffledSubarray(some, { minLength: some.length }));
const oneOf = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> =>
  fc.constantFrom<T[number]>(...values);

const addresses = someOf(
  "192.168.7.1/24",
  "192.168.7.2/24",
  "192.168.7.3/24",
  "192.168.7.1/30",
  "192.168.8.1/32",
  "fd07::1/64",
  "fd07::2/64",
  "fd08::1/128",
);
const place = maybe(oneOf("ns1", "ns2"));

const end = (name: string) =>
  fc.record({
    name: fc.constant(name),
    namespace: place,
    addresses: maybe(addresses),
    mtu: maybe(oneOf(1000, 1400, 9000)),
    mac: maybe(oneOf("02:00:00:00:00:01", "02:00:00:00:00:02")),
    up: maybe(fc.boolean()),
  });

const addressesByHand = (at: string, dev: string) => [
  `${at} address add 192.168.7.1/24 dev ${dev}`,
  `${at} address add 192.168.7.9/24 dev ${dev}`,
  `${at} address delete 192.168.7.1/24 dev ${dev}`,
  `${at} address delete 192.168.7.2/24 dev ${dev}`,
  `${at} address add fd07::1/128 dev ${dev}`,
  `${at} address delete fd07::1/64 dev ${dev}`,
  `${at} address add 192.168.7.3 peer 192.168.9.9/32 dev ${dev}`,
  `${at} address add fd07::2 peer fd07::9/128 dev ${dev}`,
];

const deviceByHand = (at: string, dev: string, mtu: unknown) => [
  `${at} link set dev ${dev} down`,
  `${at} link set dev ${dev} up`,
  `${at} link set dev ${dev} mtu 1300`,
  // Where the program leaves the MTU alone, nobody but who made it too small for IPv6 can help.
  ...(mtu === undefined ? [] : [`${at} link set dev ${dev} mtu 900`]),
  `${at} link set dev ${dev} alias something`,
  `${at} link delete dev ${dev}`,
  ...addressesByHand(at, dev),
];

/** The word that a command by hand begins with, and the namespace that it is about. */
const at = (namespace: unknown) => (namespace === undefined ? "ip" : `ip -n ${namespace}`);

/** A device of the fake kernel in the words of the inputs. */
function deviceOnHost(host: FakeHost, namespace: unknown, name: unknown) {
  const netns = namespace === undefined ? host.kernel.host : host.kernel.namespaces.get(String(namespace));
  const device = netns?.devices.find((other) => other.name === name);
  if (device === undefined) return undefined;
  const own = device.addresses.filter(({ local }) => !local.startsWith("fe80:"));
  return {
    device,
    fields: {
      name: device.name,
      mtu: device.mtu,
      up: device.up,
      mark: device.alias,
      addresses: own
        .map(({ local, peer, length }) => `${local}${peer ? ` peer ${peer}` : ""}/${length}`)
        .sort(),
    },
  };
}

function endOnHost(host: FakeHost, { namespace, name }: Fields, other: Fields): Fields | undefined {
  const found = deviceOnHost(host, namespace, name);
  if (found === undefined || found.device.peer?.name !== other.name) return undefined;
  const { mark: _, ...fields } = found.fields;
  return { ...fields, namespace, mac: found.device.mac };
}

/** A file of the fake kernel, and somebody who writes into it. */
const fileOnHost = (host: FakeHost, where: unknown, path: string) =>
  host.netns(where as string | undefined).files.get(path);
const written = (where: unknown, path: string, text: unknown) =>
  `${where === undefined ? "" : `ip netns exec ${where} `}tee ${path} <<< ${text}`;

/** The files that there may be of an exemption. */
const filesOfExemption = (manager: unknown, name: unknown) =>
  manager === "NetworkManager"
    ? [`/etc/NetworkManager/conf.d/${name}.conf`]
    : [`/etc/systemd/networkd.conf.d/${name}.conf`, `/etc/systemd/network/00-${name}.network`];

/** An encapsulation of the fake kernel in the words of the inputs. */
const encapOnHost = (encap: FakeEncap | undefined) =>
  encap && { mpls: encap.mpls.split("/").map(Number), ttl: encap.ttl ?? "inherit" };
const stackOnHost = (stack: string | undefined) => stack?.split("/").map(Number) ?? [];

const ends4 = { local: ["10.0.0.1", "10.0.0.2", "any"], remote: ["10.0.0.9", "10.0.0.8", "any"] };
const ends6 = { local: ["fd00::1", "fd00::2"], remote: ["fd00::9", "fd00::8"] };
const outer4 = {
  ttl: oneOf(0, 64, "inherit"),
  tos: oneOf("inherit", 0, 16, "0x20"),
  pmtudisc: fc.boolean(),
  fwmark: oneOf(0, 5, "0x10"),
};
const outer6 = {
  hoplimit: oneOf(0, 64, "inherit"),
  encaplimit: oneOf("none", 4, 9),
  tclass: oneOf("inherit", 0, "0x20"),
  flowlabel: oneOf("inherit", 0, 7),
  fwmark: oneOf("inherit", 0, "0x10"),
  allowLocalremote: fc.boolean(),
};
const greOptions = {
  ikey: oneOf("none", 42, "10.0.0.1"),
  okey: oneOf("none", 42),
  iseq: fc.boolean(),
  oseq: fc.boolean(),
  ocsum: fc.boolean(),
};

const encapInUdp = oneOf(
  { type: "none" },
  { type: "fou", dport: 5555 },
  { type: "gue", dport: 5555, sport: 4444, csum: true, remcsum: true },
);
const ENCAP_BY_HAND = ["noencap", "encap gue encap-dport 7777", "encap fou encap-dport 9 encap-csum"];

interface TunnelParts {
  readonly parameters: Readonly<Record<string, fc.Arbitrary<unknown>>>;
  readonly ends: { readonly local: readonly string[]; readonly remote: readonly string[] };
  /** What somebody tells such a device by hand. */
  readonly byHand: readonly string[];
  /** Parameters that change in place, and what makes another one of it. */
  readonly parts: Fields;
  readonly "another one": Fields;
}

/** tunnelSample is the sample of one kind of tunnel. */
function tunnelSample(contract: Contract, kind: string, parts: TunnelParts): Sample {
  const { local, remote } = parts.ends;
  const tunnel = { name: "tun0", local: local[0], remote: remote[0] };
  const parameters = Object.entries(parts.parameters).map(([key, values]) => [key, maybe(values)]);
  // IPv4 can't go through a device of a kind that needs 1280 bytes.
  const least = kind === "sit" ? 1300 : 1000;
  return {
    contract,
    inputs: fc.record({
      name: oneOf("tun0", "tun1"),
      namespace: maybe(oneOf("ns1")),
      local: maybe(fc.constantFrom(...local)),
      remote: maybe(fc.constantFrom(...remote)),
      dev: maybe(oneOf("u0", "u1")),
      ...(Object.fromEntries(parameters) as Record<string, fc.Arbitrary<unknown>>),
      encap: maybe(encapInUdp),
      mtu: maybe(oneOf(least, 1400, 1480)),
      addresses: maybe(addresses),
      multicast: maybe(fc.boolean()),
      up: maybe(fc.boolean()),
    }),
    byHand: ({ name, namespace: where, mtu }) => [
      `${at(where)} link set dev ${name} multicast on`,
      `${at(where)} link set dev ${name} multicast off`,
      ...deviceByHand(at(where), String(name), mtu).filter(
        (line) => kind !== "sit" || !line.endsWith("mtu 900"),
      ),
      ...[...parts.byHand, ...ENCAP_BY_HAND].map(
        (words) => `${at(where)} link change name ${name} type ${kind} ${words}`,
      ),
      `${at(where)} link add name ${name} type ${kind} ${parts.byHand[0]}`,
    ],
    onHost(host, { namespace: where, name }) {
      const found = deviceOnHost(host, where, name);
      const made = found?.device.tunnel;
      if (found === undefined || made?.kind !== kind) return undefined;
      const { local: own, remote: other, dev } = made;
      return {
        ...found.fields,
        ...made.parameters,
        local: own,
        remote: other,
        dev: dev?.name,
        multicast: found.device.multicast,
        namespace: where,
      };
    },
    changes: {
      parameters: [tunnel, { ...tunnel, ...parts.parts }],
      "a device below": [
        { ...tunnel, mtu: 1400 },
        { ...tunnel, mtu: 1400, dev: "u0" },
      ],
      "addresses, mtu": [
        { ...tunnel, addresses: ["192.168.7.1/24", "192.168.7.2/24", "fd07::1/64"] },
        { ...tunnel, addresses: ["192.168.7.2/24", "192.168.7.3/24"], mtu: least },
      ],
      "addresses let go": [
        { ...tunnel, addresses: ["192.168.7.1/24", "192.168.7.2/24", "192.168.7.3/24", "fd07::1/64"] },
        tunnel,
      ],
      "multicast let go": [{ ...tunnel, multicast: true }, tunnel],
      "down, with IPv6": [
        { ...tunnel, addresses: ["fd07::1/64", "192.168.7.1/24"] },
        { ...tunnel, addresses: ["fd07::2/64", "192.168.7.1/24"], up: false },
      ],
      "another one": [tunnel, { ...tunnel, ...parts["another one"] }],
    },
  };
}

const pair = { a: { name: "va", namespace: "ns1" }, b: { name: "vb" } };

const encaps = fc.record(
  { mpls: oneOf([100], [100, 200]), ttl: oneOf(64, "inherit") },
  { requiredKeys: ["mpls"] },
);
const ways = (first: string, second: string) =>
  fc.shuffledSubarray(
    [
      { via: first, dev: "u0", weight: 2 },
      { via: second, dev: "u1", encap: { mpls: [300] } },
      { via: `${first}9`, dev: "u0", onlink: true },
    ],
    { minLength: 2 },
  );
const several = [
  { via: "10.0.0.9", dev: "u0", weight: 3 },
  { via: "10.0.1.9", encap: { mpls: [100] } },
];

export const samples: Readonly<Record<string, Sample>> = {
  Namespace: {
    contract: namespace,
    inputs: fc.record({ name: oneOf("n1", "n2"), loopback: maybe(fc.boolean()) }),
    byHand: ({ name }) => [
      `ip netns delete ${name}`,
      `ip netns add ${name}`,
      `ip -n ${name} link set dev lo down`,
      `ip -n ${name} link set dev lo up`,
      `ip -n ${name} link set dev lo alias something`,
      `ip -n ${name} link add name d0 type dummy`,
    ],
    onHost(host, { name }) {
      const lo = deviceOnHost(host, name, "lo");
      return lo && { name, loopback: lo.fields.up, mark: lo.fields.mark };
    },
    changes: {
      "loopback off": [{ name: "n1" }, { name: "n1", loopback: false }],
      "loopback on": [{ name: "n1", loopback: false }, { name: "n1" }],
      "another name": [{ name: "n1" }, { name: "n2" }],
    },
  },
  VethPair: {
    contract: vethPair,
    inputs: fc.record({ a: end("va"), b: oneOf("vb", "vc").chain(end) }),
    byHand: (inputs) =>
      [inputs.a as Fields, inputs.b as Fields].flatMap(({ name, namespace: where, mtu }) => [
        ...deviceByHand(at(where), String(name), mtu),
        `${at(where)} link set dev ${name} address 02:00:00:00:00:09`,
        `${at(where)} link set dev ${name} name vx`,
        `${at(where)} link set dev vx name ${name}`,
      ]),
    onHost(host, desired) {
      const [a, b] = [desired.a as Fields, desired.b as Fields];
      const ends = { a: endOnHost(host, a, b), b: endOnHost(host, b, a) };
      return ends.a && ends.b && { ...ends, mark: deviceOnHost(host, a.namespace, a.name)?.fields.mark };
    },
    changes: {
      "addresses, mtu and mac": [
        { ...pair, b: { name: "vb", addresses: ["192.168.7.1/24", "192.168.7.2/24"] } },
        {
          ...pair,
          b: { name: "vb", addresses: ["192.168.7.2/24", "fd07::1/64"], mtu: 1400, mac: "02:00:00:00:00:01" },
        },
      ],
      "addresses let go": [
        { ...pair, a: { ...pair.a, addresses: ["192.168.7.1/24", "192.168.7.2/24", "fd07::1/64"] } },
        pair,
      ],
      "an end down": [
        { a: { ...pair.a, addresses: ["fd07::1/64"] }, b: { name: "vb", addresses: ["fd07::2/64"] } },
        {
          a: { ...pair.a, addresses: ["fd07::1/64"], up: false },
          b: { name: "vb", addresses: ["fd07::2/64"] },
        },
      ],
      "another name": [pair, { ...pair, b: { name: "vc" } }],
    },
  },
  IpipTunnel: tunnelSample(ipipTunnel, "ipip", {
    parameters: { mode: oneOf("ipip", "any"), ...outer4 },
    ends: ends4,
    byHand: [
      "mode ipip local 10.0.0.1 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc",
      "mode ipip local any remote 10.0.0.8 ttl inherit tos 0x0 nopmtudisc fwmark 0x1",
      "mode ipip local 10.0.0.2 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc dev u1",
    ],
    parts: { ttl: 64, tos: 16, remote: "10.0.0.8" },
    "another one": { remote: "any" },
  }),
  SitTunnel: tunnelSample(sitTunnel, "sit", {
    parameters: { mode: oneOf("ip6ip", "any"), ...outer4 },
    ends: ends4,
    byHand: [
      "mode ip6ip local 10.0.0.1 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc",
      "mode ip6ip local 10.0.0.2 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc dev u1",
    ],
    parts: { ttl: 64, tos: 16, remote: "10.0.0.8" },
    "another one": { mode: "any" },
  }),
  GreTunnel: tunnelSample(greTunnel, "gre", {
    parameters: { ...outer4, ...greOptions },
    ends: ends4,
    byHand: [
      "local 10.0.0.1 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc ikey 7 oseq",
      "local 10.0.0.2 remote 10.0.0.9 ttl inherit tos 0x8 nopmtudisc ignore-df dev u1",
    ],
    parts: { ttl: 64, ikey: 42, okey: 42, oseq: true },
    "another one": { remote: "any", ikey: 1 },
  }),
  Ip6Tunnel: tunnelSample(ip6Tunnel, "ip6tnl", {
    parameters: { mode: oneOf("ipip6", "any"), dscpInherit: fc.boolean(), ...outer6 },
    ends: ends6,
    byHand: [
      "mode ip6ip6 local fd00::1 remote fd00::9 hoplimit 3 tclass 0x8",
      "mode any local any remote fd00::8 encaplimit none flowlabel inherit dev u1",
    ],
    parts: { hoplimit: 3, tclass: "inherit", remote: "fd00::8" },
    "another one": { name: "tun1" },
  }),
  Ip6GreTunnel: tunnelSample(ip6GreTunnel, "ip6gre", {
    parameters: { ...outer6, ...greOptions, dscpInherit: fc.boolean() },
    ends: ends6,
    byHand: [
      "local fd00::1 remote fd00::9 hoplimit 3 tclass 0x8 ikey 7 oseq",
      "local any remote fd00::8 encaplimit none flowlabel inherit dev u1",
    ],
    parts: { hoplimit: 3, okey: 42, remote: "fd00::8" },
    "another one": { name: "tun1" },
  }),
  Route: {
    contract: route,
    inputs: fc
      .record(
        {
          destination: oneOf("10.50.0.0/24", "10.51.0.1", "default", "fd50::/64"),
          namespace: oneOf("ns1"),
          metric: oneOf(0, 50),
          table: oneOf(100, "main"),
          scope: oneOf("global", "link"),
        },
        { requiredKeys: ["destination"] },
      )
      .chain(({ destination, scope, ...key }) => {
        const v6 = destination === "fd50::/64";
        const gateways = v6
          ? oneOf("fd00::8", "fd00::9", "fe80::9")
          : oneOf("10.0.0.8", "10.0.0.9", "fe80::9");
        const common = fc.record(
          { mtu: oneOf(1300, 1400), src: v6 ? oneOf("fd00::1") : oneOf("10.0.0.1", "10.0.0.2") },
          { requiredKeys: [] },
        );
        const there = fc.constant({ destination, ...key });
        return fc
          .oneof(
            fc.tuple(there, common, fc.record({ via: gateways, dev: oneOf("u0"), onlink: fc.boolean() })),
            fc.tuple(there, common, fc.record({ via: v6 ? oneOf("fd00::9") : oneOf("10.0.0.9") })),
            fc.tuple(
              there,
              common,
              fc.record({ dev: oneOf("u0", "u1") }),
              fc.constant(v6 || scope === undefined ? {} : { scope }),
            ),
            fc.tuple(there, fc.record({ type: oneOf("blackhole", "unreachable") })),
            fc.tuple(
              there,
              common,
              fc.record({ nexthops: v6 ? ways("fd00::9", "fd01::9") : ways("10.0.0.9", "10.0.1.9") }),
            ),
            fc.tuple(
              there,
              common,
              fc.record({ via: v6 ? oneOf("fd00::9") : oneOf("10.0.0.9"), encap: encaps }),
            ),
          )
          .map((parts) => Object.assign({}, ...parts) as Fields);
      }),
    byHand({ destination, namespace: where, via: gateway, metric, table }) {
      const names = destination === "default" ? gateway : destination;
      const [family, usual] = String(names).includes(":") ? [6, 1024] : [4, 0];
      const of = (verb: string, type: string) =>
        `${at(where)} -${family} route ${verb} ${type} ${destination}`;
      const key = `table ${table === 100 ? 100 : 254} metric ${metric || usual}`;
      const via = family === 4 ? "10.0.0.7" : "fd00::7";
      return [
        `${of("delete", "unicast")} ${key} proto 204`,
        `${of("replace", "unicast")} dev u1 ${key} proto 3`,
        `${of("replace", "blackhole")} ${key} proto 204`,
        `${of("replace", "unicast")} via ${via} ${key} proto 204 mtu 1200`,
        `${of("replace", "unicast")} encap mpls 77 via ${via} ${key} proto 204`,
        `${of("replace", "unicast")} ${key} proto 204 nexthop via ${via} dev u0 nexthop via ${via === "fd00::7" ? "fd01::7" : "10.0.1.7"} dev u1`,
      ];
    },
    onHost(host, { namespace: where, destination, table, metric, mark }) {
      const netns = where === undefined ? host.kernel.host : host.kernel.namespaces.get(String(where));
      const found = netns?.routes.find(
        (other) => other.destination === destination && other.table === table && other.metric === metric,
      );
      const nexthops = found?.nexthops?.map((hop) => ({
        ...{ via: hop.via, dev: hop.dev?.name, weight: hop.weight, onlink: hop.onlink },
        ...(hop.encap && { encap: encapOnHost(hop.encap) }),
      }));
      const encap = encapOnHost(found?.encap);
      const dev = found?.dev?.name;
      return found && { ...found, dev, encap, nexthops, mark: found.protocol === 204 ? mark : undefined };
    },
    changes: {
      "another gateway": [
        { destination: "10.50.0.0/24", via: "10.0.0.9" },
        { destination: "10.50.0.0/24", via: "10.0.0.8", mtu: 1400 },
      ],
      "no gateway any more": [
        { destination: "10.50.0.0/24", via: "10.0.0.9", src: "10.0.0.1", mtu: 1400 },
        { destination: "10.50.0.0/24", dev: "u0" },
      ],
      "another type": [
        { destination: "fd50::/64", via: "fd00::9" },
        { destination: "fd50::/64", type: "blackhole" },
      ],
      "several gateways": [
        { destination: "10.50.0.0/24", via: "10.0.0.9" },
        { destination: "10.50.0.0/24", nexthops: several },
      ],
      "other shares, then none": [
        { destination: "10.50.0.0/24", nexthops: several },
        { destination: "10.50.0.0/24", dev: "u0" },
      ],
      labels: [
        { destination: "10.50.0.0/24", via: "10.0.0.9" },
        { destination: "10.50.0.0/24", via: "10.0.0.9", encap: { mpls: [100, 200], ttl: 9 } },
      ],
      "no labels any more": [
        { destination: "fd50::/64", via: "fd00::9", encap: { mpls: [100] } },
        { destination: "fd50::/64", via: "fd00::9" },
      ],
      "another metric": [
        { destination: "10.50.0.0/24", via: "10.0.0.9" },
        { destination: "10.50.0.0/24", via: "10.0.0.9", metric: 50 },
      ],
    },
  },
  MplsLabelTable: {
    contract: mplsLabelTable,
    inputs: fc.record({ platformLabels: oneOf(100, 1000, 2000), namespace: maybe(oneOf("ns1")) }),
    byHand: ({ namespace: where }) => [written(where, `${MPLS}/platform_labels`, 500)],
    onHost: (host, { namespace: where }) => ({
      namespace: where,
      platformLabels: Number(fileOnHost(host, where, `${MPLS}/platform_labels`)),
    }),
    changes: { "another size": [{ platformLabels: 100 }, { platformLabels: 2000 }] },
  },
  MplsInput: {
    contract: mplsInput,
    inputs: fc.record({
      dev: oneOf("u0", "u1"),
      namespace: maybe(oneOf("ns1")),
      input: maybe(fc.boolean()),
    }),
    byHand: ({ namespace: where, dev }) =>
      [0, 1, 2].map((value) => written(where, `${MPLS}/conf/${dev}/input`, value)),
    onHost: (host, { namespace: where, dev }) => ({
      dev,
      namespace: where,
      input: fileOnHost(host, where, `${MPLS}/conf/${dev}/input`) !== "0",
    }),
    changes: {
      off: [{ dev: "u0" }, { dev: "u0", input: false }],
      "another device": [{ dev: "u0" }, { dev: "u1" }],
    },
  },
  MplsRoute: {
    contract: mplsRoute,
    inputs: fc
      .record(
        {
          label: oneOf(100, 200),
          namespace: oneOf("ns1"),
          ttlPropagate: oneOf(true, false, "inherit"),
        },
        { requiredKeys: ["label"] },
      )
      .chain((there) =>
        fc
          .oneof(
            fc.record(
              {
                as: oneOf([300], [300, 301]),
                via: oneOf("10.0.0.9", "fd00::9"),
                dev: oneOf("u0"),
              },
              { requiredKeys: ["via"] },
            ),
            fc.record({ dev: oneOf("u0", "u1", "lo") }),
            fc.record({
              nexthops: fc.shuffledSubarray(
                [{ as: [300], via: "10.0.0.9", dev: "u0" }, { via: "10.0.1.9", dev: "u1" }, { dev: "u1" }],
                { minLength: 2 },
              ),
            }),
          )
          .map((way): Fields => ({ ...there, ...way })),
      ),
    byHand: ({ label, namespace: where }) => [
      `${at(where)} -M route delete ${label}`,
      `${at(where)} -M route replace ${label} dev lo proto 3`,
      `${at(where)} -M route replace ${label} as 400 via inet 10.0.0.7 dev u0 proto 204`,
      `${at(where)} -M route replace ${label} proto 204 ttl-propagate disabled nexthop as 300 dev u0 nexthop dev u1`,
    ],
    onHost(host, { namespace: where, label, mark }) {
      const found = host
        .netns(where as string | undefined)
        .labelRoutes.find((other) => other.label === label);
      if (found === undefined) return undefined;
      const hops = found.hops.map(({ as, via, dev }) => ({ as: stackOnHost(as), via, dev: dev?.name }));
      const { ttlPropagate = "inherit", protocol } = found;
      const way = hops.length > 1 ? { as: [], nexthops: hops } : hops[0];
      return { namespace: where, label, ttlPropagate, mark: protocol === 204 ? mark : undefined, ...way };
    },
    changes: {
      "swapped for another": [
        { label: 100, as: [200], via: "10.0.0.9", dev: "u0" },
        { label: 100, as: [201, 202], via: "10.0.0.8", dev: "u0", ttlPropagate: false },
      ],
      "taken off": [
        { label: 100, as: [200], via: "10.0.0.9", dev: "u0", ttlPropagate: true },
        { label: 100, dev: "lo" },
      ],
      "several ways": [
        { label: 100, dev: "u0" },
        { label: 100, nexthops: [{ as: [200], dev: "u0" }, { via: "10.0.1.9" }] },
      ],
      "one way again": [
        { label: 100, nexthops: [{ as: [200], dev: "u0" }, { via: "10.0.1.9" }] },
        { label: 100, via: "10.0.1.9" },
      ],
      "another label": [
        { label: 100, dev: "lo" },
        { label: 200, dev: "lo" },
      ],
    },
  },
  Sysctl: {
    contract: sysctl,
    inputs: fc.record({
      key: oneOf("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
      value: oneOf(0, 1, "1", "2"),
      namespace: maybe(oneOf("ns1")),
    }),
    byHand: ({ namespace: where }) => {
      const tee = where === undefined ? "tee" : `ip netns exec ${where} tee`;
      return [`${tee} /proc/sys/net/ipv4/ip_forward <<< 5`];
    },
    onHost: (host, { namespace: where, key, value }) => ({
      key,
      namespace: where,
      value:
        host
          .netns(where as string)
          .files.get(`/proc/sys/${String(key).replaceAll(".", "/")}`)
          ?.replaceAll("\t", " ") ?? value,
    }),
    changes: {
      "another value": [
        { key: "net.ipv4.ip_forward", value: 1 },
        { key: "net.ipv4.ip_forward", value: 2 },
      ],
      "another key": [
        { key: "net.ipv4.ip_forward", value: 1 },
        { key: "net.ipv4.tcp_rmem", value: "4096 4096  8192" },
      ],
    },
  },
  ManagerExemption: {
    contract: managerExemption,
    inputs: fc
      .tuple(
        fc.record({ name: oneOf("pulumi-ipip", "other") }),
        oneOf(
          ...[
            { manager: "systemd-networkd" },
            { manager: "systemd-networkd", routing: true, devices: ["tun*"] },
          ],
          ...[{ manager: "systemd-networkd", routing: false, devices: ["tun?", "a0"] }],
          ...[
            { manager: "NetworkManager", devices: ["tun*"] },
            { manager: "NetworkManager", devices: ["b", "a"] },
          ],
        ),
      )
      .map((parts) => Object.assign({}, ...parts) as Fields),
    byHand: ({ manager, name }) =>
      filesOfExemption(manager, name).flatMap((path) => [
        `rm -f ${path}`,
        `tee ${path} <<< [Network]`,
        ...(path.endsWith(".network") ? [`tee ${path} <<< Name=x`] : []),
      ]),
    onHost(host, { manager, name, mark }) {
      const texts = filesOfExemption(manager, name).flatMap(
        (path) => fileOnHost(host, undefined, path) ?? [],
      );
      if (texts.length === 0) return undefined;
      const all = texts.join("\n");
      const devices = /^(?:Name|unmanaged-devices\+)=(.*)$/m.exec(all)?.[1] ?? "";
      const whole =
        texts.every((text) => text.startsWith(`# ${mark}\n`)) &&
        (manager !== "systemd-networkd" || all.includes("Foreign") || all.includes("Unmanaged=yes"));
      return {
        manager,
        name,
        devices: devices
          .replaceAll("interface-name:", "")
          .split(/[ ;]/)
          .filter((one) => one !== ""),
        routing: all.includes("ManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no"),
        mark: whole ? mark : "changed by hand",
      };
    },
    changes: {
      "other devices": [
        { manager: "NetworkManager", devices: ["tun0"] },
        { manager: "NetworkManager", devices: ["tun1", "tun0"] },
      ],
      "no devices": [{ manager: "systemd-networkd", devices: ["tun0"] }, { manager: "systemd-networkd" }],
      "devices alone": [
        { manager: "systemd-networkd" },
        { manager: "systemd-networkd", devices: ["tun0"], routing: false },
      ],
      "another name": [{ manager: "systemd-networkd" }, { manager: "systemd-networkd", name: "other" }],
    },
  },
  Rule: {
    contract: rule,
    inputs: fc.record(
      {
        priority: oneOf(100, 200),
        namespace: oneOf("ns1"),
        family: oneOf("inet", "inet6"),
        not: fc.boolean(),
        from: oneOf("10.0.0.0/8", "fd00::/8", "all"),
        to: oneOf("10.1.0.0/16"),
        iif: oneOf("u0", "gone0"),
        tos: oneOf(16),
        fwmark: oneOf(0, "0x10/0xff"),
        sport: oneOf(80, "100-200"),
        uidrange: oneOf(0, "5-9"),
        table: oneOf(100, "main"),
        action: oneOf("lookup", "blackhole"),
        l3mdev: fc.boolean(),
        suppressPrefixLength: oneOf(0, 8),
      },
      { requiredKeys: ["priority"] },
    ),
    byHand({ priority, family, from, namespace: where }) {
      const v6 = family === "inet6" || String(from).includes(":");
      const of = (verb: string) => `${at(where)} -${v6 ? 6 : 4} rule ${verb} priority ${priority}`;
      return [
        `${of("delete")} protocol 204`,
        `${of("add")} iif u1 table 55 protocol 204`,
        `${of("add")} not table 254 protocol 204`,
        `${of("add")} blackhole protocol 204`,
      ];
    },
    onHost(host, { namespace: where, family, priority, mark }) {
      const netns = host.netns(where as string | undefined);
      const number = family === "inet6" ? 6 : 4;
      const [found, ...more] = netns.rules.filter(
        (one) => one.family === number && one.priority === priority,
      );
      if (found === undefined || more.length > 0) return undefined;
      const { not, protocol, said } = found;
      const { from = "all", to = "all", iif = "any", tos = "0", sport = "any", uidrange = "any" } = said;
      return {
        ...{ priority, family, not, from, to, iif, sport, uidrange, namespace: where },
        tos: Number(tos),
        fwmark: said.fwmark?.replace("/0xffffffff", "") ?? "any",
        table: said.table && Number(said.table),
        action: said.action ?? "lookup",
        l3mdev: "l3mdev" in said,
        suppressPrefixLength: said.suppress_prefixlength ? Number(said.suppress_prefixlength) : "none",
        mark: protocol === 204 ? mark : undefined,
      };
    },
    changes: {
      "another table": [
        { priority: 100, from: "10.0.0.0/8", table: 100 },
        { priority: 100, from: "10.0.0.0/8", table: 101 },
      ],
      "from all, where it was from a network": [
        { priority: 100, from: "10.0.0.0/8", table: 100 },
        { priority: 100, table: 100 },
      ],
      "the same turned around": [
        { priority: 100, from: "fd00::/8", table: 100 },
        { priority: 100, from: "fd00::/8", table: 100, not: true },
      ],
      "another priority": [
        { priority: 100, iif: "u0", action: "prohibit" },
        { priority: 200, iif: "u0", action: "prohibit" },
      ],
    },
  },
  Address: {
    contract: address,
    inputs: fc.record(
      {
        dev: oneOf("u0", "lo"),
        address: oneOf("10.0.0.3/24", "192.168.7.1/32", "fd07::1/64", "fd07::1/128"),
        namespace: oneOf("ns1"),
        peer: oneOf("192.168.9.9", "fd07::9"),
        broadcast: oneOf("10.0.0.255"),
        label: oneOf("u0:x", "lo"),
        scope: oneOf("link"),
        noprefixroute: fc.boolean(),
        nodad: fc.boolean(),
        preferredLft: oneOf("forever", 0),
      },
      { requiredKeys: ["dev", "address"] },
    ),
    byHand({ address: text, peer, dev, namespace: where }) {
      const [local, length] = String(text).split("/");
      const words = `${peer === undefined ? text : `${local} peer ${peer}/${length}`} dev ${dev}`;
      return [
        `${at(where)} address delete ${words}`,
        `${at(where)} address add ${words} preferred_lft 0`,
        `${at(where)} address add ${words} noprefixroute`,
        `${at(where)} address replace ${words} preferred_lft 0`,
      ];
    },
    onHost(host, { namespace: where, dev, address: text }) {
      const device = deviceOnHost(host, where, dev)?.device;
      const found = device?.addresses.find(({ local, length }) => `${local}/${length}` === text);
      const { deprecated, ...said } = found?.said ?? {};
      return (
        found && {
          ...{ ...said, dev, namespace: where, address: text, peer: found.peer },
          preferredLft: deprecated ? 0 : "forever",
        }
      );
    },
    changes: {
      "no longer preferred": [
        { dev: "lo", address: "192.168.7.1/32" },
        { dev: "lo", address: "192.168.7.1/32", preferredLft: 0 },
      ],
      "another label": [
        { dev: "u0", address: "10.0.0.3/24" },
        { dev: "u0", address: "10.0.0.3/24", label: "u0:x", broadcast: "10.0.0.255" },
      ],
      "another prefix length": [
        { dev: "u0", address: "fd07::1/64", nodad: true },
        { dev: "u0", address: "fd07::1/128" },
      ],
      "another device": [
        { dev: "u0", address: "192.168.7.1/32", peer: "192.168.9.9" },
        { dev: "u1", address: "192.168.7.1/32", peer: "192.168.9.9" },
      ],
    },
  },
  Link: {
    contract: link,
    inputs: fc.record(
      {
        dev: oneOf("u2"),
        namespace: oneOf("ns1"),
        mtu: oneOf(1000, 1400, 9000),
        up: fc.boolean(),
        txqlen: oneOf(0, 500),
        alias: oneOf("", "to the rack"),
        group: oneOf(7, "default"),
      },
      { requiredKeys: ["dev"] },
    ),
    // What the program leaves alone is nobody's to put back.
    byHand: ({ dev, namespace: where, ...set }) =>
      Object.entries({
        mtu: ["mtu 1300", "mtu 900"],
        up: ["up", "down"],
        txqlen: ["txqueuelen 5"],
        alias: ["alias something"],
        group: ["group 3"],
      })
        .filter(([key]) => set[key] !== undefined)
        .flatMap(([, words]) => words.map((some) => `${at(where)} link set dev ${dev} ${some}`)),
    onHost(host, { namespace: where, dev }) {
      const device = deviceOnHost(host, where, dev)?.device;
      if (device === undefined) return undefined;
      const { mtu, up, txqlen, group, alias = "" } = device;
      return { dev, namespace: where, mtu, up, txqlen, group, alias };
    },
    changes: {
      "other values": [
        { dev: "u2", mtu: 1400, txqlen: 500 },
        { dev: "u2", mtu: 9000, txqlen: 0, alias: "to the rack" },
      ],
      "down, and some let go": [
        { dev: "u2", up: true, group: 7, alias: "to the rack" },
        { dev: "u2", up: false },
      ],
      "another device": [
        { dev: "u2", mtu: 1400 },
        { dev: "u0", mtu: 1400 },
      ],
    },
  },
  FouPort: {
    contract: fouPort,
    inputs: fc
      .tuple(
        fc.record({ port: oneOf(5555, 5556), namespace: maybe(oneOf("ns1")) }),
        oneOf({ encap: "gue" }, { ipproto: "ipip" }, { ipproto: 4, encap: "fou" }, { ipproto: "gre" }),
        oneOf({}, { family: 4 }, { family: 6 }, { local: "10.0.0.1" }, { local: "fd00::1" }),
        oneOf({}, {}, { peer: "10.0.0.9", peerPort: 7 }, { peer: "fd00::9", peerPort: 7 }),
        oneOf({}, {}, { dev: "u0" }),
      )
      .map((parts) => Object.assign({}, ...parts) as Fields),
    byHand({ namespace: where, port, family, local, peer, peerPort, dev }) {
      const of = (verb: string) =>
        `${at(where)} fou ${verb} ${family === 6 || `${local} ${peer}`.includes(":") ? "-6 " : ""}port ${port}`;
      const source = `${peer}`.includes(":") ? "fd00::1" : "10.0.0.1";
      const ends = [
        local !== undefined && `local ${local}`,
        peer !== undefined && `peer ${peer} peer_port ${peerPort}`,
        dev !== undefined && `dev ${dev}`,
      ].filter((part) => part !== false);
      const chosen = local === undefined && peer !== undefined ? [`local ${source}`] : [];
      return [
        [of("delete"), ...chosen, ...ends].join(" "),
        [of("add"), ...ends, "gue"].join(" "),
        [of("add"), ...ends, "ipproto 47"].join(" "),
        ...(local === undefined && peer === undefined && family !== 6
          ? [`${of("add")} peer 10.0.0.9 peer_port 9 gue`]
          : []),
      ];
    },
    onHost(host, { namespace: where, port, family, local }) {
      const netns = where === undefined ? host.kernel.host : host.kernel.namespaces.get(String(where));
      const found = netns?.fous.find(
        (other) =>
          other.port === port &&
          other.family === family &&
          (other.local ?? "any") === (other.peer !== undefined && local === "any" ? other.local : local),
      );
      if (found === undefined) return undefined;
      const encap = found.ipproto === undefined ? "gue" : "fou";
      return { ...found, encap, local, peer: found.peer ?? "any", dev: found.dev?.name, namespace: where };
    },
    changes: {
      "another protocol": [
        { port: 5555, ipproto: "ipip" },
        { port: 5555, ipproto: "gre" },
      ],
      "another encapsulation": [
        { port: 5555, ipproto: "ipip" },
        { port: 5555, encap: "gue" },
      ],
      "another port": [
        { port: 5555, encap: "gue" },
        { port: 5556, encap: "gue" },
      ],
      "one sender": [
        { port: 5555, encap: "gue", local: "10.0.0.1", dev: "u0" },
        { port: 5555, encap: "gue", peer: "10.0.0.9", peerPort: 7 },
      ],
    },
  },
  MssClamp: {
    contract: mssClamp,
    inputs: fc.record({
      dev: oneOf("u0", "u1"),
      namespace: maybe(oneOf("ns1")),
      ipv4: maybe(oneOf("pmtu", "none", 1360, 1400)),
      ipv6: maybe(oneOf("pmtu", "none", 1340)),
    }),
    byHand({ dev, namespace: where }) {
      const nft = where === undefined ? "nft" : `ip netns exec ${where} nft`;
      const table = `pulumi_ipip_mss_${dev}`;
      return [
        `${nft} delete table inet ${table}`,
        `${nft} create table inet ${table}`,
        `${nft} flush chain inet ${table} output`,
        `${nft} add rule inet ${table} forward drop`,
        `${nft} add chain inet ${table} input { type filter hook input priority -150; policy drop; }`,
      ];
    },
    onHost(host, { namespace: where, dev, mark }) {
      const netns = where === undefined ? host.kernel.host : host.kernel.namespaces.get(String(where));
      const table = netns?.tables.get(`pulumi_ipip_mss_${dev}`);
      if (table === undefined) return undefined;
      const rules = [...table.values()].flatMap((chain) => chain.rules);
      const sizes = (family: string) => {
        const found = rules.flatMap(
          (rule) =>
            new RegExp(`^[io]ifname "${dev}" .* ${family} .* set (rt mtu|\\d+) comment "${mark}"$`).exec(
              rule,
            )?.[1] ?? [],
        );
        return found.length === 0
          ? "none"
          : found.length === 3 && new Set(found).size === 1
            ? found[0] === "rt mtu"
              ? "pmtu"
              : Number(found[0])
            : found;
      };
      const [ipv4, ipv6] = [sizes("ipv4"), sizes("ipv6")];
      const others = rules.length - [ipv4, ipv6].filter((size) => size !== "none").length * 3;
      return { dev, namespace: where, ipv4, ipv6, mark: others === 0 && table.size === 2 ? mark : "altered" };
    },
    changes: {
      "another size": [{ dev: "u0" }, { dev: "u0", ipv4: 1400, ipv6: "none" }],
      "another device": [{ dev: "u0" }, { dev: "u1" }],
    },
  },
};
