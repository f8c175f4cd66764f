import type { Device, Observations, Outer, Silence } from "./observations";
import { smallest } from "./ping";
import { isBeyond } from "./way";

/** Causes are what may be wrong with a link, the plainest first. */
export const CAUSES = [
  "none",
  "device-missing",
  "device-down",
  "no-route",
  "firewall",
  "rp-filter",
  "forwarding",
  "peer-missing",
  "peer-silent",
  "protocol-filtered",
  "mtu",
  "mtu-black-hole",
  "unknown",
] as const;

export type Cause = (typeof CAUSES)[number];

export interface Diagnosis {
  readonly cause: Cause;
  readonly reason: string;
  readonly advice: string;
}

/** diagnose tells what is wrong by what was seen, and nothing else. */
export function diagnose(seen: Observations): Diagnosis {
  const { dev, target, namespace, device, way, small, silence } = seen;
  const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
  if (device === undefined) {
    const advice = "Make it first: give the tunnel's resource as `dev`, or let the probe depend on it.";
    return { cause: "device-missing", reason: `there is no device ${dev}${where}`, advice };
  }
  if (!device.up) {
    const advice = `Bring it up: \`up: true\` in the program, \`ip link set dev ${dev} up\` by hand.`;
    return { cause: "device-down", reason: `the device ${dev}${where} is down`, advice };
  }
  if (way?.dev !== dev) return noRoute(seen);
  if (small !== undefined && small.received > 0) return sizeOf(seen, device);
  if (silence === undefined) throw new Error(`nothing is known of the silence of ${target}`);
  return (
    firewall(seen, device, silence) ??
    noUnderlay(seen, device, silence) ??
    reversePath(silence) ??
    behind(seen, silence) ??
    refusedThere(device, silence) ??
    reported(seen, device, silence) ??
    lost(seen, device, silence)
  );
}

/** Sysctls net.ipv4.route.mtu_expires and net.ipv6.route.mtu_expires, 600 s each (ip-sysctl.rst of the kernel). */
const remembered =
  "Where the path has been mended since: the kernel remembers what was reported for ten minutes, or until `ip route flush cache`, for IPv6 `ip -6 route flush cache`.";

const FINE = { cause: "none", reason: "", advice: "" } as const;

function noRoute({ dev, target, way }: Observations): Diagnosis {
  const instead =
    way?.dev === undefined
      ? `there is no route to it: ${way?.said ?? ""}`
      : `the route to it leads to ${way.dev}`;
  return {
    cause: "no-route",
    reason: `${target} is not reached through ${dev}: ${instead}`,
    advice: `Give ${dev} an address in the subnet of ${target}, or make a \`Route\` to it with \`dev\` or \`via\`.`,
  };
}

/** Small packets come through; the large one may not. */
function sizeOf({ size, target, fit }: Observations, { mtu, outer }: Device): Diagnosis {
  const wanted = size ?? mtu;
  if (fit === undefined || fit.passed >= wanted) return FINE;
  const { passed, named } = fit;
  const most =
    passed === smallest(target) ? "only the smallest come through" : `at most ${passed} come through`;
  if (wanted > mtu) {
    const advice = `Raise the device's \`mtu\` where the underlay has room for it, or ask for a \`size\` of no more than ${mtu}.`;
    return {
      cause: "mtu",
      reason: `packets of ${wanted} bytes exceed the device's MTU of ${mtu}: ${most}`,
      advice,
    };
  }
  const lower = `Set \`mtu: ${passed}\` on the device at both ends`;
  if (named !== undefined) {
    const reason = `packets of ${wanted} bytes do not fit the path, which reports an MTU of ${named}: ${most}`;
    return { cause: "mtu", reason, advice: `${lower}. ${remembered}` };
  }
  const reason = `packets of ${wanted} bytes vanish without a word, smaller ones pass: ${most}`;
  const needed = outer === undefined ? "" : ` between here and ${outer.remote}`;
  const advice = `${lower}, or let ICMP "fragmentation needed" (IPv6: "packet too big") pass${needed}; for TCP alone, clamping its MSS is enough.`;
  return { cause: "mtu-black-hole", reason, advice };
}

