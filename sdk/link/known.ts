import { type Connection, completed, PORT } from "../../provider/host/connection";
import type { KindName } from "./kinds";

/** What is known of a link. A key whose value is not known yet is missing, one that was left out is undefined. */

type Partly<T> = { readonly [K in keyof T]?: T[K] | undefined };

export interface KnownSide {
  readonly connection?: Partly<Connection>;
  readonly namespace?: string | undefined;
  readonly underlay?: string;
  readonly networks?: readonly string[];
  readonly forwarding?: boolean;
  readonly address?: string;
  readonly device?: string | undefined;
  readonly transit?: readonly string[];
}

export interface KnownLink {
  readonly a?: KnownSide;
  readonly b?: KnownSide;
  readonly kind?: KindName;
  readonly mtu?: number | undefined;
  readonly table?: number | undefined;
}

export type SideName = "a" | "b";
export const SIDES: readonly SideName[] = ["a", "b"];

export function otherOf(side: SideName): SideName {
  return side === "a" ? "b" : "a";
}

/** hostOf names a host by how it is reached; undefined while that is not known. */
export function hostOf(connection: Partly<Connection> | undefined): string | undefined {
  if (connection === undefined) return undefined;
  const { host, port = PORT } = { ...connection, ...completed(connection) };
  if (host === undefined || !("port" in connection)) return undefined;
  return port === PORT ? host : `${host}:${port}`;
}

/** placeOf names a host and the namespace in it. */
export function placeOf(side: KnownSide | undefined): string | undefined {
  const host = hostOf(side?.connection);
  if (side === undefined || host === undefined || !("namespace" in side)) return undefined;
  return side.namespace === undefined ? host : `${host}, namespace ${side.namespace}`;
}
