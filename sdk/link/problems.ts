import { z } from "zod";
import { type Family, familyOf, IPV6_MIN_MTU, ipOf } from "../../provider/net";
import type { Problem } from "../../provider/resource";
import { KINDS, type Kind } from "./kinds";
import { type KnownLink, type KnownSide, otherOf, placeOf, SIDES, type SideName } from "./known";
import { covers, endOf, lengthOf, notHost, overlaps, subnetOf } from "./prefix";

/** The smallest MTU of an IPv4 link, and the largest packet that there is (RFC 791). */
const MIN_MTU = 68;
const MAX_PACKET = 65_535;

type Path = readonly PropertyKey[];
/** At leads from a place in a link to the one in what the program gives; a mesh has it elsewhere. */
type At = (path: Path) => Path;
type Report = (path: Path, message: string) => void;

interface Prefix {
  readonly network: string;
  readonly path: Path;
}

/** linkProblems finds what is wrong with a link in itself. What is not known yet is taken to be right. */
export function linkProblems(link: KnownLink, at: At = (path) => path): Problem[] {
  const found: Problem[] = [];
  const report: Report = (path, message) => found.push({ path: at(path), message });
  const name = (path: Path) => `\`${z.core.toDotPath([...at(path)])}\``;
  const kind = link.kind && KINDS[link.kind];
  for (const side of SIDES) {
    if (kind !== undefined) familyProblems(link[side], side, kind, report);
    addressProblems(link[side], side, report);
    networkProblems(link, side, report, name);
  }
  subnetProblems(link, report, name);
  if (kind !== undefined) mtuProblems(link, kind, report);
  endProblems(link, report, name);
  for (const mine of prefixesOf(link.b, "b")) {
    const theirs = prefixesOf(link.a, "a").find(({ network }) => overlaps(network, mine.network));
    if (theirs === undefined) continue;
    report(
      mine.path,
      `${mine.network} overlaps ${theirs.network} in ${name(theirs.path)}: each host would send to its own one. ` +
        "Give the two sides networks of their own",
    );
  }
  return found;
}

function prefixesOf(side: KnownSide | undefined, name: SideName): Prefix[] {
  const of = (key: "networks" | "transit") =>
    (side?.[key] ?? []).map((network, index) => ({ network, path: [name, key, index] }));
  return [...of("networks"), ...of("transit")];
}

function familyProblems(side: KnownSide | undefined, name: SideName, kind: Kind, report: Report): void {
  const { underlay, address } = side ?? {};
  if (underlay !== undefined && familyOf(underlay) !== kind.underlay) {
    report(
      [name, "underlay"],
      `${underlay} is of IPv${familyOf(underlay)}, and this kind of tunnel goes over IPv${kind.underlay}: give the host's IPv${kind.underlay} address`,
    );
  }
  const inside = [
    ...(address === undefined ? [] : [{ network: address, path: [name, "address"] as Path }]),
    ...prefixesOf(side, name),
  ];
  const carried = kind.carries.map((family) => `IPv${family}`).join(" and ");
  for (const { network, path } of inside) {
    const family: Family = familyOf(network);
    if (!kind.carries.includes(family)) {
      report(path, `${network} is of IPv${family}, and this kind of tunnel carries ${carried} only`);
    }
  }
}

function addressProblems(side: KnownSide | undefined, name: SideName, report: Report): void {
  const { underlay, address } = side ?? {};
  const strange = underlay === undefined ? undefined : notHost(underlay);
  if (underlay !== undefined && strange !== undefined) {
    report([name, "underlay"], `${underlay} ${strange}: give the one that the other host sends to`);
  }
  if (address === undefined) return;
  const why = notHost(address) ?? endOf(address);
  if (why !== undefined) report([name, "address"], `${ipOf(address)} ${why}: give one of a host`);
  if (lengthOf(address) === (familyOf(address) === 4 ? 32 : 128)) {
    const [short, room] = familyOf(address) === 4 ? ["/30", "/31"] : ["/64", "/127"];
    report(
      [name, "address"],
      `${address} leaves no room for the other end in its subnet: give both a ${short} or ${room}`,
    );
  }
}

