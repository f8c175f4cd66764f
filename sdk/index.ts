import { ipipTunnel } from "../provider/resources/ipip-tunnel";
import { namespace } from "../provider/resources/namespace";
import { route } from "../provider/resources/route";
import { sysctl } from "../provider/resources/sysctl";
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
export class Route extends resource(route) {}
export class Sysctl extends resource(sysctl) {}

export class TunnelLink extends linkClass(tunnelLink, {
  kinds: { ipip: IpipTunnel },
  route: Route,
  sysctl: Sysctl,
}) {}
export class TunnelMesh extends meshClass(tunnelMesh, TunnelLink) {}
