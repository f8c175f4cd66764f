import { ipipTunnel } from "../provider/resources/ipip-tunnel";
import { namespace } from "../provider/resources/namespace";
import { route } from "../provider/resources/route";
import { sysctl } from "../provider/resources/sysctl";
import { tunnelProbe } from "../provider/resources/tunnel-probe";
import { vethPair } from "../provider/resources/veth-pair";
import { resource } from "./resource";

export type { ConnectionArgs, Named } from "./resource";

export class Namespace extends resource(namespace) {}
export class VethPair extends resource(vethPair) {}
export class IpipTunnel extends resource(ipipTunnel) {}
export class Route extends resource(route) {}
export class Sysctl extends resource(sysctl) {}
export class TunnelProbe extends resource(tunnelProbe) {}
