/** Text from hosts, states and programs, made safe for a terminal and for the log of a job. */

/** What moves a cursor, changes the direction of text, breaks a line, or is no character of its own. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]/gu;

/**
 * At the beginning of a line, whatever blanks stand before it, GitHub's runner takes `::WORD …::` for a command
 * (actions/runner, ActionCommand.cs).
 */
const WORKFLOW_COMMAND = /^([^\S\n]*):(?=:.*::)/gm;

/** visible shows what can't be printed as its number, so that what it gives is one line. */
export function visible(text: string): string {
  return withoutMarks(text.replace(UNPRINTABLE, numbered));
}

/** visibleText does so in a text that may have lines and tabs. */
export function visibleText(text: string): string {
  const lines = text.replaceAll("\r\n", "\n");
  const shown = lines.replace(UNPRINTABLE, (one) => (/[\n\t]/.test(one) ? one : numbered(one)));
  return withoutMarks(shown).replace(WORKFLOW_COMMAND, "$1: ");
}

/** visibleJson is JSON, indented, of which a terminal can show every character; it reads as the same value. */
export function visibleJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return text.replace(UNPRINTABLE, (one) => (one === "\n" ? one : units(one)));
}

/** The runner takes `##[…]` for a command wherever it stands in a line. */
function withoutMarks(text: string): string {
  return text.replaceAll("##[", "## [");
}

function numbered(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}

/** JSON has a number for each half of a character that takes two. */
function units(character: string): string {
  return Array.from({ length: character.length }, (_, index) =>
    numbered(String.fromCharCode(character.charCodeAt(index))),
  ).join("");
}
