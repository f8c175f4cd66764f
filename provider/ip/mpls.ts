import { z } from "zod";
import { canonicalIp } from "../net";
import { listOf } from "./json";

/** MPLS as iproute2 says it: label stacks, the routes of labels, and packets that are given labels. */

/** A label has 20 bits (RFC 3032, 2.1). */
const MAX_LABEL = 1_048_575;
/** The labels below it mean something of their own (RFC 3032, 2.1), and nobody can have a route for them. */
export const FIRST_LABEL = 16;
/** The most entries that the kernel's table of labels can have; a label of a route is smaller (net/mpls/af_mpls.c). */
export const MAX_TABLE = 1_048_575;
/** Where a namespace has the size of that table; it is there as long as the module mpls_router is. */
export const PLATFORM_LABELS = "/proc/sys/net/mpls/platform_labels";
/** The most labels that the kernel puts on a packet at once (MAX_NEW_LABELS in net/mpls/internal.h). */
const MAX_STACK = 30;

/** What stands for no label at all on the wire (implicit null, RFC 3032, 2.1). */
const IMPLICIT_NULL = 3;

const A_LABEL = `a label is a number from 0 to ${MAX_LABEL}`;
const Label = z
  .int(A_LABEL)
  .min(0, A_LABEL)
  .max(MAX_LABEL, A_LABEL)
  .refine((label) => label !== IMPLICIT_NULL, "label 3 is never sent, it means none: leave the label out");

/** Labels: a stack of labels to put on a packet, the outermost first. */
export const Labels = z.array(Label).max(MAX_STACK, `Linux puts at most ${MAX_STACK} labels on a packet`);

const A_TTL = 'give "inherit" or a number from 1 to 255';

/** Labels that a route puts on its packets (ip-route(8), `encap mpls`), for which the host needs mpls_iptunnel. */
export const mplsEncap = z.strictObject({
  /**
   * Labels to push, the outermost first: `[100, 200]` is iproute2's `100/200`. At most 30, each 0 to 1048575 but not
   * 3, which stands for none (RFC 3032).
   */
  mpls: Labels.min(1, "give at least one label"),
  /**
   * TTL of the labels: 1 to 255, or `inherit` for that of the packet; that is so as long as the sysctl
   * net.mpls.ip_ttl_propagate is 1, else it is net.mpls.default_ttl (mpls-sysctl.rst of the kernel).
   */
  ttl: z.union([z.literal("inherit"), z.int().min(1, A_TTL).max(255, A_TTL)], A_TTL).default("inherit"),
});

/** Encap is what a route puts around its packets; without labels it is something else than MPLS. */
export type Encap = z.output<typeof mplsEncap>;

/** encapWords is how iproute2 is told of it. */
export function encapWords(encap: Encap | undefined): string[] {
  if (encap === undefined || encap.mpls.length === 0) return [];
  const ttl = encap.ttl === "inherit" ? [] : ["ttl", String(encap.ttl)];
  return ["encap", "mpls", stackOf(encap.mpls), ...ttl];
}

/** encapOf reads what iproute2 prints of it. */
export function encapOf(
  kind: string | undefined,
  stack: string | undefined,
  ttl: number | undefined,
): Encap | undefined {
  if (kind === undefined) return undefined;
  return kind === "mpls" ? { mpls: labelsIn(stack), ttl: ttl ?? "inherit" } : { mpls: [], ttl: "inherit" };
}

/** stackOf is a label stack as iproute2 writes it. */
export function stackOf(labels: readonly number[]): string {
  return labels.join("/");
}

function labelsIn(stack: string | undefined): number[] {
  return stack === undefined ? [] : stack.split("/").map(Number);
}

const hop = {
  to: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
  dev: z.string().optional(),
};

const MplsRouteJson = z.object({
  dst: z.string(),
  ...hop,
  protocol: z.coerce.number().optional(),
  // As iproute2 6.1 spells it, and as newer ones do.
  "ttl-propogate": z.boolean().optional(),
  "ttl-propagate": z.boolean().optional(),
  nexthops: listOf(z.object(hop)).optional(),
});

/** MplsHop is one way that a labelled packet may go. */
export interface MplsHop {
  /** Labels in place of the one taken off; none where it is only taken off. */
  readonly as: number[];
  readonly via?: string | undefined;
  readonly dev?: string | undefined;
}

export interface LabelRoute extends MplsHop {
  readonly label: number;
  readonly protocol: number;
  readonly ttlPropagate: boolean | undefined;
  /** Where there are several. */
  readonly nexthops: readonly MplsHop[] | undefined;
}

/** labelRoutesOf reads the entries of `ip -json -details -Numeric -M route show`. */
export function labelRoutesOf(entries: readonly unknown[]): LabelRoute[] {
  return entries.map((entry) => {
    const json = MplsRouteJson.parse(entry);
    return {
      label: Number(json.dst),
      ...hopOf(json),
      protocol: json.protocol ?? 0,
      ttlPropagate: json["ttl-propagate"] ?? json["ttl-propogate"],
      nexthops: json.nexthops?.map(hopOf),
    };
  });
}

function hopOf({ to, via, dev }: z.output<z.ZodObject<typeof hop>>): MplsHop {
  return {
    as: labelsIn(to),
    ...(via !== undefined && { via: canonicalIp(via.host)?.text ?? via.host }),
    ...(dev !== undefined && { dev }),
  };
}
