import { z } from "zod";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import { Addresses, deviceProblems, observedDevice, planDevice, releaseDevice } from "../ip/device";
import type { Link } from "../ip/links";
import { ask, type View } from "../ip/view";
import { Mac, NetnsName, OwnIfName } from "../net";
import { defineResource, type Obstacle, type Problem, parentName } from "../resource";
import { adopt, connection, idOf, inNamespace, managementPath, mark, nameTaken, persist } from "./common";

const MIN_MTU = 68;
const MAX_MTU = 65_535;
/** That of Ethernet, which the kernel gives a new device. */
const USUAL_MTU = 1500;

/** One end of a pair. */
const End = z.strictObject({
  /** Name of the device, at most 15 characters. */
  name: OwnIfName,
  /**
   * Namespace that this end is in: a `Namespace`, or the name of one (ip-netns(8)). Left out, the host's own. Given the
   * resource, the pair is replaced with it.
   */
  namespace: parentName(NetnsName).optional(),
  /**
   * Addresses with their prefix lengths, IPv4 and IPv6, `10.0.0.1/24`. Those not listed are removed,
   * but neither the IPv6 link-local one of the kernel nor one that DHCP or a router gave for a time. Left out, the
   * addresses are left alone.
   */
  addresses: Addresses.optional(),
  /**
   * Largest packet in bytes, 68 to 65535, at least 1280 with IPv6 addresses (RFC 8200); both ends should agree. Left
   * out, the kernel takes 1500.
   */
  mtu: z.int().min(MIN_MTU).max(MAX_MTU).optional(),
  /** Ethernet address of one device, not of a group, like `02:00:00:00:00:01`. Left out, the kernel makes one up. */
  mac: Mac.optional(),
  /** Whether this end is up; packets flow only when both are. */
  up: z.boolean().default(true),
});

const inputs = z.strictObject({
  ...connection,
  /** One end. Another name or namespace replaces the pair; everything else changes in place. */
  a: End,
  /** The other end; the same holds for it. */
  b: End,
  ...persist,
  ...adopt,
  ...managementPath,
  ...mark,
});

/** What the host tells of one end. */
const EndState = z
  .object({
    /** Name of the device. */
    name: z.string(),
    /** The kernel's number of the device. */
    ifindex: z.int(),
    /** The Ethernet address that is in force. */
    mac: z.string(),
    /** The MTU that is in force, in bytes. */
    effectiveMtu: z.int(),
    /** `up` when packets can flow, which takes both ends; else `down`. */
    state: z.enum(["up", "down"]),
  })
  .optional();

const outputs = z.object({
  /** What the host tells of the two ends; an end that is not there is left out. */
  ends: z.object({
    /** That of `a`. */
    a: EndState,
    /** That of `b`. */
    b: EndState,
  }),
});

type End = z.output<typeof End>;
type Desired = z.output<typeof inputs>;
/** The word that stands in the state for the name of an end that is not there; no device can have it. */
const MISSING = "(missing)";

const elsewhere = (from: End | undefined, to: End | undefined) =>
  from?.name !== to?.name || from?.namespace !== to?.namespace;

/**
 * A pair of virtual Ethernet devices (veth(4)): what goes in at one end comes out at the other. Each end may be in
 * a namespace of its own, which makes it the cable between two of them.
 *
 * @example
 * const blue = new Namespace("blue", { connection, name: "blue" });
 * new VethPair("cable", {
 *   connection,
 *   a: { name: "veth0", addresses: ["10.0.0.1/24"] },
 *   b: { name: "veth1", namespace: blue, addresses: ["10.0.0.2/24"] },
 * });
 */
export const vethPair = defineResource({
  type: "VethPair",
  inputs,
  outputs,
  replaces: { a: elsewhere, b: elsewhere },
  containers: ["a.namespace", "b.namespace"],
  deleteBeforeReplace: true,
  module: "veth",
  // The kernel answers when both ends are gone (RTM_DELLINK, rtnetlink(7)).
  removalIsProof: true,

  id: ({ connection, a, b }) =>
    idOf({ connection }, `${a.namespace ?? ""}:${a.name}`, `${b.namespace ?? ""}:${b.name}`),
  which(path) {
    const [, inA, a, inB, b] = /^([^/:]*):([^/]+)\/([^/:]*):([^/]+)$/.exec(path) ?? [];
    if (a === undefined || b === undefined) return undefined;
    const end = (name: string, namespace = "") => ({ name, ...(namespace !== "" && { namespace }) });
    return { a: end(a, inA), b: end(b, inB) };
  },
  describe: ({ a, b }) =>
    `veth pair ${a.name}${inNamespace(a.namespace)} and ${b.name}${inNamespace(b.namespace)}`,
  problems: ({ a, b }) => [
    ...(a === undefined ? [] : deviceProblems(a, ["a"])),
    ...(b === undefined ? [] : deviceProblems(b, ["b"])),
    ...sameName(a, b),
  ],
  release: (before, desired) => ({
    ...desired,
    a: releaseDevice(before.a, desired.a, USUAL_MTU),
    b: releaseDevice(before.b, desired.b, USUAL_MTU),
  }),

  observe: ({ a, b }) => [...ask.links(a.namespace), ...ask.links(b.namespace)],

  parse(view, desired) {
    const [a, b] = [vethOf(view, desired.a), vethOf(view, desired.b)];
    if (a === undefined && b === undefined) return undefined;
    return observedPair(desired, a, b);
  },

  obstacle(view, desired) {
    const a = vethOf(view, desired.a);
    return stranger(view, desired.a, undefined) ?? stranger(view, desired.b, a);
  },

  foresee: () => ({ ends: {} }),

  again({ mark, a, b }, { ends }) {
    const [one, other] = [
      { ...a, mac: ends.a?.mac ?? a.mac },
      { ...b, mac: ends.b?.mac ?? b.mac },
    ];
    const added = add(one, other, ends.a?.ifindex, ends.b?.ifindex);
    return [added, ...planEnd(mark, one, made(one)), ...planEnd(mark, other, made(other))];
  },

  plan(desired, observed) {
    if (desired === undefined) return observed === undefined ? [] : remove(observed);
    const { mark, a, b } = desired;
    if (observed === undefined)
      return [add(a, b), ...planEnd(mark, a, made(a)), ...planEnd(mark, b, made(b))];
    return [
      ...planEnd(mark, a, { ...observed.a, mark: observed.mark }),
      ...planEnd(mark, b, { ...observed.b, mark: observed.mark }),
    ];
  },
});

