import type { Property } from "./model";

/** argumentDoc is what an editor shows of an argument: its doc, and what its schema and contract say besides. */
export function argumentDoc({ doc: text, default: standard, secret, change }: Property): string {
  const more = [
    standard === undefined ? "" : `Default: \`${JSON.stringify(standard)}\`.`,
    secret ? "It is kept as a secret." : "",
    change === "replaces" ? "A change replaces the resource." : "",
  ].filter((sentence) => sentence !== "");
  return more.length === 0 ? text : `${text}\n\n${more.join(" ")}`;
}
