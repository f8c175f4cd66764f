import { z } from "zod";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import type { Fou } from "../ip/fou";
import { ask, type View } from "../ip/view";
import { familyOf, IfName, Ip, isLinkLocal } from "../net";
import { always, defineResource, type Obstacle, type Problem, parentName } from "../resource";
import { adopt, connection, idForm, idOf, inNamespace, namespace, persist } from "./common";

/** What the tunnels carry that can be sent in UDP, by IANA's numbers ("Assigned Internet Protocol Numbers"). */
const PROTOCOLS = { ipip: 4, ipv6: 41, gre: 47, mpls: 137 } as const;
type ProtocolName = keyof typeof PROTOCOLS;
const NAMES = Object.keys(PROTOCOLS) as ProtocolName[];

const A_PORT = "give a port from 1 to 65535";
const Port = z.int(A_PORT).min(1, A_PORT).max(65_535, A_PORT);

const A_PROTOCOL = 'give "ipip", "ipv6", "gre", "mpls" or a number from 1 to 255';
const Protocol = z.union(
  [
    z.enum(NAMES).transform((name): number => PROTOCOLS[name]),
    z.int().min(1, A_PROTOCOL).max(255, A_PROTOCOL),
  ],
  A_PROTOCOL,
);

const End = z
  .union([z.literal("any"), Ip], 'give an address like "10.0.0.1" or "fd00::1", or "any"')
  .default("any");

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /** UDP port that is listened at, 1 to 65535. IPv4 and IPv6 have ports of their own. */
  port: Port,
  /**
   * How packets are put into UDP (ip-fou(8)). With `fou` (foo over UDP) the packet follows the UDP header at once, and
   * `ipproto` says what it is. With `gue` (generic UDP encapsulation, draft-ietf-intarea-gue) a header of 4 bytes or
   * more says it. Both ends must have the same.
   */
  encap: z.enum(["fou", "gue"]).default("fou"),
  /**
   * What comes in with `fou`: `ipip` (4) for IPv4, `ipv6` (41), `gre` (47), `mpls` (137), or another of IANA's protocol
   * numbers, 1 to 255. `gue` takes none.
   */
  ipproto: Protocol.optional(),
  /** Version of the outer IP, 4 or 6. Left out, that of `local` or `peer`, else 4. */
  family: z.literal([4, 6], "give 4 or 6").optional(),
  /** Address of this host that packets are taken at (from Linux 5.2 on); `any` is each of them. */
  local: End,
  /**
   * The one address that packets are taken from, along with `peerPort` (from Linux 5.2 on); `any` is
   * everybody's.
   */
  peer: End,
  /** The one UDP port that packets of `peer` are taken from, 1 to 65535. */
  peerPort: Port.optional(),
  /**
   * Device that packets must come in by, its name or a resource (from Linux 5.2 on). The kernel takes one
   * only along with `local`. Left out, they come in by any.
   */
  dev: parentName(IfName).optional(),
  ...persist,
  ...adopt,
});

const outputs = z.object({
  /** The address that packets are taken at; none where any will do. With a `peer` the kernel chooses one. */
  effectiveLocal: z.string().optional(),
});

type Desired = z.output<typeof inputs>;

/**
 * A UDP port that takes tunnelled packets out of UDP (ip-fou(8)): the receiving side of FOU and GUE, for tunnels whose
 * other end sends with `encap`. Such packets pass networks that drop protocols like IPIP. The kernel hands what was
 * inside to the tunnel that it is for. It can't change a port, and keeps no name with it: one that is there already just
 * as it is asked for is taken to be ours, any other one is refused.
 *
 * @example
 * new FouPort("fou", { connection, port: 5555, ipproto: "ipip" });
 */
export const fouPort = defineResource({
  type: "FouPort",
  inputs,
  outputs,
  replaces: {
    namespace: always,
    port: always,
    encap: always,
    ipproto: always,
    family: always,
    local: always,
    peer: always,
    peerPort: always,
    dev: always,
  },
  containers: ["namespace"],
  // It goes on listening to the one that is gone.
  replacedWith: ["dev"],
  deleteBeforeReplace: true,
  // There is no mark at all.
  sharedMark: true,
  module: "fou",
  exclusive: true,
  // The kernel answers when the socket is closed (fou_nl_cmd_rm_doit in its net/ipv4/fou.c).
  removalIsProof: true,

  id: (desired) => idOf(desired, nameOf(addressed(desired))),
  which: idForm(/^port (?<port>\d+)(?: family (?<family>[46]))?(?: local (?<local>\S+))?$/, "port", "family"),
  describe: (desired) => `FOU ${nameOf(addressed(desired))}${inNamespace(desired.namespace)}`,
  trace: ({ namespace }) =>
    `It bears no mark: \`ip${namespace === undefined ? "" : ` -n ${namespace}`} fou show\` lists such ports.`,

  complete(known): { family?: Desired["family"] } {
    if (known.family !== undefined || !("family" in known)) return {};
    const [end] = endsOf(known);
    if (end !== undefined) return { family: familyOf(end.address) };
    return { family: "local" in known && "peer" in known ? 4 : undefined };
  },

  problems,

  observe: ({ namespace, dev }) => [
    ...ask.fous(namespace),
    ...(dev === undefined ? [] : ask.links(namespace)),
  ],

  parse(view, desired) {
    const found = find(view, desired);
    if (found === undefined) return undefined;
    const { port, family, ipproto, peer, peerPort, dev } = found;
    const { namespace, local } = desired;
    return {
      namespace,
      port,
      encap: ipproto === undefined ? ("gue" as const) : ("fou" as const),
      ipproto,
      family,
      local,
      peer: peer ?? "any",
      peerPort,
      dev,
      effectiveLocal: found.local,
      found,
    };
  },

  obstacle: (view, desired) => taken(rivals(view, desired), desired.namespace),

  foresee: (desired) => ({ found: { ...addressed(desired), ipproto: desired.ipproto } as Fou }),

  plan(desired, observed) {
    if (desired === undefined)
      return observed === undefined
        ? []
        : [remove(observed.namespace, { ...observed.found, ...chosen(observed) })];
    const { namespace, ipproto } = desired;
    const inside = ipproto === undefined ? ["gue"] : ["ipproto", String(ipproto)];
    const made = ip(namespace, "fou", "add", ...spell(addressed(desired)), ...inside);
    if (observed === undefined) return [made];
    const agrees = COMPARED.every((key) => desired[key] === observed[key]);
    return agrees ? [] : [remove(namespace, observed.found), made];
  },
});

