import type { Choice, Property } from "../api/model";
import { argumentDoc } from "../api/words";

/** The docs of the schemas speak to programs that may give a resource in place of its name; here only names are given. */
const NAMES_ALONE: readonly (readonly [RegExp, string])[] = [
  [/what is given the resource as its `(\w+)`/g, "what is given its output `name` as `$1`"],
  [/a `Namespace`,? or the name of one/g, "its name, or the output `name` of a `Namespace`"],
  [/its name, or with the form for outputs a `Namespace` too/g, "its name"],
  [/the resource that makes it/g, "the output `name` of the resource that makes it"],
  [/the `IpipTunnel` itself/g, "the output `name` of the `IpipTunnel`"],
  [/its name or a resource\b/g, "its name or the output `name` of a resource"],
  [/(G|g)iven the resource\b/g, "$1iven that output"],
];

/** inNames is a doc for programs that give names, in one line. */
export function inNames(doc: string): string {
  const line = doc.replaceAll(/\s*\n\s*/g, " ");
  return NAMES_ALONE.reduce((text, [what, instead]) => text.replaceAll(what, instead), line);
}

/** inputDoc is the description of an argument, outputDoc that of what is read. */
export function inputDoc(property: Property, choices: readonly Choice[]): string {
  return inNames(argumentDoc({ ...property, doc: withChoices(property.doc, choices) }));
}

export function outputDoc({ doc }: Property, choices: readonly Choice[]): string {
  return inNames(withChoices(doc, choices));
}

/** A type of the schema does not say which words and numbers it takes, where it takes others too. */
function withChoices(doc: string, choices: readonly Choice[]): string {
  if (!choices.some((choice) => typeof choice === "object")) return doc;
  const words = choices.map((choice) => (typeof choice === "object" ? `\`${choice.just}\`` : KINDS[choice]));
  const [last, ...others] = words.reverse();
  const all = others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`;
  return `${doc} One of: ${all}.`;
}

const KINDS: Readonly<Record<Exclude<Choice, object>, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "a boolean",
  any: "any value",
  strings: "a list of texts",
};