/** The command is given where the end in the host's own namespace is: that one has no name to move a device to. */
function add(a: End, b: End, aIndex?: number, bIndex?: number): Command {
  const ends = [
    { ...a, index: aIndex },
    { ...b, index: bIndex },
  ] as const;
  const [here, there] =
    a.namespace !== undefined && b.namespace === undefined ? ([ends[1], ends[0]] as const) : ends;
  const settings = ({ mtu, mac, index }: End & { index: number | undefined }) => [
    ...(index === undefined ? [] : ["index", String(index)]),
    ...(mtu === undefined ? [] : ["mtu", String(mtu)]),
    ...(mac === undefined ? [] : ["address", mac]),
  ];
  const move =
    there.namespace === here.namespace || there.namespace === undefined ? [] : ["netns", there.namespace];
  const peer = ["peer", "name", there.name, ...move, ...settings(there)];
  return ip(here.namespace, "link", "add", "name", here.name, ...settings(here), "type", "veth", ...peer);
}

/** An end as `add` leaves it. */
function made({ mtu, mac }: End): Partial<End> {
  return { ...(mtu !== undefined && { mtu }), ...(mac !== undefined && { mac }), addresses: [], up: false };
}

function planEnd(mark: string, end: End, observed: Partial<End> & { mark?: string | undefined }): Command[] {
  const { namespace, name, mac } = end;
  const address =
    mac === undefined || mac === observed.mac
      ? []
      : [ip(namespace, "link", "set", "dev", name, "address", mac)];
  return [...address, ...planDevice(namespace, name, { ...end, mark }, observed)];
}

/** One end takes the other with it. */
function remove({ a, b, ends }: Partial<Pick<Desired, "a" | "b">> & z.output<typeof outputs>): Command[] {
  const end = ends.a === undefined ? b : a;
  return end === undefined ? [] : [ip(end.namespace, "link", "delete", "dev", end.name, "type", "veth")];
}

function sameName(a: Partial<End> | undefined, b: Partial<End> | undefined): Problem[] {
  if (a?.name === undefined || a.name !== b?.name || !("namespace" in a && "namespace" in b)) return [];
  if (a.namespace !== b.namespace) return [];
  return [{ path: ["b", "name"], message: `"${a.name}" is the other end's name too, in the same namespace` }];
}

function vethOf(view: View, end: End): Link | undefined {
  return view.links(end.namespace)?.find(({ name, kind }) => name === end.name && kind === "veth");
}

/** iproute2 names a peer in the same namespace, and gives the number of one in another. */
function joined(a: Link, b: Link): boolean {
  const leadsTo = (from: Link, to: Link) =>
    from.link.name === undefined ? from.link.index === to.ifindex : from.link.name === to.name;
  return leadsTo(a, b) && leadsTo(b, a);
}

/** The pair as it is seen from `a` or, where that one is gone, from `b`. */
function observedPair(desired: Desired, a: Link | undefined, b: Link | undefined) {
  const other = a === undefined || b === undefined || joined(a, b) ? b : undefined;
  const [one = "", ...more] = [a, other].filter((link) => link !== undefined).map(({ alias }) => alias ?? "");
  return {
    a: observedEnd(desired.a, a),
    b: observedEnd(desired.b, other),
    mark: more.every((alias) => alias === one) ? one : "",
    ends: { a: endState(a), b: endState(other) },
  };
}

/** An end that is gone, or leads elsewhere, goes by a name that can't be: so the pair is seen to need replacing. */
function observedEnd(desired: End, link: Link | undefined): End {
  const { namespace } = desired;
  if (link === undefined) return { name: MISSING, namespace, up: false };
  const { mtu, addresses, up } = observedDevice(link, desired);
  return { name: link.name, namespace, addresses, mtu, mac: link.address, up };
}

function endState(link: Link | undefined): z.output<typeof EndState> {
  if (link === undefined) return undefined;
  const { name, ifindex, address, mtu, state } = link;
  return { name, ifindex, mac: address ?? "", effectiveMtu: mtu, state };
}

/** A device that has an end's name and is none, or leads elsewhere than to the other end, which is there. */
function stranger(view: View, { name, namespace }: End, other: Link | undefined): Obstacle | undefined {
  const link = view.links(namespace)?.find((device) => device.name === name);
  const fits = link?.kind === "veth" && (other === undefined || joined(other, link));
  return link === undefined || fits ? undefined : nameTaken(link, namespace);
}
