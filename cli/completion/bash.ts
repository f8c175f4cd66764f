import type { CommandWords, Words } from "./words";

/** bash is for `source <(pulumi-ipip completion bash)`. */
export function bash({ program, commands }: Words): string {
  const name = `_${program.replaceAll("-", "_")}`;
  return `${[
    `${name}() {`,
    `  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""`,
    "  COMPREPLY=()",
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${commands.map((one) => one.name).join(" ")}"`,
    "  else",
    `    case "\${COMP_WORDS[1]} $previous" in`,
    ...commands.flatMap(values),
    "      *)",
    `        case "\${COMP_WORDS[1]}" in`,
    ...commands.map((one) => `          ${one.name}) words="${wordsAt(one)}" ;;`),
    "        esac ;;",
    "    esac",
    "  fi",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    // Where it has no word, bash completes the names of files.
    `complete -o default -F ${name} ${program}`,
  ].join("\n")}\n`;
}

function values({ name, options }: CommandWords): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ long, choices }) => `      "${name} --${long}") words="${choices.join(" ")}" ;;`);
}

function wordsAt({ choices, options }: CommandWords): string {
  return [...choices, ...options.map(({ long }) => `--${long}`)].join(" ");
}
