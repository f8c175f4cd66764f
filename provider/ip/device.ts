import { z } from "zod";
import type { Command } from "../host/host";
import { Cidr, familyOf, IPV6_MIN_MTU, inSameSubnet, ipOf } from "../net";
import type { Problem } from "../resource";
import { ip } from "./commands";
import type { Link } from "./links";

/** What every device has, whatever its kind: an alias, an MTU, addresses, and being up or down. */
export interface Device {
  readonly mark?: string | undefined;
  readonly mtu?: number | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly up?: boolean | undefined;
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
  };
}

/** The order in which they are listed says nothing once they are there, so the desired one is kept. */
function observedAddresses(link: Link, desired: readonly string[]): string[] {
  const present = link.addresses.filter((address) => !isLinkLocal(address) || desired.includes(address));
  const wanted = desired.filter((address) => present.includes(address));
  return [...wanted, ...present.filter((address) => !wanted.includes(address))];
}

/** The kernel gives every device that can have one a link-local address by itself (RFC 4291, 2.5.6). */
function isLinkLocal(cidr: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(cidr);
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
  if (goesDown) steps.push(set("down"));
  if (desired.addresses !== undefined) {
    // A device that goes down loses its IPv6 addresses (net.ipv6.conf.*.keep_addr_on_down).
    const left = (observed.addresses ?? []).filter((address) => !goesDown || familyOf(address) === 4);
    steps.push(...planAddresses(netns, dev, desired.addresses, left));
  }
  if (desired.up === true && observed.up !== true) steps.push(set("up"));
  return steps;
}

function planAddresses(
  netns: string | undefined,
  dev: string,
  desired: readonly string[],
  observed: readonly string[],
): Command[] {
  const change = (verb: string, address: string) =>
    ip(netns, "address", verb, ...address.split(" "), "dev", dev);
  const added = desired.filter((address) => !observed.includes(address));
  const removed = observed.filter((address) => !desired.includes(address));
  // The kernel has an IPv6 address once, whatever its prefix length; every other one stays until the new one is there.
  const first = removed.filter(
    (address) => familyOf(address) === 6 && added.some((other) => ipOf(other) === ipOf(address)),
  );
  const last = removed.filter((address) => !first.includes(address));
  // With the first IPv4 address of a subnet the kernel removes the others of it (net.ipv4.conf.*.promote_secondaries).
  const gone = desired.filter(
    (address) =>
      familyOf(address) === 4 && last.some((other) => !other.includes(" ") && inSameSubnet(address, other)),
  );
  return [
    ...first.map((address) => change("delete", address)),
    ...added.map((address) => change("add", address)),
    ...last.map((address) => change("delete", address)),
    ...gone.map((address) => change("replace", address)),
  ];
}

/** releaseAddresses: addresses that a program no longer lists are taken away, not only let go. */
export function releaseAddresses<D extends Device>(before: Device | undefined, desired: D): D {
  const released = before?.addresses !== undefined && desired.addresses === undefined;
  return released ? { ...desired, addresses: [] } : desired;
}

/** mtuProblems: an MTU that would take IPv6 off the device. */
export function mtuProblems(known: Device, path: readonly string[] = []): Problem[] {
  const tooSmall = known.mtu !== undefined && known.mtu < IPV6_MIN_MTU;
  const ipv6 = known.addresses?.find((address) => familyOf(address) === 6);
  if (!tooSmall || ipv6 === undefined) return [];
  const message = `${known.mtu} is too small for the IPv6 address ${ipv6}: IPv6 needs at least ${IPV6_MIN_MTU} (RFC 8200)`;
  return [{ path: [...path, "mtu"], message }];
}
