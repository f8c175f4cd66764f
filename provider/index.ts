import { dynamicProvider, type Provider } from "./dynamic";
import { onWait } from "./host/waits";
import { showWaits } from "./progress";
import { ipipTunnel } from "./resources/ipip-tunnel";
import { mplsInput } from "./resources/mpls-input";
import { mplsLabelTable } from "./resources/mpls-label-table";
import { mplsRoute } from "./resources/mpls-route";
import { namespace } from "./resources/namespace";
import { route } from "./resources/route";
import { sysctl } from "./resources/sysctl";
import { vethPair } from "./resources/veth-pair";

/**
 * The one thing that the text in Pulumi's state loads: `require("pulumi-ipip/provider").handlers.IpipTunnel`. This
 * path and these names never move, or old stacks could be neither refreshed nor destroyed.
 */
export const handlers: Readonly<Record<string, Provider>> = {
  IpipTunnel: dynamicProvider(ipipTunnel),
  MplsInput: dynamicProvider(mplsInput),
  MplsLabelTable: dynamicProvider(mplsLabelTable),
  MplsRoute: dynamicProvider(mplsRoute),
  Namespace: dynamicProvider(namespace),
  Route: dynamicProvider(route),
  Sysctl: dynamicProvider(sysctl),
  VethPair: dynamicProvider(vethPair),
};

onWait(showWaits);
