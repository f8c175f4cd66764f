import { inSameSubnet } from "../../provider/net";
import type { Device, Netns } from "./fake-kernel";
import { nameOf } from "./fake-listing";
import { netlinkRefuses, Refusal } from "./fake-refusal";

/** UDP ports for FOU and GUE. As in the fake kernel, each rule and each text was seen on Linux 6.1 with iproute2 6.1. */

export interface FakeFou {
  readonly port: number;
  readonly family: 4 | 6;
  /** None is GUE. */
  readonly ipproto: number | undefined;
  readonly local: string | undefined;
  readonly peer: string | undefined;
  readonly peerPort: number | undefined;
  readonly dev: Device | undefined;
}

/** AskedFou is one in a command's words. */
export type AskedFou = Omit<FakeFou, "dev"> & { readonly dev: string | undefined };

export function addFou(netns: Netns, asked: AskedFou): void {
  const wanted = { ...asked, dev: deviceIn(netns, asked) };
  if (wanted.dev !== undefined && wanted.local === undefined) throw netlinkRefuses("Invalid argument");
  if (wanted.local !== undefined && !has(netns, wanted.local))
    throw netlinkRefuses("Cannot assign requested address");
  if (netns.fous.some((other) => meet(other, wanted))) throw netlinkRefuses("Address already in use");
  netns.fous.unshift({ ...wanted, local: wanted.local ?? chosen(netns, wanted) });
}

export function deleteFou(netns: Netns, asked: AskedFou): void {
  const dev = deviceIn(netns, asked);
  const found = netns.fous.find(
    (other) =>
      other.port === asked.port &&
      other.family === asked.family &&
      other.local === asked.local &&
      other.peer === asked.peer &&
      other.peerPort === asked.peerPort &&
      other.dev === dev,
  );
  if (found === undefined) throw netlinkRefuses("Invalid argument");
  netns.fous = netns.fous.filter((other) => other !== found);
}

export function fouListing(netns: Netns): string {
  needsModule(netns);
  const entries = netns.fous.map(({ port, family, ipproto, local, peer, peerPort, dev }) => ({
    port,
    ...(ipproto === undefined ? { gue: null } : { ipproto }),
    family: family === 4 ? "inet" : "inet6",
    ...(local !== undefined && { local }),
    ...(peer !== undefined && { peer }),
    ...(peerPort !== undefined && { peer_port: peerPort }),
    ...(dev !== undefined && { dev: nameOf(dev) }),
  }));
  return `${JSON.stringify(entries)}\n`;
}

/** The kernel's families of generic netlink as `genl ctrl list` prints them. */
export function familyListing(netns: Netns): string {
  const families = ["nlctrl", ...(netns.kernel.hasModule("fou") ? ["fou"] : [])];
  return families.map((name) => `\nName: ${name}\n\tID: 0x1c  Version: 0x1\n`).join("");
}

function needsModule(netns: Netns): void {
  if (netns.kernel.hasModule("fou")) return;
  throw new Refusal(1, "RTNETLINK answers: No such file or directory\nError talking to the kernel");
}

function deviceIn(netns: Netns, { dev }: AskedFou): Device | undefined {
  needsModule(netns);
  // iproute2 takes the number of one that is gone for a name.
  const known = [...netns.devices, ...netns.fous.flatMap((fou) => fou.dev ?? [])];
  const found = known.find((device) => nameOf(device) === dev);
  if (dev !== undefined && found === undefined) throw new Refusal(1, "fou: unknown device name");
  return found;
}

function has(netns: Netns, address: string): boolean {
  return netns.devices.some(({ addresses }) => addresses.some(({ local }) => local === address));
}

/** Two sockets can't be bound to what a packet could come to both of. */
function meet(one: FakeFou, other: FakeFou): boolean {
  const overlap = <T>(some: T | undefined, more: T | undefined) =>
    some === undefined || more === undefined || some === more;
  const samePort = one.port === other.port && one.family === other.family;
  return samePort && overlap(one.local, other.local) && overlap(one.dev, other.dev);
}

/** Towards a peer the kernel chooses an address of the subnet that it is in. */
function chosen(netns: Netns, { peer }: FakeFou): string | undefined {
  if (peer === undefined) return undefined;
  const source = netns.devices
    .flatMap(({ addresses }) => addresses)
    .find(({ local, length }) => inSameSubnet(peer, `${local}/${length}`));
  if (source === undefined) throw netlinkRefuses("Network is unreachable");
  return source.local;
}
