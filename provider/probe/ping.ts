import { CommandFailed } from "../errors";
import { type Answer, type Command, commandLine } from "../host/host";
import { familyOf } from "../net";

/** What ping(8) is asked, and what it answered. */

/** Ping is what came of a few packets. */
export interface Ping {
  readonly sent: number;
  readonly received: number;
  /** Milliseconds there and back, the mean. */
  readonly rttMs?: number;
  /** The MTU that a router on the way, or the kernel, named for a packet that was too large. */
  readonly mtu?: number;
  /** Who said that a packet can't be delivered, and in which words. */
  readonly report?: Report;
  /** That the kernel let no packet out. */
  readonly refused?: boolean;
}

interface Report {
  readonly from: string;
  readonly words: string;
}

export interface PingOptions {
  readonly target: string;
  readonly namespace?: string | undefined;
  readonly count: number;
  /** Seconds to wait for the last answer. */
  readonly timeout: number;
  /** Bytes of the whole packet, which then may not be cut up on the way. Left out, it is as small as can be. */
  readonly size?: number;
}

/** Bytes for the time of sending, without which ping tells no round-trip time. */
const STAMP = 16;
/** Seconds between two packets, the least that a plain user may ask for (ping(8), -i). */
const INTERVAL = "0.2";

/** What comes before the payload: the IP header (RFC 791, RFC 8200) and 8 bytes of ICMP (RFC 792, RFC 4443). */
function headers(target: string): number {
  return (familyOf(target) === 4 ? 20 : 40) + 8;
}

/** smallest is the packet that is sent when no size is said. */
export function smallest(target: string): number {
  return headers(target) + STAMP;
}

export function pingCommand({ target, namespace, count, timeout, size }: PingOptions): Command {
  const argv = [
    ...["ping", "-n", "-c", String(count), "-i", INTERVAL, "-W", String(timeout)],
    ...(size === undefined ? [] : ["-M", "do"]),
    ...["-s", String((size ?? smallest(target)) - headers(target)), target],
  ];
  return namespace === undefined ? { argv } : { argv, netns: namespace };
}

const STATISTICS = /^(\d{1,9}) packets transmitted, (\d{1,9}) (?:packets )?received/m;
const MEAN = /= [\d.]{1,20}\/([\d.]{1,20})\//;
/** "Frag needed and DF set (mtu = 1300)", "Packet too big: mtu=1300", "message too long, mtu=1300", of IPv6 "mtu: 1300". */
const TOO_LARGE = /mtu ?[=:] ?(\d{1,9})/g;
const REPORT = /^From (\S+?):? icmp_seq=\d+ (?!Frag needed|Packet too big)(.+)$/m;
/** What sendmsg(2) says when a rule of the output hook drops a packet. */
const REFUSED = /send(?:msg|to): Operation not permitted/;
const NO_WAY = /Network is unreachable|No route to host|Cannot assign requested address/;

/** pingOf reads the answer. What ping itself could not do is an error, not an unanswered packet. */
export function pingOf(host: string, command: Command, answer: Answer): Ping {
  const said = `${answer.stdout}${answer.stderr}`;
  const [, sent, received] = STATISTICS.exec(answer.stdout) ?? [];
  if (sent === undefined && NO_WAY.test(said)) return { sent: 0, received: 0 };
  if (sent === undefined || answer.code > 1)
    throw new CommandFailed(host, commandLine(command), answer.code, answer.stderr, advice(said));
  const named = [...said.matchAll(TOO_LARGE)].map(([, mtu]) => Number(mtu)).filter((mtu) => mtu > 0);
  const mtu = named.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const rttMs = MEAN.exec(answer.stdout)?.[1];
  const [, from, words] = REPORT.exec(answer.stdout) ?? [];
  return {
    sent: Number(sent),
    received: Number(received),
    ...(rttMs !== undefined && { rttMs: Number(rttMs) }),
    ...(named.length > 0 && { mtu }),
    ...(from !== undefined && words !== undefined && { report: { from, words: words.trim() } }),
    ...(REFUSED.test(said) && { refused: true }),
  };
}

function advice(said: string): string | undefined {
  if (/not found|No such file/.test(said) || said.trim() === "")
    return "ping is not installed on the host: `apt install iputils-ping` or `dnf install iputils`.";
  if (/(invalid|unrecognized|unknown) option/.test(said))
    return "The ping of iputils is needed, which can send packets that may not be cut up (`-M do`); that of BusyBox or inetutils can't: `apt install iputils-ping`, `dnf install iputils` or `apk add iputils-ping`.";
  if (/socket: (Operation not permitted|Permission denied)/.test(said))
    return "ping needs CAP_NET_RAW: log in as root, or set connection.become to use sudo or doas.";
  return undefined;
}
