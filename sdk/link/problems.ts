import { z } from "zod";
import { familyOf, isLinkLocal } from "../../provider/net";
import type { Problem } from "../../provider/resource";
import { addressProblems } from "./address-problems";
import type { Judged, Path } from "./judged";
import { type Kind, type KindName, kindOf } from "./kinds";
import {
  addressesOf,
  type KnownLink,
  knowsAddresses,
  networksOf,
  ofFamily,
  otherOf,
  placeOf,
  SIDES,
  type SideName,
} from "./known";
import { optionProblems } from "./option-problems";
import { covers, notHost, overlaps } from "./prefix";

/** Program is how a program gives what makes a link: a mesh has it elsewhere, and by other words. */
interface Program {
  /** From a place in a link to the one in what the program gives. */
  at(path: Path): Path;
  /** How both ends get an address of one more family. */
  readonly more: string;
}

const OF_LINK: Program = { at: (path) => path, more: "give both ends one of it in `addresses`" };

/** linkProblems finds what is wrong with a link in itself. What is not known yet is taken to be right. */
export function linkProblems(link: KnownLink, { at, more }: Program = OF_LINK): Problem[] {
  const found: Problem[] = [];
  const judged: Judged = {
    link,
    report: (path, message) => found.push({ path: at(path), message }),
    name: (path) => `\`${z.core.toDotPath([...at(path)])}\``,
  };
  if (link.kind !== undefined) {
    for (const side of SIDES) familyProblems(judged, side, link.kind, more);
    for (const { path, message } of optionProblems(link, link.kind)) judged.report(path, message);
  }
  addressProblems(judged);
  for (const side of SIDES) {
    underlayProblems(judged, side);
    networkProblems(judged, side);
  }
  endProblems(judged);
  for (const mine of networksOf(link.b, "b")) {
    const theirs = networksOf(link.a, "a").find(({ network }) => overlaps(network, mine.network));
    if (theirs === undefined) continue;
    judged.report(
      mine.path,
      `${mine.network} overlaps ${theirs.network} in ${judged.name(theirs.path)}: each host would send to its own one. ` +
        "Give the two sides networks of their own",
    );
  }
  return found;
}

function familyProblems({ link, report }: Judged, side: SideName, name: KindName, more: string): void {
  const kind: Kind = kindOf(name);
  const own = link[side];
  const { underlay } = own ?? {};
  if (underlay !== undefined && familyOf(underlay) !== kind.underlay) {
    report(
      [side, "underlay"],
      `${underlay} is of IPv${familyOf(underlay)}, and this kind of tunnel goes over IPv${kind.underlay}: give the host's IPv${kind.underlay} address`,
    );
  }
  const carried = kind.carries.map((family) => `IPv${family}`).join(" and ");
  const addresses = addressesOf(own, side);
  for (const { network, path } of [...addresses, ...networksOf(own, side)]) {
    const family = familyOf(network);
    if (!kind.carries.includes(family)) {
      report(path, `${network} is of IPv${family}, and this kind of tunnel carries ${carried} only`);
    } else if (knowsAddresses(own) && addresses.length > 0 && ofFamily(addresses, family) === undefined) {
      report(path, `${network} is of IPv${family}, and the tunnel has no such address to send by: ${more}`);
    }
  }
}

function underlayProblems({ link, report }: Judged, side: SideName): void {
  const underlay = link[side]?.underlay;
  if (underlay === undefined) return;
  const strange = isLinkLocal(underlay) ? "means something on one device only" : notHost(underlay);
  if (strange !== undefined) {
    report([side, "underlay"], `${underlay} ${strange}: give the one that the other host sends to`);
  }
}

function networkProblems({ link, report, name }: Judged, side: SideName): void {
  const own = link[side]?.underlay;
  const other = otherOf(side);
  const others = link[other]?.underlay;
  const networks = networksOf(link[side], side);
  for (const [index, { network, path }] of networks.entries()) {
    const strange = notHost(network);
    if (strange !== undefined && !strange.startsWith("is no host")) {
      report(path, `${network} ${strange.replace("address", "network")}: it is behind no host`);
    }
    const twice = networks.slice(0, index).find((before) => before.network === network);
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

function endProblems({ link: { a, b }, report, name }: Judged): void {
  for (const [side, one] of [
    ["a", a],
    ["b", b],
  ] as const) {
    const left = (key: "connection" | "host") => one !== undefined && key in one && one[key] === undefined;
    if (left("connection") && left("host"))
      report([side, "connection"], "is required, or `host`, the name of one of the provider's hosts");
    if (one?.connection !== undefined && one.host !== undefined)
      report([side, "host"], "give host or connection, not both");
  }
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
}
