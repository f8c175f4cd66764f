import fc from "fast-check";
import type { Contract, Probe } from "../../provider/resource";
import { ipipTunnel } from "../../provider/resources/ipip-tunnel";
import { namespace } from "../../provider/resources/namespace";
import { route } from "../../provider/resources/route";
import { sysctl } from "../../provider/resources/sysctl";
import { tunnelProbe } from "../../provider/resources/tunnel-probe";
import { vethPair } from "../../provider/resources/veth-pair";
import type { Fields } from "../../provider/state";
import { FakeHost } from "./fake-host";

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

/** playground is a host with what the samples stand on: two namespaces, and a pair of devices in each and outside. */
export function playground(modules?: readonly string[]): FakeHost {
  const host = new FakeHost(modules);
  host.byHand("ip netns add ns1", "ip netns add ns2");
  for (const at of ["ip", "ip -n ns1", "ip -n ns2"]) {
    host.byHand(
      `${at} link set dev lo up`,
      `${at} link add name u0 type veth peer name u1`,
      `${at} link set dev u0 up`,
      `${at} link set dev u1 up`,
      `${at} address add 10.0.0.1/24 dev u0`,
      `${at} address add 10.0.0.2/24 dev u0`,
      `${at} address add fd00::1/64 dev u0`,
      `${at} address add 10.0.1.1/24 dev u1`,
    );
  }
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

const tunnel = { name: "tun0", local: "10.0.0.1", remote: "10.0.0.9" };
const pair = { a: { name: "va", namespace: "ns1" }, b: { name: "vb" } };

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
  IpipTunnel: {
    contract: ipipTunnel,
    inputs: fc.record({
      name: oneOf("tun0", "tun1"),
      namespace: maybe(oneOf("ns1")),
      local: maybe(oneOf("10.0.0.1", "10.0.0.2", "any")),
      remote: maybe(oneOf("10.0.0.8", "10.0.0.9", "any")),
      dev: maybe(oneOf("u0", "u1")),
      ttl: maybe(oneOf(0, 64, "inherit")),
      tos: maybe(oneOf("inherit", 0, 16, "0x20")),
      pmtudisc: maybe(fc.boolean()),
      mtu: maybe(oneOf(1000, 1400, 1480)),
      addresses: maybe(addresses),
      up: maybe(fc.boolean()),
    }),
    byHand: ({ name, namespace: where, mtu }) => [
      ...deviceByHand(at(where), String(name), mtu),
      `${at(where)} link change name ${name} type ipip mode ipip local 10.0.0.1 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc`,
      `${at(where)} link change name ${name} type ipip mode ipip local any remote 10.0.0.8 ttl inherit tos 0x0 nopmtudisc`,
      `${at(where)} link change name ${name} type ipip mode ipip local 10.0.0.2 remote 10.0.0.9 ttl 3 tos 0x8 pmtudisc dev u1`,
      `${at(where)} link add name ${name} type ipip mode ipip local 10.0.0.2 remote any ttl inherit tos 0x0 pmtudisc`,
    ],
    onHost(host, { namespace: where, name }) {
      const found = deviceOnHost(host, where, name);
      const parameters = found?.device.tunnel;
      return parameters && { ...found.fields, ...parameters, dev: parameters.dev?.name, namespace: where };
    },
    changes: {
      parameters: [tunnel, { ...tunnel, ttl: 64, tos: 16, remote: "10.0.0.8" }],
      "a device below": [
        { ...tunnel, mtu: 1400 },
        { ...tunnel, mtu: 1400, dev: "u0" },
      ],
      "addresses, mtu": [
        { ...tunnel, addresses: ["192.168.7.1/24", "192.168.7.2/24", "fd07::1/64"] },
        { ...tunnel, addresses: ["192.168.7.2/24", "192.168.7.3/24"], mtu: 1000 },
      ],
      "addresses let go": [
        { ...tunnel, addresses: ["192.168.7.1/24", "192.168.7.2/24", "192.168.7.3/24", "fd07::1/64"] },
        tunnel,
      ],
      "down, with IPv6": [
        { ...tunnel, addresses: ["fd07::1/64", "192.168.7.1/24"] },
        { ...tunnel, addresses: ["fd07::2/64", "192.168.7.1/24"], up: false },
      ],
      "any remote": [tunnel, { ...tunnel, remote: "any" }],
    },
  },
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
      ];
    },
    onHost(host, { namespace: where, destination, table, metric, mark }) {
      const netns = where === undefined ? host.kernel.host : host.kernel.namespaces.get(String(where));
      const found = netns?.routes.find(
        (other) => other.destination === destination && other.table === table && other.metric === metric,
      );
      return found && { ...found, dev: found.dev?.name, mark: found.protocol === 204 ? mark : undefined };
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
      "another metric": [
        { destination: "10.50.0.0/24", via: "10.0.0.9" },
        { destination: "10.50.0.0/24", via: "10.0.0.9", metric: 50 },
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
};
