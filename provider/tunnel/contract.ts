import type { z } from "zod";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import { type Device, observedDevice, planDevice, releaseDevice } from "../ip/device";
import type { Link } from "../ip/links";
import type { Towards } from "../ip/path";
import { ask, type View } from "../ip/view";
import type { Contract, Obstacle } from "../resource";
import { glanceAtLink, idForm, idOf, inNamespace, nameTaken } from "../resources/common";
import { type Fields, same } from "../state";
import { type Attribute, readAll } from "./attribute";
import { AUTO, type outputs } from "./device";
import { type Encap, encapModule } from "./encap";

/** What is left of Ethernet for the tunnel's packets, where no route tells better. */
const ETHERNET_MTU = 1500;

/** The host's own namespace, to `ip` in another one. */
const HOST_NETNS = "/proc/1/ns/net";

/** Kind is all in which the kinds of tunnels differ. */
export interface Kind {
  /** The word of ip-link(8) for it: `ipip`, `sit`. */
  readonly word: string;
  /** The family of the outer header. */
  readonly family: 4 | 6;
  /** What it is told and tells, in the order in which it is said. */
  readonly attributes: readonly Attribute[];
  /** How many bytes its headers take of each packet. */
  overhead(desired: Fields): number;
  /** What must be said before all else, since the kernel would refuse it together. */
  first?(desired: Fields, observed: Fields): string[];
  /** Whether the kernel, by these parameters, takes another device of this kind for the one that is desired. */
  rivals?(info: Fields, desired: Fields): boolean;
}

/** A tunnel's inputs, as far as all kinds have them. */
interface Tunnel extends Fields {
  readonly connection: Parameters<typeof idOf>[0]["connection"];
  readonly namespace?: string | undefined;
  readonly underlayNamespace?: string | undefined;
  readonly name: string;
  readonly local: string;
  readonly remote: string;
  readonly dev?: string | undefined;
  readonly mtu?: number | typeof AUTO | undefined;
  readonly addresses?: string[] | undefined;
  readonly up: boolean;
  readonly mark: string;
  readonly encap?: Encap | undefined;
}

/** What `parse` finds for `plan`: the MTU that `auto` comes to. */
interface Found {
  readonly autoMtu?: number | undefined;
}

type Seen = Partial<Tunnel> & Found;

type Parts<I extends z.ZodObject> = Pick<
  Contract<I, typeof outputs, Found>,
  | "containers"
  | "replacedWith"
  | "deleteBeforeReplace"
  | "optionModule"
  | "exclusive"
  | "removalIsProof"
  | "id"
  | "which"
  | "describe"
  | "exposed"
  | "release"
  | "observe"
  | "glance"
  | "unfolds"
  | "parse"
  | "obstacle"
  | "plan"
  | "again"
>;

/** tunnelOf is the part of a contract that all kinds share. */
export function tunnelOf<I extends z.ZodObject>(kind: Kind): Parts<I> {
  const parts: Omit<Parts<z.ZodObject>, "parse" | "plan"> & {
    parse(view: View, desired: Tunnel): unknown;
    plan(desired: Tunnel | undefined, observed: Seen | undefined): Command[];
  } = {
    containers: ["namespace", "underlayNamespace"],
    // The kernel keeps a tunnel whose device below is gone.
    replacedWith: ["dev"],
    deleteBeforeReplace: true,
    optionModule: ({ encap }) => encapModule(encap as Tunnel["encap"], kind.family),
    exclusive: true,
    // The kernel answers when the device is gone (RTM_DELLINK, rtnetlink(7)).
    removalIsProof: true,
    id: (desired) => idOf(desired as Tunnel, String(desired.name)),
    which: idForm(/^(?<name>[^/]+)$/),
    describe: ({ name, namespace }) => `tunnel ${name}${inNamespace(namespace as string | undefined)}`,
    exposed: ({ name }) => ({ kind: "address", dev: String(name), part: "addresses" }),
    release: (before, desired) =>
      releaseDevice(before as Device, desired as Device & Fields, ETHERNET_MTU - kind.overhead(desired)),
    observe: (desired) => questions(desired as Tunnel),
    glance: (desired) => glance(desired as Tunnel),
    // What the way to the other end takes is asked together with what has been made.
    unfolds: ({ mtu }) => mtu === AUTO,
    parse: (view, desired) => parse(kind, view, desired),
    obstacle: (view, desired) => obstacle(kind, view, desired as Tunnel),
    plan: (desired, observed) => plan(kind, desired, observed),
    again: (desired, observed) => again(kind, desired as Tunnel, observed),
  };
  return parts as unknown as Parts<I>;
}

