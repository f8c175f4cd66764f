import { readFileSync } from "node:fs";
import type { Lab, Machine } from "../../lab/lab";
import { type Bag, Calls } from "./calls";
import { connectionTo, shell } from "./world";

/**
 * Packets of a tunnel that the provider made, byte by byte beside those of one that plain `ip` made. Both send the same
 * two packets from one machine to an address that nobody has; what leaves the machine is captured.
 */

/** Twin is one tunnel said twice. */
export interface Twin {
  readonly type: string;
  readonly inputs: Bag;
  /** What a person would type after `ip link add t1 type`. */
  readonly words: string;
  /** The family of what is sent through it. */
  readonly inside: 4 | 6;
}

/** twin says what both have: the ends, and then what is given. */
export function twin(type: string, inside: 4 | 6, words: string, inputs: Bag): Twin {
  const [kind, ...more] = words.split(" ");
  const family = type.includes("6") ? 6 : 4;
  const ends = { local: NEAR[family], remote: FAR[family] };
  return {
    ...{ type, inside, inputs: { ...ends, ...inputs } },
    words: [kind, "local", ends.local, "remote", ends.remote, ...more].join(" "),
  };
}

/** The underlay's other end; its neighbour entry spares the question who has it. */
const FAR = { 4: "10.99.0.200", 6: "fd99::200" } as const;
/** The machine's own end; the lab has given it the IPv4 one. */
const NEAR = { 4: "10.99.0.11", 6: "fd99::11" } as const;

const INSIDE = {
  4: { own: "10.4.0.1/30", far: "10.4.0.2" },
  6: { own: "fd04::1/64", far: "fd04::2" },
} as const;
/** What the packets carry, by which they are told from those that the kernel sends of itself. */
const PATTERN = "c0ffee42c0ffee42";

/** prepareUnderlay gives a machine a way to the far end, and makes all by chance in packets the same each time. */
export async function prepareUnderlay(machine: Machine): Promise<void> {
  await shell(
    machine,
    [
      `ip address replace ${NEAR[6]}/64 dev eth0 nodad`,
      ...[FAR[4], FAR[6]].map((far) => `ip neighbour replace ${far} lladdr 02:00:00:00:00:99 dev eth0`),
      // Flow labels are made of a number that the kernel chose at boot, and of the socket.
      "sysctl -qw net.ipv6.auto_flowlabels=0",
    ].join(" && "),
  );
}

/** restoreUnderlay undoes it. */
export async function restoreUnderlay(machine: Machine): Promise<void> {
  await shell(
    machine,
    [
      `ip address delete ${NEAR[6]}/64 dev eth0`,
      ...[FAR[4], FAR[6]].map((far) => `ip neighbour delete ${far} dev eth0`),
      "sysctl -qw net.ipv6.auto_flowlabels=1 net.ipv6.conf.default.disable_ipv6=0",
    ].join(" && "),
  );
}

/** packetsOfBoth are the packets of the tunnel made by hand, and of ours. */
export async function packetsOfBoth(
  lab: Lab,
  machine: Machine,
  { type, inputs, words, inside }: Twin,
): Promise<{ byHand: string[]; ours: string[] }> {
  const { own, far } = INSIDE[inside];
  // Nobody answers, which is ping's failure. What is inherited shows by values that nothing else has; without DF the
  // kernel would choose an IP id for the inner header too.
  const pings = ["-Q 0xb8 -t 33", "-Q 0x04 -t 99"]
    .map((more) => `! ping -${inside} -c 1 -W 0.1 -e 7 -s 8 -p ${PATTERN} -M do ${more} ${far}`)
    .join(" && ");
  const capture = await lab.capture({ host: machine.name, filter: `host ${FAR[4]} or host ${FAR[6]}` });
  await shell(
    machine,
    [
      // With IPv6 a new device sends reports (RFC 3810) at times that the kernel throws dice for, and counts them too.
      `sysctl -qw net.ipv6.conf.default.disable_ipv6=${inside === 4 ? 1 : 0}`,
      `ip link add t1 type ${words}`,
      `ip address add ${own} dev t1${inside === 6 ? " nodad" : ""}`,
      "ip link set t1 up",
      pings,
      "ip link delete t1",
    ].join(" && "),
  );
  const calls = new Calls(connectionTo(machine));
  const mark = "pulumi:test/packets/it";
  const made = await calls.create(type, { name: "t1", mark, addresses: [own], ...inputs });
  await shell(machine, pings);
  await calls.delete(made);
  await capture.stop();
  const packets = framesIn(readFileSync(capture.file))
    .filter((frame) => frame.toString("hex").includes(PATTERN))
    .map(withoutChance);
  expect(packets).toHaveLength(4);
  return { byHand: packets.slice(0, 2), ours: packets.slice(2) };
}

/** framesIn reads tcpdump's own form (pcap-savefile(5)). */
function framesIn(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  const [header, perFrame] = [24, 16];
  for (let at = header; at < file.length; ) {
    const length = file.readUInt32LE(at + 8);
    frames.push(file.subarray(at + perFrame, at + perFrame + length));
    at += perFrame + length;
  }
  return frames;
}

const ETHERNET = 14;
const ID = ETHERNET + 4;
const CHECKSUM = ETHERNET + 10;

/**
 * The id of an outer IPv4 header is the next of a counter that the kernel advances by chance (ip_idents_reserve in
 * net/ipv4/route.c), and the header's checksum follows from it. So the checksum is proven here, and both are left out.
 * IPv6 has neither, and no other checksum covers the id.
 */
function withoutChance(frame: Buffer): string {
  const text = frame.toString("hex");
  if (frame.readUInt16BE(12) !== 0x0800) return text;
  expect(checksumOf(frame.subarray(ETHERNET, ETHERNET + 20))).toBe(0xffff);
  const mask = (at: number, from: string) => `${from.slice(0, at * 2)}....${from.slice(at * 2 + 4)}`;
  return mask(CHECKSUM, mask(ID, text));
}

/** checksumOf is the sum of a header with its checksum, all ones where that is right (RFC 1071). */
function checksumOf(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
