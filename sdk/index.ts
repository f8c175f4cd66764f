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
import { tunnelLink } from "./link/args";
import { linkClass } from "./link/link";
import { tunnelMesh } from "./mesh/args";
import { meshClass } from "./mesh/mesh";
import { resource } from "./resource";

export type { Tunnel } from "./link/parts";
export type { ConnectionArgs, Named } from "./resource";

export class Namespace extends resource(namespace) {}
export class VethPair extends resource(vethPair) {}
export class IpipTunnel extends resource(ipipTunnel) {}
export class GreTunnel extends resource(greTunnel) {}
export class Ip6GreTunnel extends resource(ip6GreTunnel) {}
export class Ip6Tunnel extends resource(ip6Tunnel) {}
export class SitTunnel extends resource(sitTunnel) {}
export class Route extends resource(route) {}
export class Sysctl extends resource(sysctl) {}
export class TunnelProbe extends resource(tunnelProbe) {}
export class MplsLabelTable extends resource(mplsLabelTable) {}
export class MplsInput extends resource(mplsInput) {}
export class MplsRoute extends resource(mplsRoute) {}
export class FouPort extends resource(fouPort) {}
export class MssClamp extends resource(mssClamp) {}
export class Rule extends resource(rule) {}
export class Address extends resource(address) {}
export class Link extends resource(link) {}
export class ManagerExemption extends resource(managerExemption) {}

export class TunnelLink extends linkClass(tunnelLink, {
  tunnels: { ipip: IpipTunnel, sit: SitTunnel, gre: GreTunnel, ip6tnl: Ip6Tunnel, ip6gre: Ip6GreTunnel },
  route: Route,
  sysctl: Sysctl,
  port: FouPort,
  clamp: MssClamp,
  probe: TunnelProbe,
}) {}
export class TunnelMesh extends meshClass(tunnelMesh, TunnelLink) {}
