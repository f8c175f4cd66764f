import { type Connection, completed, PORT } from "../../provider/host/connection";
import { type Family, familyOf } from "../../provider/net";
import type { Options } from "./options";

/** What is known of a link. A key whose value is not known yet is missing, one that was left out is undefined. */

type Partly<T> = { readonly [K in keyof T]?: T[K] | undefined };

export interface KnownSide {
  readonly connection?: Partly<Connection> | undefined;
  readonly host?: string | undefined;
  readonly namespace?: string | undefined;
  readonly underlay?: string;
  readonly networks?: readonly string[];
  readonly forwarding?: boolean;
  readonly address?: string | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly device?: string | undefined;
  readonly transit?: readonly string[];
}

/** KnownOptions are what is known of how the tunnel is made. */
export type KnownOptions = Partly<Omit<Options, "encap" | "probe">> & {
  readonly encap?: Partly<NonNullable<Options["encap"]>> | undefined;
};

export interface KnownLink extends KnownOptions {
  readonly a?: KnownSide;
  readonly b?: KnownSide;
}

export type SideName = "a" | "b";
export const SIDES: readonly SideName[] = ["a", "b"];
export const FAMILIES: readonly Family[] = [4, 6];

export function otherOf(side: SideName): SideName {
  return side === "a" ? "b" : "a";
}

/** hostOf names a host as the program does, or by how it is reached; undefined while that is not known. */
export function hostOf({
  connection,
  host: name,
}: Pick<KnownSide, "connection" | "host">): string | undefined {
  if (name !== undefined || connection === undefined) return name;
  const { host, port = PORT } = { ...connection, ...completed(connection) };
  if (host === undefined || !("port" in connection)) return undefined;
  return port === PORT ? host : `${host}:${port}`;
}

/** placeOf names a host and the namespace in it. */
export function placeOf(side: KnownSide | undefined): string | undefined {
  const host = side && hostOf(side);
  if (side === undefined || host === undefined || !("namespace" in side)) return undefined;
  return side.namespace === undefined ? host : `${host}, namespace ${side.namespace}`;
}

/** Placed is an address or a network, and where in a link it is given. */
export interface Placed {
  readonly network: string;
  readonly path: readonly PropertyKey[];
}

/** addressesOf lists the addresses of an end inside the tunnel. */
export function addressesOf(side: KnownSide | undefined, name: SideName): Placed[] {
  const { address, addresses = [] } = side ?? {};
  return [
    ...(address === undefined ? [] : [{ network: address, path: [name, "address"] }]),
    ...addresses.map((network, index) => ({ network, path: [name, "addresses", index] })),
  ];
}

/** knowsAddresses tells whether all addresses of an end are known. */
export function knowsAddresses(side: KnownSide | undefined): side is KnownSide {
  return side !== undefined && "address" in side && "addresses" in side;
}

/** networksOf lists what is reached through a side. */
export function networksOf(side: KnownSide | undefined, name: SideName): Placed[] {
  const of = (key: "networks" | "transit") =>
    (side?.[key] ?? []).map((network, index) => ({ network, path: [name, key, index] }));
  return [...of("networks"), ...of("transit")];
}

/** ofFamily is the first that is of a family. */
export function ofFamily(placed: readonly Placed[], family: Family): Placed | undefined {
  return placed.find(({ network }) => familyOf(network) === family);
}
