import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import { type Address, carriesIpv6, type Device, type Netns } from "./fake-kernel";
import { kernelRefuses, netlinkRefuses } from "./fake-refusal";

/** Routing of the fake kernel: what makes a route valid, what tells it from its like, and what takes it away. */

export interface FakeEncap {
  /** The labels as iproute2 writes them, `100/200`. */
  readonly mpls: string;
  readonly ttl?: number | undefined;
}

/** FakeHop is one of several ways. */
export interface FakeHop {
  readonly via?: string | undefined;
  readonly dev?: Device | undefined;
  readonly encap?: FakeEncap | undefined;
  readonly weight: number;
  readonly onlink: boolean;
}

export interface FakeRoute {
  readonly family: 4 | 6;
  readonly type: string;
  /** `network/length`. */
  readonly destination: string;
  readonly table: number;
  readonly metric: number;
  readonly protocol: number;
  readonly scope: string;
  readonly via?: string | undefined;
  readonly dev?: Device | undefined;
  readonly src?: string | undefined;
  readonly mtu?: number | undefined;
  readonly onlink: boolean;
  readonly encap?: FakeEncap | undefined;
  readonly nexthops?: readonly FakeHop[] | undefined;
}

const NOWHERE = ["blackhole", "unreachable", "prohibit", "throw"];
const KERNEL = 2;

/** routesOfAddress is what the kernel adds with an address of a device that is up. */
export function routesOfAddress(
  device: Device,
  { local, length, peer, secondary, said }: Address,
): FakeRoute[] {
  const v6 = local.includes(":");
  const common = { protocol: KERNEL, dev: device, onlink: false };
  const own: FakeRoute = v6
    ? {
        ...common,
        family: 6,
        type: "local",
        destination: `${local}/128`,
        table: 255,
        metric: 0,
        scope: "global",
      }
    : {
        ...common,
        family: 4,
        type: "local",
        destination: `${local}/32`,
        table: 255,
        metric: 0,
        scope: "host",
        src: local,
      };
  if (said?.noprefixroute || secondary || (!v6 && length === 32 && peer === undefined)) return [own];
  const destination = `${network(peer ?? local, length)}/${length}`;
  const connected: FakeRoute = v6
    ? { ...common, family: 6, type: "unicast", destination, table: 254, metric: 256, scope: "global" }
    : {
        ...common,
        family: 4,
        type: "unicast",
        destination,
        table: 254,
        metric: 0,
        scope: "link",
        src: local,
      };
  return device.kind === "loopback" ? [own] : [own, connected];
}

function network(address: string, length: number): string {
  return address.includes(":")
    ? ipaddr.IPv6.networkAddressFromCIDR(`${address}/${length}`).toRFC5952String()
    : ipaddr.IPv4.networkAddressFromCIDR(`${address}/${length}`).toString();
}

export function dropRoutes(netns: Netns, gone: (route: FakeRoute) => boolean): void {
  netns.routes = netns.routes.filter((route) => !gone(route));
}

/**
 * dropRoutesBy: what leads over a device goes with it. Of several ways one that is down is only dead; an IPv4 route goes
 * with the device of any of them, of an IPv6 route that way goes.
 */
export function dropRoutesBy(device: Device, why: "down" | "removed", family?: 4 | 6): void {
  const { netns } = device;
  netns.routes = netns.routes.flatMap((route) => {
    const { nexthops, ...rest } = route;
    if (family !== undefined && route.family !== family) return [route];
    if (nexthops === undefined) return route.dev === device ? [] : [route];
    if (!nexthops.some(({ dev }) => dev === device)) return [route];
    if (why === "down") return nexthops.some(({ dev }) => dev?.up) ? [route] : [];
    const left = nexthops.filter(({ dev }) => dev !== device);
    const [first, ...more] = left;
    if (first === undefined || route.family === 4) return [];
    const { weight: _, ...way } = first;
    return [more.length === 0 ? { ...rest, ...way } : { ...route, nexthops: left }];
  });
}

/** withoutSource: IPv4 routes go with the source address that they name, IPv6 routes only lose it. */
export function withoutSource(netns: Netns, local: string): void {
  if (netns.devices.some(({ addresses }) => addresses.some((other) => other.local === local))) return;
  dropRoutes(netns, ({ family, src, protocol }) => family === 4 && src === local && protocol !== KERNEL);
  netns.routes = netns.routes.map((route) => (route.src === local ? { ...route, src: undefined } : route));
}

export function addRoute(netns: Netns, asked: FakeRoute, replace: boolean): void {
  const route = completed(netns, asked);
  const at = netns.routes.findIndex((other) => isSameRoute(other, route));
  if (at === -1) netns.routes.push(route);
  else if (replace) netns.routes[at] = route;
  else throw netlinkRefuses("File exists");
}

