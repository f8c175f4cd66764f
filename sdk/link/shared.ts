import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, labelOf, type Named } from "../resource";
import { hostOf, type KnownSide, type SideName } from "./known";
import type { Options } from "./options";
import type { Program } from "./program";

/**
 * What there is once on a host, and is put back or closed by the first resource of it that goes, can't be each link's own.
 * So the links of a program share one, and it is named after the host, so that it is the same whichever link comes first.
 */

/** Place is where on a host a side of a link is, as a program gives it. */
export interface Place {
  readonly connection?: pulumi.Input<ConnectionArgs> | undefined;
  readonly host?: pulumi.Input<string> | undefined;
  readonly namespace?: pulumi.Input<string> | Named | undefined;
}

/** at is where the resources of a side are. */
export function at({ connection, host, namespace }: Place): Place {
  return { connection, host, namespace };
}

/** Where is a side of a link, and what shares it with others. */
export interface Where {
  readonly name: string;
  readonly side: SideName;
  readonly given: Place;
  readonly persist: Options["persist"];
  readonly link: pulumi.Resource;
  readonly program: Program;
}

/** Shared is such a resource: its name, which no link is part of unless there is no other. */
export interface Shared {
  readonly name: string;
  /** What tells the place from every other; absent where links can't know that they share it. */
  readonly key?: unknown;
}

/** sharedIn names what the links in a place share. */
export function sharedIn(
  what: string,
  link: string,
  side: SideName,
  { namespace, ...reached }: Place,
): Shared {
  const host = plainHost(reached);
  const own = { name: `${link}-${side}-${what}` };
  if (host === undefined) return own;
  // The engine parts the names of its URNs by "::".
  const name = `${what}-${host.replaceAll(":", "~")}`;
  if (namespace === undefined) return { name, key: name };
  if (typeof namespace === "string") return { name: `${name}-${namespace}`, key: `${name}-${namespace}` };
  const label = pulumi.Resource.isInstance(namespace) ? labelOf(namespace) : undefined;
  return label === undefined ? own : { name: `${name}-in-${label}`, key: namespace };
}

/** plainHost is the host where a program gives it as such. */
function plainHost({ connection, host: name }: Omit<Place, "namespace">): string | undefined {
  if (isLater(connection) || isLater(name)) return undefined;
  const { host, sshConfigHost, port } = (connection ?? {}) as ConnectionArgs;
  if ([host, sshConfigHost, port].some(isLater)) return undefined;
  return hostOf({ host: name, connection: connection && { host, sshConfigHost, port } } as KnownSide);
}

function isLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** share is the resource of a name in a place: the link's own, or that of all links there. */
export function share(
  { link, program }: Where,
  { key }: Shared,
  name: string,
  make: (opts: pulumi.CustomResourceOptions) => pulumi.Resource,
): pulumi.Resource {
  return key === undefined ? make({ parent: link }) : program.share(key, name, () => make({}));
}
