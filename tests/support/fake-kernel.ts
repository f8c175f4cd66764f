import ipaddr from "ipaddr.js";
import { addMpls, dropLabels, type FakeLabelRoute, inputFile } from "./fake-mpls";
import { kernelRefuses, netlinkRefuses, Refusal } from "./fake-refusal";
import {
  deviceTowards,
  dropRoutes,
  dropRoutesBy,
  type FakeRoute,
  routesOfAddress,
  withoutSource,
} from "./fake-routes";

/**
 * The part of Linux's network stack that our contracts touch, with the side effects that matter to them. Every rule
 * here, and every text of a refusal, was seen on Linux 6.1 with iproute2 6.1.
 */

const noDevice = (name: string) => new Refusal(1, `Cannot find device "${name}"`);

/** Below it the kernel takes IPv6 off a device (RFC 8200). */
const IPV6_MIN_MTU = 1280;
/** The largest IPv4 packet less the outer header. */
const MOST_THROUGH_TUNNEL = 65_515;

export interface Address {
  readonly local: string;
  readonly length: number;
  readonly peer?: string | undefined;
  readonly secondary: boolean;
}

export interface Tunnel {
  readonly proto: "ipip" | "any";
  readonly local: string;
  readonly remote: string;
  readonly dev: Device | undefined;
  readonly ttl: number;
  readonly tos: number;
  readonly pmtudisc: boolean;
}

export interface Device {
  readonly ifindex: number;
  readonly kind: "loopback" | "veth" | "ipip" | "dummy";
  readonly netns: Netns;
  name: string;
  mtu: number;
  up: boolean;
  mac: string;
  alias: string | undefined;
  addresses: Address[];
  tunnel: Tunnel | undefined;
  peer: Device | undefined;
}

const PARAMETERS: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "0",
  "net/ipv4/tcp_rmem": "4096\t131072\t6291456",
  "net/ipv4/conf/all/promote_secondaries": "0",
  "net/ipv6/conf/all/keep_addr_on_down": "0",
};

/** The parameters of the whole host, which no namespace has of its own. */
const HOST_PARAMETERS: Readonly<Record<string, string>> = { "kernel/panic": "0" };

export class Netns {
  devices: Device[] = [];
  routes: FakeRoute[] = [];
  labelRoutes: FakeLabelRoute[] = [];
  readonly files: Map<string, string>;
  private lastIndex = 0;

  constructor(readonly kernel: FakeKernel) {
    this.files = new Map(Object.entries(PARAMETERS).map(([key, value]) => [`/proc/sys/${key}`, value]));
    this.add("lo", "loopback", 65_536);
    if (kernel.hasModule("ipip")) this.addFallback();
    if (kernel.hasModule("mpls_router")) addMpls(this);
  }

  add(name: string, kind: Device["kind"], mtu: number): Device {
    if (this.devices.some((device) => device.name === name)) throw netlinkRefuses("File exists");
    const device: Device = {
      ifindex: ++this.lastIndex,
      kind,
      netns: this,
      name,
      mtu,
      up: false,
      mac: kind === "loopback" ? "00:00:00:00:00:00" : this.kernel.nextMac(),
      alias: undefined,
      addresses: [],
      tunnel: undefined,
      peer: undefined,
    };
    this.devices.push(device);
    if (this.kernel.hasModule("mpls_router")) this.files.set(inputFile(device), "0");
    return device;
  }

  /** addFallback: what the module makes in every namespace by itself. */
  addFallback(): void {
    const tunl0 = this.add("tunl0", "ipip", 1480);
    tunl0.tunnel = {
      proto: "any",
      local: "any",
      remote: "any",
      dev: undefined,
      ttl: 0,
      tos: 0,
      pmtudisc: false,
    };
  }

  device(name: string): Device {
    const found = this.devices.find((device) => device.name === name);
    if (found === undefined) throw noDevice(name);
    return found;
  }

  remove(device: Device): void {
    for (const gone of [device, device.peer]) {
      if (gone === undefined) continue;
      gone.netns.devices = gone.netns.devices.filter((other) => other !== gone);
      dropRoutesBy(gone, "removed");
      dropLabels(gone.netns, gone);
    }
  }

  rename(device: Device, name: string): void {
    const [from, to] = [inputFile(device), inputFile({ name })];
    const input = this.files.get(from);
    device.name = name;
    if (input === undefined) return;
    this.files.delete(from);
    this.files.set(to, input);
  }

  parameter(key: string): boolean {
    return this.files.get(`/proc/sys/${key}`) === "1";
  }
}

export class FakeKernel {
  readonly namespaces = new Map<string, Netns>();
  readonly host: Netns;
  private readonly modules: Set<string>;
  private macs = 0;

