import { z } from "zod";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import { Addresses, deviceProblems, observedDevice, planDevice, releaseDevice } from "../ip/device";
import type { Link } from "../ip/links";
import { ask } from "../ip/view";
import { IfName, Ipv4OrAny, OwnIfName } from "../net";
import { always, defineResource, type Obstacle, type Problem, parentName } from "../resource";
import { adopt, connection, glanceAtLink, idOf, inNamespace, mark, namespace, nameTaken } from "./common";

/** The header that IPIP puts before each packet (RFC 2003, section 3.1). */
const HEADER = 20;
/** The smallest MTU of an IPv4 link (RFC 791) and the largest that leaves room for the outer header. */
const MIN_MTU = 68;
const MAX_MTU = 65_535 - HEADER;
/** What is left of Ethernet's 1500, and what the kernel takes when no route tells better. */
const USUAL_MTU = 1500 - HEADER;

const INHERIT_TTL = 0;
/** The kernel's word for inheriting: the lowest bit, which no DSCP uses alone (ip-link(8)). */
const INHERIT_TOS = 1;

const End = Ipv4OrAny.default("any");

const A_TTL = 'give "inherit" or a number from 1 to 255';
const Ttl = z
  .union([z.literal("inherit").transform(() => INHERIT_TTL), z.int().min(0, A_TTL).max(255, A_TTL)], A_TTL)
  .default(INHERIT_TTL);

const A_TOS = 'give "inherit", a number from 0 to 255 or one like "0x10"';
const Tos = z
  .union(
    [
      z.literal("inherit").transform(() => INHERIT_TOS),
      z
        .string()
        .regex(/^0x[0-9A-Fa-f]{1,2}$/, A_TOS)
        .transform((text) => Number.parseInt(text, 16)),
      z.int().min(0, A_TOS).max(255, A_TOS),
    ],
    A_TOS,
  )
  .default(0);

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /** Name of the device, at most 15 characters. `tunl0` and the like belong to the kernel (ip-link(8)). */
  name: OwnIfName,
  /**
   * IPv4 address of this end in the underlay, the outer source address; it should be one of this host's. `any`
   * lets the kernel choose by route.
   */
  local: End,
  /**
   * IPv4 address of the other end in the underlay, the outer destination. With `any` the device sends to each
   * packet's gateway and takes packets from everywhere; going between `any` and an address replaces the device.
   */
  remote: End,
  /**
   * Device of the underlay that tunnelled packets leave and come in by. Left out, the route to `remote` decides.
   * Taking it out of the program replaces the tunnel, since the kernel has no way back.
   */
  dev: parentName(IfName).optional(),
  /** TTL of the outer header: 1 to 255, or `inherit` (0) for that of the inner packet. */
  ttl: Ttl,
  /** Type of service of the outer header: 0 to 255, as a number or as `"0x10"`, or `inherit` (1) from the inner one. */
  tos: Tos,
  /**
   * Path MTU discovery: sets the outer DF bit, so that a packet too large for the path is reported, not cut up. A
   * fixed `ttl` always comes with it, so `false` needs a `ttl` that inherits (ip-tunnel(8)).
   */
  pmtudisc: z.boolean().default(true),
  /**
   * Largest packet in bytes that fits through the tunnel whole, 68 to 65515, at least 1280 with IPv6 addresses
   * (RFC 8200). Left out, the kernel takes the MTU of the route to `remote` less 20 for the outer header (RFC 2003);
   * taken out later, it becomes 1480.
   */
  mtu: z.int().min(MIN_MTU).max(MAX_MTU).optional(),
  /**
   * Addresses of the device with their prefix lengths, IPv4 and IPv6, `192.168.50.1/30`. Those not listed are removed,
   * but neither the IPv6 link-local one of the kernel nor one that DHCP or a router gave for a time. Left out, the
   * addresses are left alone.
   */
  addresses: Addresses.optional(),
  /** Whether the device is up; one that is down carries nothing. */
  up: z.boolean().default(true),
  ...adopt,
  ...mark,
});

