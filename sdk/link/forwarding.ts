import * as pulumi from "@pulumi/pulumi";
import { type Family, familyOf } from "../../provider/net";
import { type ConnectionArgs, labelOf, type Named } from "../resource";
import { hostOf, type KnownLink, type KnownSide, type SideName } from "./known";
import type { Parts } from "./parts";
import type { Program } from "./program";

/** The keys that make a host pass packets on (the kernel's Documentation/networking/ip-sysctl.rst). */
const KEYS: Readonly<Record<Family, string>> = {
  4: "net.ipv4.ip_forward",
  6: "net.ipv6.conf.all.forwarding",
};

interface Place {
  readonly connection: pulumi.Input<ConnectionArgs>;
  readonly namespace?: pulumi.Input<string> | Named | undefined;
}

/** Forwarder is who sets forwarding in a place: a resource by a name that no link is part of, unless there is no other. */
interface Forwarder {
  readonly name: string;
  /** What tells the place from every other; absent where links can't know that they share it. */
  readonly key?: unknown;
}

/**
 * A setting that two resources made would be put back by the first that goes, and be taken from the other. So the links
 * of a host share one, and it is named after the host, so that it is the same whichever link comes first.
 */
function forwarderOf(link: string, side: SideName, { connection, namespace }: Place): Forwarder {
  const host = plainHost(connection);
  const own = { name: `${link}-${side}-forwarding` };
  if (host === undefined) return own;
  // The engine parts the names of its URNs by "::".
  const name = `forwarding-${host.replaceAll(":", "~")}`;
  if (namespace === undefined) return { name, key: name };
  if (typeof namespace === "string") return { name: `${name}-${namespace}`, key: `${name}-${namespace}` };
  const label = pulumi.Resource.isInstance(namespace) ? labelOf(namespace) : undefined;
  return label === undefined ? own : { name: `${name}-in-${label}`, key: namespace };
}

/** plainHost is the host where a program gives it as such. */
function plainHost(connection: pulumi.Input<ConnectionArgs>): string | undefined {
  if (pulumi.Output.isInstance(connection) || connection instanceof Promise) return undefined;
  const { host, sshConfigHost, port } = connection;
  const plain = [host, sshConfigHost, port].every(
    (value) => !pulumi.Output.isInstance(value) && !((value as unknown) instanceof Promise),
  );
  return plain ? hostOf({ host, sshConfigHost, port } as KnownSide["connection"]) : undefined;
}

/** forwardersOf tells who sets forwarding on each side of a link; undefined where nobody needs to. */
export function forwardersOf(
  link: string,
  places: Readonly<Record<SideName, Place>>,
  known: KnownLink,
): Record<SideName, string | undefined> {
  const of = (side: SideName) =>
    familiesIn(known[side]).length === 0 ? undefined : forwarderOf(link, side, places[side]).name;
  return { a: of("a"), b: of("b") };
}

function familiesIn(side: KnownSide | undefined): Family[] {
  if (side?.forwarding !== true) return [];
  const behind = [...(side.networks ?? []), ...(side.transit ?? [])];
  return [...new Set(behind.map(familyOf))];
}

/** forward makes a host pass packets to what is behind it, unless another link of the program has done so. */
export function forward(
  program: Program,
  make: Parts["sysctl"],
  {
    name,
    side,
    given,
    fixed,
    link,
  }: { name: string; side: SideName; given: Place; fixed: KnownSide; link: pulumi.Resource },
): void {
  const { connection, namespace } = given;
  const forwarder = forwarderOf(name, side, given);
  for (const family of familiesIn(fixed)) {
    const resource = family === 4 ? forwarder.name : `${forwarder.name}-ipv6`;
    const sysctl = (opts: pulumi.CustomResourceOptions) =>
      new make(resource, { connection, namespace, key: KEYS[family], value: 1 }, opts);
    if (forwarder.key === undefined) sysctl({ parent: link });
    else program.share(forwarder.key, resource, () => sysctl({}));
  }
}
