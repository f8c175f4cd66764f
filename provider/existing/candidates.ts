import { type Assigned, spelled } from "../ip/addresses";
import { clampedIn } from "../ip/clamp-table";
import { observedDevice } from "../ip/device";
import type { Link } from "../ip/links";
import { PLATFORM_LABELS } from "../ip/mpls";
import type { Route } from "../ip/routes";
import { ask, type View } from "../ip/view";
import { isMark, ROUTE_PROTOCOL } from "../mark";
import { isFallback } from "../net";
import { inNamespace } from "../resources/common";
import type { Fields } from "../state";
import { CLASSES } from "./kinds";
import { listedOrLacking } from "./lacking";
import { type End, otherEndOf } from "./pairs";

/** Candidate is something on a host that a program may ask for: which one it is. */
export interface Candidate {
  readonly type: string;
  readonly inputs: Fields;
  /** Inputs, by dotted path, that the program is not to say, though the host tells them. */
  readonly unsaid: readonly string[];
}

/** Left is something on a host that no program asks for. */
export interface Left {
  readonly what: string;
  readonly why: string;
}

/** Listed is what there is in one namespace, as far as it could be listed. */
export interface Listed {
  readonly candidates: readonly Candidate[];
  readonly left: readonly Left[];
  readonly troubles: readonly string[];
}

/** Wanted says what of a host is wanted. */
export interface Wanted {
  /** Whether what bears a mark is: it is some stack's already. */
  owned(mark: string): boolean;
  /** Whether what is in this namespace is. */
  within(netns: string | undefined): boolean;
  /** Whether every address is, also the machine's own and one that its device says among its own. */
  readonly addresses?: true;
}

const FAMILIES = [4, 6] as const;
/** What tells whether a host passes on packets that are not for it; by itself it does not. */
const FORWARDING = ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"];

/** Protocols of routes and rules (rt_protos of iproute2): what the kernel makes itself, and what people do. */
const KERNELS = [1, 2, 9];
const DHCP = 16;
const BY_HAND = [0, 3, 4];

const KERNELS_RULES = [0, 32_766, 32_767];
const KERNELS_ADDRESSES = ["127.0.0.1/8", "::1/128"];
/** What a device has that nobody has told otherwise. */
const USUAL = { txqlen: 1000, group: "0" };

/** questions are what is to be asked about a namespace. */
export function questions(netns: string | undefined) {
  return [
    ...ask.links(netns),
    ...ask.namespaceIds(netns),
    ...FAMILIES.flatMap((family) => [...ask.allRoutes(family, netns), ...ask.rules(family, netns)]),
    ...ask.labelRoutes(netns),
    ...ask.file(PLATFORM_LABELS, netns),
    ...ask.fous(netns),
    ...ask.nftTables(netns),
  ];
}

/** listAll lists what there is in some namespaces; a veth pair may be in two of them. */
export function listAll(view: View, namespaces: readonly (string | undefined)[], wanted: Wanted): Listed[] {
  const troubles: string[] = [];
  const linksOf = new Map(
    namespaces.map((netns) => [netns, listedOrLacking(() => view.links(netns), troubles)] as const),
  );
  const devices = [...linksOf].flatMap(([netns, links]) => links.map((link) => ({ netns, link })));
  const seen = namespaces
    .filter((netns) => linksOf.get(netns)?.length)
    .map((netns) => new Listing(view, netns, devices, wanted).listed());
  return [{ candidates: [], left: [], troubles }, ...seen];
}

/** Listing is the look at one namespace. */
class Listing {
  private readonly candidates: Candidate[] = [];
  private readonly left: Left[] = [];
  private readonly troubles: string[] = [];
  /** Names of devices that are asked for. */
  private readonly taken = new Set<string>();

  constructor(
    private readonly view: View,
    private readonly netns: string | undefined,
    private readonly devices: readonly End[],
    private readonly wanted: Wanted,
  ) {}

  listed(): Listed {
    const links = this.devices.filter(({ netns }) => netns === this.netns).map(({ link }) => link);
    this.namespace(links.find(({ name }) => name === "lo")?.alias);
    for (const link of links) this.device(link);
    for (const family of FAMILIES) {
      this.routes(this.list(() => this.view.allRoutes(family, this.netns)));
      this.rules(family);
    }
    this.labels(links);
    for (const fou of this.list(() => this.view.fous(this.netns))) {
      const { ipproto, ...socket } = fou;
      this.take("FouPort", { ...socket, ...(ipproto === undefined ? { encap: "gue" } : { ipproto }) });
    }
    for (const table of this.list(() => this.view.nftTables(this.netns))) {
      const dev = clampedIn(table);
      // Its mark shows when it is looked at.
      if (dev !== undefined) this.take("MssClamp", { dev });
    }
    for (const key of FORWARDING) this.take("Sysctl", { key });
    const { candidates, left, troubles } = this;
    return { candidates, left, troubles };
  }

