import { createHash } from "node:crypto";

/**
 * How objects of ours are told from a stranger's. Links carry an alias `pulumi:PROJECT/STACK/NAME`
 * (`ip link set … alias`, at most 255 bytes: IFALIASZ in linux/if.h), routes a protocol number.
 */
const PREFIX = "pulumi:";
const MAX_ALIAS = 255;

/** ROUTE_PROTOCOL marks our routes; free in iproute2's rt_protos and above RTPROT_STATIC, so no daemon claims it. */
export const ROUTE_PROTOCOL = 204;

/** markOf is the mark of one resource. What is no plain character is percent-encoded: `ip -batch` reads `#` as a comment. */
export function markOf(project: string, stack: string, name: string): string {
  const owner = `${project}/${stack}/${name}`;
  const mark = PREFIX + owner.replace(/[^A-Za-z0-9_./:@+=,-]/gu, percentEncode);
  if (mark.length <= MAX_ALIAS) return mark;
  const digest = createHash("sha256").update(owner).digest("hex").slice(0, 32);
  return `${mark.slice(0, MAX_ALIAS - digest.length - 1)}~${digest}`;
}

function percentEncode(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
    "",
  );
}

/** isMark tells whether an alias was set by this package, in whatever stack. */
export function isMark(alias: string | undefined): alias is string {
  return alias?.startsWith(PREFIX) ?? false;
}

/** howToFind says how a person finds on a host what bears a mark; a shared one is that of all routes. */
export function howToFind(mark: string, shared: boolean): string {
  return shared
    ? `\`ip route show table all proto ${ROUTE_PROTOCOL}\` lists all routes of ours, with -6 those of IPv6, with -M those of labels, with -n NAMESPACE those in one.`
    : `Its alias is ${mark}: \`ip link show\` has it, with -n NAMESPACE in one.`;
}
