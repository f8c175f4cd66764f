import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

export const DOCUMENT = resolve(__dirname, "../docs/benchmark.md");

/** replaced puts text between the marks of a section, which stay; what people have written around them stays too. */
export function replaced(document: string, section: string, text: string): string {
  const [begin, end] = [`<!-- begin ${section} -->`, `<!-- end ${section} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`there is no section ${section} between marks`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}

/** write puts the tables of a run into the documentation. */
export function write(section: string, text: string): void {
  writeFileSync(DOCUMENT, replaced(readFileSync(DOCUMENT, "utf8"), section, text));
}
