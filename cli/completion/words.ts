import type { Command } from "commander";

/** Words is what a shell has to know of the commands to complete them. */
export interface Words {
  readonly program: string;
  readonly commands: readonly CommandWords[];
}

export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  /** What its argument may be. */
  readonly choices: readonly string[];
}

export interface OptionWords {
  /** Without the dashes. */
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** What its value may be; empty for any text, which is then completed as the name of a file. */
  readonly choices: readonly string[];
}

/** wordsOf asks the commands themselves, so that what is completed is what there is. */
export function wordsOf(program: Command): Words {
  return { program: program.name(), commands: program.commands.map(commandWords) };
}

function commandWords(command: Command): CommandWords {
  const options = command.options.map(({ long, description, required, argChoices = [] }) => ({
    long: long?.replace(/^--/, "") ?? "",
    description,
    takesValue: required,
    choices: argChoices,
  }));
  return {
    name: command.name(),
    description: command.description(),
    options: [...options, { long: "help", description: "say what it does", takesValue: false, choices: [] }],
    choices: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  };
}
