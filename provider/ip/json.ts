import { z } from "zod";

/** AGAIN stands before a key that its object has already. */
export const AGAIN = "again:";

/** What iproute2 and nft print is not half as deep; a host that lies may fill any memory with brackets. */
const MAX_DEPTH = 64;

/** Those that iproute2 writes into a string as they are, which JSON does not allow (jsonw_puts in its lib/json_writer.c). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const RAW = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/**
 * readJson reads what `ip -json` prints, or nft. Of a route with an encapsulation iproute2 prints some keys twice: first
 * the route's own, then the encapsulation's (`"dst":"10.0.0.0/24","encap":"mpls","dst":"100"`). JSON.parse would keep
 * the last, so the second is named anew. An alias may have control characters in it. It throws SyntaxError.
 */
export function readJson(text: string): unknown {
  return JSON.parse(withoutRepetition(text).replace(RAW, escaped));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** It reads each character once, and no expression goes back: a host may say what it likes. */
function withoutRepetition(text: string): string {
  const encapsulated = text.includes('"encap"');
  const open: (Set<string> | undefined)[] = [];
  let written = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{" || char === "[") {
      open.push(encapsulated && char === "{" ? new Set() : undefined);
      if (open.length > MAX_DEPTH) throw new SyntaxError(`it is nested more than ${MAX_DEPTH} deep`);
    } else if (char === "}" || char === "]") open.pop();
    if (char !== '"') continue;
    const end = endOfString(text, at);
    const keys = open.at(-1);
    if (keys !== undefined && isKey(text, end + 1)) {
      const name = text.slice(at + 1, end);
      if (keys.has(name)) {
        written += `${text.slice(from, at + 1)}${AGAIN}`;
        from = at + 1;
      }
      keys.add(name);
    }
    at = end;
  }
  return written + text.slice(from);
}

/** endOfString is where the quote stands that ends a string. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function isKey(text: string, after: number): boolean {
  let at = after;
  while (" \t\r\n".includes(text[at] ?? ":")) at++;
  return text[at] === ":";
}

/** listOf is an array, of which the first item that is wrong is enough: a host that lies may have millions of them. */
export function listOf<S extends z.ZodType>(item: S) {
  return z.unknown().transform((value, ctx): z.output<S>[] => {
    const read: z.output<S>[] = [];
    if (!Array.isArray(value)) {
      ctx.addIssue({ code: "custom", message: "it is no list" });
      return z.NEVER;
    }
    for (const [index, one] of value.entries()) {
      const { data, error } = item.safeParse(one);
      if (error !== undefined) {
        for (const issue of error.issues)
          ctx.addIssue({ ...issue, path: [index, ...issue.path], input: undefined } as never);
        return z.NEVER;
      }
      read.push(data as z.output<S>);
    }
    return read;
  });
}
