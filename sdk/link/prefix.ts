import ipaddr from "ipaddr.js";
import {
  bitsOf,
  canonicalIp,
  canonicalPrefix,
  familyOf,
  inSameSubnet,
  ipOf,
  lengthOf,
  numberOf,
} from "../../provider/net";

/** What has to be known of addresses and networks to judge a link. All are in canonical form. */

/** overlaps tells whether two networks have an address in common: then one of them has all of the other. */
export function overlaps(one: string, other: string): boolean {
  return inSameSubnet(one, other) || inSameSubnet(other, one);
}

/** covers tells whether a network has an address, or all of another network. */
export function covers(network: string, inner: string): boolean {
  return inSameSubnet(inner, network) && lengthOf(inner) >= lengthOf(network);
}

/** subnetOf is the network of an address with its prefix length. */
export function subnetOf(address: string): string {
  return canonicalPrefix(address) ?? address;
}

/** notHost says why a network's address, or one of no network at all, can't be a host's; undefined when it can. */
export function notHost(address: string): string | undefined {
  const ip = ipOf(address);
  if (familyOf(ip) === 6) {
    if (ip === "::1") return "is a loopback address";
    return ip.startsWith("ff") ? "is a multicast address" : undefined;
  }
  const first = Number(ip.split(".", 1)[0]);
  if (first === 127) return "is a loopback address";
  if (first === 0 || first >= 240) return "is no host's address";
  return first >= 224 ? "is a multicast address" : undefined;
}

/** endOf says which end of its subnet an address is, where it can't be a host's own; a /31 has no such ends (RFC 3021). */
export function endOf(address: string): string | undefined {
  const subnet = subnetOf(address);
  const longest = bitsOf(familyOf(address));
  const length = lengthOf(address);
  if (length >= longest - 1) return undefined;
  if (ipOf(address) === ipOf(subnet)) return `is the address of the subnet ${subnet} itself`;
  if (familyOf(address) === 6) return undefined;
  return numberOf(ipOf(address)) === numberOf(ipOf(subnet)) + 2 ** (longest - length) - 1
    ? `is the broadcast address of ${subnet}`
    : undefined;
}

/** addressAt is the address that comes so many after another one. */
export function addressAt(ip: string, offset: number): string {
  const bytes = ipaddr.parse(ip).toByteArray();
  let carry = offset;
  for (let at = bytes.length - 1; carry > 0 && at >= 0; at--) {
    const sum = (bytes[at] ?? 0) + carry;
    bytes[at] = sum % 256;
    carry = Math.floor(sum / 256);
  }
  const text = ipaddr.fromByteArray(bytes).toString();
  return canonicalIp(text)?.text ?? text;
}
