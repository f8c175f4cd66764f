import { z } from "zod";
import { clampedIn, tableOf } from "../ip/clamp-table";
import { nft } from "../ip/commands";
import { ask } from "../ip/view";
import { commentOf } from "../mark";
import { IfName } from "../net";
import { always, defineResource, type Problem, parentName } from "../resource";
import { adopt, connection, idOf, inNamespace, mark, namespace, persist } from "./common";

/** Of an MTU so much is the headers of IP and TCP without options (RFC 9293, 3.7.1). */
const IPV4_HEADERS = 40;
const IPV6_HEADERS = 60;
/** What every host must take, and so what none is clamped below (RFC 9293, 3.7.1). */
const IPV4_LEAST = 536;
const IPV6_LEAST = 1280 - IPV6_HEADERS;
const LARGEST_PACKET = 65_535;

/** What is read back of a table that somebody has changed in a way that the inputs have no words for. */
const ALTERED = "altered by hand";

const size = (least: number, most: number) => {
  const message = `give "pmtu", "none" or a number of bytes from ${least} to ${most}`;
  return z
    .union([z.enum(["pmtu", "none"]), z.int().min(least, message).max(most, message)], message)
    .default("pmtu");
};

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Device whose connections are clamped, its name or a resource such as an `IpipTunnel`. Of those that are forwarded
   * both sides are told of the size, to those of the host itself only the other side. It need not be there yet. One
   * device has one clamp.
   */
  dev: parentName(IfName),
  /**
   * Largest TCP segment in bytes over IPv4: `pmtu` for what fits the MTU of the route, less 40 for the headers of IP and
   * TCP (RFC 9293), a number from 536 to 65495, or `none` to leave IPv4 alone. A larger one that a SYN asks for is
   * lowered to it; a smaller one stays (the kernel's net/netfilter/nft_exthdr.c).
   */
  ipv4: size(IPV4_LEAST, LARGEST_PACKET - IPV4_HEADERS),
  /**
   * The same over IPv6: `pmtu` for what fits the MTU of the route, less 60 for the headers, a number from 1220 to 65475,
   * or `none`.
   */
  ipv6: size(IPV6_LEAST, LARGEST_PACKET - IPV6_HEADERS),
  ...persist,
  ...adopt,
  ...mark,
});

const outputs = z.object({
  /** The table of nftables' family `inet` that has the rules and nothing else: `pulumi_ipip_mss_DEV`. */
  table: z.string(),
});

type Desired = z.output<typeof inputs>;
type Size = Desired["ipv4"];

/** Sizes is what a table is made of. */
interface Sizes {
  readonly ipv4: Size;
  readonly ipv6: Size;
}

/**
 * TCP MSS clamping for a device, with nftables (nft(8), `tcp option maxseg size set`) in a table of its own: whoever
 * opens a connection through a tunnel is told of a segment size that fits it. Without it connections hang where ICMP's
 * "packet too big" is filtered on the way. Each change is one transaction, and no other table is touched. The host
 * needs `nft`, and a kernel with its family `inet`.
 *
 * @example
 * new MssClamp("clamp", { connection, dev: tunnel });
 */
export const mssClamp = defineResource({
  type: "MssClamp",
  inputs,
  outputs,
  replaces: { namespace: always, dev: always },
  // The rules name the device, and stay when it goes.
  containers: ["namespace"],
  deleteBeforeReplace: true,
  exclusive: true,
  // The kernel answers when the transaction is over.
  removalIsProof: true,

  id: (desired) => idOf(desired, tableOf(desired)),
  which: (path) => {
    const dev = clampedIn(path);
    return dev === undefined ? undefined : { dev };
  },
  describe: ({ dev, namespace }) => `MSS clamp of ${dev}${inNamespace(namespace)}`,
  trace: (desired) =>
    `\`nft list table inet ${tableOf(desired)}\` shows it${inNamespace(desired.namespace)}.`,
  // A comment has less room than an alias.
  complete: ({ mark }) => (mark === undefined ? {} : { mark: commentOf(mark) }),
  problems,

  observe: (desired) => ask.nftTable(tableOf(desired), desired.namespace),
  glance: (desired) => ask.nftTableAlone(tableOf(desired), desired.namespace),

  parse(view, desired) {
    const { dev, namespace } = desired;
    const table = tableOf(desired);
    const lines = view.nftTable(table, namespace);
    if (lines === undefined) return undefined;
    const comment = commentIn(lines);
    const told = { ipv4: sizeIn(lines, dev, "ipv4"), ipv6: sizeIn(lines, dev, "ipv6") };
    const whole = listed(dev, told, comment).join("\n") === lines.map(numbered).join("\n");
    const { ipv4, ipv6 } = whole ? told : { ipv4: ALTERED as Size, ipv6: ALTERED as Size };
    return { namespace, dev, ipv4, ipv6, mark: comment, table };
  },

  plan(desired, observed) {
    const gone = observed === undefined ? [] : [`delete table inet ${observed.table}`];
    if (desired === undefined) return observed === undefined ? [] : [nft(observed.namespace, ...gone)];
    const { namespace, dev, mark } = desired;
    const agrees = observed !== undefined && COMPARED.every((key) => desired[key] === observed[key]);
    return agrees ? [] : [nft(namespace, ...gone, ...made(dev, desired, mark))];
  },
});

