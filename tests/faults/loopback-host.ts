import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../../lab/wait";
import { quote } from "../../provider/host/host";
import { FakeKernel, type Netns } from "../support/fake-kernel";
import { addressListing, routeListing } from "../support/fake-listing";
import { Refusal } from "../support/fake-refusal";
import { CLIENT_KEY, HOST_KEY, SshServer } from "../support/ssh-server";
import type { Look, Space } from "./look";
import { answer, isListing, MARKS, type Options, optionsOf, wordsOf } from "./stand-in";

/** Fate is what becomes of one command instead of its being carried out and answered. */
export type Fate =
  /** The process dies, before it does what it was told or after it. */
  | { readonly kind: "kill"; readonly done: boolean }
  /** So much of its answer gets out; then it dies, or ends as if all were well. */
  | { readonly kind: "truncate"; readonly part: number; readonly code: number | "killed" }
  /** Linux refuses it, in these words. */
  | { readonly kind: "refuse"; readonly text: string };

/** What was asked, as a person would type it, and whether it only asks. */
export interface Asked {
  readonly line: string;
  readonly listing: boolean;
}

/** SECRETS are what nobody may ever see: the password to log in with, the one for sudo, and a line of the key. */
export const PASSWORDS = { login: "L0gin-5ecret-of-the-host", become: "Bec0me-5ecret-of-the-host" };
export const KEY_LINE = CLIENT_KEY.private.split("\n")[2] ?? "";

/** More turns of the event loop than any piece needs from one end of the proxy to the host's shell. */
const TURNS = 200;

/** A sudo that is as the real one in how it asks; the password is in a file, so that no program has it in its text. */
const SUDO = (file: string) => `#!/bin/sh
prompt=$(printf %s "$3" | sed s/%%/%/g)
shift 6
printf %s "$prompt" >&2
IFS= read -r given || exit 1
IFS= read -r right <'${file}'
test "$given" = "$right" || { echo "sudo: 1 incorrect password attempt" >&2; exit 1; }
exec "$@"
`;

/**
 * LoopbackHost is a host within the test: real SSH, a real shell, real files in a /proc/sys of its own, and an `ip`
 * that asks a fake kernel. What has to be certain about a fault, which command it meets, is decided here.
 */