  constructor(modules: readonly string[]) {
    this.modules = new Set(modules);
    this.host = new Netns(this);
    for (const [key, value] of Object.entries(HOST_PARAMETERS))
      this.host.files.set(`/proc/sys/${key}`, value);
  }

  hasModule(name: string): boolean {
    return this.modules.has(name);
  }

  load(module: string): void {
    if (this.modules.has(module)) return;
    this.modules.add(module);
    for (const netns of [this.host, ...this.namespaces.values()]) {
      if (module === "ipip") netns.addFallback();
      if (module === "mpls_router") addMpls(netns);
    }
  }

  nextMac(): string {
    return `02:fa:ce:00:00:${(++this.macs).toString(16).padStart(2, "0")}`;
  }

  netns(name: string | undefined): Netns {
    const found = name === undefined ? this.host : this.namespaces.get(name);
    if (found === undefined) {
      throw new Refusal(255, `Cannot open network namespace "${name}": No such file or directory`);
    }
    return found;
  }

  addNetns(name: string): void {
    if (this.namespaces.has(name)) {
      throw new Refusal(1, `Cannot create namespace file "/run/netns/${name}": File exists`);
    }
    this.namespaces.set(name, new Netns(this));
  }

  deleteNetns(name: string): void {
    const netns = this.namespaces.get(name);
    if (netns === undefined) {
      throw new Refusal(1, `Cannot remove namespace file "/run/netns/${name}": No such file or directory`);
    }
    for (const device of [...netns.devices]) netns.remove(device);
    this.namespaces.delete(name);
  }
}

/** addTunnel: tunnels are told apart by their ends and the device below them. */
export function addTunnel(netns: Netns, name: string, mtu: number | undefined, tunnel: Tunnel): void {
  if (!netns.kernel.hasModule("ipip")) throw kernelRefuses("Unknown device type.");
  if (netns.devices.some((device) => device.name === name)) throw netlinkRefuses("File exists");
  refuseTwin(netns, undefined, tunnel);
  netns.add(name, "ipip", mtu ?? tunnelMtu(netns, tunnel)).tunnel = tunnel;
}

export function changeTunnel(device: Device, mtu: number | undefined, tunnel: Tunnel): void {
  const { tunnel: before } = device;
  if (before === undefined) throw new Refusal(1, "Failed to get existing tunnel info.");
  // The kernel made the device point-to-point, or not, once and for all.
  if ((before.remote === "any") !== (tunnel.remote === "any")) throw netlinkRefuses("Invalid argument");
  refuseTwin(device.netns, device, tunnel);
  device.tunnel = { ...tunnel, proto: before.proto, dev: tunnel.dev ?? before.dev };
  if (device.tunnel.dev !== before.dev) setMtu(device, mtu ?? tunnelMtu(device.netns, device.tunnel));
  else if (mtu !== undefined) setMtu(device, mtu);
}

function refuseTwin(netns: Netns, device: Device | undefined, { local, remote, dev }: Tunnel): void {
  const below = dev ?? device?.tunnel?.dev;
  const twin = netns.devices.some(
    (other) =>
      other !== device &&
      other.tunnel?.local === local &&
      other.tunnel.remote === remote &&
      other.tunnel.dev === below,
  );
  if (twin) throw netlinkRefuses("File exists");
}

/** What the device that leads to the other end has, less the outer header. */
function tunnelMtu(netns: Netns, { remote, dev }: Tunnel): number {
  const below = deviceTowards(netns, remote, dev) ?? dev;
  return Math.min((below?.mtu ?? 1500) - 20, MOST_THROUGH_TUNNEL);
}

/** setMtu: where IPv6 no longer fits, its addresses and routes go. */
export function setMtu(device: Device, mtu: number): void {
  if (device.kind === "veth" && mtu < 68) throw kernelRefuses("mtu less than device minimum.");
  if (device.kind === "veth" && mtu > 65_535) throw kernelRefuses("mtu greater than device maximum.");
  if (device.kind === "ipip" && (mtu < 68 || mtu > MOST_THROUGH_TUNNEL))
    throw netlinkRefuses("Invalid argument");
  const had = carriesIpv6(device);
  device.mtu = mtu;
  if (had && !carriesIpv6(device)) flushIpv6(device);
  if (!had && carriesIpv6(device)) addLinkLocal(device);
}

export function carriesIpv6({ kind, mtu }: Device): boolean {
  return kind === "loopback" || mtu >= IPV6_MIN_MTU;
}

function flushIpv6(device: Device): void {
  device.addresses = device.addresses.filter(({ local }) => !local.includes(":"));
  dropRoutesBy(device, "removed", 6);
}

export function running(device: Device): boolean {
  return device.up && (device.peer === undefined || device.peer.up);
}

