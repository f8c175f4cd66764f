/**
 * optionsIn are the words that a help of ip(8) says a kind of device takes: `[ [no][i|o]seq ]` is iseq, oseq, seq and the
 * same with `no` before.
 */
export function optionsIn(help: string): string[] {
  const [usage = ""] = help.split("\nWhere:");
  const groups = [...usage.matchAll(/\[ (.*?) \]\n/g)].map(([, group = ""]) => group);
  const words = groups
    // What may be said of one is no word of its own.
    .map((group) => group.replaceAll(/\{.*?\}/g, ""))
    .flatMap((group) => group.split(" | ").map((one) => one.trim().split(" ", 1)[0] ?? ""));
  return [...new Set(words.flatMap(spelledOut))].sort();
}

function spelledOut(word: string): string[] {
  const optional = /\[([^\]]*)\]/.exec(word);
  if (optional === null) return [word];
  const [part, inner = ""] = optional;
  return ["", ...inner.split("|")].flatMap((choice) => spelledOut(word.replace(part, choice)));
}
