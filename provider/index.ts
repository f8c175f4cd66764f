import { dynamicProvider, type Provider, probeProvider } from "./dynamic";
import { onWait } from "./host/waits";
import { showWaits } from "./progress";
import { ipipTunnel } from "./resources/ipip-tunnel";
import { namespace } from "./resources/namespace";
import { route } from "./resources/route";
import { sysctl } from "./resources/sysctl";
import { tunnelProbe } from "./resources/tunnel-probe";
import { vethPair } from "./resources/veth-pair";

/**
 * The one thing that the text in Pulumi's state loads: `require("pulumi-ipip/provider").handlers.IpipTunnel`. This
 * path and these names never move, or old stacks could be neither refreshed nor destroyed.
 */
export const handlers: Readonly<Record<string, Provider>> = {
  IpipTunnel: dynamicProvider(ipipTunnel),
  Namespace: dynamicProvider(namespace),
  Route: dynamicProvider(route),
  Sysctl: dynamicProvider(sysctl),
  TunnelProbe: probeProvider(tunnelProbe),
  VethPair: dynamicProvider(vethPair),
};

onWait(showWaits);
