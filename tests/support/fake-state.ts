import { fouListing } from "./fake-fou";
import type { Address, Device, FakeKernel, Netns } from "./fake-kernel";
import { labelState } from "./fake-mpls";
import { listing } from "./fake-nft";
import type { FakeHop, FakeRoute } from "./fake-routes";
import { ruleState } from "./fake-rules";

const KERNEL_PROTOCOL = 2;

/** stateOf is all that a fake kernel has, as text that two states are compared by and that a person can read. */
export function stateOf(kernel: FakeKernel): string {
  const named = [...kernel.namespaces].sort(([one], [other]) => (one < other ? -1 : 1));
  return [["the host's own", kernel.host] as const, ...named]
    .map(([name, netns]) => netnsState(name, netns))
    .join("\n");
}

function netnsState(name: string, netns: Netns): string {
  return [
    `namespace ${name}`,
    ...netns.devices.map(deviceState).sort(),
    ...netns.routes
      .filter((route) => !isLinkLocal(route.destination))
      .map(routeState)
      .sort(),
    ...netns.rules.map(ruleState),
    ...(netns.fous.length > 0 ? [`fou ${fouListing(netns).trim()}`] : []),
    ...[...netns.tables].map(([table, chains]) => listing(table, chains)).sort(),
    ...netns.labelRoutes.map(labelState).sort(),
    ...[...netns.files].map(([path, text]) => `${path} = ${text}`).sort(),
  ].join("\n  ");
}

function deviceState(device: Device): string {
  const { name, kind, up, mtu, txqlen, group, alias, peer, tunnel, addresses, multicast } = device;
  return words(
    `device ${name} ${kind} ${up ? "up" : "down"} mtu ${mtu} txqlen ${txqlen} group ${group}`,
    alias && `alias ${alias}`,
    multicast && "multicast",
    peer && `peer ${peer.name}`,
    tunnel && `${tunnel.local}>${tunnel.remote} ${JSON.stringify(tunnel.parameters)}`,
    tunnel?.dev && `dev ${tunnel.dev.name}`,
    ...addresses
      .map(addressState)
      // The kernel makes one up of a device's number, and gives `lo` its own when it comes up.
      .filter((address) => !isLinkLocal(address) && !["127.0.0.1/8", "::1/128"].includes(address))
      .sort(),
  );
}

function addressState({ local, length, peer, said = {} }: Address): string {
  const { deprecated, noprefixroute, nodad, ...named } = said;
  return words(
    `${local}${peer ? ` peer ${peer}` : ""}/${length}`,
    ...Object.entries(named).map(([word, value]) => value && `${word} ${value}`),
    ...Object.entries({ deprecated, noprefixroute, nodad }).map(([word, holds]) => holds && word),
  );
}

function routeState({
  type,
  destination,
  via,
  dev,
  table,
  metric,
  protocol,
  scope,
  src,
  mtu,
  onlink,
  encap,
  nexthops = [],
}: FakeRoute): string {
  return words(
    `route ${type} ${destination} table ${table} metric ${metric} proto ${protocol} scope ${scope}`,
    via && `via ${via}`,
    dev && `dev ${dev.name}`,
    // Which of several addresses a subnet's own route names follows from the order in which they came.
    src && protocol !== KERNEL_PROTOCOL && `src ${src}`,
    mtu && `mtu ${mtu}`,
    onlink && "onlink",
    encap && `encap ${encap.mpls} ttl ${encap.ttl}`,
    ...nexthops.map(hopState).sort(),
  );
}

function hopState({ via, dev, weight, onlink, encap }: FakeHop): string {
  return words(
    `nexthop weight ${weight}`,
    via && `via ${via}`,
    dev && `dev ${dev.name}`,
    onlink && "onlink",
    encap && `encap ${encap.mpls} ttl ${encap.ttl}`,
  );
}

function isLinkLocal(address: string): boolean {
  return /^fe80:.*\/(64|128)$/.test(address);
}

function words(...parts: readonly (string | number | boolean | undefined)[]): string {
  return parts.filter((part) => typeof part === "string" && part !== "").join(" ");
}