const outputs = z.object({
  /** The kernel's number of the device. */
  ifindex: z.int(),
  /** The MTU that is in force, in bytes, also where `mtu` was left out. */
  effectiveMtu: z.int(),
  /** `up` when the device can take packets, else `down`; it does not tell whether they arrive. */
  state: z.enum(["up", "down"]),
  /** The device's flags as ip-link(8) shows them: POINTOPOINT, NOARP, UP, LOWER_UP and others. */
  flags: z.array(z.string()),
});

type Desired = z.output<typeof inputs>;

/**
 * An IPIP tunnel device: IPv4 in IPv4 (RFC 2003, ip-link(8) `type ipip mode ipip`), IP protocol 4, 20 bytes of
 * outer header. It takes nothing but IPv4 inside, does not encrypt and carries no multicast.
 *
 * @example
 * const tunnel = new IpipTunnel("tunnel", {
 *   connection,
 *   name: "tun0",
 *   local: "203.0.113.10",
 *   remote: "198.51.100.20",
 *   addresses: ["192.168.50.1/30"],
 * });
 */
export const ipipTunnel = defineResource({
  type: "IpipTunnel",
  inputs,
  outputs,
  replaces: {
    name: always,
    namespace: always,
    remote: (from, to) => (from === "any") !== (to === "any"),
    dev: (from, to) => from !== undefined && to === undefined,
  },
  containers: ["namespace", "dev"],
  deleteBeforeReplace: true,
  module: "ipip",
  exclusive: true,
  // The kernel answers when the device is gone (RTM_DELLINK, rtnetlink(7)).
  removalIsProof: true,

  id: (desired) => idOf(desired, desired.name),
  describe: ({ name, namespace }) => `tunnel ${name}${inNamespace(namespace)}`,
  problems,
  release: (before, desired) => releaseDevice(before, desired, USUAL_MTU),

  observe: ({ namespace }) => ask.links(namespace),
  glance: ({ namespace, name }) => glanceAtLink(namespace, name),

  parse(view, desired) {
    const link = view.link(desired.name, desired.namespace);
    if (link === undefined || !isIpip(link)) return undefined;
    const { ttl, tos, pmtudisc } = link.data;
    return {
      namespace: desired.namespace,
      name: link.name,
      local: String(link.data.local ?? "any"),
      remote: String(link.data.remote ?? "any"),
      dev: link.link.name,
      ttl: Number(ttl ?? INHERIT_TTL),
      tos: tos === "inherit" ? INHERIT_TOS : Number(tos ?? 0),
      pmtudisc: pmtudisc === true,
      ...observedDevice(link, desired),
      ifindex: link.ifindex,
      effectiveMtu: link.mtu,
      state: link.state,
      flags: [...link.flags],
    };
  },

  obstacle(view, desired) {
    const links = view.links(desired.namespace) ?? [];
    return stranger(links, desired) ?? rival(links, desired);
  },

  plan(desired, observed) {
    if (desired === undefined) {
      return observed?.name === undefined
        ? []
        : [ip(observed.namespace, "link", "delete", "dev", observed.name)];
    }
    const { namespace, name } = desired;
    if (observed === undefined) {
      const mtu = desired.mtu === undefined ? [] : ["mtu", String(desired.mtu)];
      const made = { ...(desired.mtu !== undefined && { mtu: desired.mtu }), addresses: [], up: false };
      return [
        ip(namespace, "link", "add", "name", name, ...mtu, ...typeArgs(desired)),
        ...planDevice(namespace, name, desired, made),
      ];
    }
    const { steps, mtu } = planParameters(desired, observed);
    return [...steps, ...planDevice(namespace, name, desired, { ...observed, mtu })];
  },
});

