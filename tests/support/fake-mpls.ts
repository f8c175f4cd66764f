import type { Device, Netns } from "./fake-kernel";
import { kernelRefuses, netlinkRefuses } from "./fake-refusal";
import { deviceTo } from "./fake-routes";

/** MPLS in the fake kernel: the table of labels, its routes, and which devices take labelled packets. */

export interface FakeLabelHop {
  readonly as: string | undefined;
  readonly via: string | undefined;
  readonly dev: Device | undefined;
}

export interface FakeLabelRoute {
  readonly label: number;
  readonly protocol: number;
  readonly ttlPropagate: boolean | undefined;
  readonly hops: readonly FakeLabelHop[];
}

const TABLE = "/proc/sys/net/mpls/platform_labels";
const FIRST_LABEL = 16;

/** inputFile is where a device has its setting. */
export const inputFile = ({ name }: Pick<Device, "name">) => `/proc/sys/net/mpls/conf/${name}/input`;

/** addMpls is what the module makes in a namespace. */
export function addMpls(netns: Netns): void {
  netns.files.set(TABLE, "0");
  for (const device of netns.devices) netns.files.set(inputFile(device), "0");
}

export function addLabelRoute(netns: Netns, asked: FakeLabelRoute, replace: boolean): void {
  checkLabel(netns, asked.label);
  const hops = asked.hops.map((hop) => ({ ...hop, dev: hopDevice(netns, hop) }));
  if (hops.some(({ as }) => as?.split("/").includes("3"))) {
    throw kernelRefuses("Implicit NULL Label (3) can not be used in encapsulation.");
  }
  const at = netns.labelRoutes.findIndex(({ label }) => label === asked.label);
  if (at !== -1 && !replace) throw netlinkRefuses("File exists");
  const route = { ...asked, hops };
  if (at === -1) netns.labelRoutes.push(route);
  else netns.labelRoutes[at] = route;
}

/** deleteLabelRoute: the kernel looks at the label alone, and takes a route that is not there for deleted. */
export function deleteLabelRoute(netns: Netns, label: number): void {
  checkLabel(netns, label);
  netns.labelRoutes = netns.labelRoutes.filter((route) => route.label !== label);
}

function checkLabel(netns: Netns, label: number): void {
  const size = netns.files.get(TABLE);
  if (size === undefined) throw netlinkRefuses("Operation not supported");
  if (label < FIRST_LABEL) {
    throw kernelRefuses("Invalid label - must be MPLS_LABEL_FIRST_UNRESERVED or higher.");
  }
  if (label >= Number(size)) throw kernelRefuses("Label >= configured maximum in platform_labels.");
}

function hopDevice(netns: Netns, { via, dev }: FakeLabelHop): Device | undefined {
  if (dev !== undefined || via === undefined) return dev;
  const family = via.includes(":") ? 6 : 4;
  return deviceTo(netns, { family, onlink: false, unreachable: "Network is unreachable" }, via);
}

/** dropLabels: the ways by a device go with it, and routes with their last way. */
export function dropLabels(netns: Netns, device: Device): void {
  netns.files.delete(inputFile(device));
  netns.labelRoutes = netns.labelRoutes
    .map((route) => ({ ...route, hops: route.hops.filter(({ dev }) => dev !== device) }))
    .filter(({ hops }) => hops.length > 0);
}

/** resizeTable: what no longer fits into the table goes. */
export function resizeTable(netns: Netns): void {
  const size = Number(netns.files.get(TABLE) ?? 0);
  netns.labelRoutes = netns.labelRoutes.filter(({ label }) => label < size);
}

/** labelListing is what `ip -json -details -Numeric -M route show` of iproute2 6.1 prints. */
export function labelListing(netns: Netns): string {
  const routes = [...netns.labelRoutes].sort((one, other) => one.label - other.label);
  return `${JSON.stringify(routes.map(labelJson))}\n`;
}

function labelJson({ label, protocol, ttlPropagate, hops }: FakeLabelRoute): object {
  const [first, ...more] = hops;
  const alone = more.length === 0 && first !== undefined;
  return {
    dst: String(label),
    ...(alone && hopJson(first)),
    protocol: String(protocol),
    flags: [],
    // As that version spells it.
    ...(ttlPropagate !== undefined && { "ttl-propogate": ttlPropagate }),
    ...(!alone && { nexthops: hops.map((hop) => ({ ...hopJson(hop), flags: [] })) }),
  };
}

function hopJson({ as, via, dev }: FakeLabelHop): object {
  return {
    ...(as !== undefined && { to: as }),
    ...(via !== undefined && { via: { family: via.includes(":") ? "inet6" : "inet", host: via } }),
    ...(dev !== undefined && { dev: dev.name }),
  };
}

/** labelState is a route as text that a person can read. */
export function labelState({ label, protocol, ttlPropagate, hops }: FakeLabelRoute): string {
  const ways = hops.map(
    ({ as, via, dev }) => `${as ?? "pop"} ${via === undefined ? "" : `via ${via} `}dev ${dev?.name}`,
  );
  return `label ${label} proto ${protocol} ttl ${ttlPropagate} ${ways.sort().join(", ")}`;
}