const COMPARED = ["encap", "ipproto", "peer", "peerPort", "dev"] as const;

/** Socket is what the kernel tells such ports apart by. */
type Socket = Omit<Fou, "ipproto">;

function addressed({ port, family, local, peer, peerPort, dev }: Desired): Socket {
  const address = (end: string) => (end === "any" ? undefined : end);
  return { port, family: family ?? 4, local: address(local), peer: address(peer), peerPort, dev };
}

/** What is said of a port to make or to remove it: all that there is, or another one might be meant. */
function spell({ port, family, local, peer, peerPort, dev }: Socket): string[] {
  const option = (word: string, value: string | number | undefined) =>
    value === undefined ? [] : [word, String(value)];
  return [
    // As an option of `ip` it would count for a whole batch.
    ...(family === 6 ? ["-6"] : []),
    ...option("port", port),
    ...option("local", local),
    ...option("peer", peer),
    ...option("peer_port", peerPort),
    ...option("dev", dev),
  ];
}

function remove(netns: string | undefined, found: Socket): Command {
  return ip(netns, "fou", "delete", ...spell(found));
}

/** Where the kernel has chosen the address, only what was observed knows it. */
function chosen({ effectiveLocal }: { readonly effectiveLocal?: string | undefined }): Partial<Socket> {
  return effectiveLocal === undefined ? {} : { local: effectiveLocal };
}

/** nameOf tells a port from others, in words. */
function nameOf({ port, family, local }: Socket): string {
  return `port ${port} family ${family}${local === undefined ? "" : ` local ${local}`}`;
}

/** find finds the port that is asked for, whatever comes in there and from whom. */
function find(view: View, desired: Desired): Fou | undefined {
  const { dev, local } = addressed(desired);
  // Towards a peer the kernel chooses an address where it is told none.
  const candidates = onPort(view, desired).filter(
    (other) => other.local === local || (local === undefined && other.peer !== undefined),
  );
  const found = candidates.find((other) => other.dev === dev);
  if (found !== undefined || dev === undefined) return found;
  // Of a port whose device is gone a socket stays, to which nothing comes any more.
  const devices = view.links(desired.namespace)?.map(({ name }) => name) ?? [];
  return candidates.find((other) => other.dev !== undefined && !devices.includes(other.dev));
}

/** rivals are others that Linux does not let a socket be beside. */
function rivals(view: View, desired: Desired): Fou[] {
  const { dev, local } = addressed(desired);
  const found = find(view, desired);
  const meets = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined || one === other;
  return onPort(view, desired).filter(
    (other) => other !== found && meets(other.local, local) && meets(other.dev, dev),
  );
}

function onPort(view: View, { namespace, port, family }: Desired): Fou[] {
  const all = view.fous(namespace) ?? [];
  return all.filter((other) => other.port === port && other.family === family);
}

function taken(others: readonly Fou[], netns: string | undefined): Obstacle | undefined {
  const [first] = others;
  return (
    first && {
      what: `FOU ${nameOf(first)}${inNamespace(netns)} is there already`,
      remove: others.map((other) => remove(netns, other)),
      advice: "Choose another port, remove that one by hand, or set `adopt: true` to have it removed.",
    }
  );
}

/** endsOf are the addresses that are known, with their names. */
function endsOf({ local, peer }: Partial<Desired>): { key: "local" | "peer"; address: string }[] {
  const ends = [{ key: "local", address: local } as const, { key: "peer", address: peer } as const];
  return ends.flatMap(({ key, address }) =>
    address === undefined || address === "any" ? [] : [{ key, address }],
  );
}

function problems(known: Partial<Desired>): Problem[] {
  const { encap, ipproto, local, peer, peerPort, dev } = known;
  const found: Problem[] = [];
  const add = (key: keyof Desired, message: string) => found.push({ path: [key], message });
  if (encap === "gue" && ipproto !== undefined)
    add("ipproto", "GUE says of each packet what it is: leave `ipproto` out");
  if (encap === "fou" && "ipproto" in known && ipproto === undefined)
    add(
      "ipproto",
      'FOU must be told what comes in: give "ipip", "ipv6", "gre" or "mpls", or set `encap: "gue"`',
    );
  const ends = endsOf(known);
  const family = known.family ?? (ends[0] && familyOf(ends[0].address));
  for (const { key, address } of ends) {
    if (familyOf(address) !== family) add(key, `${address} is not of IPv${family}, the family of the port`);
    if (isLinkLocal(address))
      add(
        key,
        `${address} is an address on one device only, which the kernel can't be told here: give another`,
      );
  }
  if (peer !== undefined && peer !== "any" && "peerPort" in known && peerPort === undefined)
    add("peerPort", "`peer` needs it: give the port that the other end sends from");
  if (peer === "any" && peerPort !== undefined) add("peerPort", "is about one sender: give `peer` too");
  if (local === "any" && dev !== undefined)
    add("local", "`dev` needs it: give the address of this host that packets come to");
  return found;
}