function isIpip(link: Link): boolean {
  return link.kind === "ipip" && link.data.proto === "ipip";
}

/** All parameters are said each time, so that none depends on what iproute2 would fill in. */
function typeArgs({ local, remote, dev, ttl, tos, pmtudisc }: Desired): string[] {
  return [
    "type",
    "ipip",
    "mode",
    "ipip",
    "local",
    local,
    "remote",
    remote,
    "ttl",
    ttl === INHERIT_TTL ? "inherit" : String(ttl),
    "tos",
    tos === INHERIT_TOS ? "inherit" : `0x${tos.toString(16)}`,
    pmtudisc ? "pmtudisc" : "nopmtudisc",
    ...(dev === undefined ? [] : ["dev", dev]),
  ];
}

const PARAMETERS = ["local", "remote", "dev", "ttl", "tos", "pmtudisc"] as const;

/** planParameters changes what is the tunnel's own, and tells the MTU that the device has then. */
function planParameters(
  desired: Desired,
  observed: Partial<Desired>,
): { steps: Command[]; mtu: number | undefined } {
  const differs = (key: keyof Desired) => desired[key] !== undefined && desired[key] !== observed[key];
  if (!PARAMETERS.some(differs)) return { steps: [], mtu: observed.mtu };
  // With another device below it, the kernel gives the tunnel that one's MTU unless it is told another.
  const told = differs("dev") && desired.mtu !== undefined;
  const mtu = told ? ["mtu", String(desired.mtu)] : [];
  const step = ip(desired.namespace, "link", "change", "name", desired.name, ...mtu, ...typeArgs(desired));
  return { steps: [step], mtu: told ? desired.mtu : observed.mtu };
}

function problems(known: Partial<Desired>): Problem[] {
  const found = deviceProblems(known);
  const { local, remote, ttl, pmtudisc } = known;
  if (local === "any" && remote === "any") {
    const message = "a tunnel needs `local`, `remote` or both: the one without either is the kernel's tunl0";
    found.push({ path: ["remote"], message });
  }
  if (local !== undefined && local !== "any" && local === remote) {
    found.push({
      path: ["remote"],
      message: `${remote} is \`local\` too: give the address of the other host`,
    });
  }
  for (const [key, end] of [["local", local] as const, ["remote", remote] as const]) {
    const first = Number(end?.split(".", 1)[0]);
    if (first >= 224) {
      const message = `${end} is no host's address; IPIP carries no multicast, GRE does`;
      found.push({ path: [key], message });
    }
  }
  if (pmtudisc === false && ttl !== undefined && ttl !== INHERIT_TTL) {
    const message =
      "a fixed `ttl` needs path MTU discovery (ip-tunnel(8)): leave `pmtudisc` on, or let `ttl` inherit";
    found.push({ path: ["pmtudisc"], message });
  }
  return found;
}

/** A device that has the name but is no tunnel of this kind. */
function stranger(links: readonly Link[], { name, namespace }: Desired): Obstacle | undefined {
  const link = links.find((other) => other.name === name);
  return link === undefined || isIpip(link) ? undefined : nameTaken(link, namespace);
}

/** The kernel tells packets to tunnels by their ends, and says only "File exists" when another device has them. */
function rival(
  links: readonly Link[],
  { name, namespace, local, remote, dev }: Desired,
): Obstacle | undefined {
  const link = links.find(
    (other) =>
      other.name !== name &&
      // Of whatever mode: the kernel does not look at what a tunnel carries inside.
      other.kind === "ipip" &&
      other.data.local === local &&
      other.data.remote === remote &&
      other.link.name === dev,
  );
  if (link === undefined) return undefined;
  const through = dev === undefined ? "" : ` over ${dev}`;
  return {
    what: `the tunnel ${link.name}${inNamespace(namespace)} already joins ${local} to ${remote}${through}`,
    advice: "The kernel allows one tunnel of a kind between two addresses: use that one, or other ends.",
  };
}
