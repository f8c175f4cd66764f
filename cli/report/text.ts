/** Text that comes from hosts and states, made safe for a terminal, a table and the log of a job. */

/** What moves a cursor, changes the direction of text, breaks a line, or is no character of its own. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]/gu;

/** clean shows what can't be printed as its number. */
export function clean(text: string): string {
  const shown = text.replace(UNPRINTABLE, escaped);
  // GitHub's runner takes `##[…]` for a command wherever it stands in a line.
  return shown.replaceAll("##[", "## [");
}

/** linesOf are the lines of a message, each of them clean. */
export function linesOf(message: string): string[] {
  return message.split(/\r?\n/).map((line) => clean(line.trimEnd()));
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}

/** printableJson is JSON of which a terminal can show every character; it reads as the same value. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replace(UNPRINTABLE, (one) => (one === "\n" ? one : units(one)))}\n`;
}

/** literal is a text as JavaScript writes it, of which a terminal can show every character. */
export function literal(text: string): string {
  return JSON.stringify(text).replace(UNPRINTABLE, units);
}

function units(character: string): string {
  return Array.from({ length: character.length }, (_, index) =>
    escaped(String.fromCharCode(character.charCodeAt(index))),
  ).join("");
}

/** The longest that a cell gets; JSON has the whole. */
const LONGEST_CELL = 80;

/** columns sets rows of cells under each other. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => shortened(clean(cell))));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(...cells.map((row) => (row[index] ?? "").length)),
  );
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function shortened(cell: string): string {
  return cell.length > LONGEST_CELL ? `${cell.slice(0, LONGEST_CELL - 1)}…` : cell;
}

/** counted is a number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
