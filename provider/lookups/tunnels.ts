import { z } from "zod";
import type { Link } from "../ip/links";
import { ask, type View } from "../ip/view";
import { ANY_MARK } from "../mark";
import { IfName } from "../net";
import type { Contract } from "../resource";
import { inNamespace } from "../resources/common";
import type { greTunnel } from "../resources/gre-tunnel";
import type { ip6GreTunnel } from "../resources/ip6-gre-tunnel";
import type { ip6Tunnel } from "../resources/ip6-tunnel";
import type { ipipTunnel } from "../resources/ipip-tunnel";
import type { sitTunnel } from "../resources/sit-tunnel";
import { type Desired, pick } from "../state";
import { connection, namespace } from "./args";
import { defineLookup, type Tunnels } from "./lookup";

/** What of a resource's properties no host tells. */
type Untold = "connection" | "host" | "adopt" | "allowManagementPath" | "persist";
type Found<C> = C extends Contract<infer I, infer O> ? Omit<z.output<I>, Untold> & z.output<O> : never;

/** FoundTunnel is a tunnel as its class has it, told by its kind. */
export type FoundTunnel =
  | ({ readonly kind: "ipip" } & Found<typeof ipipTunnel>)
  | ({ readonly kind: "sit" } & Found<typeof sitTunnel>)
  | ({ readonly kind: "ip6tnl" } & Found<typeof ip6Tunnel>)
  | ({ readonly kind: "gre" } & Found<typeof greTunnel>)
  | ({ readonly kind: "ip6gre" } & Found<typeof ip6GreTunnel>);

const questions = (netns: string | undefined) => [...ask.links(netns), ...ask.namespaceIds(netns)];

interface Args {
  readonly connection: Desired["connection"];
  readonly namespace?: string | undefined;
}

/** foundIn reads a device as the contract of its kind does; nothing where it is no tunnel. */
function foundIn(
  view: View,
  link: Link,
  { connection: login, namespace: netns }: Args,
  tunnels: Tunnels,
): FoundTunnel[] {
  const { name, kind = "", otherNetns, data } = link;
  const contract = tunnels[kind];
  if (contract === undefined) return [];
  const which = contract.inputs.safeParse({ connection: login, namespace: netns, name, mark: ANY_MARK });
  // The kernel's own device of a kind has a name that no other may have.
  if (!which.success) return [];
  const found = contract.parse(view, {
    ...which.data,
    ...(otherNetns !== undefined && { underlayNamespace: view.namespaceOf(otherNetns, netns) ?? "" }),
    external: data.external === true,
  });
  const told = [...Object.keys(contract.inputs.shape), ...Object.keys(contract.outputs.shape)];
  return found === undefined ? [] : [{ kind, ...pick(found, told) } as FoundTunnel];
}

/**
 * A tunnel device of any of the five kinds. `kind` is iproute2's word for it, `ipip`, `sit`, `ip6tnl`, `gre` or `ip6gre`;
 * the rest is what the class of that kind has: its arguments in canonical form, and its outputs.
 *
 * @example
 * const tunnel = await getTunnel({ connection: login, name: "tun0" });
 * if (tunnel.kind === "ipip") console.log(tunnel.remote, tunnel.effectiveMtu);
 */
export const tunnelLookup = defineLookup({
  name: "getTunnel",
  args: z.strictObject({
    ...connection,
    ...namespace,
    /** Its name. */
    name: IfName,
  }),
  several: false,
  describe: ({ name, namespace: netns }) => `tunnel ${name}${inNamespace(netns)}`,
  ask: ({ namespace: netns }) => questions(netns),
  find(view, args, tunnels): FoundTunnel | undefined {
    const link = view.links(args.namespace)?.find(({ name }) => name === args.name);
    return link && foundIn(view, link, args, tunnels)[0];
  },
});

/**
 * The tunnel devices of a namespace, but for those that the kernel makes by itself (`tunl0` and the like), as `getTunnel`
 * gives each.
 *
 * @example
 * const tunnels = await getTunnels({ connection: login, kind: "gre" });
 */
export const tunnelsLookup = defineLookup({
  name: "getTunnels",
  args: z.strictObject({
    ...connection,
    ...namespace,
    /** Only those of this kind. Left out, of any. */
    kind: z.enum(["ipip", "sit", "ip6tnl", "gre", "ip6gre"]).optional(),
  }),
  several: true,
  describe: ({ namespace: netns }) => `tunnels${inNamespace(netns)}`,
  ask: ({ namespace: netns }) => questions(netns),
  find: (view, args, tunnels): FoundTunnel[] | undefined =>
    view
      .links(args.namespace)
      ?.filter(({ kind }) => args.kind === undefined || kind === args.kind)
      .flatMap((link) => foundIn(view, link, args, tunnels)),
});