/** setUp: the kernel gives a device that comes up its link-local address, and its addresses their routes. */
export function setUp(device: Device): void {
  if (device.up) return;
  const waiting = device.peer?.up ? device.peer : undefined;
  device.up = true;
  if (device.kind === "loopback") {
    device.addresses = [
      { local: "127.0.0.1", length: 8, secondary: false },
      { local: "::1", length: 128, secondary: false },
    ];
  }
  for (const address of device.addresses) addRoutesOf(device, address);
  addLinkLocal(device);
  if (waiting !== undefined) addLinkLocal(waiting);
}

/** setDown: the routes through the device go, and IPv6 takes its addresses with it. */
export function setDown(device: Device): void {
  if (!device.up) return;
  device.up = false;
  dropRoutesBy(device, "down");
  const kept = device.netns.parameter("net/ipv6/conf/all/keep_addr_on_down");
  device.addresses = device.addresses.filter(
    ({ local }) => !local.includes(":") || (kept && !local.startsWith("fe80:")),
  );
}

function addLinkLocal(device: Device): void {
  const has = device.addresses.some(({ local }) => local.startsWith("fe80:"));
  if (has || device.kind === "loopback" || !running(device) || !carriesIpv6(device)) return;
  const address = { local: `fe80::fa:${device.ifindex.toString(16)}`, length: 64, secondary: false };
  device.addresses.push(address);
  addRoutesOf(device, address);
}

/** addRoutesOf: IPv6 addresses of one subnet share its route. */
function addRoutesOf(device: Device, address: Address): void {
  const { routes } = device.netns;
  routes.push(
    ...routesOfAddress(device, address).filter((route) => !routes.some((other) => isAlike(route, other))),
  );
}

function isAlike(one: FakeRoute, other: FakeRoute): boolean {
  const { dev, destination, table, metric, protocol, src } = other;
  const alike = one.destination === destination && one.table === table && one.metric === metric;
  return alike && one.dev === dev && one.protocol === protocol && one.src === src;
}

/** addAddress: IPv4 addresses of one subnet hang on the first of them, an IPv6 address is there once. */
export function addAddress(device: Device, asked: Omit<Address, "secondary">, replace: boolean): void {
  const v6 = asked.local.includes(":");
  if (v6 && !carriesIpv6(device)) throw netlinkRefuses("Invalid argument");
  const present = device.addresses.some((other) => (v6 ? other.local === asked.local : isSame(other, asked)));
  if (present && replace) return;
  if (present) throw netlinkRefuses("File exists");
  const secondary = !v6 && device.addresses.some((other) => !other.secondary && inSubnetOf(asked, other));
  const address = { ...asked, secondary };
  const { addresses } = device;
  const before = (other: Address) => {
    if (v6)
      return (
        other.local.includes(":") && !(asked.local.startsWith("fe80:") && !other.local.startsWith("fe80:"))
      );
    return other.local.includes(":") || (!secondary && other.secondary);
  };
  const at = addresses.findIndex(before);
  addresses.splice(at === -1 ? addresses.length : at, 0, address);
  if (device.up) addRoutesOf(device, address);
}

export function deleteAddress(device: Device, asked: Omit<Address, "secondary">): void {
  const v6 = asked.local.includes(":");
  if (v6 && !carriesIpv6(device)) throw netlinkRefuses("No such device or address");
  const found = device.addresses.find((other) => isSame(other, asked));
  if (found === undefined) throw netlinkRefuses("Cannot assign requested address");
  drop(device, found);
  if (v6 || found.secondary) return;
  const secondaries = device.addresses.filter((other) => other.secondary && inSubnetOf(other, found));
  if (!device.netns.parameter("net/ipv4/conf/all/promote_secondaries")) {
    for (const other of secondaries) drop(device, other);
    return;
  }
  const [promoted] = secondaries;
  if (promoted === undefined) return;
  drop(device, promoted);
  addAddress(device, promoted, false);
}

function drop(device: Device, address: Address): void {
  device.addresses = device.addresses.filter((other) => other !== address);
  const staying = device.addresses.flatMap((other) => routesOfAddress(device, other));
  const going = routesOfAddress(device, address).filter(
    (route) => !staying.some((other) => isAlike(route, other)),
  );
  dropRoutes(device.netns, (route) => going.some((other) => isAlike(route, other)));
  withoutSource(device.netns, address.local);
}

function isSame(one: Omit<Address, "secondary">, other: Omit<Address, "secondary">): boolean {
  return one.local === other.local && one.length === other.length && one.peer === other.peer;
}

function inSubnetOf(one: Omit<Address, "secondary">, other: Address): boolean {
  if (one.length !== other.length || other.local.includes(":")) return false;
  const network = ipaddr.IPv4.parse(other.peer ?? other.local);
  return ipaddr.IPv4.parse(one.peer ?? one.local).match(network, other.length);
}
