import { dynamicProvider, type Provider, probeProvider } from "./dynamic";
import { onWait } from "./host/waits";
import { showWaits } from "./progress";
import { address } from "./resources/address";
import { fouPort } from "./resources/fou-port";
import { greTunnel } from "./resources/gre-tunnel";
import { ip6GreTunnel } from "./resources/ip6-gre-tunnel";
import { ip6Tunnel } from "./resources/ip6-tunnel";
import { ipipTunnel } from "./resources/ipip-tunnel";
import { link } from "./resources/link";
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

/**
 * The one thing that the text in Pulumi's state loads: `require("pulumi-ipip/provider").handlers.IpipTunnel`. This
 * path and these names never move, or old stacks could be neither refreshed nor destroyed.
 */
export const handlers: Readonly<Record<string, Provider>> = {
  Address: dynamicProvider(address),
  IpipTunnel: dynamicProvider(ipipTunnel),
  GreTunnel: dynamicProvider(greTunnel),
  Ip6GreTunnel: dynamicProvider(ip6GreTunnel),
  Ip6Tunnel: dynamicProvider(ip6Tunnel),
  SitTunnel: dynamicProvider(sitTunnel),
  Link: dynamicProvider(link),
  FouPort: dynamicProvider(fouPort),
  MssClamp: dynamicProvider(mssClamp),
  MplsInput: dynamicProvider(mplsInput),
  MplsLabelTable: dynamicProvider(mplsLabelTable),
  MplsRoute: dynamicProvider(mplsRoute),
  Namespace: dynamicProvider(namespace),
  Route: dynamicProvider(route),
  Rule: dynamicProvider(rule),
  Sysctl: dynamicProvider(sysctl),
  TunnelProbe: probeProvider(tunnelProbe),
  VethPair: dynamicProvider(vethPair),
};

onWait(showWaits);
