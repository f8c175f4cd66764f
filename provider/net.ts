import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { z } from "zod";

/**
 * The words of Linux networking, each with one canonical form, so that comparing two values is comparing two
 * strings. Every schema takes what people write and gives the form in which the kernel prints it.
 */

export type Family = 4 | 6;

/** Fallback devices that the kernel makes with its tunnel modules; they can be neither made nor removed (ip-link(8)). */
const FALLBACK_DEVICES = new Set([
  "tunl0",
  "sit0",
  "ip6tnl0",
  "gre0",
  "gretap0",
  "erspan0",
  "ip6gre0",
  "ip_vti0",
  "ip6_vti0",
]);

/** isFallback tells the kernel's own devices of its tunnel modules. */
export function isFallback(name: string): boolean {
  return FALLBACK_DEVICES.has(name);
}

const name = (what: string, max: number) =>
  z
    .string()
    .min(1, `a ${what} name can't be empty`)
    .max(max, `a ${what} name has at most ${max} characters`)
    .regex(/^[A-Za-z0-9_.-]+$/, `a ${what} name is made of letters, digits, "_", "." and "-"`)
    .refine((text) => text !== "." && text !== "..", `"." and ".." are no ${what} names`);

/** IfName: a device's name, at most 15 bytes (IFNAMSIZ less its end mark, linux/if.h). */
export const IfName = name("device", 15);

/** OwnIfName: the name of a device that we make. `lo` and the kernel's fallback devices belong to the kernel. */
export const OwnIfName = IfName.refine((text) => text !== "lo" && !isFallback(text), {
  error: (issue) => `${issue.input} belongs to the kernel: choose another name, "tun0" for example`,
}).refine((text) => text !== "all" && text !== "default", {
  error: (issue) => `"${issue.input}" means something else in net.ipv4.conf: choose another name`,
});

/** HostName: how a provider's configuration calls a host; ids begin with it. */
export const HostName = z
  .string()
  .regex(/^[^\s/]+$/, 'the name of a host has no blanks and no slashes, like "berlin"');

/** NetnsName: the name of a network namespace, a file name below /run/netns (ip-netns(8)). */
export const NetnsName = name("namespace", 255);

/** canonicalIp gives an address the form in which iproute2 prints it, or undefined when it is none. */
export function canonicalIp(text: string): { family: Family; text: string } | undefined {
  if (isIPv4(text)) return { family: 4, text };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // The library takes `::192.0.2.1` for `::ffff:192.0.2.1`, which is another address (RFC 4291, 2.5.5).
  const spelled = text.replace(/^::(?=\d+\.)/, "0::");
  return { family: 6, text: ipaddr.IPv6.parse(spelled).toRFC5952String() };
}

/** familyOf tells the family of an address or prefix that is known to be well-formed. */
export function familyOf(text: string): Family {
  return text.includes(":") ? 6 : 4;
}

/** ipOf is the device's own address in `address/prefix`, or in `address peer other/prefix`. */
export function ipOf(cidr: string): string {
  return cidr.split(/[ /]/, 1)[0] ?? cidr;
}

/** lengthOf is the length of a prefix; an address alone is a network of one. */
export function lengthOf(cidr: string): number {
  const [, length] = cidr.split("/");
  return length === undefined ? bitsOf(familyOf(cidr)) : Number(length);
}

/**
 * inSameSubnet tells whether the address in `cidr` lies in the network of `network`, both `address/prefix`. In what is no
 * network lies nothing.
 */
export function inSameSubnet(cidr: string, network: string): boolean {
  const [one, other] = [prefixed(ipOf(cidr)), prefixed(network)];
  if (one === undefined || other === undefined || one.family !== other.family) return false;
  return ipaddr.parse(one.ip).match(ipaddr.parseCIDR(`${other.ip}/${other.length}`));
}

function ip(wanted: Family | undefined, what: string, example: string) {
  return z.string().transform((text, ctx) => {
    const address = canonicalIp(text);
    if (address === undefined || (wanted !== undefined && address.family !== wanted)) {
      const why = address === undefined ? "is not an IP address" : `is an IPv${address.family} address`;
      ctx.addIssue({ code: "custom", message: `"${text}" ${why}: ${what}, like "${example}"` });
      return z.NEVER;
    }
    return address.text;
  });
}

/** Ipv4: an IPv4 address, `10.0.0.1`. */
export const Ipv4 = ip(4, "give an IPv4 address", "203.0.113.10");

