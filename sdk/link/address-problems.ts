import { bitsOf, familyOf, ipOf, lengthOf } from "../../provider/net";
import type { Judged } from "./judged";
import { addressesOf, FAMILIES, knowsAddresses, networksOf, ofFamily, otherOf, SIDES } from "./known";
import { covers, endOf, notHost, overlaps, subnetOf } from "./prefix";

/** addressProblems finds what is wrong with the addresses inside the tunnel. */
export function addressProblems(judged: Judged): void {
  eachProblems(judged);
  for (const family of FAMILIES) pairProblems(judged, family);
}

function eachProblems({ link, report }: Judged): void {
  for (const side of SIDES) {
    const end = link[side];
    const all = addressesOf(end, side);
    if (knowsAddresses(end) && all.length === 0) {
      report([side, "address"], "is required, or `addresses` in place of it");
    }
    if (end?.address !== undefined && end.addresses !== undefined) {
      report([side, "addresses"], "`address` is there too: give all in one of the two");
    }
    for (const [index, { network, path }] of all.entries()) {
      const twice = ofFamily(all.slice(0, index), familyOf(network));
      if (twice !== undefined) {
        const message = `${network} is of IPv${familyOf(network)} as ${twice.network} is: an end has one address of a family`;
        report(path, message);
      }
      const why = notHost(network) ?? endOf(network);
      if (why !== undefined) report(path, `${ipOf(network)} ${why}: give one of a host`);
      if (lengthOf(network) === bitsOf(familyOf(network))) {
        const [short, room] = familyOf(network) === 4 ? ["/30", "/31"] : ["/64", "/127"];
        const message = `${network} leaves no room for the other end in its subnet: give both a ${short} or ${room}`;
        report(path, message);
      }
    }
  }
}

/** pairProblems: the two ends share one subnet of a family, and nothing else is in it. */
function pairProblems({ link, report, name }: Judged, family: 4 | 6): void {
  const [a, b] = SIDES.map((side) => ofFamily(addressesOf(link[side], side), family));
  for (const side of SIDES) {
    const [own, other] = side === "a" ? [a, b] : [b, a];
    if (own === undefined || other !== undefined || !knowsAddresses(link[otherOf(side)])) continue;
    // That it has none at all is said elsewhere.
    if (addressesOf(link[otherOf(side)], otherOf(side)).length === 0) continue;
    const message = `has none of IPv${family}, as ${own.network} in ${name(own.path)} is: both ends need one`;
    report([otherOf(side), "addresses"], message);
  }
  if (a !== undefined && b !== undefined) {
    if (ipOf(a.network) === ipOf(b.network)) {
      report(b.path, `${ipOf(b.network)} is ${name(a.path)} too: each end needs its own`);
    } else if (subnetOf(a.network) !== subnetOf(b.network)) {
      report(
        b.path,
        `${b.network} is not in the subnet of ${name(a.path)}, ${subnetOf(a.network)}: give an address of it with the same length`,
      );
    }
  }
  const given = a ?? b;
  if (given === undefined) return;
  const subnet = subnetOf(given.network);
  for (const near of SIDES) {
    const underlay = link[near]?.underlay;
    if (underlay !== undefined && covers(subnet, underlay)) {
      report(
        given.path,
        `the tunnel's subnet ${subnet} has the underlay address ${underlay} of ${name([near, "underlay"])}: packets to ` +
          "it would go into the tunnel itself. Give the tunnel a subnet of its own",
      );
    }
    for (const { network, path } of networksOf(link[near], near)) {
      // Beside a larger network the subnet is reached nevertheless, by the longer prefix: a hub's spokes have all its pool.
      const harmless = path.includes("transit") && !covers(subnet, network);
      if (harmless || !overlaps(network, subnet)) continue;
      report(path, `${network} overlaps the tunnel's own subnet ${subnet}: give the tunnel another subnet`);
    }
  }
}
