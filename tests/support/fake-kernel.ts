import ipaddr from "ipaddr.js";
import type { FakeFou } from "./fake-fou";
import { addMpls, dropLabels, type FakeLabelRoute, inputFile } from "./fake-mpls";
import type { FakeTable } from "./fake-nft";
import { kernelRefuses, netlinkRefuses, Refusal } from "./fake-refusal";
import {
  deviceTowards,
  dropRoutes,
  dropRoutesBy,
  type FakeRoute,
  routesOfAddress,
  withoutSource,
} from "./fake-routes";
import { type FakeRules, kernelsRules } from "./fake-rules";
import { headersOf, KINDS, type Tunnel, type TunnelKind } from "./fake-tunnels";

/**
 * The part of Linux's network stack that our contracts touch, with the side effects that matter to them. Every rule
 * here, and every text of a refusal, was seen on Linux 6.1 with iproute2 6.1.
 */

const noDevice = (name: string) => new Refusal(1, `Cannot find device "${name}"`);

/** Below it the kernel takes IPv6 off a device (RFC 8200). */
const IPV6_MIN_MTU = 1280;
const MAX_PACKET = 65_535;

export interface Address {
  readonly local: string;
  readonly length: number;
  readonly peer?: string | undefined;
  readonly secondary: boolean;
  readonly said?: Said | undefined;
}

/** What is said of an address besides, where it is not the usual. */
export interface Said {
  readonly broadcast?: string | undefined;
  readonly label?: string | undefined;
  readonly scope?: string | undefined;
  readonly noprefixroute?: boolean | undefined;
  readonly nodad?: boolean | undefined;
  readonly deprecated?: boolean | undefined;
}

export interface Device {
  readonly ifindex: number;
  readonly kind: "loopback" | "veth" | "dummy" | TunnelKind;
  readonly netns: Netns;
  name: string;
  mtu: number;
  txqlen: number;
  group: number;
  up: boolean;
  /** Whether a tunnel has the flag MULTICAST, which other devices have anyway. */
  multicast: boolean;
  mac: string;
  alias: string | undefined;
  addresses: Address[];
  tunnel: Tunnel | undefined;
  peer: Device | undefined;
}

function promotes(device: string): string {
  return `net/ipv4/conf/${device}/promote_secondaries`;
}

const PARAMETERS: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "0",
  "net/ipv4/tcp_rmem": "4096\t131072\t6291456",
  [promotes("all")]: "0",
  [promotes("default")]: "0",
  "net/ipv6/conf/all/keep_addr_on_down": "0",
};

/** The parameters of the whole host, which no namespace has of its own. */
const HOST_PARAMETERS: Readonly<Record<string, string>> = { "kernel/panic": "0" };

export class Netns {
  devices: Device[] = [];
  routes: FakeRoute[] = [];
  rules: FakeRules = kernelsRules();
  fous: FakeFou[] = [];
  tables: ReadonlyMap<string, FakeTable> = new Map();
  labelRoutes: FakeLabelRoute[] = [];
  readonly files: Map<string, string>;
  private lastIndex = 0;