const COMPARED = ["ipv4", "ipv6", "mark"] as const;

/**
 * The chains, and what of a device each sees: what the host itself sends passes the one, all else the other. nft's name
 * for the priority is `mangle`, that of all changes to packets.
 */
const CHAINS = { forward: ["iifname", "oifname"], output: ["oifname"] } as const;
const PRIORITY = -150;

const hook = (chain: string) => `type filter hook ${chain} priority ${PRIORITY}; policy accept;`;

/** made are the lines that make a table, and fail where one has that name. */
function made(dev: string, sizes: Sizes, comment: string): string[] {
  const table = tableOf({ dev });
  return [
    `create table inet ${table}`,
    ...Object.entries(CHAINS).flatMap(([chain, sides]) => [
      `add chain inet ${table} ${chain} { ${hook(chain)} }`,
      ...rules(dev, sides, sizes, comment).map((rule) => `add rule inet ${table} ${chain} ${rule}`),
    ]),
  ];
}

/** listed are the lines in which nft lists it then. */
function listed(dev: string, sizes: Sizes, comment: string): string[] {
  return [
    `table inet ${tableOf({ dev })} {`,
    ...Object.entries(CHAINS).flatMap(([chain, sides]) => [
      `chain ${chain} {`,
      hook(chain),
      ...rules(dev, sides, sizes, comment),
      "}",
    ]),
    "}",
  ];
}

function rules(dev: string, sides: readonly string[], { ipv4, ipv6 }: Sizes, comment: string): string[] {
  const families = [["ipv4", ipv4] as const, ["ipv6", ipv6] as const].filter(([, size]) => size !== "none");
  return families.flatMap(([family, size]) =>
    sides.map(
      (side) => `${beginning(side, dev, family)} ${size === "pmtu" ? "rt mtu" : size} comment "${comment}"`,
    ),
  );
}

function beginning(side: string, dev: string, family: string): string {
  return `${side} "${dev}" meta nfproto ${family} tcp flags syn tcp option maxseg size set`;
}

/** nft lists the priority by the name that it has since 0.9. */
function numbered(line: string): string {
  return line.replace(" priority mangle;", ` priority ${PRIORITY};`);
}

/** sizeIn is the size that the first rule about a family sets; one that the inputs can't say shows in the whole. */
function sizeIn(lines: readonly string[], dev: string, family: "ipv4" | "ipv6"): Size {
  const start = `${beginning("oifname", dev, family)} `;
  const rule = lines.find((line) => line.startsWith(start));
  if (rule === undefined) return "none";
  return rule.startsWith(`${start}rt mtu `) ? "pmtu" : Number.parseInt(rule.slice(start.length), 10);
}

const COMMENT = ' comment "';

function commentIn(lines: readonly string[]): string {
  const rule = lines.find((line) => /^[io]ifname /.test(line) && line.includes(COMMENT)) ?? "";
  // nft has no way to say a quote in one.
  const [comment = "", end] = rule.slice(rule.lastIndexOf(COMMENT) + COMMENT.length).split('"');
  return end === "" ? comment : "";
}

function problems({ ipv4, ipv6, mark }: Partial<Desired>): Problem[] {
  const found: Problem[] = [];
  if (ipv4 === "none" && ipv6 === "none")
    found.push({
      path: ["ipv6"],
      message: 'with `ipv4` "none" too there is nothing to clamp: leave one of them out',
    });
  if (mark?.includes('"'))
    found.push({
      path: ["mark"],
      message: "the comment of an nftables rule can't have a double quote: leave it out",
    });
  return found;
}
