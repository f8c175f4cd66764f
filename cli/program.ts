import { writeFile } from "node:fs/promises";
import { Argument, Command, Option } from "commander";
import { hostFor } from "../provider/host/session";
import { servicesOver } from "../provider/index";
import { shells } from "./completion";
import { wordsOf } from "./completion/words";
import { exitCodeOf, findDrift } from "./drift";
import { ExitCode, Trouble } from "./errors";
import { type GenerateOptions, generate, type Troubles } from "./generate";
import { bulkImport } from "./generate/bulk-import";
import { takeCensus } from "./marked/orphans";
import { type RemovalOptions, removeOrphans } from "./marked/remove";
import { placesOf, takeInventory } from "./marked/show";
import { planOf, planText } from "./plan";
import { Progress } from "./progress";
import { type Format, formats } from "./report";
import { censusJson, censusTable } from "./report/census";
import { inventoryJson, inventoryTable } from "./report/inventory";
import { printableJson } from "./report/text";
import { troubleLines } from "./report/trouble";
import { type Sources, statesFrom } from "./sources";
import { targetsOf } from "./target";

/** The commands and their options: what is asked for here is done elsewhere. */

interface DriftOptions extends Sources {
  readonly host: readonly string[];
  readonly target: readonly string[];
  readonly format: Format;
  readonly output?: string;
}

interface OrphansOptions extends Sources, RemovalOptions {
  readonly format: keyof typeof censusFormats;
  readonly remove: boolean;
}

interface GenerateCommandOptions extends GenerateOptions {
  readonly output?: string;
}

interface ShowOptions extends Sources, GenerateOptions {
  readonly host: readonly string[];
  readonly format: keyof typeof inventoryFormats;
  readonly import: boolean;
}

const inventoryFormats = { table: inventoryTable, json: inventoryJson } as const;
const planFormats = { table: planText, json: printableJson } as const;
const censusFormats = { table: censusTable, json: censusJson } as const;

const again = (value: string, before: readonly string[]) => [...before, value];
const several = (flags: string, description: string, standard: string) =>
  new Option(flags, `${description}; may be given again`)
    .argParser<readonly string[]>(again)
    .default([], standard);

const formatOption = (choices: object) =>
  new Option("--format <format>", "how to write it down").choices(Object.keys(choices)).default("table");

/** withSources gives a command the options that say where states are. */
function withSources(command: Command): Command {
  return command
    .addOption(several("--stack <name>", "stack to take the state of", "the selected one"))
    .option("--cwd <dir>", "folder of the Pulumi program", ".")
    .addOption(
      several(
        "--state <file>",
        "file that `pulumi stack export --show-secrets` wrote; - is standard input",
        "none",
      ),
    );
}

/** withLogin gives a command the options that say how to log in to a host that no state tells. */
function withLogin(command: Command): Command {
  const methods = ["sudo", "doas"];
  return command
    .option("--connection <file>", "JSON with a connection, secrets too; - is standard input")
    .option("--private-key-path <file>", "private key to log in with")
    .option("--agent-socket-path <file>", "socket of the SSH agent")
    .option("--agent-identity <key>", "the one key of the agent to log in with")
    .option("--host-key <key>", "key of the host, or its fingerprint")
    .option("--known-hosts <file>", "known_hosts file that has the host's key")
    .option("--insecure-ignore-host-key", "trust any host that answers")
    .option("--ssh-config-path <file>", "file to look the host up in, as with ssh -F")
    .addOption(several("--proxy <host>", "machine to go through, [user@]host[:port]", "as ssh_config says"))
    .addOption(new Option("--become <method>", "change the user by this program").choices(methods))
    .option("--become-user <user>", "user to become");
}

/** withChoice gives a command the options that say what of a host is taken over. */
function withChoice(command: Command, when = ""): Command {
  const owner = `${when}take over what bears the mark of this stack too; any is all`;
  return command
    .addOption(several("--namespace <name>", `${when}only this one; an empty text is the host's own`, "all"))
    .addOption(several("--owner <project/stack>", owner, "none"));
}