function underlay({ namespace, underlayNamespace }: Tunnel): string | undefined {
  return underlayNamespace === undefined ? namespace : underlayNamespace || undefined;
}

function towards({ remote, local, dev, fwmark }: Tunnel): Towards {
  const mark = typeof fwmark === "number" ? fwmark : undefined;
  return { remote, local: local === "any" ? undefined : local, dev, fwmark: mark };
}

function questions(desired: Tunnel): Command[] {
  const { namespace, underlayNamespace, mtu } = desired;
  return [
    ...ask.links(namespace),
    ...(underlayNamespace === undefined ? [] : ask.namespaceIds(namespace)),
    ...(mtu === AUTO ? ask.path(towards(desired), underlay(desired)) : []),
  ];
}

function glance({ namespace, underlayNamespace, name, mtu }: Tunnel): Command[] | undefined {
  return underlayNamespace === undefined && mtu !== AUTO ? glanceAtLink(namespace, name) : undefined;
}

function parse(kind: Kind, view: View, desired: Tunnel): Fields | undefined {
  const { name, namespace, mtu } = desired;
  const link = view.link(name, namespace);
  if (link === undefined || link.kind !== kind.word) return undefined;
  const read = readAll(kind.attributes, link.data);
  const autoMtu = mtu === AUTO ? autoOf(kind, view, desired) : undefined;
  const device = observedDevice(link, desired as Device);
  return {
    namespace,
    underlayNamespace: underlayOf(view, link, desired),
    name: link.name,
    dev: link.link.name,
    // A device that takes its parameters from each packet has none of its own.
    ...(read.external === true && desired.external === true
      ? Object.fromEntries(kind.attributes.map(({ key }) => [key, desired[key]]))
      : read),
    ...device,
    ...(mtu === AUTO && (autoMtu === undefined || autoMtu === device.mtu) && { mtu }),
    ifindex: link.ifindex,
    effectiveMtu: link.mtu,
    state: link.state,
    flags: [...link.flags],
    autoMtu,
  };
}

function autoOf(kind: Kind, view: View, desired: Tunnel): number | undefined {
  const path = view.pathMtu(towards(desired), underlay(desired));
  return path === undefined ? undefined : path - kind.overhead(desired);
}

function underlayOf(view: View, { otherNetns }: Link, desired: Tunnel): string | undefined {
  if (otherNetns === undefined)
    return underlay(desired) === desired.namespace ? desired.underlayNamespace : undefined;
  // Nobody asked for the names of the numbers.
  if (desired.underlayNamespace === undefined) return `number ${otherNetns}`;
  return view.namespaceOf(otherNetns, desired.namespace) ?? "";
}

function obstacle(kind: Kind, view: View, desired: Tunnel): Obstacle | undefined {
  const links = view.links(desired.namespace) ?? [];
  const link = links.find(({ name }) => name === desired.name);
  if (link !== undefined && link.kind !== kind.word) return nameTaken(link, desired.namespace);
  return rival(kind, links, desired);
}

