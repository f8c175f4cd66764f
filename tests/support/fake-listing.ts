import { type Address, type Device, type FakeKernel, type Netns, running } from "./fake-kernel";
import type { FakeEncap, FakeHop, FakeRoute } from "./fake-routes";
import { KINDS, tunnelJson } from "./fake-tunnels";

/** What `ip -json` prints of the fake kernel, in the form of iproute2 6.1. */

const LINK_TYPES: Readonly<Record<Device["kind"], string>> = {
  loopback: "loopback",
  veth: "ether",
  dummy: "ether",
  ipip: "ipip",
  sit: "sit",
  ip6tnl: "tunnel6",
  gre: "gre",
  ip6gre: "gre6",
};

const FLAGS = {
  loopback: ["LOOPBACK"],
  dummy: ["BROADCAST", "NOARP"],
  veth: ["BROADCAST", "MULTICAST"],
};

export function namespaceListing(kernel: FakeKernel): string {
  const entries = [...kernel.namespaces].map(([name, netns]) => ({ name, id: idOf(netns) }));
  return `${JSON.stringify(entries.reverse())}\n`;
}

/** The number that other namespaces give one; that of the host's own is no named one's. */
function idOf(netns: Netns): number {
  return [...netns.kernel.namespaces.values()].indexOf(netns) + 1;
}

export function addressListing(devices: readonly Device[]): string {
  return `${JSON.stringify(devices.map(linkJson))}\n`;
}

function linkJson(device: Device): object {
  const { ifindex, kind, netns, peer, tunnel, alias } = device;
  const elsewhere = peer !== undefined && peer.netns !== netns;
  return {
    ifindex,
    ...(elsewhere && { link_index: peer.ifindex }),
    ...(peer !== undefined && !elsewhere && { link: peer.name }),
    ...(tunnel !== undefined && { link: tunnel.dev === undefined ? null : nameOf(tunnel.dev) }),
    ifname: device.name,
    flags: flagsOf(device),
    mtu: device.mtu,
    qdisc: device.up ? "noqueue" : "noop",
    operstate: stateOf(device),
    group: String(device.group),
    ...(device.txqlen !== 0 && { txqlen: device.txqlen }),
    link_type: LINK_TYPES[kind],
    address:
      tunnel === undefined
        ? device.mac
        : tunnel.local.replace("any", KINDS[tunnel.kind].family === 4 ? "0.0.0.0" : "::"),
    ...(elsewhere && { link_netnsid: idOf(peer.netns) }),
    promiscuity: 0,
    ...(kind !== "loopback" && {
      linkinfo: {
        info_kind: kind,
        ...(tunnel && { info_data: tunnelJson(tunnel, tunnel.dev && nameOf(tunnel.dev)) }),
      },
    }),
    ...(alias !== undefined && { ifalias: alias }),
    addr_info: device.addresses.map((address) => addressJson(device, address)),
  };
}

function addressJson(device: Device, { local, length, peer, secondary, said = {} }: Address): object {
  const v6 = local.includes(":");
  const scope = v6 ? (local.startsWith("fe80:") ? "link" : local === "::1" ? "host" : "global") : undefined;
  const { broadcast, label, noprefixroute, nodad, deprecated } = said;
  return {
    family: v6 ? "inet6" : "inet",
    local,
    ...(peer !== undefined && { address: peer }),
    prefixlen: length,
    ...(broadcast !== undefined && { broadcast }),
    scope: scope ?? said.scope ?? (local.startsWith("127.") ? "host" : "global"),
    ...(secondary && { secondary }),
    ...(deprecated && { deprecated }),
    ...(noprefixroute && { noprefixroute }),
    ...(v6 && nodad && { nodad }),
    ...(!v6 && { label: label ?? device.name }),
    valid_life_time: 4_294_967_295,
    preferred_life_time: 4_294_967_295,
  };
}

/** A device below that is gone is known by its number only. */
export function nameOf(device: Device): string {
  return isThere(device) ? device.name : `if${device.ifindex}`;
}

