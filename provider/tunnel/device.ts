import { z } from "zod";
import { Addresses } from "../ip/device";
import { IfName, NetnsName, OwnIfName } from "../net";
import { parentName } from "../resource";

/** What every tunnel device has, whatever its kind. */

export const AUTO = "auto";

export const device = {
  /** Name of the device, at most 15 characters. `tunl0` and the like belong to the kernel (ip-link(8)). */
  name: OwnIfName,
};

export const below = {
  /**
   * Device of the underlay that tunnelled packets leave and come in by. Left out, the route to `remote` decides.
   * Taking it out of the program replaces the tunnel, since the kernel has no way back.
   */
  dev: parentName(IfName).optional(),
  /**
   * Namespace that the tunnelled packets travel in, where it is not the device's own: a `Namespace` or the name of one;
   * an empty text is the host's own (that of its process 1). So the device can be in a namespace that knows nothing of
   * the underlay. It can't be told together with `dev`. Left out, it is where the device is.
   */
  underlayNamespace: parentName(z.union([z.literal(""), NetnsName])).optional(),
};

export const settings = {
  /**
   * Addresses of the device with their prefix lengths, IPv4 and IPv6, `192.168.50.1/30`. Those not listed are removed,
   * but neither the IPv6 link-local one of the kernel nor one that DHCP or a router gave for a time. Left out, the
   * addresses are left alone.
   */
  addresses: Addresses.optional(),
  /**
   * Whether the device has the flag MULTICAST (ip-link(8), `multicast on`), which programs look for before they send to
   * a group by it. The kernel itself carries multicast without it. Left out, it is left alone; a new tunnel has none.
   */
  multicast: z.boolean().optional(),
  /** Whether the device is up; one that is down carries nothing. */
  up: z.boolean().default(true),
};

/** mtuOf is the schema of an MTU between two limits. */
export function mtuOf(least: number, most: number) {
  const problem = `give "auto" or a number from ${least} to ${most}`;
  return z
    .union([z.literal(AUTO), z.int(problem).min(least, problem).max(most, problem)], problem)
    .optional();
}

export const outputs = z.object({
  /** The kernel's number of the device. */
  ifindex: z.int(),
  /** The MTU that is in force, in bytes, also where `mtu` was left out. */
  effectiveMtu: z.int(),
  /** `up` when the device can take packets, else `down`; it does not tell whether they arrive. */
  state: z.enum(["up", "down"]),
  /** The device's flags as ip-link(8) shows them: POINTOPOINT, NOARP, UP, LOWER_UP and others. */
  flags: z.array(z.string()),
});
