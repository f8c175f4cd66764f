import { z } from "zod";
import type { Command } from "../host/host";
import { type Assigned, spelled } from "../ip/addresses";
import { ip, write } from "../ip/commands";
import type { Link } from "../ip/links";
import { ask } from "../ip/view";
import { Cidr, familyOf, IfName, Ip, Ipv4, inSameSubnet, ipOf, lengthOf } from "../net";
import { always, defineResource, type Problem, parentName } from "../resource";
import { adopt, connection, idForm, idOf, inNamespace, managementPath, namespace, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Device that gets the address: its name, `lo` or `eth0`, or the resource that makes it. The kernel drops an address
   * with its device: given the resource, the address is replaced and deleted with it. The tunnels and veth pairs of
   * this package have `addresses` of their own, which take away what they don't list.
   */
  dev: parentName(IfName),
  /**
   * Address with the prefix length of its subnet, `10.0.0.1/24` or `fd00::1/64`; on `lo` most often a single one,
   * `10.255.0.1/32` (ip-address(8)). A device has an IPv6 address once, whatever its prefix length.
   */
  address: Cidr,
  /**
   * Address of the other end of a point-to-point link, of the same family; the prefix length of `address` is then its
   * (ip-address(8)). Left out, there is none.
   */
  peer: Ip.optional(),
  /** Broadcast address of the subnet, for IPv4 (ip-address(8)). Left out, a new address has none. */
  broadcast: Ipv4.optional(),
  /**
   * Label, for IPv4: the device's name, or that with a colon and more behind it, `eth0:web`, at most 15 characters
   * (ip-address(8)). Left out, the device's name.
   */
  label: z
    .string()
    .regex(
      /^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.:-]*)?$/,
      'write a label like "eth0:web", without blanks and the like',
    )
    .max(15, "a label has at most 15 characters")
    .optional(),
  /**
   * How far the address is valid, for IPv4 (ip-address(8)): `global`, `site`, `link` or `host`. Left out, `host` for
   * 127.0.0.0/8, else `global`. That of an IPv6 address follows from the address.
   */
  scope: z.enum(["global", "site", "link", "host"]).optional(),
  /** Keeps the kernel from making the route to the subnet that comes with an address (ip-address(8)). */
  noprefixroute: z.boolean().default(false),
  /** Skips Duplicate Address Detection (RFC 4862) when the address is added, for IPv6. */
  nodad: z.boolean().default(false),
  /**
   * How long the address is preferred as a source for new connections: `forever`, or 0 for never, when it takes packets
   * but the host itself prefers another one (RFC 4862, a deprecated address).
   */
  preferredLft: z
    .union([z.literal("forever"), z.literal(0)], 'give "forever", or 0 for a deprecated address')
    .default("forever"),
  ...persist,
  ...adopt,
  ...managementPath,
});

const outputs = z.object({
  /** Whether it hangs on another IPv4 address of its subnet, as all but the first do. */
  secondary: z.boolean(),
});

type Desired = z.output<typeof inputs>;

/**
 * One address of a device that is not ours: `lo`, or a machine's port. The device and its other addresses are left
 * alone. An address has no room for a mark, so one that is there already is never taken for our own: after an `up` that
 * was killed between making it and recording it, `adopt: true` takes it back.
 *
 * @example
 * new Address("router-id", { connection, dev: "lo", address: "10.255.0.1/32" });
 */
export const address = defineResource({
  type: "Address",
  inputs,
  outputs,
  replaces: {
    namespace: always,
    dev: always,
    address: always,
    peer: always,
    broadcast: always,
    label: always,
    scope: always,
    noprefixroute: always,
  },
  containers: ["namespace", "dev"],
  deleteBeforeReplace: true,
  unmarked: true,

  id: (desired) => idOf(desired, desired.dev, desired.address),
  which: idForm(/^(?<dev>[^/]+)\/(?<address>.+)$/),
  describe: ({ address, dev, namespace }) => `address ${address} on ${dev}${inNamespace(namespace)}`,

  exposed: ({ dev }) => ({ kind: "address", dev }),

  problems,

  observe: ({ namespace, dev, address }) => [
    ...ask.links(namespace),
    ...(familyOf(address) === 4 ? ask.file(promotes(dev), namespace) : []),
  ],
  // Whether others hang on it shows in a listing too; only where they do is there more to ask.
  glance: ({ namespace, dev }) => (namespace === undefined ? ask.link(dev) : undefined),
  survey: ({ namespace }) => ask.links(namespace),

  parse(view, desired) {
    const { namespace, dev } = desired;
    const link = view.link(dev, namespace);
    const found = link && findIn(link, desired);
    if (link === undefined || found === undefined) return undefined;
    const { peer, scope, nodad, noprefixroute, broadcast, label, deprecated, dynamic, secondary } = found;
    const lasting = deprecated ? 0 : "forever";
    return {
      namespace,
      dev,
      address:
        peer === undefined || desired.peer !== undefined ? `${found.local}/${found.length}` : spelled(found),
      peer,
      broadcast,
      label,
      scope: scope as Desired["scope"],
      noprefixroute,
      nodad,
      // One that goes by itself is as nobody here has asked for.
      preferredLft: (dynamic ? "for a time" : lasting) as Desired["preferredLft"],
      secondary,
      found: found as Parts,
      demoting: carries(found, link) && view.file(promotes(dev), namespace)?.trim() === "0",
    };
  },

  foresee: ({ address, peer }) => ({ found: partsOf(address, peer), demoting: false }),

  plan(desired, observed) {
    if (desired === undefined) return observed === undefined ? [] : remove(observed);
    const wanted = spell(desired);
    if (observed === undefined) return [ip(desired.namespace, "address", "add", ...wanted)];
    const agrees = COMPARED.every((key) => desired[key] === undefined || desired[key] === observed[key]);
    return agrees ? [] : [ip(desired.namespace, "address", "replace", ...wanted)];
  },
});