function isThere(device: Device): boolean {
  return device.netns.devices.includes(device);
}

function flagsOf(device: Device): string[] {
  const { up, kind, peer, tunnel, multicast } = device;
  const below = peer ?? tunnel?.dev;
  const own =
    tunnel === undefined
      ? FLAGS[kind as keyof typeof FLAGS]
      : [...(tunnel.remote === "any" ? [] : ["POINTOPOINT"]), ...(multicast ? ["MULTICAST"] : []), "NOARP"];
  return [
    ...(up && !running(device) ? ["NO-CARRIER"] : []),
    ...own,
    ...(up ? ["UP"] : []),
    ...(running(device) ? ["LOWER_UP"] : []),
    ...(below !== undefined && below.netns === device.netns && isThere(below) && !below.up ? ["M-DOWN"] : []),
  ];
}

function stateOf(device: Device): string {
  if (!device.up) return "DOWN";
  if (device.kind !== "veth") return "UNKNOWN";
  return running(device) ? "UP" : "LOWERLAYERDOWN";
}

const TYPES = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
];
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254 };

/** The listing of one table does not name it, nor that of one protocol; one table's is of IPv4. */
export function routeListing(
  netns: Netns,
  table: string,
  protocol: number | undefined,
  asked: (route: FakeRoute) => boolean,
): string {
  const entries = netns.routes
    .filter((route) => asked(route) && (protocol === undefined || route.protocol === protocol))
    .filter((route) => table === "all" || (route.family === 4 && String(route.table) === table))
    .map(routeJson)
    .map(({ table: ofTable, protocol: bears, ...rest }) => ({
      ...rest,
      ...(table === "all" && { table: ofTable }),
      ...(protocol === undefined && { protocol: bears }),
    }));
  return `${JSON.stringify(entries).replaceAll(`${TWICE}dst`, "dst")}\n`;
}

/** What stands before a key that iproute2 prints a second time. */
const TWICE = "second:";

function encapJson(encap: FakeEncap | undefined, key: string): object {
  if (encap === undefined) return {};
  return { encap: "mpls", [key]: encap.mpls, ...(encap.ttl !== undefined && { ttl: encap.ttl }) };
}

function viaJson(family: 4 | 6, via: string | undefined): object {
  if (via === undefined) return {};
  return via.includes(":") && family === 4 ? { via: { family: "inet6", host: via } } : { gateway: via };
}

function hopJson(family: 4 | 6, { via, dev, weight, onlink, encap }: FakeHop): object {
  return {
    ...encapJson(encap, "dst"),
    ...viaJson(family, via),
    ...(dev !== undefined && { dev: dev.name }),
    weight,
    flags: [
      ...(onlink ? ["onlink"] : []),
      ...(dev?.up === false ? ["dead"] : []),
      ...(dev !== undefined && !running(dev) ? ["linkdown"] : []),
    ],
  };
}

function routeJson(route: FakeRoute): Record<string, unknown> {
  const { family, type, destination, via, dev, table, protocol, scope, src, metric, mtu, onlink } = route;
  const alone = family === 4 ? "/32" : "/128";
  const shown = destination.endsWith(alone) ? destination.slice(0, -alone.length) : destination;
  return {
    type: String(TYPES.indexOf(type)),
    dst: ["0.0.0.0/0", "::/0"].includes(destination) ? "default" : shown,
    ...encapJson(route.encap, `${TWICE}dst`),
    ...viaJson(family, via),
    ...(dev !== undefined && { dev: dev.name }),
    table: String(table),
    protocol: String(protocol),
    scope: String(SCOPES[scope]),
    ...(src !== undefined && { prefsrc: src }),
    ...((metric !== 0 || family === 6) && { metric }),
    flags: [...(onlink ? ["onlink"] : []), ...(dev !== undefined && !running(dev) ? ["linkdown"] : [])],
    ...(mtu !== undefined && { metrics: [{ mtu }] }),
    ...(family === 6 && { pref: "medium" }),
    ...(route.nexthops && { nexthops: route.nexthops.map((hop) => hopJson(family, hop)) }),
  };
}