/** What this host drops itself. */
function firewall(
  { dev, target, small }: Observations,
  { outer }: Device,
  silence: Silence,
): Diagnosis | undefined {
  const { dropped, counted, again, underlay } = silence;
  const advice = (rules: readonly string[]) =>
    `Let ICMP${outer === undefined ? "" : `, and ${carrier(outer)} from and to ${outer.remote},`} pass on this host${listed(rules)}.`;
  if (dropped.length > 0) {
    const reason = `a firewall on this host drops packets while ${target} is pinged: rule ${dropped.join("; ")}`;
    return { cause: "firewall", reason, advice: advice(dropped) };
  }
  if (small?.refused === true || again.refused === true) {
    const reason = `a firewall on this host does not let the ping to ${target} out`;
    return { cause: "firewall", reason, advice: advice([]) };
  }
  if (
    counted.unsent > 0 &&
    counted.out === 0 &&
    underlay?.way.dev !== undefined &&
    underlay.way.dev !== dev
  ) {
    const reason = `${dev} can't send what it has packed: this host drops it, most likely by a firewall`;
    return { cause: "firewall", reason, advice: advice([]) };
  }
  return undefined;
}

function noUnderlay({ dev }: Observations, { outer }: Device, { underlay }: Silence): Diagnosis | undefined {
  if (outer === undefined || underlay === undefined) return undefined;
  const { remote } = outer;
  if (underlay.way.dev === dev) {
    const reason = `the route to ${remote}, the tunnel's own other end, leads into the tunnel ${dev}`;
    return { cause: "no-route", reason, advice: `Make a \`Route\` to ${remote} that leads by the underlay.` };
  }
  if (underlay.way.dev !== undefined) return undefined;
  const reason = `there is no route to ${remote}, the tunnel's other end: ${underlay.way.said ?? ""}`;
  return { cause: "no-route", reason, advice: "Check `remote`, and this host's routes in the underlay." };
}

function reversePath({ counted, rpFilter }: Silence): Diagnosis | undefined {
  if (counted.reversePath === 0) return undefined;
  const strict = Object.entries(rpFilter)
    .filter(([, value]) => value > 0)
    .map(([dev, value]) => `net.ipv4.conf.${dev}.rp_filter = ${value}`);
  const set = strict.length === 0 ? "" : ` (${strict.join(", ")})`;
  return {
    cause: "rp-filter",
    reason: `answers came, and this host's reverse path filter dropped them, since they came by another device than packets to their sender leave by${set}`,
    advice:
      "Make the other end answer through the tunnel, or set rp_filter to 2 (loose) or 0 for `all` and the device that they come in by (ip-sysctl.rst of the kernel).",
  };
}

/** The other end answers, so what is wrong lies behind it. */
function behind({ target }: Observations, { near, again }: Silence): Diagnosis | undefined {
  if (near === undefined || near.ping.received === 0) return undefined;
  const { address } = near;
  const said = again.report === undefined ? "" : `; ${again.report.from} says "${again.report.words}"`;
  return {
    cause: "forwarding",
    reason: `the other end ${address} answers, but ${target} behind it does not${said}`,
    advice: `On the host of ${address}: set net.ipv4.ip_forward (IPv6: net.ipv6.conf.all.forwarding) to 1 with a \`Sysctl\`, and look at its route to ${target} and at its firewall; ${target} itself needs a route back.`,
  };
}

/** ICMP's "unreachable" comes from outside: there is a host, and it does not take the tunnel's packets. */
function refusedThere({ outer }: Device, { counted, underlay }: Silence): Diagnosis | undefined {
  if (outer === undefined || counted.unreachable <= 0 || counted.in > 0) return undefined;
  // Then the host itself can't be reached.
  if (underlay?.ping?.report !== undefined) return undefined;
  const from =
    underlay?.ping !== undefined && underlay.ping.received > 0
      ? `${outer.remote}, which is there,`
      : "somebody on the way";
  return {
    cause: "peer-missing",
    reason: `${from} answers ${carrier(outer)} with "unreachable" (ICMP): it has no tunnel to this end that is up`,
    advice:
      "Make the other end, or bring it up: its `local` must be this end's `remote`, and the other way round. A firewall that rejects instead of dropping looks the same.",
  };
}

