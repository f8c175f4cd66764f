/** The demo behind `make demo`: two machines, one `pulumi up`, drift made by hand, and its repair. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, ROOT, Stack } from "../lab/engine";
import { Lab, type Machine } from "../lab/lab";
import { labFolder } from "../lab/record";
import { SSH_CONFIG } from "../lab/ssh";

const HOME = join(CACHE, "demo");
/** Says which lab is the demo's. */
const LAB = join(HOME, "lab");
const PROGRAM = join(ROOT, "examples", "two-hosts");
const PING = "ip netns exec private ping -c 3 -i 0.2 -W 2";

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  run,
  shell,
  ssh,
  stop,
};

async function run(): Promise<void> {
  await stop();
  say("Booting two Linux machines, a and b (each needs some seconds)");
  const lab = await Lab.start({ hosts: ["a", "b"], keep: true, say: (line) => console.log(line) });
  mkdirSync(HOME, { recursive: true });
  writeFileSync(LAB, lab.id);
  const [a, b] = [lab.host("a"), lab.host("b")];

  say("pulumi up: a namespace, a cable, a tunnel and routes on each of them");
  const stack = await openStack();
  stack.configure({ a: config(a), b: config(b), ttl: 64 });
  must(await stack.show("up", "--yes", "--skip-preview"));

  say("From the network behind a to the one behind b, with a capture on the wire between the machines");
  const capture = await lab.capture({ filter: "ip proto 4" });
  await on(a, `${PING} 10.10.2.2`);
  await capture.stop();
  for (const packet of (await capture.packets()).slice(0, 2)) console.log(packet);

  say("Somebody changes things by hand: removes the tunnel of a, and changes the TTL of the one of b");
  await on(a, "ip link delete tun0");
  await on(b, "ip link change tun0 type ipip ttl 17");

  say("pulumi preview looks at the hosts and shows just that");
  await stack.show("preview", "--suppress-outputs");

  say("pulumi up repairs it");
  must(await stack.show("up", "--yes", "--skip-preview", "--suppress-outputs"));
  await on(a, `${PING} 10.10.2.2`);

  say("All of it is still running. To look around:");
  console.log(`  make ssh HOST=a     log in to machine a (b likewise); try: ${PING} 10.10.2.2
  make shell          a shell in which pulumi works on this stack; try: pulumi preview
  make clean          end it all`);
}

/** shell is an interactive shell in the program's folder, with an environment in which the engine finds this stack. */
async function shell(): Promise<void> {
  labId();
  const stack = await openStack();
  spawnSync(process.env.SHELL ?? "/bin/sh", { cwd: stack.program, env: stack.env, stdio: "inherit" });
}

async function ssh([host = "a", ...command]: readonly string[]): Promise<void> {
  const config = join(labFolder(labId()), SSH_CONFIG);
  const { status } = spawnSync("ssh", ["-F", config, host, ...command], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

async function stop(): Promise<void> {
  if (existsSync(LAB)) await Lab.open(labId()).stop();
  rmSync(HOME, { recursive: true, force: true });
  rmSync(join(PROGRAM, "Pulumi.demo.yaml"), { force: true });
}

function labId(): string {
  if (!existsSync(LAB)) throw new Error("the demo is not running: start it with `make demo`");
  return readFileSync(LAB, "utf8");
}

function openStack(): Promise<Stack> {
  return Stack.open({ program: PROGRAM, home: HOME, name: "demo" });
}

/** What the program wants to know of a host; the machines' SSH ports are on loopback, their link is not. */
function config({ address, port, hostKey, privateKeyPath }: Machine) {
  return { host: "127.0.0.1", port, hostKey, privateKeyPath, underlay: address };
}

async function on(machine: Machine, command: string): Promise<void> {
  console.log(`${machine.name}# ${command}`);
  const { code, stdout, stderr } = await machine.run(command);
  process.stdout.write(stdout + stderr);
  if (code !== 0) throw new Error(`${machine.name}: ${command}: exit code ${code}`);
}

function must({ code }: { code: number }): void {
  if (code !== 0) throw new Error(`pulumi ended with exit code ${code}`);
}

function say(text: string): void {
  console.log(`\n==> ${text}`);
}

const [name = "run", ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) throw new Error(`unknown command ${name}: ${Object.keys(commands).join(", ")}`);
command(args).catch((error: Error) => {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
});
