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
import { plugin } from "./door";
import { invoke, invokeOutput } from "./invoke";
import { tunnelLink } from "./link/args";
import { linkClass } from "./link/link";
import { tunnelMesh } from "./mesh/args";
import { meshClass } from "./mesh/mesh";
import { providerClass } from "./provider";
import { resource } from "./resource";

export type { FoundTunnel } from "../provider/lookups/tunnels";
export type { Tunnel } from "./link/parts";
export type { LookupOptions } from "./lookup";
export type { ProviderArgs } from "./provider";
export type { ConnectionArgs, Named } from "./resource";

export class Namespace extends resource(namespace, plugin) {}
export class VethPair extends resource(vethPair, plugin) {}
export class IpipTunnel extends resource(ipipTunnel, plugin) {}
export class GreTunnel extends resource(greTunnel, plugin) {}
export class Ip6GreTunnel extends resource(ip6GreTunnel, plugin) {}
export class Ip6Tunnel extends resource(ip6Tunnel, plugin) {}
export class SitTunnel extends resource(sitTunnel, plugin) {}
export class Route extends resource(route, plugin) {}
export class Sysctl extends resource(sysctl, plugin) {}
export class TunnelProbe extends resource(tunnelProbe, plugin) {}
export class MplsLabelTable extends resource(mplsLabelTable, plugin) {}
export class MplsInput extends resource(mplsInput, plugin) {}
export class MplsRoute extends resource(mplsRoute, plugin) {}
export class FouPort extends resource(fouPort, plugin) {}
export class MssClamp extends resource(mssClamp, plugin) {}
export class Rule extends resource(rule, plugin) {}
export class Address extends resource(address, plugin) {}
export class Link extends resource(link, plugin) {}
export class ManagerExemption extends resource(managerExemption, plugin) {}

export class TunnelLink extends linkClass(tunnelLink, {
  tunnels: { ipip: IpipTunnel, sit: SitTunnel, gre: GreTunnel, ip6tnl: Ip6Tunnel, ip6gre: Ip6GreTunnel },
  route: Route,
  sysctl: Sysctl,
  port: FouPort,
  clamp: MssClamp,
  probe: TunnelProbe,
}) {}
export class TunnelMesh extends meshClass(tunnelMesh, TunnelLink) {}

export class Provider extends providerClass(plugin) {}

export const getNamespace = invoke(namespaceLookup);
export const getNamespaceOutput = invokeOutput(namespaceLookup);
export const getNamespaces = invoke(namespacesLookup);
export const getNamespacesOutput = invokeOutput(namespacesLookup);
export const getTunnel = invoke(tunnelLookup);
export const getTunnelOutput = invokeOutput(tunnelLookup);
export const getTunnels = invoke(tunnelsLookup);
export const getTunnelsOutput = invokeOutput(tunnelsLookup);
export const getLink = invoke(linkLookup);
export const getLinkOutput = invokeOutput(linkLookup);
export const getLinks = invoke(linksLookup);
export const getLinksOutput = invokeOutput(linksLookup);
export const getAddresses = invoke(addressesLookup);
export const getAddressesOutput = invokeOutput(addressesLookup);
export const getRoutes = invoke(routesLookup);
export const getRoutesOutput = invokeOutput(routesLookup);
export const getRules = invoke(rulesLookup);
export const getRulesOutput = invokeOutput(rulesLookup);
