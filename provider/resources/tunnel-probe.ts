import { z } from "zod";
import { IfName, Ip, isLinkLocal } from "../net";
import { CAUSES, diagnose } from "../probe/diagnose";
import { observe } from "../probe/observe";
import { always, defineProbe, parentName } from "../resource";
import { visible } from "../visible";
import { connection, idOf, inNamespace, namespace } from "./common";

/** The smallest MTU of an IPv4 link (RFC 791), and the largest packet of IP (RFC 791). */
const MIN_SIZE = 68;
const MAX_SIZE = 65_535;
const MOST_PACKETS = 10;
const MOST_SECONDS = 10;

/** whole is a whole number in a range, which every mistake names. */
function whole(min: number, max: number) {
  const range = `give a whole number from ${min} to ${max}`;
  return z.int(range).min(min, range).max(max, range);
}

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /** Device that is to carry the packets, in most cases this end of a tunnel. They are not sent by any other. */
  dev: parentName(IfName),
  /**
   * Address to ping, IPv4 or IPv6: the other end's address inside the tunnel, `192.168.50.2`, or one behind it, which
   * tests routes and forwarding there too.
   */
  target: Ip.refine((text) => !isLinkLocal(text), {
    error: (issue) => `${issue.input} means something on one device only: give the other end another address`,
  }),
  /**
   * Bytes of the largest packet that must come through whole, without being cut up on the way, headers of IP and ICMP
   * included: 68 to 65535. Left out, it is the device's MTU.
   */
  size: whole(MIN_SIZE, MAX_SIZE).optional(),
  /** How many small packets are sent first, 1 to 10, 0.2 seconds apart. One answer is enough. */
  count: whole(1, MOST_PACKETS).default(3),
  /**
   * Seconds to wait for an answer, 1 to 10 (ping(8), `-W`). When none comes a probe takes about five times as long; to
   * find how large a packet may be where nobody says so, at most twenty times.
   */
  timeout: whole(1, MOST_SECONDS).default(1),
  /**
   * Whether `up` fails when the probe does. It then leaves no probe behind that passed, and the next `up` probes again;
   * so it does after a refresh that found the link broken.
   */
  required: z.boolean().default(false),
  /** Any values: when one changes, `up` probes again. Outputs of tunnels and routes are good ones. */
  triggers: z.array(z.unknown()).optional(),
});

const outputs = z.object({
  /** Whether a small packet came back from `target`. */
  reachable: z.boolean(),
  /** How many of the small packets did not come back, in per cent. */
  lossPercent: z.number(),
  /** Mean time there and back of the small packets, in milliseconds. Undefined when none came back. */
  rttMs: z.number().optional(),
  /** Bytes of the largest packet that came back whole: `size` when that did. Undefined when none came back. */
  pathMtu: z.int().optional(),
  /**
   * What is wrong: `none`; `device-missing`, `device-down`; `no-route`, to `target` by `dev` or to the tunnel's other
   * end; `firewall`, of this host; `rp-filter`, the reverse path filter of this host; `forwarding`, or a route or
   * firewall behind the other end, which itself answers; `peer-missing`, the other host has no such tunnel;
   * `peer-silent`, the other host does not answer at all; `protocol-filtered`, only the tunnel's packets are lost;
   * `mtu`, packets of `size` do not fit; `mtu-black-hole`, nor does anybody say so; `unknown`.
   */
  cause: z.enum(CAUSES),
  /** What was seen that tells the cause, as a sentence; empty when all is well. */
  reason: z.string(),
  /** What to do about it; empty when all is well. */
  advice: z.string(),
});

/**
 * Proves that a link carries traffic, and says why when it does not. From one end it pings an address through a
 * device, first with small packets, then with one that may not be cut up on the way; when nothing comes back, it looks
 * at devices, routes, counters, rules of nftables and the underlay. It changes nothing on the host and sends only pings,
 * when it is made, when an input changes and at a refresh, never in a preview alone. It needs the ping of iputils.
 *
 * What it finds are outputs: that they change is no drift, unless the probe is `required` and fails.
 *
 * @example
 * const probe = new TunnelProbe("probe", {
 *   connection,
 *   dev: tunnel,
 *   target: "192.168.50.2",
 *   triggers: [tunnel.remote, tunnel.effectiveMtu],
 * }, { dependsOn: [otherEnd] });
 * probe.reason.apply((reason) => reason && console.warn(reason));
 */
export const tunnelProbe = defineProbe({
  type: "TunnelProbe",
  inputs,
  outputs,
  replaces: { namespace: always, dev: always, target: always },
  containers: ["namespace", "dev"],
  deleteBeforeReplace: false,

  id: (desired) => idOf(desired, desired.dev, desired.target),
  describe: ({ dev, target, namespace }) => `probing ${target} through ${dev}${inNamespace(namespace)}`,

  async probe(host, desired) {
    const seen = await observe(host, desired);
    const { sent = 0, received = 0, rttMs } = seen.small ?? {};
    const { cause, reason, advice } = diagnose(seen);
    return {
      reachable: received > 0,
      lossPercent: sent === 0 ? 100 : Math.round((100 * (sent - received)) / sent),
      ...(rttMs !== undefined && { rttMs }),
      ...(seen.fit !== undefined && { pathMtu: seen.fit.passed }),
      cause,
      // Programs print it, and the host's own words are in it.
      reason: visible(reason),
      advice: visible(advice),
    };
  },

  failure({ required }, { cause, reason = "", advice = "" }) {
    return required && cause !== "none" ? { what: `the probe failed: ${reason}`, advice } : undefined;
  },
});
