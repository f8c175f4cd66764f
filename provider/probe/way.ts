import { z } from "zod";
import type { Answer, Command } from "../host/host";
import { ip } from "../ip/commands";
import { listOf, readJson } from "../ip/json";
import { DEVICE_NAME } from "../ip/links";
import { bitsOf, canonicalIp, familyOf, inSameSubnet } from "../net";

/** Way is how the kernel would send to an address (ip-route(8), `route get`). */
export interface Way {
  /** Undefined where there is no way. */
  readonly dev?: string;
  readonly via?: string;
  /** What was said in place of a way. */
  readonly said?: string;
}

/** It is pinged next, so nothing else than an address may be read as one. */
const AddressText = z.string().refine((text) => canonicalIp(text) !== undefined);

const WayJson = listOf(
  z.object({
    // A route that leads nowhere has one without a name.
    dev: z.union([z.literal(""), z.string().regex(DEVICE_NAME)]).optional(),
    gateway: AddressText.optional(),
    via: z.object({ host: AddressText }).optional(),
  }),
);

export function wayQuery(address: string, netns?: string): Command {
  return ip(netns, `-${familyOf(address)}`, "-json", "route", "get", address);
}

export function wayOf({ stdout, stderr }: Answer): Way {
  try {
    const [first] = WayJson.parse(readJson(stdout));
    const via = first?.gateway ?? first?.via?.host;
    if (first?.dev !== undefined) return { dev: first.dev, ...(via !== undefined && { via }) };
  } catch {
    // iproute2 says in its own words that there is none.
  }
  return { said: (stderr.trim() || stdout.trim()).replace(/^RTNETLINK answers: /, "") };
}

/** isBeyond tells whether an address is behind the other end of a device, and not the other end itself. */
export function isBeyond(target: string, addresses: readonly string[]): boolean {
  return !addresses.map(ownIn).some((own) => own.peer === target || subnetHas(own, target));
}

/** otherEnd is the address of a device's other end, as far as the device's own addresses tell. */
export function otherEnd(addresses: readonly string[]): string | undefined {
  return addresses.map(ownIn).find(({ peer }) => peer !== undefined)?.peer;
}

interface Own {
  readonly ip: string;
  readonly length: number;
  readonly peer: string | undefined;
}

/** ownIn reads `address/prefix` or `address peer other/prefix`. */
function ownIn(address: string): Own {
  const [before = "", length] = address.split("/");
  const [ip = "", , peer] = before.split(" ");
  return { ip, length: Number(length), peer: peer ?? onlyOther(ip, Number(length)) };
}

function subnetHas({ ip, length }: Own, target: string): boolean {
  // A single address has no subnet.
  return length < bitsOf(familyOf(ip)) && inSameSubnet(target, `${ip}/${length}`);
}

/** The only other address of a subnet of two (RFC 3021, RFC 6164), or of one of four, less its first and last. */
function onlyOther(ip: string, length: number): string | undefined {
  const [, before = "", last] = /^(.*[.:])([0-9a-f]+)$/.exec(ip) ?? [];
  const base = familyOf(ip) === 4 ? 10 : 16;
  const number = Number.parseInt(last ?? "", base);
  const among = bitsOf(familyOf(ip)) - length;
  const middle = number % 4 === 1 || number % 4 === 2;
  if (Number.isNaN(number) || !(among === 1 || (among === 2 && middle))) return undefined;
  return canonicalIp(`${before}${(among === 1 ? number ^ 1 : number ^ 3).toString(base)}`)?.text;
}
