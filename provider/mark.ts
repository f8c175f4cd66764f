import { createHash } from "node:crypto";

/**
 * How objects of ours are told from a stranger's. Links carry an alias `pulumi:PROJECT/STACK/NAME`
 * (`ip link set … alias`, at most 255 bytes: IFALIASZ in linux/if.h), nftables rules have it as their comment, routes and
 * rules a protocol number.
 */
const PREFIX = "pulumi:";
/** A mark that no resource has, where one has to be given and says nothing. */
export const ANY_MARK = "pulumi:any";
const MAX_ALIAS = 255;
const MAX_COMMENT = 128;

/** ROUTE_PROTOCOL marks our routes and rules; free in iproute2's rt_protos and above RTPROT_STATIC, so no daemon claims it. */
export const ROUTE_PROTOCOL = 204;

/** markOf is the mark of one resource. What is no plain character is percent-encoded: `ip -batch` reads `#` as a comment. */
export function markOf(project: string, stack: string, name: string): string {
  const owner = `${project}/${stack}/${name}`;
  const mark = PREFIX + owner.replace(/[^A-Za-z0-9_./:@+=,-]/gu, percentEncode);
  return shortened(mark, owner, MAX_ALIAS);
}

function percentEncode(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
    "",
  );
}

/** commentOf is a mark as the comment of an nftables rule, at most 128 bytes (NFTNL_UDATA_COMMENT_MAXLEN in libnftnl). */
export function commentOf(mark: string): string {
  return shortened(mark, mark, MAX_COMMENT);
}

function shortened(text: string, owner: string, max: number): string {
  if (text.length <= max) return text;
  const digest = createHash("sha256").update(owner).digest("hex").slice(0, 32);
  return `${text.slice(0, max - digest.length - 1)}~${digest}`;
}

/** isMark tells whether an alias was set by this package, in whatever stack. */
export function isMark(alias: string | undefined): alias is string {
  return alias?.startsWith(PREFIX) ?? false;
}

/** howToFind says how a person finds on a host what bears a mark; a shared one is that of all routes and rules. */
export function howToFind(mark: string, shared: boolean): string {
  return shared
    ? `\`ip route show table all proto ${ROUTE_PROTOCOL}\` lists all routes of ours, with -6 those of IPv6, with -M those of labels, and \`ip -details rule show\` says proto ${ROUTE_PROTOCOL} of rules, with -6 of those of IPv6; with -n NAMESPACE all of these in one.`
    : `Its alias is ${mark}: \`ip link show\` has it, with -n NAMESPACE in one.`;
}