/** The kernel tells packets to tunnels by their ends, and says only "File exists" when another device has them. */
function rival(kind: Kind, links: readonly Link[], desired: Tunnel): Obstacle | undefined {
  const { name, namespace, local, remote, dev, external } = desired;
  const ends = kind.attributes.filter(({ key }) => key === "local" || key === "remote");
  const link = links.find(
    (other) =>
      other.name !== name &&
      // Of whatever mode: the kernel does not look at what a tunnel carries inside.
      other.kind === kind.word &&
      (other.data.external === true) === (external === true) &&
      same(readAll(ends, other.data), { local, remote }) &&
      other.link.name === dev &&
      (kind.rivals?.(other.data, desired) ?? true),
  );
  if (link === undefined) return undefined;
  const through = dev === undefined ? "" : ` over ${dev}`;
  return {
    what: `the tunnel ${link.name}${inNamespace(namespace)} already joins ${local} to ${remote}${through}`,
    advice: "The kernel allows one tunnel of a kind between two addresses: use that one, or other ends.",
  };
}

function plan(kind: Kind, desired: Tunnel | undefined, observed: Seen | undefined): Command[] {
  if (desired === undefined) {
    return observed?.name === undefined
      ? []
      : [ip(observed.namespace, "link", "delete", "dev", observed.name)];
  }
  const { namespace, name, underlayNamespace } = desired;
  const mtu = desired.mtu === AUTO ? observed?.autoMtu : desired.mtu;
  const target = { ...desired, mtu };
  const told = mtu === undefined ? [] : ["mtu", String(mtu)];
  if (observed === undefined) {
    const made = { ...(mtu !== undefined && { mtu }), addresses: [], up: false, multicast: false };
    const elsewhere = underlayNamespace === undefined ? [] : ["link-netns", underlayNamespace || HOST_NETNS];
    return [
      ip(namespace, "link", "add", "name", name, ...elsewhere, ...told, ...parameters(kind, desired, {})),
      ...planDevice(namespace, name, target, made),
    ];
  }
  // Of an MTU that is as it should be nobody need speak, nor of one that nobody can tell.
  const present = { ...observed, mtu: observed.mtu === AUTO ? mtu : observed.mtu };
  const differs = (key: string) => desired[key] !== undefined && !same(desired[key], observed[key]);
  if (!["dev", ...kind.attributes.map(({ key }) => key)].some(differs))
    return planDevice(namespace, name, target, present);
  const change = (...words: string[]) => ip(namespace, "link", "change", "name", name, ...words);
  const first = kind.first?.(desired, observed) ?? [];
  return [
    ...(first.length === 0 ? [] : [change("type", kind.word, ...first)]),
    // With most changes the kernel takes the MTU anew, unless it is told one.
    change(...told, ...parameters(kind, desired, observed)),
    ...planDevice(namespace, name, target, mtu === undefined ? present : { ...present, mtu }),
  ];
}

/** again makes a tunnel of the number and the MTU that it has. */
function again(kind: Kind, desired: Tunnel, observed: Seen & { readonly ifindex: number }): Command[] {
  const mtu = desired.mtu === AUTO ? observed.autoMtu : desired.mtu;
  const [add, ...rest] = plan(kind, { ...desired, mtu }, undefined);
  if (add === undefined) return [];
  const argv = add.argv.flatMap((word) =>
    word === "add" ? [word, "index", String(observed.ifindex)] : [word],
  );
  return [{ ...add, argv }, ...rest];
}

/** Whatever may be different is said, so that nothing depends on what iproute2 would fill in. */
function parameters(kind: Kind, desired: Tunnel, observed: Seen): string[] {
  const { dev } = desired;
  const quiet = ({ key, usual }: Attribute) =>
    usual !== undefined && [desired[key], observed[key] ?? usual].every((value) => same(value, usual));
  const said = kind.attributes.filter((attribute) => !quiet(attribute));
  return [
    "type",
    kind.word,
    ...said.flatMap(({ key, words }) => words(desired[key])),
    ...(dev === undefined ? [] : ["dev", dev]),
  ];
}
