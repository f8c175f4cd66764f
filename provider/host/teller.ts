import { batchLine } from "./batch";
import { type Answer, type Command, quote } from "./host";

/**
 * A session keeps one `ip -batch -` running on the host for its own namespace, because a process start costs a host
 * more than dozens of changes. It stops at the first line that fails, as a batch does, so whatever stands behind that
 * line has surely not been done; it is then started anew for the rest.
 *
 * Named namespaces have none: a process that lives in one keeps it alive when it is deleted.
 */

/** With these it prints what a question asks for, whatever of them the question itself says. */
const OPTIONS = ["-json", "-details", "-Numeric"] as const;

/**
 * Every line is followed by this one, which prints a line of its own. So it is known which lines were done also where
 * `ip` ends without a word, as it does when it can't read an argument or is killed. Every namespace has `lo`.
 */
const MARK = "link show dev lo";

/**
 * Milliseconds for which a process may be used. In a batch iproute2 remembers which number a name stands for
 * (lib/ll_map.c), and does not hear of it when somebody else gives the name to another device.
 */
export const LIFETIME = 10_000;

/** What iproute2 says of the line that ended a batch. */
const FAILED = /^Command failed -:\d+$/;

/** Where one command is fed and another one renews devices, what is remembered of the names would be wrong. */
const FORGETS_PEERS = /^link (add|delete) .*\bveth\b/;

/** tellable gives a command's line for the long-lived process, or undefined when it must be carried out otherwise. */
export function tellable({ argv, netns, stdin }: Command): string | undefined {
  const [program, ...words] = argv;
  if (program !== "ip" || netns !== undefined || stdin !== undefined) return undefined;
  const object = words.findIndex((word) => !word.startsWith("-"));
  // `ip netns` moves its own process between namespaces, which nothing that follows should depend on.
  if (object === -1 || words[object] === "netns") return undefined;
  const [options, rest] = [words.slice(0, object), words.slice(object)];
  const listing = rest.includes("show");
  // A change says in its addresses of which family it is; a listing is told by this option alone.
  const family = (word: string) => /^-[46]$/.test(word) && !listing;
  const known = (word: string) => OPTIONS.some((option) => option === word) || family(word);
  if (!options.every(known) || listing !== options.includes("-json")) return undefined;
  const line = batchLine(rest);
  return line === undefined || FORGETS_PEERS.test(line) ? undefined : line;
}

/**
 * tellerLoop is the shell text behind the pipe. A line that begins with `@` starts a process, which takes the lines
 * that follow; when it has ended, the loop says so with that word, and passes over what is left up to the next one.
 */
export const tellerLoop = `while read -r w; do case $w in @*) ip ${OPTIONS.join(" ")} -batch - 2>&1; echo "$w $?" ;; esac; done`;

/** tellingOf is what the session's shell reads to pass lines on. It reads all of it before it does any of it. */
export function tellingOf(lines: readonly string[], start: string | undefined): string {
  const all = [...(start === undefined ? [] : [start]), ...lines.flatMap((line) => [line, MARK])];
  return `{ printf '%s\\n' ${all.map(quote).join(" ")} >&3 || echo "@$m lost"
}\n`;
}

/** Told gathers what one line was answered with, and tells when it is complete. */
export class Told {
  private readonly out: string[] = [];
  private readonly err: string[] = [];

  /** take takes one line of output, and gives the answer when it was the last. */
  take(line: string, ending: string): Answer | undefined {
    if (isMark(line)) return this.answer(0);
    if (line.startsWith(`${ending} `)) return this.answer(codeIn(line.slice(ending.length + 1)));
    // In JSON `ip` prints a list as one line.
    if (line.startsWith("[")) this.out.push(line);
    else if (!FAILED.test(line)) this.err.push(line);
    return undefined;
  }

  private answer(code: number): Answer {
    return { code, stdout: joined(this.out), stderr: joined(this.err) };
  }
}

function isMark(line: string): boolean {
  // No question of ours lists a device without its addresses.
  return /^\[ ?\{"ifindex":\d+,"ifname":"lo",/.test(line) && !line.includes('"addr_info"');
}

function codeIn(text: string): number {
  const code = Number(text);
  // It ends by itself only when nobody feeds it any more.
  if (!Number.isInteger(code) || code === 0) throw new Error("the `ip` on the host ended");
  return code;
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
