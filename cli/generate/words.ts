import { isFields } from "../../provider/state";
import { literal } from "../report/text";

/** Values as a program in TypeScript writes them. */

export const LONGEST_LINE = 120;

/** Replaced gives the words for what is at a dotted path, where it is no plain value. */
export type Replaced = (path: string) => string | undefined;

/** wordsOf writes a value on one line, or on several where it is too long; `first` comes before all else in an object. */
export function wordsOf(
  value: unknown,
  replaced: Replaced,
  { used = 0, indent = "", path = "", first = [] as readonly string[] } = {},
): string {
  const words = replaced(path);
  if (words !== undefined) return words;
  if (typeof value === "string") return literal(value);
  if (!isFields(value) && !Array.isArray(value)) return JSON.stringify(value);
  const inner = `${indent}  `;
  const parts = (long: boolean) => [
    ...first,
    ...Object.entries(value).map(([key, one]) => {
      const name = Array.isArray(value) ? "" : `${key}: `;
      const at = path === "" ? key : `${path}.${key}`;
      // On one line it is as long as it is.
      const there = {
        path: at,
        indent: inner,
        used: long ? inner.length + name.length : Number.NEGATIVE_INFINITY,
      };
      const text = wordsOf(one, replaced, there);
      return text === key ? key : `${name}${text}`;
    }),
  ];
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{ ", " }"];
  const line = `${open}${parts(false).join(", ")}${close}`;
  if (used + line.length <= LONGEST_LINE) return line;
  return [open.trim(), ...parts(true).map((part) => `${inner}${part},`), `${indent}${close.trim()}`].join(
    "\n",
  );
}

/** comment is text as lines of a comment. */
export function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LONGEST_LINE)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`// ${word}`);
  }
  return lines;
}