/** program makes the commands; `done` is told with which code to exit. */
export function program(version: string, done: (code: ExitCode) => void): Command {
  const commands = new Command("pulumi-ipip")
    .description("looks after what pulumi-ipip has made on hosts")
    .version(version)
    .showHelpAfterError("(--help says what there is)");

  withSources(commands.command("drift"))
    .description("compare the hosts with the state, and change nothing")
    .addOption(several("--host <host>", "only objects on this host", "all"))
    .addOption(several("--target <resource>", "only this resource, by its name or URN", "all"))
    .addOption(formatOption(formats))
    .option("--output <file>", "file to write to, in place of standard output")
    .addHelpText("after", "\nExit code: 0 no drift, 2 drift, 1 trouble: not every object could be looked at.")
    .action(async (options: DriftOptions) => done(await drift(options)));

  withSources(commands.command("orphans"))
    .description("list what bears our mark on the hosts and is in none of the stacks, or in several")
    .addOption(formatOption(censusFormats))
    .option("--remove", "remove orphans of the given stacks, after showing how, and asking", false)
    .addOption(
      several(
        "--owner <project/stack>",
        "remove those of this stack too; any is all that are listed",
        "none",
      ),
    )
    .option("--yes", "remove without asking", false)
    .addHelpText("after", "\nExit code: 0 nothing (left), 2 orphans or objects of several stacks, 1 trouble.")
    .action(async (options: OrphansOptions) => done(await orphans(options)));

  withLogin(withChoice(withSources(commands.command("show")), "with --import, "))
    .description("list all that bears our mark on the hosts, with the resource that it belongs to")
    .addOption(
      several(
        "--host <host>",
        "host that no stack need have, [user@]host[:port], with --import [name=][user@]host[:port]",
        "those of the stacks",
      ),
    )
    .addOption(formatOption(inventoryFormats))
    .addOption(
      new Option("--import", "print what `pulumi import --file` takes of all that is on the given hosts")
        .default(false)
        .conflicts(["stack", "state", "cwd", "format"]),
    )
    .addHelpText("after", "\nExit code: 0, or 1 for trouble: not everything could be looked at.")
    .action(async (options: ShowOptions) =>
      done(await (options.import ? showImport(options) : show(options))),
    );

  withLogin(withChoice(commands.command("generate")))
    .description("print the TypeScript program that takes over what is on a host, and change nothing")
    .argument("[host...]", "[user@]host[:port], looked up as ssh does")
    .option("--output <file>", "file to write to, in place of standard output")
    .addHelpText("after", "\nExit code: 0, or 1 for trouble: not everything could be looked at.")
    .action(async (hosts: string[], options: GenerateCommandOptions) => done(await write(hosts, options)));

  commands
    .command("plan")
    .description("print the commands that a previewed change would run on its hosts, and contact none")
    .argument("<file>", "what `pulumi preview --json` wrote; - is standard input")
    .addOption(formatOption(planFormats))
    .action(async (file: string, { format }: { format: keyof typeof planFormats }) => {
      await print(planFormats[format](await planOf(file, servicesOver(hostFor))));
      done(ExitCode.none);
    });

  commands
    .command("completion")
    .description("write what makes a shell complete these commands")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(shells)))
    .action(async (shell: string) => {
      await print(shells[shell]?.(wordsOf(commands)) ?? "");
      done(ExitCode.none);
    });
  return commands;
}

async function drift({ format, output, host, target, ...sources }: DriftOptions): Promise<ExitCode> {
  const states = await statesFrom(sources);
  const recorded = states.flatMap(({ resources }) => resources);
  const progress = new Progress(process.stderr);
  const looked = (done: number, of: number) => progress.looked(done, of);
  const findings = await findDrift(recorded, servicesOver(hostFor), { host, target }, looked).finally(() =>
    progress.end(),
  );
  const text = formats[format](findings);
  await (output === undefined ? print(text) : writeFile(output, text));
  return exitCodeOf(findings);
}

async function orphans({ format, remove, owner, yes, ...sources }: OrphansOptions): Promise<ExitCode> {
  const states = await statesFrom(sources);
  const services = servicesOver(hostFor);
  const progress = new Progress(process.stderr);
  const census = await takeCensus(states, services, hostFor).finally(() => progress.end());
  await print(censusFormats[format](census));
  const { left, failed } = remove
    ? await removeOrphans(census.orphans, states, { owner, yes }, services, hostFor)
    : { left: census.orphans.length, failed: 0 };
  if (census.troubles.length + failed > 0) return ExitCode.trouble;
  return left + census.rivals.length === 0 ? ExitCode.none : ExitCode.found;
}

async function show({ format, host, namespace, owner, ...options }: ShowOptions): Promise<ExitCode> {
  if (namespace.length + owner.length > 0)
    throw new Trouble("--namespace and --owner say what to take over: give --import too");
  const services = servicesOver(hostFor);
  const targets = targetsOf(host, options, services);
  // Where hosts are named no stack is asked for unless one is named, too.
  const asked = targets.length === 0 || options.stack.length + options.state.length > 0;
  const places = placesOf(asked ? await statesFrom(options) : [], targets, services);
  const progress = new Progress(process.stderr);
  const inventory = await takeInventory(places, services, hostFor).finally(() => progress.end());
  await print(inventoryFormats[format](inventory));
  return inventory.troubles.length === 0 ? ExitCode.none : ExitCode.trouble;
}

async function showImport({ host, ...options }: ShowOptions): Promise<ExitCode> {
  const progress = new Progress(process.stderr);
  const made = await bulkImport(host, options, servicesOver(hostFor), hostFor).finally(() => progress.end());
  process.stderr.write(made.left.map((line) => `${line}\n`).join(""));
  tellOf(made.troubles);
  await print(made.file);
  return made.troubles.length === 0 ? ExitCode.none : ExitCode.trouble;
}

async function write(
  hosts: readonly string[],
  { output, ...options }: GenerateCommandOptions,
): Promise<ExitCode> {
  const progress = new Progress(process.stderr);
  const made = await generate(hosts, options, servicesOver(hostFor), hostFor).finally(() => progress.end());
  const { program: text, troubles } = made;
  tellOf(troubles);
  await (output === undefined ? print(text) : writeFile(output, text));
  return troubles.length === 0 ? ExitCode.none : ExitCode.trouble;
}

function tellOf(troubles: Troubles): void {
  const lines = troubles.flatMap(troubleLines);
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
}

/** print returns when all of it has been taken, for the process ends soon after. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) =>
    process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
  );
}
