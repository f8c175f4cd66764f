import type * as pulumi from "@pulumi/pulumi";
import { type KindName, kindOf } from "./kinds";
import type { KnownOptions, SideName } from "./known";
import type { Options } from "./options";
import type { Parts } from "./parts";
import { at, type Place, type Shared, share, sharedIn, type Where } from "./shared";

/** The UDP port at which a host takes a link's packets. */

type Encap = NonNullable<Options["encap"]>;

/** Whatever comes in there, so that a port which is to take something else is replaced, not made twice. */
function opener(kind: KindName, port: number, link: string, side: SideName, place: Place): Shared {
  // IPv4 and IPv6 have ports of their own.
  return sharedIn(`fou${kindOf(kind).underlay === 4 ? "" : 6}-${port}`, link, side, place);
}

/** openerOf tells who opens the port on a side of a link; undefined where none is needed. */
export function openerOf(
  link: string,
  side: SideName,
  place: Place,
  { kind, encap }: KnownOptions,
): string | undefined {
  if (kind === undefined || encap?.port === undefined) return undefined;
  return opener(kind, encap.port, link, side, place).name;
}

/** openPort opens the port, unless another link of the program has done so. */
export function openPort(
  make: Parts["port"],
  where: Where,
  kind: KindName,
  { type, port }: Encap,
): pulumi.Resource {
  const { name, side, given, persist } = where;
  const { protocol, underlay } = kindOf(kind);
  const shared = opener(kind, port, name, side, given);
  const inside = type === "fou" ? { ipproto: protocol } : {};
  const args = { ...at(given), port, encap: type, family: underlay, persist, ...inside };
  return share(where, shared, shared.name, (opts) => new make(shared.name, args, opts));
}