function networkProblems(
  link: KnownLink,
  side: SideName,
  report: Report,
  name: (path: Path) => string,
): void {
  const own = link[side]?.underlay;
  const other = otherOf(side);
  const others = link[other]?.underlay;
  const prefixes = prefixesOf(link[side], side);
  for (const [index, { network, path }] of prefixes.entries()) {
    const strange = notHost(network);
    if (strange !== undefined && !strange.startsWith("is no host")) {
      report(path, `${network} ${strange.replace("address", "network")}: it is behind no host`);
    }
    const twice = prefixes.slice(0, index).find((before) => before.network === network);
    if (twice !== undefined) report(path, `${network} is in ${name(twice.path)} already: give it once`);
    if (own !== undefined && covers(network, own)) {
      report(
        path,
        `${network} has this host's own underlay address ${own}: the route to the tunnel's other end would lead into ` +
          "the tunnel itself. Give networks without it",
      );
    }
    if (others !== undefined && covers(network, others)) {
      report(
        path,
        `${network} overlaps the underlay: ${others} in ${name([other, "underlay"])} is in it. Give networks without it`,
      );
    }
  }
}

/** subnetProblems: the kernel reaches the tunnel's subnet by the tunnel, and so nothing else may be in it. */
function subnetProblems(link: KnownLink, report: Report, name: (path: Path) => string): void {
  const side = SIDES.find((one) => link[one]?.address !== undefined);
  if (side === undefined) return;
  const subnet = subnetOf(link[side]?.address ?? "");
  for (const near of SIDES) {
    const underlay = link[near]?.underlay;
    if (underlay !== undefined && covers(subnet, underlay)) {
      report(
        [side, "address"],
        `the tunnel's subnet ${subnet} has the underlay address ${underlay} of ${name([near, "underlay"])}: packets to ` +
          "it would go into the tunnel itself. Give the tunnel a subnet of its own",
      );
    }
    for (const { network, path } of prefixesOf(link[near], near)) {
      // Beside a larger network the subnet is reached nevertheless, by the longer prefix: a hub's spokes have all its pool.
      const harmless = path.includes("transit") && !covers(subnet, network);
      if (harmless || !overlaps(network, subnet)) continue;
      report(path, `${network} overlaps the tunnel's own subnet ${subnet}: give the tunnel another subnet`);
    }
  }
}

function mtuProblems({ mtu, a, b }: KnownLink, kind: Kind, report: Report): void {
  if (mtu === undefined) return;
  const largest = MAX_PACKET - kind.header;
  if (mtu < MIN_MTU || mtu > largest) {
    report(
      ["mtu"],
      `${mtu} can't be: with ${kind.header} bytes of outer header it is ${MIN_MTU} to ${largest}; over Ethernet it is ${1500 - kind.header} as a rule`,
    );
    return;
  }
  const inside = [a, b].flatMap((side) => [
    ...(side?.address === undefined ? [] : [side.address]),
    ...(side?.networks ?? []),
    ...(side?.transit ?? []),
  ]);
  const ipv6 = inside.find((text) => familyOf(text) === 6);
  if (ipv6 !== undefined && mtu < IPV6_MIN_MTU) {
    report(["mtu"], `${mtu} is too small for ${ipv6}: IPv6 needs at least ${IPV6_MIN_MTU} (RFC 8200)`);
  }
}

function endProblems({ a, b }: KnownLink, report: Report, name: (path: Path) => string): void {
  const here = placeOf(a);
  if (here !== undefined && here === placeOf(b)) {
    report(
      ["b", "connection"],
      `${here} is ${name(["a", "connection"])} too: a link joins two hosts, or two namespaces of one`,
    );
  }
  if (a?.underlay !== undefined && a.underlay === b?.underlay) {
    report(
      ["b", "underlay"],
      `${b.underlay} is ${name(["a", "underlay"])} too: give the address of the other host`,
    );
  }
  if (a?.address === undefined || b?.address === undefined) return;
  if (ipOf(a.address) === ipOf(b.address)) {
    report(["b", "address"], `${ipOf(b.address)} is ${name(["a", "address"])} too: each end needs its own`);
  } else if (subnetOf(a.address) !== subnetOf(b.address)) {
    report(
      ["b", "address"],
      `${b.address} is not in the subnet of ${name(["a", "address"])}, ${subnetOf(a.address)}: give an address of it with the same length`,
    );
  }
}
