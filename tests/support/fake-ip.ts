import { type AskedFou, addFou, deleteFou, fouListing } from "./fake-fou";
import {
  addAddress,
  addTunnel,
  changeTunnel,
  type Device,
  deleteAddress,
  type FakeKernel,
  isFallback,
  type Netns,
  type Said,
  setDown,
  setMtu,
  setUp,
} from "./fake-kernel";
import { addressListing, namespaceListing, routeListing } from "./fake-listing";
import { addLabelRoute, deleteLabelRoute, type FakeLabelHop, labelListing } from "./fake-mpls";
import { netlinkRefuses, Refusal } from "./fake-refusal";
import { addRoute, deleteRoute, type FakeHop, type FakeRoute, scopeOf } from "./fake-routes";
import { changeRule, ruleListing } from "./fake-rules";
import { isTunnelKind, tunnelIn } from "./fake-tunnels";
import { Words } from "./fake-words";

/** runIp is `ip` in a namespace: what it prints, or a Refusal. */
export function runIp(kernel: FakeKernel, netnsName: string | undefined, argv: readonly string[]): string {
  const words = new Words(["ip", ...argv].join(" "), argv);
  const netns = kernel.netns(netnsName);
  if (words.is("-json", "netns", "list")) return ended(words, namespaceListing(kernel));
  if (words.is("-json", "-details", "-Numeric", "address", "show"))
    return ended(words, addressListing(netns.devices));
  if (words.is("-json", "-details", "address", "show")) {
    const dev = words.option("dev");
    return ended(words, addressListing(dev === undefined ? netns.devices : [deviceShown(netns, dev)]));
  }
  if (words.is("-json", "-details", "-Numeric", "route", "show", "table")) {
    const table = words.next();
    const protocol = words.number("proto");
    const whole = words.is("root", "0.0.0.0/0") ? 4 : words.is("root", "::/0") ? 6 : undefined;
    if (whole === undefined) words.must("exact");
    const exact = whole === undefined ? words.next() : undefined;
    const asked = (route: FakeRoute) =>
      exact === undefined ? route.family === whole : route.destination === exact;
    return ended(words, routeListing(netns, table, protocol, asked));
  }
  for (const [family, option] of [
    [4, []],
    [6, ["-6"]],
  ] as const) {
    if (words.is(...option, "-json", "-details", "-Numeric", "rule", "show"))
      return ended(words, ruleListing(netns, family));
  }
  if (words.is("-json", "fou", "show")) return ended(words, fouListing(netns));
  if (words.is("-json", "-details", "-Numeric", "-M", "route", "show"))
    return ended(words, labelListing(netns));
  if (words.is("-M", "route")) return labelRoute(netns, words);
  for (const family of [4, 6] as const) {
    if (words.is(`-${family}`, "rule")) {
      changeRule(netns, family, words);
      return ended(words, "");
    }
    if (words.is(`-${family}`, "route")) return route(netns, family, words);
  }
  if (words.is("netns", "add")) kernel.addNetns(words.next());
  else if (words.is("netns", "delete")) kernel.deleteNetns(words.next());
  else if (words.is("link", "add", "name")) addLink(kernel, netns, words);
  else if (words.is("link", "change", "name")) changeLink(netns, words);
  else if (words.is("link", "set", "dev")) setLink(netns.device(words.next()), words);
  else if (words.is("link", "delete", "dev")) deleteLink(netns.device(words.next()), words);
  else if (words.is("fou", "add")) addFou(netns, fouIn(words));
  else if (words.is("fou", "delete")) deleteFou(netns, fouIn(words));
  else if (words.is("address")) changeAddress(netns, words);
  else throw words.strange("there is no such command");
  words.end();
  return "";
}

/** A listing of one device takes a name that is not there for a mistake in the command. */
function deviceShown(netns: Netns, name: string): Device {
  const found = netns.devices.find((device) => device.name === name);
  if (found === undefined) throw new Refusal(1, `Device "${name}" does not exist.`);
  return found;
}

function ended(words: Words, output: string): string {
  words.end();
  return output;
}

interface Wanted {
  readonly name: string;
  readonly mtu: number | undefined;
  readonly mac: string | undefined;
}

