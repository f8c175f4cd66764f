import type { Answer, Command } from "./host";

/**
 * iproute2's batch mode: one process for many commands, one a line. Its lines are no shell's: words are split at
 * blanks, a quote counts at the beginning of a word only and ends at the next one of its kind, nothing can be
 * escaped, and `#` ends the line even inside quotes (getcmdline and makeargs in iproute2's lib/utils.c).
 */

/** Where a line has 100 words, makeargs gives up; newer versions take more. */
const MAX_WORDS = 99;

/** What iproute2 says of the line that ended a batch, counted from 1. */
const FAILED = /^Command failed -:(\d+)\n?/gm;

/**
 * A line between two steps that prints one of its own: after a word that it can't read, iproute2 just exits and
 * names no line, and so it is when the process is killed. Every namespace has `lo`, and steps print nothing.
 */
const MARK = "link show dev lo";
const MARK_PRINTED = /^lo\s.*\n?/gm;

/** Batchable is an `ip` command in two parts: what goes onto the process's command line, and its line. */
export interface Batchable {
  readonly options: readonly string[];
  readonly line: string;
}

/** batchable splits a step for a batch, or gives undefined when it must be a process of its own. */
export function batchable({ argv, netns, stdin }: Command): Batchable | undefined {
  const [program, ...words] = argv;
  if (program !== "ip" || stdin !== undefined) return undefined;
  const object = words.findIndex((word) => !/^-[46]$/.test(word));
  // `ip netns` moves its own process between namespaces, which nothing that follows should depend on.
  if (object === -1 || words[object]?.startsWith("-") || words[object] === "netns") return undefined;
  const line = batchLine(words.slice(object));
  if (line === undefined) return undefined;
  return { options: [...(netns === undefined ? [] : ["-n", netns]), ...words.slice(0, object)], line };
}

/** batchLine encodes words as a line that iproute2 reads back as exactly these, or gives undefined. */
export function batchLine(words: readonly string[]): string | undefined {
  const encoded = words.map(batchWord);
  if (encoded.length > MAX_WORDS || encoded.includes(undefined)) return undefined;
  return encoded.join(" ");
}

function batchWord(word: string): string | undefined {
  if (/[#\n\0]/.test(word)) return undefined;
  if (/^[^\s'"\\]+$/.test(word)) return word;
  // A backslash is a backslash, except at the end of a line, where the closing quote keeps it from standing.
  const quote = ["'", '"'].find((mark) => !word.includes(mark));
  return quote && quote + word + quote;
}

/** batchInput is what a batch of these lines reads. */
export function batchInput(lines: readonly string[]): string {
  return `${lines.join(`\n${MARK}\n`)}\n`;
}

/** failedLine tells which of a batch's lines ended it, counted from 0, from what the whole batch answered. */
export function failedLine({ stdout, stderr }: Answer): number {
  const [named] = [...stderr.matchAll(FAILED)];
  // A mark stands after each line but the last.
  if (named !== undefined) return Math.floor((Number(named[1]) - 1) / 2);
  return [...stdout.matchAll(MARK_PRINTED)].length;
}

/** withoutBatchNoise is what the failing command itself said, as if it had been run alone. */
export function withoutBatchNoise({ code, stdout, stderr }: Answer): Answer {
  return { code, stdout: stdout.replaceAll(MARK_PRINTED, ""), stderr: stderr.replaceAll(FAILED, "") };
}