export class LoopbackHost {
  /** Decides on each command that arrives; without it all are carried out. */
  fate: ((asked: Asked) => Fate | undefined) | undefined;
  kernel = new FakeKernel([]);
  /** The words of every process that was seen on the host. */
  readonly argv = new Set<string>();
  /** What the stand-in was asked and could not understand: a fault of the test's own. */
  readonly strange: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "pulumi-ipip-fault-"));
  private readonly parameters = new Map<Netns, string>();
  private readonly callers = new Map<Socket, Caller>();
  private readonly door: Server;
  private server: SshServer | undefined;

  private constructor() {
    this.door = createServer((socket) => this.serve(socket));
  }

  static async start(maxSessions = 10): Promise<LoopbackHost> {
    const host = new LoopbackHost();
    const { folder } = host;
    mkdirSync(join(folder, "bin"));
    for (const name of ["ip", "modprobe"])
      copyFileSync(join(__dirname, "stand-in.pl"), join(folder, "bin", name));
    writeFileSync(join(folder, "bin/sudo"), SUDO(join(folder, "become")), { mode: 0o755 });
    writeFileSync(join(folder, "become"), `${PASSWORDS.become}\n`);
    host.door.listen(join(folder, "door"));
    await once(host.door, "listening");
    host.server = await SshServer.start({
      bin: join(folder, "bin"),
      password: PASSWORDS.login,
      maxSessions,
      // Each login has a /proc/sys that is the host's.
      rewrite: (command) =>
        `exec unshare --mount /bin/sh -c 'mount --bind "$0" /proc/sys && eval "$1"' ` +
        `${host.parametersOf(host.kernel.host)} ${quote(command)}`,
    });
    return host;
  }

  get port(): number {
    return this.ssh.port;
  }

  get hostKey(): string {
    return HOST_KEY.public;
  }

  private get ssh(): SshServer {
    if (this.server === undefined) throw new Error("the host does not run");
    return this.server;
  }

  /** dropAll ends every connection, as a restarted sshd that takes its sessions with it. */
  dropAll(): void {
    this.ssh.drop();
  }

  /** killPrograms is the kernel out of memory: the shells die, and the connections stay. */
  killPrograms(): void {
    this.ssh.kill();
  }

  /** losePower: all that ran is gone, and so is all that the kernel had; the host comes up anew. */
  losePower(): void {
    for (const socket of this.callers.keys()) socket.destroy();
    this.ssh.kill();
    this.ssh.drop();
    this.kernel = new FakeKernel([]);
  }

  /** quiet returns when nothing is under way whose connection is gone. */
  async quiet(): Promise<void> {
    // Whatever has been sent, or closed, is on this side of a socket of this process, and is heard of within some turns.
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    await until(() => (this.busy === 0 && this.ssh.adrift === 0) || undefined, {
      for: `the host to come to rest (${this.busy} commands, ${this.ssh.adrift} programs)`,
      seconds: 30,
    });
  }

  /** How many processes are at work; one that waits for its next line is not. */
  private get busy(): number {
    return [...this.callers.values()].filter(({ idle }) => !idle).length;
  }

  look(): Look {
    const space = (netns: Netns): Space => ({
      links: JSON.parse(addressListing(netns.devices)),
      routes: JSON.parse(routeListing(netns, "all", undefined, () => true)),
      forward: readFileSync(join(this.parametersOf(netns), "net/ipv4/ip_forward"), "utf8").trim(),
    });
    const named = [...this.kernel.namespaces].map(([name, netns]) => [name, space(netns)] as const);
    return new Map([["", space(this.kernel.host)], ...named]);
  }

  /** byHand is somebody who changes something on the host. */
  byHand(line: string): void {
    const { options, words } = optionsOf(line.split(" ").slice(1));
    answer(this.kernel, options, words);
  }

  /** said is everything that could be seen of what ran here, for the search for secrets. */
  said(): string {
    return [...this.argv, ...this.ssh.commands].join("\n");
  }

  async stop(): Promise<void> {
    await this.ssh.stop();
    for (const socket of this.callers.keys()) socket.destroy();
    this.door.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Linux has a folder below /proc/sys for each device. */
  private showDevices(netns: Netns): void {
    const folder = join(this.parametersOf(netns), "net/ipv4/conf");
    const names = netns.devices.map(({ name }) => name);
    for (const name of names) mkdirSync(join(folder, name), { recursive: true });
    const gone = readdirSync(folder).filter((name) => !names.includes(name));
    for (const name of gone) rmSync(join(folder, name), { recursive: true });
  }

  /** The folder that is a namespace's /proc/sys. */
  private parametersOf(netns: Netns): string {
    const found = this.parameters.get(netns);
    if (found !== undefined) return found;
    const folder = join(this.folder, `sys${this.parameters.size}`);
    for (const [path, text] of netns.files) {
      const file = join(folder, path.replace("/proc/sys/", ""));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${text}\n`);
    }
    this.parameters.set(netns, folder);
    return folder;
  }

  /** serve answers one process that stands for a program. */
  private serve(socket: Socket): void {
    const caller = new Caller(socket);
    this.callers.set(socket, caller);
    socket.on("error", () => undefined);
    socket.on("close", () => this.callers.delete(socket));
    caller
      .request()
      .then((request) => this.carryOut(caller, request))
      .catch((error: unknown) => {
        // A process that is killed from outside just goes.
        if (!(error instanceof Gone)) this.strange.push(String(error));
        socket.destroy();
      });
  }

  private async carryOut(caller: Caller, { pid, netns, argv }: Request): Promise<void> {
    for (const words of familyOf(pid)) this.argv.add(words);
    const [program, ...rest] = argv;
    if (program === "modprobe") {
      this.kernel.load(rest.at(-1) ?? "");
      return caller.exit(0);
    }
    const parsed = optionsOf(rest);
    const options = { ...parsed.options, netns: parsed.options.netns ?? (netns || undefined) };
    const { words } = parsed;
    if (options.version) {
      caller.print("stdout", "ip utility, iproute2-6.1.0, libbpf 1.1.2\n");
      return caller.exit(0);
    }
    if (options.batch) return await this.batch(caller, options);
    if (words[0] === "netns" && words[1] === "exec") return this.enter(caller, argv);
    const code = await this.command(caller, options, words);
    if (code !== "dead") caller.exit(code);
  }

  private async batch(caller: Caller, options: Options): Promise<void> {
    let failed = false;
    for (let number = 1; ; number++) {
      const line = await caller.line();
      if (line === undefined) break;
      const words = wordsOf(line);
      if (words === undefined) continue;
      const code = await this.command(caller, options, words);
      if (code === "dead") return;
      // Some mistakes end the process at once, whatever it was told about going on.
      if (code === 255) return caller.exit(code);
      if (code === 0) continue;
      failed = true;
      caller.print("stderr", `Command failed -:${number}\n`);
      if (!options.force) break;
    }
    caller.exit(failed ? 1 : 0);
  }

  private enter(caller: Caller, argv: readonly string[]): void {
    const at = argv.indexOf("exec") + 1;
    const name = argv[at] ?? "";
    const netns = this.kernel.namespaces.get(name);
    if (netns === undefined) {
      caller.print("stderr", `Cannot open network namespace "${name}": No such file or directory\n`);
      caller.exit(255);
      return;
    }
    caller.exec(at, this.parametersOf(netns));
  }

  /** command carries one command out, or lets its fate befall it, and gives its exit code. */
  private async command(
    caller: Caller,
    options: Options,
    words: readonly string[],
  ): Promise<number | "dead"> {
    const line = [`ip ${options.netns === undefined ? "" : `-n ${options.netns} `}`, ...words].join(" ");
    // The mark between the lines of a batch is no command of anybody's.
    const isMark = MARKS.includes(words.join(" "));
    const fate = isMark ? undefined : this.fate?.({ line, listing: isListing(words) });
    if (fate?.kind === "refuse") {
      caller.print("stderr", `${fate.text}\n`);
      return 1;
    }
    if (fate?.kind === "kill" && !fate.done) return caller.die();
    const { code, stdout, stderr } = this.run(options, words);
    if (fate?.kind === "kill") return caller.die();
    if (fate?.kind === "truncate") {
      caller.print("stdout", stdout.slice(0, Math.max(1, Math.floor(stdout.length * fate.part))));
      if (fate.code === "killed") return caller.die();
      caller.exit(fate.code);
      return "dead";
    }
    caller.print("stdout", stdout);
    caller.print("stderr", stderr);
    return code;
  }

  private run(options: Options, words: readonly string[]): { code: number; stdout: string; stderr: string } {
    try {
      const stdout = answer(this.kernel, options, words);
      this.showDevices(this.kernel.host);
      return { code: 0, stdout, stderr: "" };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { code: error.code, stdout: "", stderr: `${error.text}\n` };
    }
  }
}

/** Gone: the process at the other end has ended. */
class Gone extends Error {}

interface Request {
  readonly pid: number;
  readonly netns: string;
  readonly argv: readonly string[];
}

/** Caller is a process that waits for orders. */
class Caller {
  /** Whether it waits for a line that nobody has sent yet. */
  idle = false;
  private buffer = Buffer.alloc(0);
  private more: (() => void) | undefined;
  private ended = false;

  constructor(private readonly socket: Socket) {
    socket.on("data", (chunk) => {
      this.buffer = Buffer.concat([this.buffer, chunk as Buffer]);
      this.more?.();
    });
    socket.on("close", () => {
      this.ended = true;
      this.more?.();
    });
  }

  async request(): Promise<Request> {
    const [pid = "", count = "", netns = ""] = (await this.until("\n")).split(" ");
    const argv: string[] = [];
    while (argv.length < Number(count)) argv.push(await this.until("\0"));
    return { pid: Number(pid), netns, argv };
  }

  /** line is the next line of the process's standard input; undefined at its end. */
  async line(): Promise<string | undefined> {
    this.socket.write("read\n");
    this.idle = true;
    const length = await this.until("\n");
    this.idle = false;
    if (length === "end") return undefined;
    while (this.buffer.length < Number(length)) await this.grown();
    const text = this.buffer.subarray(0, Number(length)).toString();
    this.buffer = this.buffer.subarray(Number(length));
    return text.trimEnd();
  }

  print(where: "stdout" | "stderr", text: string): void {
    if (text !== "") this.socket.write(`${where} ${Buffer.byteLength(text)}\n${text}`);
  }

  exit(code: number): void {
    this.socket.end(`exit ${code}\n`);
  }

  /** exec: the process goes on as what follows the word at a place. */
  exec(at: number, folder: string): void {
    this.socket.end(`exec ${at} ${folder}\n`);
  }

  /** die: it kills itself when the orders end. */
  die(): "dead" {
    this.socket.end();
    return "dead";
  }

  private async until(mark: string): Promise<string> {
    for (;;) {
      const at = this.buffer.indexOf(mark);
      if (at !== -1) {
        const text = this.buffer.subarray(0, at).toString();
        this.buffer = this.buffer.subarray(at + 1);
        return text;
      }
      await this.grown();
    }
  }

  private async grown(): Promise<void> {
    if (this.ended) throw new Gone("the process has ended");
    await new Promise<void>((resolve) => {
      this.more = resolve;
    });
  }
}

/** familyOf is the words of a process and of those that started it, up to this one, as `ps` would show them. */
function familyOf(pid: number): string[] {
  const family: string[] = [];
  for (let one = pid; one > 1 && one !== process.pid; ) {
    try {
      family.push(readFileSync(`/proc/${one}/cmdline`, "utf8").replaceAll("\0", " "));
      one = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${one}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
      break;
    }
  }
  return family;
}