  private list<T>(list: () => readonly T[] | undefined): readonly T[] {
    return listedOrLacking(list, this.troubles);
  }

  private take(type: string, inputs: Fields, unsaid: readonly string[] = []): void {
    if (!this.wanted.within(this.netns)) return;
    const at = this.netns === undefined ? {} : { namespace: this.netns };
    this.candidates.push({ type, inputs: { ...at, ...inputs }, unsaid });
  }

  private leave(what: string, why: string): void {
    if (this.wanted.within(this.netns)) this.left.push({ what: `${what}${inNamespace(this.netns)}`, why });
  }

  /** isWanted leaves what is some stack's. */
  private isWanted(what: string, mark: string | undefined): boolean {
    const why = claimOf(mark, this.wanted);
    if (why !== undefined) this.leave(what, why);
    return why === undefined;
  }

  private namespace(alias: string | undefined): void {
    const { netns: name } = this;
    if (name === undefined || !this.wanted.within(name)) return;
    const why = claimOf(alias, this.wanted);
    if (why !== undefined) this.left.push({ what: `namespace ${name}`, why });
    else this.candidates.push({ type: "Namespace", inputs: { name }, unsaid: [] });
  }

  private device(link: Link): void {
    const { name, kind = "" } = link;
    if (this.wanted.addresses) this.addresses(link);
    if (isFallback(name)) return;
    const type = CLASSES.get(kind);
    if (type === undefined) this.stranger(link);
    else if (this.isWanted(`device ${name}`, link.alias) && this.made(type, link)) {
      this.taken.add(name);
      this.settings(link);
      if (hasPlainAddresses(link)) return;
      this.addresses(link);
    }
  }

  /** A device of a kind that we don't make: on a machine it is the machine's own, and so is what is on it. */
  private stranger(link: Link): void {
    const { name, kind } = link;
    if (name !== "lo")
      this.leave(
        `device ${name}`,
        `${kind ? `of kind ${kind}` : "a port of the machine"}, which this package does not make`,
      );
    if (name === "lo" || this.netns !== undefined) this.addresses(link);
  }

  private made(type: string, link: Link): boolean {
    const { name, otherNetns } = link;
    const unsaid = hasPlainAddresses(link) ? [] : ["addresses"];
    if (type === "VethPair") return this.pair({ netns: this.netns, link });
    if (otherNetns === undefined) {
      this.take(type, { name, ...(link.data.external === true && { external: true }) }, unsaid);
      return true;
    }
    const underlay = this.view.namespaceOf(otherNetns, this.netns);
    if (underlay === undefined && this.netns === undefined) {
      this.leave(`device ${name}`, "its underlay is in a namespace without a name");
      return false;
    }
    this.take(type, { name, underlayNamespace: underlay ?? "" }, unsaid);
    return true;
  }

  /** Of a pair the first end is that in the host's own namespace, or the one that is listed first. */
  private pair(end: End): boolean {
    const own = this.devices.find(({ netns, link }) => netns === end.netns && link === end.link) ?? end;
    const other = otherEndOf(own, this.devices, this.view);
    if (other === undefined) {
      this.leave(
        `device ${end.link.name}`,
        "its other end is in a namespace without a name, a container's perhaps",
      );
      return false;
    }
    if (claimOf(other.link.alias, this.wanted) !== undefined) return false;
    if (this.devices.indexOf(other) < this.devices.indexOf(own)) return true;
    const [a, b] = [own, other];
    const endOf = ({ netns, link }: End) => ({
      name: link.name,
      ...(netns !== undefined && { namespace: netns }),
    });
    const unsaid = [["a", a] as const, ["b", b] as const].flatMap(([key, { link }]) => [
      `${key}.mac`,
      ...(hasPlainAddresses(link) ? [] : [`${key}.addresses`]),
    ]);
    if (this.wanted.within(a.netns) || this.wanted.within(b.netns))
      this.candidates.push({ type: "VethPair", inputs: { a: endOf(a), b: endOf(b) }, unsaid });
    return true;
  }

  private settings({ name: dev, txqlen, group }: Link): void {
    const unsaid = ["alias", "mtu", "up", ...(txqlen === USUAL.txqlen ? ["txqlen"] : [])];
    const all = [...unsaid, ...(group === USUAL.group ? ["group"] : [])];
    if (all.length < 5) this.take("Link", { dev, txqlen, group: 0 }, all);
  }