function wanted(words: Words): Wanted {
  return { name: words.next(), mtu: words.number("mtu"), mac: words.option("address") };
}

function addLink(kernel: FakeKernel, netns: Netns, words: Words): void {
  const here = wanted(words);
  words.must("type");
  const kind = words.next();
  if (isTunnelKind(kind)) {
    addTunnel(netns, here.name, here.mtu, tunnelIn(kind, words, below(netns)));
    return;
  }
  if (kind === "dummy") {
    settle(netns.add(here.name, "dummy", 1500), here);
    return;
  }
  if (kind !== "veth") throw words.strange(`there is no ${kind}`);
  words.must("peer", "name");
  const name = words.next();
  const elsewhere = words.option("netns");
  const there = { name, mtu: words.number("mtu"), mac: words.option("address") };
  const target = elsewhere === undefined ? netns : kernel.namespaces.get(elsewhere);
  if (target === undefined) {
    throw new Refusal(255, `Error: argument "${elsewhere}" is wrong: Invalid "netns" value\n`);
  }
  const taken = (where: Netns, wantedName: string) =>
    where.devices.some((other) => other.name === wantedName);
  if (taken(netns, here.name) || taken(target, there.name)) throw netlinkRefuses("File exists");
  const peer = settle(target.add(there.name, "veth", 1500), there);
  const device = settle(netns.add(here.name, "veth", 1500), here);
  device.peer = peer;
  peer.peer = device;
}

function settle(device: Device, { mtu, mac }: Wanted): Device {
  if (mtu !== undefined) setMtu(device, mtu);
  if (mac !== undefined) device.mac = mac;
  return device;
}

/** In a tunnel's own arguments iproute2 takes a name that is not there for a mistake in the command. */
function below(netns: Netns): (name: string) => Device {
  return (name) => {
    const found = netns.devices.find((device) => device.name === name);
    if (found === undefined) throw new Refusal(255, `Cannot find device "${name}"`);
    return found;
  };
}

function changeLink(netns: Netns, words: Words): void {
  const device = netns.device(words.next());
  const mtu = words.number("mtu");
  words.must("type");
  const kind = words.next();
  if (!isTunnelKind(kind)) throw words.strange(`there is no ${kind}`);
  if (device.tunnel?.kind !== kind) throw new Refusal(1, "Failed to get existing tunnel info.");
  changeTunnel(device, mtu, tunnelIn(kind, words, below(netns), device.tunnel));
}

function setLink(device: Device, words: Words): void {
  if (words.is("up")) setUp(device);
  else if (words.is("down")) setDown(device);
  else if (words.is("alias")) device.alias = words.next() || undefined;
  else if (words.is("multicast")) device.multicast = words.next() === "on";
  else if (words.is("mtu")) setMtu(device, Number(words.next()));
  else if (words.is("txqueuelen")) device.txqlen = Number(words.next());
  else if (words.is("group")) device.group = Number(words.next());
  else if (words.is("address")) device.mac = words.next();
  else if (words.is("name")) device.netns.rename(device, words.next());
  else throw words.strange("there is no such setting");
}

function deleteLink(device: Device, words: Words): void {
  // Linux removes the device whatever it is said to be.
  words.option("type");
  if (device.kind === "loopback") throw netlinkRefuses("Operation not supported");
  if (!isFallback(device)) device.netns.remove(device);
}

function fouIn(words: Words): AskedFou {
  return {
    family: words.is("-6") ? 6 : 4,
    port: words.number("port") ?? 0,
    local: words.option("local"),
    peer: words.option("peer"),
    peerPort: words.number("peer_port"),
    dev: words.option("dev"),
    ipproto: words.is("gue") ? undefined : words.number("ipproto"),
  };
}

function changeAddress(netns: Netns, words: Words): void {
  const verb = words.next();
  const text = words.next();
  const other = words.option("peer");
  words.must("dev");
  const device = netns.device(words.next());
  const [local = "", ownLength] = text.split("/");
  const [peer, peerLength] = other?.split("/") ?? [];
  const address = {
    local,
    length: Number(peerLength ?? ownLength),
    peer,
    said: unusual(said(words), device.name, local),
  };
  if (verb === "delete") deleteAddress(device, address);
  else if (verb === "add" || verb === "replace") addAddress(device, address, verb === "replace");
  else throw words.strange("there is no such verb");
}

