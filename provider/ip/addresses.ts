import { z } from "zod";
import { bitsOf, canonicalIp, familyOf } from "../net";
import { scopeNamed } from "./scopes";

/** An address of a device as `ip -json -details address show` prints it: what we use of it, in our form. */

/** What is taken away is called as it was read, so nothing else than an address may be read as one. */
const IpJson = z.string().transform((text, ctx) => {
  const address = canonicalIp(text);
  if (address !== undefined) return address.text;
  ctx.addIssue({ code: "custom", message: "it is no address" });
  return z.NEVER;
});

export const AddressJson = z.object({
  local: IpJson.optional(),
  address: IpJson.optional(),
  prefixlen: z.int().min(0).optional(),
  broadcast: z.string().optional(),
  label: z.string().optional(),
  scope: z.coerce.string().default("0"),
  secondary: z.boolean().default(false),
  dynamic: z.boolean().default(false),
  deprecated: z.boolean().default(false),
  noprefixroute: z.boolean().default(false),
  nodad: z.boolean().default(false),
});

export interface Assigned {
  readonly local: string;
  /** That of the subnet, which is the peer's where there is one. */
  readonly length: number;
  /** The address of the other end. */
  readonly peer: string | undefined;
  readonly broadcast: string | undefined;
  readonly label: string | undefined;
  readonly scope: string;
  /** Whether it hangs on another one of its subnet, and goes with it unless the kernel is told to promote it. */
  readonly secondary: boolean;
  /** Whether it goes by itself after some time. */
  readonly dynamic: boolean;
  /** Whether it is not taken as a source any more. */
  readonly deprecated: boolean;
  readonly noprefixroute: boolean;
  readonly nodad: boolean;
}

/** assignedOf reads one entry; none where it lacks what every address has. */
export function assignedOf(json: z.output<typeof AddressJson>): Assigned[] {
  const { local, address, prefixlen, broadcast, label, scope, ...flags } = json;
  if (local === undefined || prefixlen === undefined || prefixlen > bitsOf(familyOf(local))) return [];
  return [
    {
      ...flags,
      local,
      length: prefixlen,
      peer: address,
      broadcast,
      label,
      scope: scopeNamed(scope),
    },
  ];
}

/** spelled is an address in iproute2's words: a peer stands where the length is. */
export function spelled({ local, peer, length }: Pick<Assigned, "local" | "peer" | "length">): string {
  return peer === undefined ? `${local}/${length}` : `${local} peer ${peer}/${length}`;
}
