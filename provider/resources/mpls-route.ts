import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ip } from "../ip/commands";
import { FIRST_LABEL, Labels, MAX_TABLE, type MplsHop, stackOf } from "../ip/mpls";
import { observedNexthops } from "../ip/nexthops";
import { ask } from "../ip/view";
import { ROUTE_PROTOCOL } from "../mark";
import { familyOf, IfName, Ip, isLinkLocal } from "../net";
import { always, defineResource, type Problem, parentName } from "../resource";
import {
  adopt,
  connection,
  idForm,
  idOf,
  inNamespace,
  mark,
  namespace,
  persist,
  pickDefined,
} from "./common";

const A_LABEL = `a route's label is a number from ${FIRST_LABEL} to ${MAX_TABLE - 1}; those below ${FIRST_LABEL} are reserved (RFC 3032)`;

/** One of several ways that a labelled packet may go; all have the same share. */
const nexthop = z.strictObject({
  /** Labels to put in place of the one that is taken off, as the route's own `as`. */
  as: Labels.default([]),
  /** Address of the neighbour of this way, IPv4 or IPv6. */
  via: Ip.optional(),
  /**
   * Device of this way: its name or the resource that makes it; given that, the route is replaced with it. Left out,
   * `via` decides.
   */
  dev: parentName(IfName).optional(),
});

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Label of the packets to route, the outermost of their stack: 16 to 1048574, and smaller than the `platformLabels`
   * of the namespace's `MplsLabelTable`. The ones below 16 are reserved (RFC 3032).
   */
  label: z
    .int(A_LABEL)
    .min(FIRST_LABEL, A_LABEL)
    .max(MAX_TABLE - 1, A_LABEL),
  /**
   * Labels to put in its place, the outermost first (ip-route(8), `as`): one is a swap, several are a swap and a push,
   * at most 30, each 0 to 1048575 but not 3. With none the label is taken off (pop), and what is under it goes on.
   */
  as: Labels.default([]),
  /**
   * Address of the neighbour to send to, IPv4 or IPv6: one that is reached directly through `dev`. Left out, the
   * device alone decides, as is enough for a tunnel.
   */
  via: Ip.optional(),
  /**
   * Device to send by: its name or the resource that makes it; given that, the route is replaced and deleted with it. `lo` is this host: a packet whose last label is taken off is then routed here. Left out, `via` decides.
   */
  dev: parentName(IfName).optional(),
  /**
   * Ways to send by where there are several, two or more, in place of `as`, `via` and `dev` (multipath). The order in
   * which they are listed says nothing.
   */
  nexthops: nexthop.array().min(2, "one way alone is said by `as`, `via` and `dev`").optional(),
  /**
   * Whether the TTL of the label goes into the packet where the last label is taken off (ip-route(8),
   * `ttl-propagate`). With `inherit` the sysctl net.mpls.ip_ttl_propagate decides, which is on unless somebody
   * changed it.
   */
  ttlPropagate: z
    .union([z.boolean(), z.literal("inherit")], 'give true, false or "inherit"')
    .default("inherit"),
  ...persist,
  ...adopt,
  ...mark,
});

const outputs = z.object({
  /** The device that packets leave by; none where there are several ways. */
  effectiveDev: z.string().optional(),
});

type Desired = z.output<typeof inputs>;

/**
 * A route of an MPLS label (ip-route(8), `ip -f mpls route`): what becomes of packets that come with it. The label tells
 * routes apart; everything else changes in place, in one step. The namespace needs an `MplsLabelTable`, and the device
 * that the packets come in by an `MplsInput`; a `Route` with `encap` puts the first label on.
 *
 * @example
 * const labels = new MplsLabelTable("labels", { connection, platformLabels: 1000 });
 * new MplsRoute("swap", { connection, label: 100, as: [200], via: "10.0.23.3" }, { dependsOn: labels });
 * new MplsRoute("pop", { connection, label: 300, dev: "lo" }, { dependsOn: labels });
 */
