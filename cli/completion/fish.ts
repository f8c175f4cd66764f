import type { CommandWords, OptionWords, Words } from "./words";

/** fish is for `pulumi-ipip completion fish | source`. */
export function fish({ program, commands }: Words): string {
  const start = `complete -c ${program}`;
  const first = commands.map(
    ({ name, description }) => `${start} -f -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
  );
  return `${[...first, ...commands.flatMap((one) => commandLines(start, one))].join("\n")}\n`;
}

function commandLines(start: string, { name, options, choices }: CommandWords): string[] {
  const within = `${start} -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  const argument = choices.length === 0 ? [] : [`${within} -f -a ${quoted(choices.join(" "))}`];
  return [...argument, ...options.map((option) => `${within} ${optionWords(option)}`)];
}

function optionWords({ long, description, takesValue, choices }: OptionWords): string {
  const values = choices.length === 0 ? "-r" : `-x -a ${quoted(choices.join(" "))}`;
  return `-l ${long} ${takesValue ? `${values} ` : ""}-d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
