import type { Bag } from "../support/calls";

/**
 * A look at a host past the code under test: from the same listings that a person would read, on the lab's machines
 * over the lab's own connection, but by its own, much simpler way of reading.
 */

/** Space is one network namespace, in the words of `ip -json`. */
export interface Space {
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  /** What net.ipv4.ip_forward is there. */
  readonly forward: string;
}

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly ifalias?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Bag };
  readonly addr_info?: readonly { local: string; prefixlen: number }[];
}

interface Route {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string | number;
  readonly protocol?: string | number;
  readonly metric?: number;
  readonly metrics?: readonly { mtu?: number }[];
}

/** Look is the namespaces of a host by their names; the host's own is "". */
export type Look = ReadonlyMap<string, Space>;

/** The protocol number that our routes have (docs/design.md, Marks). */
const OURS = "204";
/**
 * Where the programs say whether packets are forwarded. Linux gives a new namespace what the host's own has at the
 * time, so elsewhere it would tell in which order things were made.
 */
const FORWARDING = ["", "blue"];
/** The protocol number of routes that the kernel makes (rtnetlink(7), RTPROT_KERNEL). */
const KERNEL = "2";
/** The first word of every mark. */
const MARKED = /^pulumi:/;
/** The kernel makes it in every namespace, and nobody can remove it. */
const FALLBACK = "tunl0";

/** seen is an object as a look shows it, under the names of its inputs; undefined when it is not there. */
export function seen(look: Look, type: string, props: Bag): Bag | undefined {
  const at = (namespace: unknown) => look.get(namespace === undefined ? "" : String(namespace));
  const device = (end: Bag) => at(end.namespace)?.links.find(({ ifname }) => ifname === end.name);
  if (type === "Namespace") {
    const lo = device({ namespace: props.name, name: "lo" });
    return lo && { name: props.name, loopback: lo.flags.includes("UP"), mark: lo.ifalias ?? "" };
  }
  if (type === "Sysctl") {
    const space = at(props.namespace);
    return space && { value: space.forward };
  }
  if (type === "Route") {
    const found = at(props.namespace)?.routes.find(
      (route) => route.dst === props.destination && String(route.protocol) === OURS,
    );
    const metric = found?.metrics?.[0]?.mtu;
    return found && { via: found.gateway, effectiveDev: found.dev, mtu: metric };
  }
  if (type === "VethPair") {
    const [a, b] = [device(props.a as Bag), device(props.b as Bag)];
    if (a === undefined && b === undefined) return undefined;
    // A pair is marked when both of its ends are.
    const [mark = "", ...others] = [a, b].flatMap((end) => (end === undefined ? [] : [end.ifalias ?? ""]));
    return { a: a && shown(a), b: b && shown(b), mark: others.every((other) => other === mark) ? mark : "" };
  }
  const link = device(props);
  if (link === undefined) return undefined;
  const { local, remote, ttl } = link.linkinfo?.info_data ?? {};
  return { ...shown(link), mark: link.ifalias ?? "", local, remote, ttl };
}

function shown(link: Link): Bag {
  return { mtu: link.mtu, up: link.flags.includes("UP"), addresses: addressesOf(link) };
}

function addressesOf({ addr_info = [] }: Link): string[] {
  return addr_info
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
    .filter((address) => !address.startsWith("fe80:"))
    .sort();
}

/** differences lists what a state says of an object and a look shows otherwise. */
export function differences(state: Bag, found: Bag, path = ""): string[] {
  return Object.entries(found).flatMap(([key, value]) => {
    const said = state[key];
    if (said === undefined) return [];
    if (isBag(said) && isBag(value)) return differences(said, value, `${path}${key}.`);
    const plain = (one: unknown) => JSON.stringify(Array.isArray(one) ? [...one].sort() : one);
    return plain(said) === plain(value)
      ? []
      : [`${path}${key}: the state says ${plain(said)}, the host ${plain(value)}`];
  });
}

function isBag(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** owned lists all that is marked as ours, each as `type place name`. */
export function owned(look: Look): string[] {
  return [...look].flatMap(([place, { links, routes }]) => [
    ...links
      .filter(({ ifalias }) => MARKED.test(ifalias ?? ""))
      .map(({ ifname }) => (ifname === "lo" ? `namespace ${place}` : `device ${place} ${ifname}`)),
    ...routes.filter(({ protocol }) => String(protocol) === OURS).map(({ dst }) => `route ${place} ${dst}`),
  ]);
}

/** namesOf is what `owned` lists of an object that a state has. */
export function namesOf(type: string, props: Bag): string[] {
  const device = (end: Bag) => `device ${end.namespace ?? ""} ${end.name}`;
  if (type === "Namespace") return [`namespace ${props.name}`];
  if (type === "Route") return [`route ${props.namespace ?? ""} ${props.destination}`];
  if (type === "VethPair") return [device(props.a as Bag), device(props.b as Bag)];
  return type === "IpipTunnel" ? [device(props)] : [];
}

/** textOf is all that there is on a host, as text that two looks are compared by and that a person can read. */
export function textOf(look: Look): string {
  const spaces = [...look].sort(([one], [other]) => (one < other ? -1 : 1));
  // Each line says where it is from, so that it can be told from its like elsewhere.
  return spaces
    .flatMap(([name, space]) => [
      `namespace ${name}`,
      ...linesOf(space).map((line) => `${name}: ${line}`),
      ...(FORWARDING.includes(name) ? [`${name}: forward ${space.forward}`] : []),
    ])
    .join("\n");
}

/** changesBetween lists the lines that one text of a host has and another lacks. */
export function changesBetween(expected: string, found: string): string[] {
  const [wanted, there] = [expected.split("\n"), found.split("\n")];
  return [
    ...wanted.filter((line) => !there.includes(line)).map((line) => `missing ${line}`),
    ...there.filter((line) => !wanted.includes(line)).map((line) => `too much ${line}`),
  ];
}

function linesOf({ links, routes }: Space): string[] {
  return [
    ...links
      .filter(({ ifname }) => ifname !== FALLBACK)
      .map((link) =>
        JSON.stringify([link.ifname, link.linkinfo?.info_kind, link.ifalias, shown(link), tunnelOf(link)]),
      )
      .sort(),
    ...routes
      // Those that the kernel makes follow from the addresses, some of them a moment later.
      .filter(({ protocol }) => String(protocol) !== KERNEL)
      .map(({ type, dst, gateway, dev, table, protocol, metric, metrics }) =>
        JSON.stringify([type, dst, gateway, dev, table, protocol, metric, metrics]),
      )
      .sort(),
  ];
}

function tunnelOf({ linkinfo }: Link): unknown {
  const { local, remote, ttl, tos } = linkinfo?.info_data ?? {};
  return [local, remote, ttl, tos];
}