export const mplsRoute = defineResource({
  type: "MplsRoute",
  inputs,
  outputs,
  replaces: { namespace: always, label: always },
  containers: ["namespace", "dev", "nexthops.dev"],
  deleteBeforeReplace: false,
  // A protocol number has no room for the name of a stack.
  sharedMark: true,
  module: "mpls_router",
  exclusive: true,

  id: (desired) => idOf(desired, `mpls ${desired.label}`),
  which: idForm(/^mpls (?<label>\d+)$/, "label"),
  describe: ({ label, namespace }) => `MPLS route ${label}${inNamespace(namespace)}`,
  problems,

  observe: ({ namespace }) => ask.labelRoutes(namespace),

  parse(view, desired) {
    const { label, namespace } = desired;
    const found = view.labelRoutes(namespace)?.find((other) => other.label === label);
    if (found === undefined) return undefined;
    const { as, via, dev, nexthops, ttlPropagate = "inherit" as const, protocol } = found;
    return {
      namespace,
      label,
      as,
      via,
      dev,
      nexthops: nexthops && observedNexthops(nexthops, desired.nexthops ?? []),
      ttlPropagate,
      mark: protocol === ROUTE_PROTOCOL ? desired.mark : `protocol ${protocol}`,
      effectiveDev: dev,
    };
  },

  release(before, desired) {
    const gone = (key: keyof typeof NONE) => before[key] !== undefined && desired[key] === undefined;
    return {
      ...desired,
      ...(gone("via") && { via: NONE.via }),
      ...(gone("nexthops") && { nexthops: NONE.nexthops }),
    };
  },

  plan(desired, observed) {
    if (desired === undefined) {
      // Whatever else is said, the kernel goes by the label alone.
      return observed?.label === undefined
        ? []
        : [ip(observed.namespace, "-M", "route", "delete", String(observed.label))];
    }
    const step = (verb: string) => [ip(desired.namespace, "-M", "route", verb, ...spell(desired))];
    if (observed === undefined) return step("add");
    const found: Partial<Desired> = { ...NONE, ...pickDefined(observed) };
    const agrees = COMPARED.every(
      (key) => desired[key] === undefined || isDeepStrictEqual(desired[key], found[key]),
    );
    return agrees ? [] : step("replace");
  },
});

/** How to ask for a route without something, which differs from not asking. */
const NONE = { via: "", nexthops: [] };

const COMPARED = ["as", "via", "dev", "nexthops", "ttlPropagate", "mark"] as const;

function spell(desired: Desired): string[] {
  const { label, nexthops, ttlPropagate } = desired;
  const propagation =
    ttlPropagate === "inherit" ? [] : ["ttl-propagate", ttlPropagate ? "enabled" : "disabled"];
  return [
    ...[String(label), ...hopWords(desired)],
    ...["proto", String(ROUTE_PROTOCOL), ...propagation],
    ...(nexthops ?? []).flatMap((hop) => ["nexthop", ...hopWords(hop)]),
  ];
}

function hopWords({ as, via, dev }: MplsHop): string[] {
  return [
    ...(as.length === 0 ? [] : ["as", stackOf(as)]),
    ...(!via ? [] : ["via", familyOf(via) === 4 ? "inet" : "inet6", via]),
    ...(dev === undefined ? [] : ["dev", dev]),
  ];
}

function problems(known: Partial<Desired>): Problem[] {
  const { nexthops } = known;
  if (nexthops === undefined) return "nexthops" in known ? hopProblems(known, []) : [];
  const { via, dev, as } = known;
  const beside = Object.entries({ as: as?.length ? as : undefined, via, dev })
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key);
  return [
    ...beside.map((key) => ({ path: [key], message: `each of \`nexthops\` has its own \`${key}\`` })),
    ...nexthops.flatMap((hop, index) => [
      ...hopProblems(hop, ["nexthops", index]),
      ...(isTwice(nexthops, index)
        ? [{ path: ["nexthops", index], message: "this way is there already: leave one out" }]
        : []),
    ]),
  ];
}

function isTwice(hops: readonly Partial<MplsHop>[], index: number): boolean {
  const hop = hops[index] ?? {};
  const known = ["as", "via", "dev"].every((key) => key in hop);
  return known && hops.slice(0, index).some((other) => isDeepStrictEqual(other, hop));
}

function hopProblems(hop: Partial<MplsHop>, path: readonly PropertyKey[]): Problem[] {
  const { as, via, dev } = hop;
  const [noVia, noDev] = ["via" in hop && via === undefined, "dev" in hop && dev === undefined];
  if (noVia && noDev) {
    const message = 'give the neighbour in `via`, a device in `dev`, or both; `dev: "lo"` is this host';
    return [{ path: [...path, "dev"], message }];
  }
  if (via !== undefined && noDev && isLinkLocal(via)) {
    return [{ path: [...path, "dev"], message: `${via} is an address on one device only: name the device` }];
  }
  if (dev === "lo" && via !== undefined) {
    return [{ path: [...path, "via"], message: "`lo` has no neighbours: leave `via` out" }];
  }
  if (dev === "lo" && as !== undefined && as.length > 0) {
    const message =
      "a label that is swapped is to be sent on: name a device other than `lo`, or leave `as` out";
    return [{ path: [...path, "as"], message }];
  }
  return [];
}
