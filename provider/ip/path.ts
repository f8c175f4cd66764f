import { z } from "zod";
import { listOf } from "./json";

/** The way that the kernel would send a packet, as `ip -json route get` prints it. */

const PathJson = z.object({
  dev: z.string().optional(),
  metrics: listOf(z.object({ mtu: z.number().optional() })).default([]),
  /** Seconds for which the kernel keeps what routers told it of this one destination. */
  expires: z.number().optional(),
});

export interface Path {
  readonly dev: string | undefined;
  /** That of the route; what routers have told for a time is none. */
  readonly mtu: number | undefined;
}

/** Towards is where packets are to go, and what else decides on their way. */
export interface Towards {
  readonly remote: string;
  readonly local?: string | undefined;
  readonly dev?: string | undefined;
  readonly fwmark?: number | undefined;
}

/** pathTo is the question. */
export function pathTo({ remote, local, dev, fwmark }: Towards): readonly string[] {
  return [
    ...["ip", "-json", "route", "get", remote],
    ...(local === undefined ? [] : ["from", local]),
    ...(dev === undefined ? [] : ["oif", dev]),
    ...(fwmark ? ["mark", String(fwmark)] : []),
  ];
}

/** pathOf reads the answer. */
export function pathOf(entries: readonly unknown[]): Path {
  const { dev, metrics, expires } = PathJson.parse(entries[0] ?? {});
  const mtu = metrics.find((metric) => metric.mtu !== undefined)?.mtu;
  return { dev, mtu: expires === undefined ? mtu : undefined };
}
