import { Configured } from "./configured";
import { door, type Provider } from "./dynamic";
import type { Connection } from "./host/connection";
import type { Host } from "./host/host";
import { hostFor } from "./host/session";
import { onWait } from "./host/waits";
import { addressesLookup } from "./lookups/addresses";
import { linkLookup, linksLookup } from "./lookups/links";
import { Looking } from "./lookups/looking";
import type { Lookup } from "./lookups/lookup";
import { namespaceLookup, namespacesLookup } from "./lookups/namespaces";
import { routesLookup } from "./lookups/routes";
import { rulesLookup } from "./lookups/rules";
import { tunnelLookup, tunnelsLookup } from "./lookups/tunnels";
import { Watch, Watched } from "./manager/watched";
import { persistent } from "./persist/persistent";
import { Probing } from "./probing";
import { showWaits, warn } from "./progress";
import type { Contract, Probe, ResourceType } from "./resource";
import { address } from "./resources/address";
import { fouPort } from "./resources/fou-port";
import { greTunnel } from "./resources/gre-tunnel";
import { ip6GreTunnel } from "./resources/ip6-gre-tunnel";
import { ip6Tunnel } from "./resources/ip6-tunnel";
import { ipipTunnel } from "./resources/ipip-tunnel";
import { link } from "./resources/link";
import { managerExemption } from "./resources/manager-exemption";
import { mplsInput } from "./resources/mpls-input";
import { mplsLabelTable } from "./resources/mpls-label-table";
import { mplsRoute } from "./resources/mpls-route";
import { mssClamp } from "./resources/mss-clamp";
import { namespace } from "./resources/namespace";
import { route } from "./resources/route";
import { rule } from "./resources/rule";
import { sitTunnel } from "./resources/sit-tunnel";
import { sysctl } from "./resources/sysctl";
import { tunnelProbe } from "./resources/tunnel-probe";
import { vethPair } from "./resources/veth-pair";
import type { Service } from "./service";

/** contracts are the types of object by their names. */
export const contracts: Readonly<Record<string, Contract>> = {
  Address: address,
  IpipTunnel: ipipTunnel,
  GreTunnel: greTunnel,
  Ip6GreTunnel: ip6GreTunnel,
  Ip6Tunnel: ip6Tunnel,
  SitTunnel: sitTunnel,
  Link: link,
  ManagerExemption: managerExemption,
  FouPort: fouPort,
  MssClamp: mssClamp,
  MplsInput: mplsInput,
  MplsLabelTable: mplsLabelTable,
  MplsRoute: mplsRoute,
  Namespace: namespace,
  Route: route,
  Rule: rule,
  Sysctl: sysctl,
  VethPair: vethPair,
};

const probes: Readonly<Record<string, Probe>> = { TunnelProbe: tunnelProbe };

export type Services = Readonly<Record<string, Service<ResourceType>>>;

/** servicesOver makes what serves each type, on hosts that a function gives. */
export function servicesOver(open: (connection: Connection) => Host): Services {
  const watch = new Watch(warn);
  return {
    ...each(contracts, (contract) => new Watched(persistent(contract), open, watch)),
    ...each(probes, (probe) => new Probing(probe, open)),
  };
}

export { Configured };

const configured = new Configured();

/**
 * The one thing that the text in Pulumi's state loads: `require("pulumi-ipip/provider").handlers.IpipTunnel`. This
 * path and these names never move, or old stacks could be neither refreshed nor destroyed.
 */
export const handlers: Readonly<Record<string, Provider>> = each(servicesOver(hostFor), (service) =>
  door(service, configured),
);

/** lookups are the questions of programs about what is on a host. */
export const lookups: readonly Lookup[] = [
  addressesLookup,
  linkLookup,
  linksLookup,
  namespaceLookup,
  namespacesLookup,
  routesLookup,
  rulesLookup,
  tunnelLookup,
  tunnelsLookup,
];

/** lookingOver makes what answers them, on hosts that a function gives. */
export function lookingOver(open: (connection: Connection) => Host): Looking {
  const tunnels = {
    ipip: ipipTunnel,
    sit: sitTunnel,
    ip6tnl: ip6Tunnel,
    gre: greTunnel,
    ip6gre: ip6GreTunnel,
  };
  return new Looking(tunnels, open);
}

/** looking answers the lookups of a program, in its own process. */
export const looking = lookingOver(hostFor);

function each<T, U>(types: Readonly<Record<string, T>>, make: (one: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(types).map(([type, one]) => [type, make(one)]));
}

onWait(showWaits);
