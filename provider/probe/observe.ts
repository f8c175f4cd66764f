import type { Answer, Command, Host } from "../host/host";
import type { Link } from "../ip/links";
import { ask, View } from "../ip/view";
import { canonicalIp, familyOf } from "../net";
import { counterQueries, countersOf, grown } from "./counters";
import { dropped, mayDrop, rulesQuery } from "./firewall";
import type { Device, Observations, Outer, Silence } from "./observations";
import { type Ping, type PingOptions, pingCommand, pingOf, smallest } from "./ping";
import { type Fit, largestFit } from "./size";
import { isBeyond, otherEnd, type Way, wayOf, wayQuery } from "./way";

export interface Aim {
  readonly namespace?: string | undefined;
  readonly dev: string;
  readonly target: string;
  readonly size?: number | undefined;
  readonly count: number;
  readonly timeout: number;
}

/** Packets of one size; the second makes up for one that is lost by chance. */
const PAIR = 2;
const ICMP = 1;
const ICMPV6 = 58;

/**
 * observe sends packets and, where none comes back, looks around. Each question is an exchange of its own, for what waits
 * behind it at the same host would else wait for all of them.
 */
export async function observe(host: Host, aim: Aim): Promise<Observations> {
  const { namespace, dev, target, size } = aim;
  const seen = { dev, target, namespace, size };
  const device = await deviceOf(host, aim);
  if (device === undefined) return seen;
  const way = await wayTo(host, target, namespace);
  const known = { ...seen, device, way };
  if (!device.up || way.dev !== dev) return known;
  const { count, timeout } = aim;
  const send = () => ping(host, { target, namespace, count, timeout });
  const first = await send();
  // A tunnel says of the next packets too that a host refused some before, for 30 s (IPTUNNEL_ERR_TIMEO in the kernel's
  // net/ip_tunnels.h), and ping gives up on each. So a link that was just mended shows losses that it has not.
  const doubtful = first.report !== undefined && first.received > 0 && first.received < first.sent;
  const small = doubtful ? await send() : first;
  if (small.received > 0) return { ...known, small, fit: await fitOf(host, aim, device) };
  const silence = await silenceOf(host, aim, device, way);
  const { again } = silence;
  if (again.received > 0) return { ...known, small: again, fit: await fitOf(host, aim, device) };
  return { ...known, small, silence };
}

async function answersTo(
  host: Host,
  queries: readonly Command[],
  recent = false,
): Promise<readonly Answer[]> {
  return (await host.exchange({ steps: [], queries, recent })).answers;
}

async function textsOf(host: Host, queries: readonly Command[]): Promise<string[]> {
  return (await answersTo(host, queries)).map(({ stdout }) => stdout);
}

async function ping(host: Host, options: PingOptions): Promise<Ping> {
  const command = pingCommand(options);
  const [answer] = await answersTo(host, [command]);
  if (answer === undefined) throw new Error("the host left out an answer");
  return pingOf(host.label, command, answer);
}

async function wayTo(host: Host, address: string, namespace: string | undefined): Promise<Way> {
  const [answer] = await answersTo(host, [wayQuery(address, namespace)]);
  return answer === undefined ? {} : wayOf(answer);
}

async function deviceOf(host: Host, { namespace, dev }: Aim): Promise<Device | undefined> {
  const queries = ask.links(namespace);
  // Many probes of one host share the listing.
  const view = new View(host.label, queries, await answersTo(host, queries, true));
  const link = view.link(dev, namespace);
  if (link === undefined) return undefined;
  const outer = outerOf(link);
  return {
    up: link.state === "up",
    mtu: link.mtu,
    addresses: link.addresses,
    ...(outer !== undefined && { outer }),
  };
}

/** Numbers of the IP protocols by kind of device (IANA, protocol numbers). */
const PROTOCOLS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ipip: 4,
    sit: 41,
    gre: 47,
    gretap: 47,
    erspan: 47,
    ip6gre: 47,
    ip6gretap: 47,
    ip6erspan: 47,
  }),
);
const UDP = 17;

function outerOf({ kind = "", data, otherNetns }: Link): Outer | undefined {
  const remote = canonicalIp(String(data.remote ?? ""))?.text;
  // An ip6tnl says itself what it carries; what it carries when it may carry both is most often IPv6.
  const carried = kind === "ip6tnl" ? (data.proto === "ipip6" ? 4 : 41) : PROTOCOLS.get(kind);
  if (remote === undefined || carried === undefined) return undefined;
  const packed = typeof data.encap === "object" && data.encap !== null;
  return { remote, protocol: packed ? UDP : carried, elsewhere: otherNetns !== undefined };
}

async function fitOf(host: Host, aim: Aim, { mtu }: Device): Promise<Fit> {
  const wanted = aim.size ?? mtu;
  const send = (size: number) => ping(host, { ...aim, count: PAIR, size });
  const first = await send(wanted);
  if (first.received > 0) return { passed: wanted };
  return await largestFit(wanted, smallest(aim.target), first, send);
}

async function silenceOf(host: Host, aim: Aim, device: Device, toTarget: Way): Promise<Silence> {
  const { namespace, dev, target, timeout } = aim;
  const { outer } = device;
  const inReach = outer?.elsewhere === false ? outer.remote : undefined;
  const counts = counterQueries(dev, familyOf(inReach ?? target), namespace);
  const looks = [...counts, rulesQuery(namespace)];
  const [link = "", netstat = "", snmp = "", rules = ""] = await textsOf(host, looks);
  const again = await ping(host, { target, namespace, timeout, count: PAIR });
  const [linkThen = "", netstatThen = "", snmpThen = "", rulesThen = ""] = await textsOf(host, looks);

  const pinged = async (address: string) => ping(host, { target: address, namespace, timeout, count: PAIR });
  const address = toTarget.via ?? otherEnd(device.addresses);
  const behind = isBeyond(target, device.addresses) && address !== undefined && address !== target;
  const near = behind ? { address, ping: await pinged(address) } : undefined;
  const way = inReach === undefined ? undefined : await wayTo(host, inReach, namespace);
  const reachable = inReach !== undefined && way?.dev !== undefined && way.dev !== dev;
  const underlay = way && { way, ...(reachable && { ping: await pinged(inReach) }) };
  const devices = ["all", dev, ...(reachable && way.dev !== undefined ? [way.dev] : [])];
  const filters = await textsOf(
    host,
    devices.map((name) => rpFilterQuery(name, namespace)),
  );
  const packets = {
    dev,
    protocols: [familyOf(target) === 4 ? ICMP : ICMPV6, ...(outer === undefined ? [] : [outer.protocol])],
    addresses: [target, ...(outer === undefined ? [] : [outer.remote])],
  };
  return {
    counted: grown(countersOf(link, netstat, snmp), countersOf(linkThen, netstatThen, snmpThen)),
    again,
    ...(near !== undefined && { near }),
    underlay,
    rpFilter: Object.fromEntries(devices.map((name, index) => [name, Number(filters[index])])),
    dropped: dropped(rules, rulesThen, packets),
    mayDrop: mayDrop(rules, rulesThen, packets),
  };
}

function rpFilterQuery(dev: string, netns: string | undefined): Command {
  const argv = ["cat", `/proc/sys/net/ipv4/conf/${dev}/rp_filter`];
  return netns === undefined ? { argv } : { argv, netns };
}