/** Ipv6: an IPv6 address, `2001:db8::1`. */
export const Ipv6 = ip(6, "give an IPv6 address", "2001:db8::1");

/** The kernel's way to say `any` is the address of zeros. */
const orAny = (schema: z.ZodType<string, string>, zeros: string) =>
  z.string().pipe(
    z.transform<string, string>((text, ctx) => {
      if (text === "any" || canonicalIp(text)?.text === zeros) return "any";
      const result = schema.safeParse(text);
      for (const { message } of result.error?.issues ?? [])
        ctx.issues.push({ code: "custom", message, input: text });
      return result.data ?? z.NEVER;
    }),
  );

/** Ipv4OrAny: an IPv4 address, or `any` for none in particular. */
export const Ipv4OrAny = orAny(Ipv4, "0.0.0.0");

/** Ipv6OrAny: an IPv6 address, or `any` for none in particular. */
export const Ipv6OrAny = orAny(Ipv6, "::");

/** Ip: an address of a host, of either family. */
export const Ip = ip(undefined, "give an IPv4 or IPv6 address", "10.0.0.1").refine(
  (text) => text !== "0.0.0.0" && text !== "::",
  { error: (issue) => `${issue.input} is no host's address: leave it out, or give one` },
);

/** isLinkLocal tells the IPv6 addresses that mean something on one device only (RFC 4291, 2.5.6). */
export function isLinkLocal(text: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(text);
}

/** MAX_U32: the largest number of 32 bits. */
export const MAX_U32 = 4_294_967_295;

/** numberOf is an IPv4 address as a number. */
export function numberOf(ipv4: string): number {
  return ipv4.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** bitsOf is how many bits the addresses of a family have. */
export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

interface Prefixed {
  readonly family: Family;
  readonly ip: string;
  readonly length: number;
}

/** prefixed reads `address/length`; without a length the address stands alone, /32 or /128. */
function prefixed(text: string): Prefixed | undefined {
  const [before = "", length, ...more] = text.split("/");
  const address = canonicalIp(before);
  if (address === undefined || more.length > 0) return undefined;
  const longest = bitsOf(address.family);
  if (length === undefined) return { family: address.family, ip: address.text, length: longest };
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > longest) return undefined;
  return { family: address.family, ip: address.text, length: Number(length) };
}

/** Cidr: an address on a device with the length of its subnet, `192.168.50.1/30` (ip-address(8)). */
export const Cidr = z.string().transform((text, ctx) => {
  const address = text.includes("/") ? prefixed(text) : undefined;
  if (address === undefined) {
    const message = `"${text}" is not an address with a prefix length: write it like "192.168.50.1/30" or "fd00::1/64"`;
    ctx.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  return `${address.ip}/${address.length}`;
});

/** networkOf clears the host bits of `address/length`. */
function networkOf(address: Prefixed): string {
  const cidr = `${address.ip}/${address.length}`;
  return address.family === 4
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(cidr).toRFC5952String();
}

/** canonicalPrefix gives a destination as iproute2 prints it (`10.0.0.1`, `10.0.0.0/24`) its form with a length. */
export function canonicalPrefix(text: string): string | undefined {
  const address = prefixed(text);
  return address && `${networkOf(address)}/${address.length}`;
}

/** Destination: a route's network, `10.10.2.0/24`, a single address, or `default` (ip-route(8)). */
export const Destination = z.string().transform((text, ctx) => {
  if (text === "default") return text;
  const address = prefixed(text);
  if (address === undefined) {
    const message = `"${text}" is not a network: write it like "10.10.2.0/24", "fd00:2::/64", "10.0.0.1" or "default"`;
    ctx.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  const network = networkOf(address);
  if (network !== address.ip) {
    const message = `"${text}" has bits set beyond its /${address.length}: the network is "${network}/${address.length}"`;
    ctx.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  return `${network}/${address.length}`;
});

/** Mac: an Ethernet address of one device, `02:00:00:00:00:01`, in lower case. */
export const Mac = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/, 'write an Ethernet address like "02:00:00:00:00:01"')
  .transform((text) => text.toLowerCase())
  .refine(
    (text) => (Number.parseInt(text.slice(0, 2), 16) & 1) === 0,
    "a group address can't be a device's own",
  )
  .refine((text) => text !== "00:00:00:00:00:00", "an address of zeros can't be a device's own");

/** IPV6_MIN_MTU: below it the kernel takes IPv6 off a device (RFC 8200, section 5). */
export const IPV6_MIN_MTU = 1280;