/** What is said to be as it is anyway makes no difference. */
function unusual({ label, scope, ...rest }: Said, dev: string, local: string): Said {
  const usual = local.startsWith("127.") ? "host" : "global";
  return {
    ...rest,
    ...(label !== dev && { label }),
    ...(scope !== usual && { scope }),
  };
}

function said(words: Words): Said {
  const options = {
    broadcast: words.option("broadcast"),
    label: words.option("label"),
    scope: words.option("scope"),
    noprefixroute: words.is("noprefixroute"),
    nodad: words.is("nodad"),
  };
  words.is("valid_lft", "forever");
  const lifetime = words.option("preferred_lft") ?? "forever";
  if (!["forever", "0"].includes(lifetime)) throw words.strange("a lifetime is all or nothing");
  return { ...options, deprecated: lifetime === "0" };
}

function networkOf(family: 4 | 6, text: string): string {
  if (text === "default") return family === 4 ? "0.0.0.0/0" : "::/0";
  return text.includes("/") ? text : `${text}/${family === 4 ? 32 : 128}`;
}

function deviceNamed(netns: Netns, name: string | undefined): Device | undefined {
  return name === undefined ? undefined : netns.device(name);
}

function routeWay(netns: Netns, words: Words): Pick<FakeHop, "encap" | "via" | "dev"> {
  const encap = words.is("encap", "mpls") ? { mpls: words.next(), ttl: words.number("ttl") } : undefined;
  const via = words.is("via") ? (words.option("inet6") ?? words.next()) : undefined;
  return { encap, via, dev: deviceNamed(netns, words.option("dev")) };
}

function labelWay(netns: Netns, words: Words): FakeLabelHop {
  const as = words.option("as");
  const via = words.is("via") ? (words.option("inet") ?? words.option("inet6")) : undefined;
  return { as, via, dev: deviceNamed(netns, words.option("dev")) };
}

function labelRoute(netns: Netns, words: Words): string {
  const verb = words.next();
  const label = Number(words.next());
  const way = labelWay(netns, words);
  const protocol = words.number("proto") ?? 3;
  const propagate = words.option("ttl-propagate");
  const hops: FakeLabelHop[] = [];
  while (words.is("nexthop")) hops.push(labelWay(netns, words));
  words.end();
  const ttlPropagate = propagate === undefined ? undefined : propagate === "enabled";
  const asked = { label, protocol, ttlPropagate, hops: hops.length > 0 ? hops : [way] };
  if (verb === "add" || verb === "replace") addLabelRoute(netns, asked, verb === "replace");
  else if (verb === "delete") deleteLabelRoute(netns, label);
  else throw words.strange("there is no such verb");
  return "";
}

function route(netns: Netns, family: 4 | 6, words: Words): string {
  const verb = words.next();
  const type = words.next();
  const destination = networkOf(family, words.next());
  const way = routeWay(netns, words);
  const common = {
    family,
    type,
    destination,
    ...way,
    table: words.number("table") ?? 254,
    metric: words.number("metric") ?? 0,
    protocol: words.number("proto") ?? 3,
    scope: words.option("scope"),
    src: words.option("src"),
    mtu: words.number("mtu"),
    onlink: words.is("onlink"),
  };
  const nexthops: FakeHop[] = [];
  while (words.is("nexthop")) {
    const hop = routeWay(netns, words);
    nexthops.push({ ...hop, weight: words.number("weight") ?? 1, onlink: words.is("onlink") });
  }
  words.end();
  const scope = common.scope ?? scopeOf(family, type, way.via ?? nexthops[0]);
  const [only, ...more] = nexthops;
  const asked: FakeRoute = more.length > 0 ? { ...common, scope, nexthops } : { ...common, scope, ...only };
  if (verb === "add" || verb === "replace") addRoute(netns, asked, verb === "replace");
  else if (verb === "delete") deleteRoute(netns, asked);
  else throw words.strange("there is no such verb");
  return "";
}
