import type * as pulumi from "@pulumi/pulumi";
import { type Family, familyOf } from "../../provider/net";
import { type KnownSide, networksOf, type SideName } from "./known";
import type { Parts } from "./parts";
import { at, type Place, share, sharedIn, type Where } from "./shared";

/** The keys that make a host pass packets on (the kernel's Documentation/networking/ip-sysctl.rst). */
const KEYS: Readonly<Record<Family, string>> = {
  4: "net.ipv4.ip_forward",
  6: "net.ipv6.conf.all.forwarding",
};

const WHAT = "forwarding";

/** forwarderOf tells who sets forwarding on a side of a link; undefined where nobody needs to. */
export function forwarderOf(
  link: string,
  side: SideName,
  place: Place,
  known: KnownSide | undefined,
): string | undefined {
  return familiesIn(known, side).length === 0 ? undefined : sharedIn(WHAT, link, side, place).name;
}

function familiesIn(side: KnownSide | undefined, name: SideName): Family[] {
  if (side?.forwarding !== true) return [];
  return [...new Set(networksOf(side, name).map(({ network }) => familyOf(network)))];
}

/** forward makes a host pass packets to what is behind it, unless another link of the program has done so. */
export function forward(make: Parts["sysctl"], where: Where, fixed: KnownSide): pulumi.Resource[] {
  const { name, side, given, persist } = where;
  const forwarder = sharedIn(WHAT, name, side, given);
  return familiesIn(fixed, side).map((family) => {
    const resource = family === 4 ? forwarder.name : `${forwarder.name}-ipv6`;
    const args = { ...at(given), key: KEYS[family], value: 1, persist };
    return share(where, forwarder, resource, (opts) => new make(resource, args, opts));
  });
}
