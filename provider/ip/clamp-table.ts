/** The nftables table of a clamp is called after its device. */

export function tableOf({ dev }: { readonly dev: string }): string {
  return `pulumi_ipip_mss_${dev}`;
}

/** clampedIn is the device that a table of this name is for; undefined where it is none of ours. */
export function clampedIn(table: string): string | undefined {
  return /^pulumi_ipip_mss_(.+)$/.exec(table)?.[1];
}
