import { visible, visibleJson } from "../../provider/visible";

/** Text that comes from hosts and states, made safe for a terminal, a table and the log of a job. */

/** clean shows what can't be printed as its number. */
export const clean = visible;

/** linesOf are the lines of a message, each of them clean. */
export function linesOf(message: string): string[] {
  return message.split(/\r?\n/).map((line) => clean(line.trimEnd()));
}

/** printableJson is JSON of which a terminal can show every character; it reads as the same value. */
export function printableJson(value: unknown): string {
  return `${visibleJson(value, 2)}\n`;
}

/** literal is a text as JavaScript writes it, of which a terminal can show every character. */
export const literal = (text: string): string => visibleJson(text);

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
  // A character that takes two units is not cut in half.
  return cell.length > LONGEST_CELL ? `${cell.slice(0, LONGEST_CELL - 1).replace(/\p{Cs}$/u, "")}…` : cell;
}

/** counted is a number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
