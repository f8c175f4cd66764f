import { dynamicProvider, type Provider } from "./dynamic";
import { onWait } from "./host/waits";
import { showWaits } from "./progress";
import { fouPort } from "./resources/fou-port";
import { ipipTunnel } from "./resources/ipip-tunnel";
import { mssClamp } from "./resources/mss-clamp";
import { namespace } from "./resources/namespace";
import { route } from "./resources/route";
import { sysctl } from "./resources/sysctl";
import { vethPair } from "./resources/veth-pair";

/**
 * The one thing that the text in Pulumi's state loads: `require("pulumi-ipip/provider").handlers.IpipTunnel`. This
 * path and these names never move, or old stacks could be neither refreshed nor destroyed.
 */
export const handlers: Readonly<Record<string, Provider>> = {
  FouPort: dynamicProvider(fouPort),
  IpipTunnel: dynamicProvider(ipipTunnel),
  MssClamp: dynamicProvider(mssClamp),
  Namespace: dynamicProvider(namespace),
  Route: dynamicProvider(route),
  Sysctl: dynamicProvider(sysctl),
  VethPair: dynamicProvider(vethPair),
};

onWait(showWaits);
