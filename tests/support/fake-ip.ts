import {
  addAddress,
  addTunnel,
  changeTunnel,
  type Device,
  deleteAddress,
  type FakeKernel,
  type Netns,
  setDown,
  setMtu,
  setUp,
  type Tunnel,
} from "./fake-kernel";
import { addressListing, namespaceListing, routeListing } from "./fake-listing";
import { addLabelRoute, deleteLabelRoute, type FakeLabelHop, labelListing } from "./fake-mpls";
import { netlinkRefuses, Refusal } from "./fake-refusal";
import { addRoute, deleteRoute, type FakeHop, type FakeRoute, scopeOf } from "./fake-routes";

/** NotUnderstood: a command that the fake does not know. A test that causes it fails. */
export class NotUnderstood extends Error {}

/** Words reads a command's words one after another, and takes none for granted. */
class Words {
  private at = 0;

  constructor(
    private readonly command: string,
    private readonly words: readonly string[],
  ) {}

  get done(): boolean {
    return this.at === this.words.length;
  }

  next(): string {
    const word = this.words[this.at++];
    if (word === undefined) throw this.strange("a word is missing at the end");
    return word;
  }

  /** is takes the next words when they are these. */
  is(...expected: readonly string[]): boolean {
    if (!expected.every((word, index) => this.words[this.at + index] === word)) return false;
    this.at += expected.length;
    return true;
  }

  must(...expected: readonly string[]): void {
    if (!this.is(...expected)) throw this.strange(`expected ${expected.join(" ")} at ${this.words[this.at]}`);
  }

  /** option is the word after a keyword, if the keyword stands here. */
  option(keyword: string): string | undefined {
    return this.is(keyword) ? this.next() : undefined;
  }

  number(keyword: string): number | undefined {
    const word = this.option(keyword);
    return word === undefined ? undefined : Number(word);
  }

  end(): void {
    if (!this.done) throw this.strange(`did not expect ${this.words.slice(this.at).join(" ")}`);
  }

  strange(why: string): NotUnderstood {
    return new NotUnderstood(`the fake host does not understand \`${this.command}\`: ${why}`);
  }
}

/** runIp is `ip` in a namespace: what it prints, or a Refusal. */
export function runIp(kernel: FakeKernel, netnsName: string | undefined, argv: readonly string[]): string {
  const words = new Words(["ip", ...argv].join(" "), argv);
  const netns = kernel.netns(netnsName);
  if (words.is("-json", "netns", "list")) return ended(words, namespaceListing(kernel));
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
  if (words.is("-json", "-details", "-Numeric", "-M", "route", "show"))
    return ended(words, labelListing(netns));
  if (words.is("-M", "route")) return labelRoute(netns, words);
  for (const family of [4, 6] as const) {
    if (words.is(`-${family}`, "route")) return route(netns, family, words);
  }
  if (words.is("netns", "add")) kernel.addNetns(words.next());
  else if (words.is("netns", "delete")) kernel.deleteNetns(words.next());
  else if (words.is("link", "add", "name")) addLink(kernel, netns, words);
  else if (words.is("link", "change", "name")) changeLink(netns, words);
  else if (words.is("link", "set", "dev")) setLink(netns.device(words.next()), words);
  else if (words.is("link", "delete", "dev")) deleteLink(netns.device(words.next()), words);
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
  if (words.is("type", "ipip")) {
    addTunnel(netns, here.name, here.mtu, tunnelIn(netns, words));
    return;
  }
  if (words.is("type", "dummy")) {
    settle(netns.add(here.name, "dummy", 1500), here);
    return;
  }
  words.must("type", "veth", "peer", "name");
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

function tunnelIn(netns: Netns, words: Words): Tunnel {
  words.must("mode");
  const proto = words.is("any") ? "any" : "ipip";
  if (proto === "ipip") words.must("ipip");
  words.must("local");
  const local = words.next();
  words.must("remote");
  const remote = words.next();
  words.must("ttl");
  const ttl = words.next();
  words.must("tos");
  const tos = words.next();
  const pmtudisc = words.is("pmtudisc");
  if (!pmtudisc) words.must("nopmtudisc");
  const below = words.option("dev");
  const dev = below === undefined ? undefined : deviceBelow(netns, below);
  if (ttl !== "inherit" && !pmtudisc) throw new Refusal(255, "ttl != 0 and nopmtudisc are incompatible");
  return {
    proto,
    local,
    remote,
    ttl: ttl === "inherit" ? 0 : Number(ttl),
    tos: tos === "inherit" ? 1 : Number(tos),
    pmtudisc,
    dev,
  };
}

/** In a tunnel's own arguments iproute2 takes a name that is not there for a mistake in the command. */
function deviceBelow(netns: Netns, name: string): Device {
  const found = netns.devices.find((device) => device.name === name);
  if (found === undefined) throw new Refusal(255, `Cannot find device "${name}"`);
  return found;
}

function changeLink(netns: Netns, words: Words): void {
  const device = netns.device(words.next());
  const mtu = words.number("mtu");
  words.must("type", "ipip");
  changeTunnel(device, mtu, tunnelIn(netns, words));
}

function setLink(device: Device, words: Words): void {
  if (words.is("up")) setUp(device);
  else if (words.is("down")) setDown(device);
  else if (words.is("alias")) device.alias = words.next() || undefined;
  else if (words.is("mtu")) setMtu(device, Number(words.next()));
  else if (words.is("address")) device.mac = words.next();
  else if (words.is("name")) device.netns.rename(device, words.next());
  else throw words.strange("there is no such setting");
}

function deleteLink(device: Device, words: Words): void {
  // Linux removes the device whatever it is said to be.
  words.option("type");
  if (device.kind === "loopback") throw netlinkRefuses("Operation not supported");
  if (device.name !== "tunl0") device.netns.remove(device);
}

function changeAddress(netns: Netns, words: Words): void {
  const verb = words.next();
  const text = words.next();
  const other = words.option("peer");
  words.must("dev");
  const device = netns.device(words.next());
  const [local = "", ownLength] = text.split("/");
  const [peer, peerLength] = other?.split("/") ?? [];
  const address = { local, length: Number(peerLength ?? ownLength), peer };
  if (verb === "delete") deleteAddress(device, address);
  else if (verb === "add" || verb === "replace") addAddress(device, address, verb === "replace");
  else throw words.strange("there is no such verb");
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