/** Somebody inside the link says that the target can't be reached. */
function reported(
  { target }: Observations,
  { addresses }: Device,
  { again }: Silence,
): Diagnosis | undefined {
  const { report } = again;
  const own = addresses.map((address) => address.split(/[ /]/)[0]);
  if (report === undefined || own.includes(report.from)) return undefined;
  return {
    cause: "no-route",
    reason: `packets reach ${report.from}, which says of ${target}: ${report.words}`,
    advice: `Make a \`Route\` to ${target} on the host of ${report.from}, or give the other end that address.`,
  };
}

function lost(seen: Observations, { outer, addresses }: Device, silence: Silence): Diagnosis {
  const { dev, target } = seen;
  const { counted, underlay, mayDrop } = silence;
  if (mayDrop.length > 0) {
    const reason = `nothing comes back from ${target}, and this host has rules that may drop it: ${mayDrop.join("; ")}`;
    return { cause: "firewall", reason, advice: `Let them pass${listed(mayDrop)}.` };
  }
  if (counted.in > 0) {
    const reason = `packets do come in by ${dev}, but no answer of ${target} is among them`;
    const advice = isBeyond(target, addresses)
      ? `Look at forwarding, routes and firewalls on the way from the other end to ${target}.`
      : `Does the other end have the address ${target}, and does its firewall let ICMP echo pass?`;
    return { cause: "unknown", reason, advice };
  }
  if (outer === undefined || underlay?.ping === undefined) {
    const unseen =
      outer === undefined ? "" : "; its underlay is in another namespace, which was not looked at";
    const reason = `packets leave by ${dev}, and nothing comes back from ${target}${unseen}`;
    const filter = outer === undefined ? "" : ` ${filterOf(outer)}`;
    const advice = `Look on the other host whether they arrive: \`tcpdump -ni any${filter}\`.`;
    return { cause: "unknown", reason, advice };
  }
  if (underlay.ping.received === 0) {
    const said =
      underlay.ping.report === undefined
        ? ""
        : ` (${underlay.ping.report.from} says "${underlay.ping.report.words}")`;
    return {
      cause: "peer-silent",
      reason: `nothing comes back from ${target}, nor from ${outer.remote}, the tunnel's other end in the underlay${said}`,
      advice:
        "Is that host up, and is it its address? Check `remote`, and the routes and firewalls of the underlay.",
    };
  }
  return {
    cause: "protocol-filtered",
    reason: `packets leave by ${dev} and nothing comes back, while ${outer.remote} itself answers: ${carrier(outer)} is most likely filtered on the way or on that host`,
    advice: filtered(outer, target),
  };
}

function filtered(outer: Outer, target: string): string {
  const instead = outer.protocol === UDP ? "" : ", or use `encap: fou`, which carries it in UDP";
  return `Let ${carrier(outer)} pass between both hosts, in cloud firewalls too${instead}. \`tcpdump -ni any ${filterOf(outer)}\` on the other host shows whether they arrive; if they do, look there at the firewall, at rp_filter, and whether ${target} is its address.`;
}

const UDP = 17;

/** filterOf is what carries in the words of pcap-filter(7). */
function filterOf({ protocol }: Outer): string {
  return protocol === UDP ? "udp" : `proto ${protocol}`;
}

const CARRIERS: Readonly<Record<number, string>> = {
  4: "IP protocol 4 (IPv4 in IP)",
  17: "UDP (FOU or GUE)",
  41: "IP protocol 41 (IPv6 in IP)",
  47: "IP protocol 47 (GRE)",
};

function carrier({ protocol }: Outer): string {
  return CARRIERS[protocol] ?? `IP protocol ${protocol}`;
}

/** Where to look for rules by their handles. */
function listed(rules: readonly string[]): string {
  if (rules.length === 0) return "";
  const chains = [...new Set(rules.map((rule) => rule.replace(/, handle \d+$/, "")))];
  return `: ${chains.map((chain) => `\`nft -a list chain ${chain}\``).join(", ")}`;
}