  private addresses(link: Link): void {
    for (const one of ownAddresses(link)) {
      const { local, length, peer } = one;
      const address = `${local}/${length}`;
      if (KERNELS_ADDRESSES.includes(address)) continue;
      const label = one.label === link.name ? ["label"] : [];
      const scope = local.includes(":") || one.scope === "global" ? ["scope"] : [];
      this.take("Address", { dev: link.name, address, ...(peer && { peer }) }, [...label, ...scope]);
    }
  }

  private routes(routes: readonly Route[]): void {
    const keyOf = ({ destination, table, metric }: Route) => `${destination} ${table} ${metric}`;
    const count = new Map<string, number>();
    for (const route of routes) count.set(keyOf(route), (count.get(keyOf(route)) ?? 0) + 1);
    for (const route of routes) {
      const { destination, table, metric, protocol, others, type } = route;
      const what = `route ${destination} (table ${table}, metric ${metric})`;
      if (KERNELS.includes(protocol) || !this.byHand(what, protocol)) continue;
      const foreign = this.machines(route);
      const why =
        (count.get(keyOf(route)) ?? 0) > 1
          ? "there is more than one of it"
          : others !== undefined
            ? `told ${others.join(", ")}, which a Route can't say`
            : foreign;
      if (why !== undefined) this.leave(what, why);
      else this.take("Route", { destination, table, metric, type });
    }
  }

  /** machines says why a route is the machine's own: in the host's namespace, by a device that is. */
  private machines({ type, dev, nexthops }: Route): string | undefined {
    if (this.netns !== undefined || (type !== "unicast" && type !== "local")) return undefined;
    const devices = nexthops?.map((hop) => hop.dev) ?? [dev];
    const foreign = devices.find((one) => one !== undefined && one !== "lo" && !this.taken.has(one));
    return foreign && `leaves by ${foreign}, which is not taken over`;
  }

  /** byHand tells what people make from what daemons do. */
  private byHand(what: string, protocol: number): boolean {
    if (protocol === ROUTE_PROTOCOL) return this.isWanted(what, `protocol ${protocol}`);
    if (BY_HAND.includes(protocol)) return true;
    this.leave(what, protocol === DHCP ? "DHCP's" : `of protocol ${protocol}, a routing daemon's`);
    return false;
  }

  private rules(family: 4 | 6): void {
    const rules = this.list(() => this.view.rules(family, this.netns));
    for (const { priority, protocol } of rules) {
      const what = `rule ${priority} of IPv${family}`;
      if (KERNELS_RULES.includes(priority) || KERNELS.includes(protocol)) continue;
      if (!this.byHand(what, protocol)) continue;
      if (rules.filter((other) => other.priority === priority).length > 1)
        this.leave(what, "another one has the same priority");
      else this.take("Rule", { family: family === 4 ? "inet" : "inet6", priority });
    }
  }

  private labels(links: readonly Link[]): void {
    const [table] = this.list(() => [this.view.file(PLATFORM_LABELS, this.netns)]);
    if (Number(table ?? 0) === 0) return;
    this.take("MplsLabelTable", {});
    for (const { name } of links)
      if (this.taken.has(name) || name === "lo") this.take("MplsInput", { dev: name });
    for (const { label, protocol } of this.list(() => this.view.labelRoutes(this.netns)))
      if (this.byHand(`route of label ${label}`, protocol)) this.take("MplsRoute", { label });
  }
}

/** claimOf says whose something is that bears a mark, or what routes have in place of one, and is not wanted. */
export function claimOf(mark: unknown, wanted: Wanted): string | undefined {
  const text = typeof mark === "string" ? mark : "";
  const marked = isMark(text) || text === `protocol ${ROUTE_PROTOCOL}`;
  return marked && !wanted.owned(text)
    ? `it belongs to a stack, ${text}, and --owner takes it over`
    : undefined;
}

/** ownAddresses are those that neither the kernel nor somebody on the network has given. */
function ownAddresses(link: Link): Assigned[] {
  const { addresses } = observedDevice(link, {});
  return link.assigned.filter((one) => addresses.includes(spelled(one)));
}

/** hasPlainAddresses tells whether nothing is to be said of a device's addresses but themselves. */
function hasPlainAddresses(link: Link): boolean {
  return ownAddresses(link).every(
    ({ local, peer, broadcast, label = link.name, scope, deprecated, noprefixroute, nodad }) =>
      peer === undefined &&
      broadcast === undefined &&
      label === link.name &&
      (local.includes(":") || scope === "global") &&
      !(deprecated || noprefixroute || nodad),
  );
}
