/** cli.ts: the lab's command for people; README.md shows it at work. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { watchCommand } from "./capture";
import { ensureImage } from "./image";
import { Lab, type Netem, requireRoot } from "./lab";
import {
  allRecords,
  findRecord,
  type LabRecord,
  labFolder,
  namespaceOf,
  recorded,
  removeAbandoned,
  removeLab,
} from "./record";
import { SSH_CONFIG } from "./ssh";
import { SystemName } from "./system";

const USAGE = `usage:
  lab image [SYSTEM…]                           build the machines' disk images, unless they are there
  lab start HOST[:SYSTEM]… [--keep]             start machines; without --keep they end with this command
  lab list                                      the labs of this clone
  lab ssh [USER@]HOST [-- COMMAND…]             enter a machine
  lab boot|reboot|shut-down|power-off HOST      what a machine's buttons do
  lab netem HOST --delay 50ms --loss 5%         spoil what a machine sends; --clear ends it
  lab capture [HOST] [FILTER]                   show packets: of one machine's link, or of all
  lab stop [ID]                                 end a lab
  lab clean                                     end all labs of this clone
A machine's SYSTEM is ${SystemName.options.join(", ")}: README.md says what each is; without one it is uml.
Where several labs are running, --lab ID says which one is meant.`;

class UsageError extends Error {}

const OPTIONS = {
  keep: { type: "boolean", default: false },
  lab: { type: "string" },
  delay: { type: "string" },
  loss: { type: "string" },
  clear: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;
const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });
type Options = ReturnType<typeof parse>["values"];
type Command = (args: readonly string[], options: Options) => Promise<unknown>;

const say = (line: string) => console.log(line);
const machine = (name: string | undefined, options: Options) => Lab.open(options.lab).host(name ?? "");

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["image", image],
  ["start", start],
  ["list", async () => allRecords().forEach(describe)],
  ["ssh", ssh],
  ["boot", ([host], options) => machine(host, options).boot()],
  ["reboot", ([host], options) => machine(host, options).reboot()],
  ["shut-down", ([host], options) => machine(host, options).stop()],
  ["power-off", ([host], options) => machine(host, options).powerOff()],
  ["netem", ([host], options) => machine(host, options).netem(netem(options))],
  ["capture", capture],
  ["stop", ([id], options) => Lab.open(id ?? options.lab).stop()],
  ["clean", clean],
]);

async function image(names: readonly string[]): Promise<void> {
  requireRoot();
  for (const name of names.length > 0 ? names : ["uml"]) await ensureImage(say, system(name));
}

function system(name: string): SystemName {
  const { data } = SystemName.safeParse(name);
  if (data === undefined) {
    throw new UsageError(`there is no system ${name}; there are ${SystemName.options.join(", ")}`);
  }
  return data;
}

async function start(wanted: readonly string[], { keep }: Options): Promise<void> {
  const started = performance.now();
  const hosts = wanted.map((host) => {
    const [name = "", ...rest] = host.split(":");
    return rest.length === 0 ? name : { name, system: system(rest.join(":")) };
  });
  const lab = await Lab.start({ hosts, keep, say });
  describe(findRecord(lab.id));
  say(`ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (keep) return;
  say("Ctrl-C ends the lab");
  // Waiting for a signal does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await lab.stop();
  clearInterval(alive);
}

/** Needs no root: what it uses is in the clone, and belongs to whoever the clone belongs to. */
async function ssh([target = "", ...command]: readonly string[], options: Options): Promise<void> {
  const [host = "", user = "root"] = target.split("@").reverse();
  const { id, machines } = findRecord(options.lab);
  if (!machines.some(({ name }) => name === host)) throw new UsageError(`there is no machine '${host}'`);
  const remote = command.length > 0 ? ["--", command.join(" ")] : [];
  await passOn(["ssh", "-F", join(labFolder(id), SSH_CONFIG), "-l", user, host, ...remote]);
}

function netem({ clear, delay, loss }: Options): Netem | undefined {
  if (clear) return undefined;
  if (delay === undefined && loss === undefined)
    throw new UsageError("netem wants --delay, --loss or --clear");
  return {
    ...(delay !== undefined && { delayMs: quantity(delay, "ms") }),
    ...(loss !== undefined && { lossPercent: quantity(loss, "%") }),
  };
}

function quantity(text: string, unit: string): number {
  const number = /^(\d+(?:\.\d+)?)(\D*)$/.exec(text);
  if (number === null || (number[2] !== "" && number[2] !== unit)) {
    throw new UsageError(`${text} is not a number of ${unit}`);
  }
  return Number(number[1]);
}

async function capture([first = "", ...rest]: readonly string[], options: Options): Promise<void> {
  const lab = Lab.open(options.lab);
  const isHost = lab.machines.some(({ name }) => name === first);
  const filter = (isHost ? rest : [first, ...rest]).join(" ");
  await passOn(watchCommand(lab.id, lab.device(isHost ? first : undefined), filter));
}

async function clean(): Promise<void> {
  const records = allRecords();
  if (records.length > 0) requireRoot();
  await removeAbandoned();
  for (const { id } of records) {
    await removeLab(id);
    say(`ended lab ${id}`);
  }
}

function describe({ id, owner, machines }: LabRecord): void {
  say(`lab ${id}${owner === undefined ? ", kept" : ""}, network namespace ${namespaceOf(id)}`);
  for (const { name, system, address, port } of machines) {
    const state = recorded(id, name) === undefined ? "off" : "on";
    say(`  ${name}  ${system}  ${address}  ssh on 127.0.0.1:${port}  ${state}`);
  }
}

/** passOn gives the terminal to another command and takes over its exit code. */
async function passOn([program = "", ...args]: readonly string[]): Promise<void> {
  // An interrupt is for that command; it decides when both end.
  process.on("SIGINT", () => undefined);
  const [code] = await once(spawn(program, args, { stdio: "inherit" }), "exit");
  process.exitCode = typeof code === "number" ? code : 1;
}

async function main(): Promise<void> {
  const { values: options, positionals } = parse(process.argv.slice(2));
  const [name = "", ...args] = positionals;
  const command = COMMANDS.get(name);
  if (options.help) return say(USAGE);
  if (command === undefined)
    throw new UsageError(name === "" ? "which command?" : `there is no command ${name}`);
  await command(args, options);
}

main().catch((error: unknown) => {
  console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
  const isUsage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (isUsage) console.error(`\n${USAGE}`);
  process.exitCode = isUsage ? 2 : 1;
});
