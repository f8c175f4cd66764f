import type { CommandWords, OptionWords, Words } from "./words";

/** zsh is for `source <(pulumi-ipip completion zsh)`, or for a file `_pulumi-ipip` in a folder of $fpath. */
export function zsh({ program, commands }: Words): string {
  const name = `_${program.replaceAll("-", "_")}`;
  return `${[
    `#compdef ${program}`,
    `${name}() {`,
    "  local -a commands",
    "  commands=(",
    ...commands.map((one) => `    ${quoted(`${one.name}:${one.description}`)}`),
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    "    return",
    "  fi",
    "  local command=$words[2]",
    "  shift words",
    "  (( CURRENT-- ))",
    "  case $command in",
    ...commands.flatMap(commandLines),
    "  esac",
    "}",
    `if [ "$funcstack[1]" = "_${program}" ]; then ${name} "$@"; else compdef ${name} ${program}; fi`,
  ].join("\n")}\n`;
}

function commandLines({ name, options, choices }: CommandWords): string[] {
  const argument = choices.length === 0 ? [] : [quoted(`1:which:(${choices.join(" ")})`)];
  const specs = [...options.map(specOf), ...argument];
  return [`    ${name}) _arguments ${specs.join(" ")} ;;`];
}

function specOf({ long, description, takesValue, choices }: OptionWords): string {
  const action = choices.length === 0 ? "_files" : `(${choices.join(" ")})`;
  const value = takesValue ? `:value:${action}` : "";
  // In brackets these would end the description.
  return quoted(`*--${long}[${description.replace(/[[\]:]/g, " ")}]${value}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
