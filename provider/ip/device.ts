import { z } from "zod";
import type { Command } from "../host/host";
import { Cidr, familyOf, IPV6_MIN_MTU, inSameSubnet, ipOf, isLinkLocal } from "../net";
import type { Problem } from "../resource";
import { ip } from "./commands";
import type { Link } from "./links";

/** What every device has, whatever its kind. */
export interface Device {
  readonly mark?: string | undefined;
  readonly mtu?: number | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly up?: boolean | undefined;
  /** Whether it has the flag MULTICAST. */
  readonly multicast?: boolean | undefined;
}

/** Addresses: those of a device; a list without repetition. */
export const Addresses = z.array(Cidr).transform((addresses) => [...new Set(addresses)]);

/** observedDevice is a link as the inputs of a resource would name it. */
export function observedDevice(link: Link, desired: Device) {
  return {
    mark: link.alias ?? "",
    mtu: link.mtu,
    addresses: observedAddresses(link, desired.addresses ?? []),
    up: link.up,
    multicast: link.flags.includes("MULTICAST"),
  };
}

/** The order in which they are listed says nothing once they are there, so the desired one is kept. */
function observedAddresses(link: Link, desired: readonly string[]): string[] {
  // Those that the kernel gives a device, or somebody on the network, are there without anybody's asking.
  const unasked = (address: string) =>
    isLinkLocal(address) || isCompatible(link, address) || link.leased.includes(address);
  const present = link.addresses.filter((address) => !unasked(address) || desired.includes(address));
  const wanted = desired.filter((address) => present.includes(address));
  return [...wanted, ...present.filter((address) => !wanted.includes(address))];
}

/** A tunnel in IPv4 to nobody in particular has its IPv4 address as an IPv6 one too (RFC 4291, 2.5.5.1). */
function isCompatible({ kind }: Link, address: string): boolean {
  return (kind === "sit" || kind === "gre") && /^::[0-9a-f]+(:[0-9a-f]+)?\/96$/.test(address);
}

/** planDevice brings alias, MTU, addresses and state of a device that is there to what is desired. */
export function planDevice(
  netns: string | undefined,
  dev: string,
  desired: Device,
  observed: Device,
): Command[] {
  const set = (...argv: string[]) => ip(netns, "link", "set", "dev", dev, ...argv);
  const goesDown = desired.up === false && observed.up === true;
  const steps: Command[] = [];
  if (desired.mark !== undefined && desired.mark !== observed.mark) steps.push(set("alias", desired.mark));
  if (desired.mtu !== undefined && desired.mtu !== observed.mtu) steps.push(set("mtu", String(desired.mtu)));
  if (desired.multicast !== undefined && desired.multicast !== observed.multicast)
    steps.push(set("multicast", desired.multicast ? "on" : "off"));
  if (desired.addresses !== undefined) {
    // With an MTU that is too small for it IPv6 is gone already.
    const left = (observed.addresses ?? []).filter((address) => familyOf(address) === 4 || fitsIpv6(desired));
    // A device that goes down loses its IPv6 addresses, so they are added when it is down.
    const wanted = desired.addresses.filter(
      (address) => !goesDown || familyOf(address) === 4 || left.includes(address),
    );
    steps.push(...planAddresses(netns, dev, wanted, left));
  }
  if (goesDown) {
    const ipv6 = (desired.addresses ?? []).filter((address) => familyOf(address) === 6);
    // Unless the host keeps them (net.ipv6.conf.*.keep_addr_on_down).
    steps.push(set("down"), ...ipv6.map((address) => changeAddress(netns, dev, "replace", address)));
  }
  if (desired.up === true && observed.up !== true) steps.push(set("up"));
  return steps;
}

function fitsIpv6({ mtu }: Device): boolean {
  return mtu === undefined || mtu >= IPV6_MIN_MTU;
}

function changeAddress(netns: string | undefined, dev: string, verb: string, address: string): Command {
  return ip(netns, "address", verb, ...address.split(" "), "dev", dev);
}

function planAddresses(
  netns: string | undefined,
  dev: string,
  desired: readonly string[],
  observed: readonly string[],
): Command[] {
  const change = (verb: string) => (address: string) => changeAddress(netns, dev, verb, address);
  const added = desired.filter((address) => !observed.includes(address));
  const removed = observed.filter((address) => !desired.includes(address));
  // The kernel has an IPv6 address once, whatever its prefix length; every other one stays until the new one is there.
  const first = removed.filter(
    (address) => familyOf(address) === 6 && added.some((other) => ipOf(other) === ipOf(address)),
  );
  // With the first IPv4 address of a subnet the kernel removes the others of it (net.ipv4.conf.*.promote_secondaries):
  // those to be removed go before it, for it is listed first, and those to stay come again.
  const last = removed.filter((address) => !first.includes(address)).reverse();
  const gone = desired.filter(
    (address) =>
      familyOf(address) === 4 && last.some((other) => !other.includes(" ") && inSameSubnet(address, other)),
  );
  return [
    ...first.map(change("delete")),
    ...added.map(change("add")),
    ...last.map(change("delete")),
    ...gone.map(change("replace")),
  ];
}

/**
 * releaseDevice: addresses that a program no longer lists are taken away, not only let go; an MTU or a flag that it no
 * longer sets becomes the usual one again, which for MULTICAST is that of a tunnel.
 */
export function releaseDevice<D extends Device>(before: Device | undefined, desired: D, usualMtu: number): D {
  const released = (key: keyof Device) => before?.[key] !== undefined && desired[key] === undefined;
  return {
    ...desired,
    ...(released("addresses") && { addresses: [] }),
    ...(released("mtu") && { mtu: usualMtu }),
    ...(released("multicast") && { multicast: false }),
  };
}

/** deviceProblems: an MTU that would take IPv6 off the device, and an address that it can't have twice. */
export function deviceProblems(known: Device, path: readonly string[] = []): Problem[] {
  const ipv6 = known.addresses?.filter((address) => familyOf(address) === 6) ?? [];
  const [first] = ipv6;
  const found: Problem[] = [];
  if (first !== undefined && !fitsIpv6(known)) {
    const message = `${known.mtu} is too small for the IPv6 address ${first}: IPv6 needs at least ${IPV6_MIN_MTU} (RFC 8200)`;
    found.push({ path: [...path, "mtu"], message });
  }
  const twice = ipv6.find((address, index) =>
    ipv6.slice(0, index).some((other) => ipOf(other) === ipOf(address)),
  );
  if (twice !== undefined) {
    const message = `${ipOf(twice)} is there with another prefix length too; a device has an IPv6 address once`;
    found.push({ path: [...path, "addresses"], message });
  }
  return found;
}