export function deleteRoute(netns: Netns, asked: FakeRoute): void {
  const { family, type, destination, table, metric, protocol } = asked;
  const found = [...netns.routes]
    .sort((one, other) => one.metric - other.metric)
    .find(
      (route) =>
        route.destination === destination &&
        route.table === table &&
        route.protocol === protocol &&
        // IPv4 takes metric 0 for any metric, and IPv6 does not look at the type.
        (family === 4
          ? (metric === 0 || route.metric === metric) && route.type === type
          : route.metric === metric),
    );
  if (found === undefined) throw netlinkRefuses("No such process");
  dropRoutes(netns, (route) => route === found);
}

function isSameRoute(one: FakeRoute, other: FakeRoute): boolean {
  return one.destination === other.destination && one.table === other.table && one.metric === other.metric;
}

/** completed is a route with what the kernel adds to it, or its refusal. */
function completed(netns: Netns, asked: FakeRoute): FakeRoute {
  const { family, type } = asked;
  if (NOWHERE.includes(type)) {
    const dev = family === 6 ? netns.device("lo") : undefined;
    return { ...asked, dev };
  }
  const { nexthops } = asked;
  if (nexthops !== undefined) {
    if (family === 6 && nexthops.some(({ via }) => via === undefined)) {
      throw kernelRefuses("Device only routes can not be added for IPv6 using the multipath API.");
    }
    const { nexthops: _, ...common } = asked;
    const hops = nexthops.map((hop) => ({ ...hop, dev: completed(netns, { ...common, ...hop }).dev }));
    const isAlike = (one: FakeHop) => (other: FakeHop) =>
      one.via === other.via && one.dev === other.dev && isDeepStrictEqual(one.encap, other.encap);
    if (family === 6 && hops.some((hop, index) => hops.slice(0, index).some(isAlike(hop)))) {
      throw netlinkRefuses("File exists");
    }
    return { ...asked, nexthops: hops };
  }
  if (type === "local" && family === 4 && asked.scope !== "host") throw kernelRefuses("Invalid scope.");
  if (family === 4 && asked.onlink && asked.via === undefined) {
    throw kernelRefuses("Invalid flags for nexthop - PERVASIVE and ONLINK can not be set.");
  }
  const dev = asked.via === undefined ? asked.dev : deviceTo(netns, asked, asked.via);
  if (dev === undefined) throw netlinkRefuses("No such device");
  if (!dev.up && family === 4 && asked.via === undefined)
    throw kernelRefuses("Device for nexthop is not up.");
  if (family === 6 && !carriesIpv6(dev)) throw netlinkRefuses("No such device");
  if (!dev.up) throw kernelRefuses("Nexthop device is not up.");
  if (asked.src !== undefined && !hasAddress(netns, asked.src)) {
    throw kernelRefuses(family === 4 ? "Invalid prefsrc address." : "Invalid source address.");
  }
  return { ...asked, dev };
}

/** deviceTo finds the device that a gateway is reached by. */
export function deviceTo(
  netns: Netns,
  {
    family,
    dev,
    onlink,
    unreachable,
  }: Pick<FakeRoute, "family" | "dev" | "onlink"> & { unreachable?: string },
  via: string,
): Device {
  if (onlink && dev === undefined) throw kernelRefuses("Nexthop device required for onlink.");
  if (via.startsWith("fe80:") && dev === undefined) throw kernelRefuses("Egress device not specified.");
  if ((onlink || via.startsWith("fe80:")) && dev !== undefined) return dev;
  const candidates = netns.devices.filter((device) => device.up && (dev === undefined || device === dev));
  const found = candidates.find(({ addresses }) =>
    addresses.some(({ local, length, peer }) => {
      const address = ipaddr.parse(via);
      const subnet = ipaddr.parse(peer ?? local);
      return address.kind() === subnet.kind() && address.match(subnet, length);
    }),
  );
  if (found !== undefined) return found;
  if (unreachable !== undefined) throw netlinkRefuses(unreachable);
  throw family === 4 ? kernelRefuses("Nexthop has invalid gateway.") : netlinkRefuses("No route to host");
}

/** deviceTowards is where a packet to an address goes, past one device only when told so. */
export function deviceTowards(netns: Netns, remote: string, dev: Device | undefined): Device | undefined {
  if (remote === "any") return undefined;
  if (hasAddress(netns, remote)) return netns.device("lo");
  const lengthOf = ({ destination }: FakeRoute) => Number(destination.split("/")[1]);
  const ways = netns.routes.filter(
    (route) =>
      route.family === (remote.includes(":") ? 6 : 4) &&
      route.table === 254 &&
      (dev === undefined || route.dev === dev) &&
      ipaddr.parse(remote).match(ipaddr.parseCIDR(route.destination)),
  );
  return ways.sort((one, other) => lengthOf(other) - lengthOf(one) || one.metric - other.metric)[0]?.dev;
}

function hasAddress(netns: Netns, ip: string): boolean {
  return netns.devices.some(({ addresses }) => addresses.some(({ local }) => local === ip));
}

/** scopeOf is the scope that iproute2 gives a route that is told none. */
export function scopeOf(family: 4 | 6, type: string, way: unknown): string {
  if (family === 6) return "global";
  if (type === "local") return "host";
  return type === "unicast" && way === undefined ? "link" : "global";
}
