import { addressesLookup } from "../provider/lookups/addresses";
import { linkLookup, linksLookup } from "../provider/lookups/links";
import { namespaceLookup, namespacesLookup } from "../provider/lookups/namespaces";
import { routesLookup } from "../provider/lookups/routes";
import { rulesLookup } from "../provider/lookups/rules";
import { tunnelLookup, tunnelsLookup } from "../provider/lookups/tunnels";
import { address } from "../provider/resources/address";
import { fouPort } from "../provider/resources/fou-port";
import { greTunnel } from "../provider/resources/gre-tunnel";
import { ip6GreTunnel } from "../provider/resources/ip6-gre-tunnel";
import { ip6Tunnel } from "../provider/resources/ip6-tunnel";
import { ipipTunnel } from "../provider/resources/ipip-tunnel";
import { link } from "../provider/resources/link";
import { managerExemption } from "../provider/resources/manager-exemption";
import { mplsInput } from "../provider/resources/mpls-input";
import { mplsLabelTable } from "../provider/resources/mpls-label-table";
import { mplsRoute } from "../provider/resources/mpls-route";
import { mssClamp } from "../provider/resources/mss-clamp";
import { namespace } from "../provider/resources/namespace";
import { route } from "../provider/resources/route";
import { rule } from "../provider/resources/rule";
import { sitTunnel } from "../provider/resources/sit-tunnel";
import { sysctl } from "../provider/resources/sysctl";
import { tunnelProbe } from "../provider/resources/tunnel-probe";
import { vethPair } from "../provider/resources/veth-pair";
import { dynamic } from "./door";
import { tunnelLink } from "./link/args";
import { linkClass } from "./link/link";
import { lookup, lookupOutput } from "./lookup";
import { tunnelMesh } from "./mesh/args";
import { meshClass } from "./mesh/mesh";
import { providerClass } from "./provider";
import { resource } from "./resource";

export type { FoundTunnel } from "../provider/lookups/tunnels";
export type { Tunnel } from "./link/parts";
export type { LookupOptions } from "./lookup";
export type { ProviderArgs } from "./provider";
export type { ConnectionArgs, Named } from "./resource";

export class Namespace extends resource(namespace, dynamic) {}
export class VethPair extends resource(vethPair, dynamic) {}
export class IpipTunnel extends resource(ipipTunnel, dynamic) {}
export class GreTunnel extends resource(greTunnel, dynamic) {}
export class Ip6GreTunnel extends resource(ip6GreTunnel, dynamic) {}
export class Ip6Tunnel extends resource(ip6Tunnel, dynamic) {}
export class SitTunnel extends resource(sitTunnel, dynamic) {}
export class Route extends resource(route, dynamic) {}
export class Sysctl extends resource(sysctl, dynamic) {}
export class TunnelProbe extends resource(tunnelProbe, dynamic) {}
export class MplsLabelTable extends resource(mplsLabelTable, dynamic) {}
export class MplsInput extends resource(mplsInput, dynamic) {}
export class MplsRoute extends resource(mplsRoute, dynamic) {}
export class FouPort extends resource(fouPort, dynamic) {}
export class MssClamp extends resource(mssClamp, dynamic) {}
export class Rule extends resource(rule, dynamic) {}
export class Address extends resource(address, dynamic) {}
export class Link extends resource(link, dynamic) {}
export class ManagerExemption extends resource(managerExemption, dynamic) {}

export class TunnelLink extends linkClass(tunnelLink, {
  tunnels: { ipip: IpipTunnel, sit: SitTunnel, gre: GreTunnel, ip6tnl: Ip6Tunnel, ip6gre: Ip6GreTunnel },
  route: Route,
  sysctl: Sysctl,
  port: FouPort,
  clamp: MssClamp,
  probe: TunnelProbe,
}) {}
export class TunnelMesh extends meshClass(tunnelMesh, TunnelLink) {}

export class Provider extends providerClass(dynamic) {}

export const getNamespace = lookup(namespaceLookup);
export const getNamespaceOutput = lookupOutput(namespaceLookup);
export const getNamespaces = lookup(namespacesLookup);
export const getNamespacesOutput = lookupOutput(namespacesLookup);
export const getTunnel = lookup(tunnelLookup);
export const getTunnelOutput = lookupOutput(tunnelLookup);
export const getTunnels = lookup(tunnelsLookup);
export const getTunnelsOutput = lookupOutput(tunnelsLookup);
export const getLink = lookup(linkLookup);
export const getLinkOutput = lookupOutput(linkLookup);
export const getLinks = lookup(linksLookup);
export const getLinksOutput = lookupOutput(linksLookup);
export const getAddresses = lookup(addressesLookup);
export const getAddressesOutput = lookupOutput(addressesLookup);
export const getRoutes = lookup(routesLookup);
export const getRoutesOutput = lookupOutput(routesLookup);
export const getRules = lookup(rulesLookup);
export const getRulesOutput = lookupOutput(rulesLookup);