const COMPARED = [
  "address",
  "peer",
  "broadcast",
  "label",
  "scope",
  "noprefixroute",
  "nodad",
  "preferredLft",
] as const;

/** promotes is the file that says what becomes of the other addresses of a subnet when the first one goes. */
function promotes(dev: string): string {
  return `/proc/sys/net/ipv4/conf/${dev}/promote_secondaries`;
}

/** findIn finds the address that the kernel takes for the desired one. */
function findIn({ assigned }: Link, { address, peer }: Desired): Assigned | undefined {
  const same = assigned.filter(({ local }) => local === ipOf(address));
  if (familyOf(address) === 6) return same[0];
  const length = lengthOf(address);
  const subnet = `${peer ?? ipOf(address)}/${length}`;
  const alike = same.filter((one) => one.length === length && inSameSubnet(one.peer ?? one.local, subnet));
  return alike.find((one) => one.peer === peer) ?? alike[0];
}

/** carries tells whether other addresses of the device hang on this one. */
function carries(found: Assigned, { assigned }: Link): boolean {
  const subnet = `${found.peer ?? found.local}/${found.length}`;
  return (
    !found.secondary &&
    assigned.some(
      (other) =>
        other.secondary && other.length === found.length && inSameSubnet(other.peer ?? other.local, subnet),
    )
  );
}

/** Parts is what tells an address of a device from its others. */
type Parts = Pick<Assigned, "local" | "length" | "peer">;

function partsOf(address: string, peer: string | undefined): Parts {
  const [local = "", length] = address.split("/");
  return { local, length: Number(length), peer };
}

function spell(desired: Desired): string[] {
  const { dev, address, peer, broadcast, label, scope, noprefixroute, nodad, preferredLft } = desired;
  return [
    ...spelled(partsOf(address, peer)).split(" "),
    ...["dev", dev],
    ...(broadcast === undefined ? [] : ["broadcast", broadcast]),
    ...(label === undefined ? [] : ["label", label]),
    ...(scope === undefined ? [] : ["scope", scope]),
    ...(noprefixroute ? ["noprefixroute"] : []),
    ...(nodad ? ["nodad"] : []),
    ...["valid_lft", "forever", "preferred_lft", String(preferredLft)],
  ];
}

/** With the first address of a subnet the kernel would remove the others, whoever made them; so it is told not to. */
function remove(observed: {
  namespace?: string | undefined;
  dev?: string | undefined;
  found: Parts;
  demoting: boolean;
}): Command[] {
  const { namespace, dev, found, demoting } = observed;
  if (dev === undefined) return [];
  const step = ip(namespace, "address", "delete", ...spelled(found).split(" "), "dev", dev);
  if (!demoting) return [step];
  return [write(namespace, promotes(dev), "1"), step, write(namespace, promotes(dev), "0")];
}

function problems(known: Partial<Desired>): Problem[] {
  const { address, peer, dev, label, broadcast, scope, nodad } = known;
  const found: Problem[] = [];
  const add = (key: keyof Desired, message: string) => found.push({ path: [key], message });
  const family = address && familyOf(address);
  if (family === 6) {
    for (const [key, value] of Object.entries({ broadcast, label, scope })) {
      if (value !== undefined) add(key as keyof Desired, "an IPv6 address has none: leave it out");
    }
  }
  if (family === 4 && nodad === true) add("nodad", "is about IPv6 alone: leave it out");
  if (peer !== undefined && family !== undefined && familyOf(peer) !== family) {
    add("peer", `${peer} is not of IPv${family}, the family of ${address}`);
  }
  if (peer !== undefined && address !== undefined && peer === ipOf(address)) {
    add("peer", `${peer} is the address itself: give that of the other end, or leave it out`);
  }
  if (label !== undefined && dev !== undefined && label !== dev && !label.startsWith(`${dev}:`)) {
    add("label", `"${label}" does not begin with the device: write it like "${dev}:web"`);
  }
  return found;
}