  constructor(readonly kernel: FakeKernel) {
    this.files = new Map(Object.entries(PARAMETERS).map(([key, value]) => [`/proc/sys/${key}`, value]));
    this.add("lo", "loopback", 65_536);
    for (const kind of TUNNEL_KINDS) if (kernel.hasModule(KINDS[kind].module)) this.addFallback(kind);
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
      txqlen: 1000,
      group: 0,
      up: false,
      multicast: false,
      mac: kind === "loopback" ? "00:00:00:00:00:00" : this.kernel.nextMac(),
      alias: undefined,
      addresses: [],
      tunnel: undefined,
      peer: undefined,
    };
    this.devices.push(device);
    this.files.set(`/proc/sys/${promotes(name)}`, this.files.get(`/proc/sys/${promotes("default")}`) ?? "0");
    if (this.kernel.hasModule("mpls_router")) this.files.set(inputFile(device), "0");
    return device;
  }

  /** addFallback: what a module makes in every namespace by itself. */
  addFallback(kind: TunnelKind): void {
    const tunnel: Tunnel = {
      kind,
      local: "any",
      remote: "any",
      dev: undefined,
      parameters: KINDS[kind].usual,
    };
    const device = this.add(KINDS[kind].fallback, kind, 1500 - headersOf(tunnel));
    const own = kind === "ipip" ? { pmtudisc: false } : {};
    device.tunnel = { ...tunnel, parameters: { ...tunnel.parameters, ...own } };
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
      gone.netns.files.delete(`/proc/sys/${promotes(gone.name)}`);
      dropRoutesBy(gone, "removed");
      dropLabels(gone.netns, gone);
    }
  }

  /** rename: the parameters of a device have its name. */
  rename(device: Device, name: string): void {
    const files = (of: string) => [`/proc/sys/${promotes(of)}`, inputFile({ name: of })];
    const from = files(device.name);
    for (const [index, to] of files(name).entries()) {
      const text = this.files.get(from[index] ?? "");
      this.files.delete(from[index] ?? "");
      if (text !== undefined) this.files.set(to, text);
    }
    device.name = name;
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
    const kind = TUNNEL_KINDS.find((one) => KINDS[one].module === module);
    if (kind !== undefined)
      for (const netns of [this.host, ...this.namespaces.values()]) netns.addFallback(kind);
    if (module === "mpls_router")
      for (const netns of [this.host, ...this.namespaces.values()]) addMpls(netns);
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

const TUNNEL_KINDS = Object.keys(KINDS) as TunnelKind[];

/** isFallback tells the devices that modules make, which can't be removed. */
export function isFallback({ name, tunnel }: Device): boolean {
  return tunnel !== undefined && KINDS[tunnel.kind].fallback === name;
}

/** addTunnel: tunnels are told apart by their ends and the device below them. */
export function addTunnel(netns: Netns, name: string, mtu: number | undefined, tunnel: Tunnel): void {
  if (!netns.kernel.hasModule(KINDS[tunnel.kind].module)) throw kernelRefuses("Unknown device type.");
  if (netns.devices.some((device) => device.name === name)) throw netlinkRefuses("File exists");
  refuseTwin(netns, undefined, tunnel);
  refuseEncap(netns, tunnel);
  if (mtu !== undefined) checkMtu(tunnel.kind, mtu);
  netns.add(name, tunnel.kind, mtu ?? tunnelMtu(netns, tunnel)).tunnel = tunnel;
}

export function changeTunnel(device: Device, mtu: number | undefined, tunnel: Tunnel): void {
  const { tunnel: before } = device;
  if (before === undefined) throw new Refusal(1, "Failed to get existing tunnel info.");
  const { family, fixed } = KINDS[tunnel.kind];
  // The kernel made the device point-to-point, or not, once and for all.
  if (family === 4 && (before.remote === "any") !== (tunnel.remote === "any"))
    throw netlinkRefuses("Invalid argument");
  refuseTwin(device.netns, device, tunnel);
  refuseEncap(device.netns, tunnel);
  const kept = Object.fromEntries(fixed.map((key) => [key, before.parameters[key]]));
  device.tunnel = { ...tunnel, parameters: { ...tunnel.parameters, ...kept } };
  // Over IPv6, and with GRE, the kernel takes it anew each time.
  const rerouted = device.tunnel.dev !== before.dev || tunnel.parameters.fwmark !== before.parameters.fwmark;
  const anew = rerouted || family === 6 || tunnel.kind === "gre";
  if (anew) setMtu(device, mtu ?? tunnelMtu(device.netns, device.tunnel));
  else if (mtu !== undefined) setMtu(device, mtu);
}

function refuseTwin(netns: Netns, device: Device | undefined, tunnel: Tunnel): void {
  const twin = netns.devices.some(
    (other) => other !== device && other.tunnel !== undefined && isTwin(other.tunnel, tunnel),
  );
  if (twin) throw netlinkRefuses("File exists");
}

/** The kernel does not load these modules by itself. */
function refuseEncap(netns: Netns, { kind, parameters }: Tunnel): void {
  const module = KINDS[kind].family === 4 ? "fou" : "fou6";
  if ((parameters.encap as { type: string }).type !== "none" && !netns.kernel.hasModule(module))
    throw netlinkRefuses("Invalid argument");
}

function isTwin(one: Tunnel, other: Tunnel): boolean {
  if (one.kind !== other.kind) return false;
  // A namespace has one of a kind that takes its parameters from the packets.
  if (one.parameters.external !== other.parameters.external) return false;
  return (
    one.local === other.local &&
    one.remote === other.remote &&
    one.dev === other.dev &&
    one.parameters.ikey === other.parameters.ikey
  );
}

/** What the device that leads to the other end has, less the headers. */
function tunnelMtu(netns: Netns, tunnel: Tunnel): number {
  const below = deviceTowards(netns, tunnel.remote, tunnel.dev) ?? tunnel.dev;
  const most = MAX_PACKET - headersOf(tunnel);
  return Math.min((below?.mtu ?? 1500) - headersOf(tunnel), most);
}

function checkMtu(kind: TunnelKind, mtu: number): void {
  if (kind === "sit" && mtu < IPV6_MIN_MTU) throw kernelRefuses("mtu less than device minimum.");
  const most = { ipip: 65_515, sit: 65_555, ip6tnl: 65_495, gre: 65_511, ip6gre: 65_491 }[kind];
  if (mtu < 68 || mtu > most) throw netlinkRefuses("Invalid argument");
}

/** setMtu: where IPv6 no longer fits, its addresses and routes go. */
export function setMtu(device: Device, mtu: number): void {
  if (device.kind === "veth" && mtu < 68) throw kernelRefuses("mtu less than device minimum.");
  if (device.kind === "veth" && mtu > 65_535) throw kernelRefuses("mtu greater than device maximum.");
  if (device.tunnel !== undefined) checkMtu(device.tunnel.kind, mtu);
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
  if (present && replace) {
    changeAddress(device, asked);
    return;
  }
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

/** An IPv4 address keeps all that was said of it but its lifetime, an IPv6 one what stands in its place and its length. */
function changeAddress(device: Device, asked: Omit<Address, "secondary">): void {
  const v6 = asked.local.includes(":");
  device.addresses = device.addresses.map((other) => {
    if (v6 ? other.local !== asked.local : !isSame(other, asked)) return other;
    const said = v6 ? asked.said : { ...other.said, deprecated: asked.said?.deprecated };
    return { ...other, said };
  });
}

export function deleteAddress(device: Device, asked: Omit<Address, "secondary">): void {
  const v6 = asked.local.includes(":");
  if (v6 && !carriesIpv6(device)) throw netlinkRefuses("No such device or address");
  const found = device.addresses.find((other) => isSame(other, asked));
  if (found === undefined) throw netlinkRefuses("Cannot assign requested address");
  drop(device, found);
  if (v6 || found.secondary) return;
  const secondaries = device.addresses.filter((other) => other.secondary && inSubnetOf(other, found));
  if (!["all", device.name].some((name) => device.netns.parameter(promotes(name)))) {
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
