import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Ran, run, spawnRecorded } from "./process";
import { killRecorded, labFolder, type MachineRecord, netnsPath, pidFile } from "./record";
import { lastLines, until } from "./wait";

export const SSH_CONFIG = "ssh_config";
/** Below MaxSessions of a default sshd, which counts the sessions of one connection. */
const SESSIONS = 8;
const CONNECT_SECONDS = 30;

export interface RemoteOptions {
  readonly user?: string;
  readonly stdin?: string;
}

/** sshConfig is a configuration for OpenSSH's client in which each machine is known by its name. */
export function sshConfig(id: string, machines: readonly MachineRecord[]): string {
  const file = (name: string) => `"${join(labFolder(id), name)}"`;
  const common = [
    "Host *",
    "  User root",
    `  IdentityFile ${file("id_ed25519")}`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile ${file("known_hosts")}`,
    "  StrictHostKeyChecking yes",
    "  LogLevel ERROR",
  ];
  const hosts = machines.flatMap(({ name, port }) => [
    `Host ${name}`,
    "  HostName 127.0.0.1",
    `  Port ${port}`,
    `  HostKeyAlias ${name}`,
  ]);
  return `${[...common, ...hosts].join("\n")}\n`;
}

/** Ssh runs commands on one machine, all those of a user over one connection that lasts. */
export class Ssh {
  private readonly connections = new Map<string, Connection>();

  constructor(
    private readonly id: string,
    private readonly machine: MachineRecord,
    private readonly explain: () => string,
  ) {}

  async run(command: string, { user = "root", stdin = "" }: RemoteOptions): Promise<Ran> {
    return this.connection(user).run(command, stdin);
  }

  /** close ends the connections; the next command opens a new one. */
  async close(): Promise<void> {
    const open = [...this.connections.values()];
    this.connections.clear();
    await Promise.all(open.map((connection) => connection.close()));
  }

  private connection(user: string): Connection {
    const known = this.connections.get(user);
    if (known !== undefined) return known;
    const made = new Connection(this.id, this.machine, user, this.explain);
    this.connections.set(user, made);
    return made;
  }
}

/** Connection is one user's connection: OpenSSH's master process, which ends with this process at the latest. */
class Connection {
  private readonly name: string;
  private readonly client: readonly string[];
  private opened: Promise<void> | undefined;
  private free = SESSIONS;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly id: string,
    private readonly machine: MachineRecord,
    user: string,
    private readonly explain: () => string,
  ) {
    // The process is part of the name: another one may have the same lab open.
    this.name = `ssh-${machine.name}-${user}-${process.pid}`;
    // A socket's path may not be longer than some hundred letters, so it is named from within the lab's folder.
    this.client = ["ssh", "-F", SSH_CONFIG, "-S", this.name, "-l", user];
  }

  async run(command: string, stdin: string): Promise<Ran> {
    if (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.free--;
    try {
      this.opened ??= this.open();
      await this.opened;
      const ran = await this.ssh(["-T", this.machine.name, command], stdin);
      // ssh ends with 255 when the connection broke; so may the command.
      if (ran.code === 255 && (await this.ssh(["-O", "check", this.machine.name])).code !== 0) {
        throw new Error(
          `${this.machine.name}: the connection broke: ${ran.stderr.trim()}\n${this.explain()}`,
        );
      }
      return ran;
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }

  async close(): Promise<void> {
    this.opened = undefined;
    await killRecorded(this.id, this.name);
    rmSync(this.socket, { force: true });
  }

  private get socket(): string {
    return join(labFolder(this.id), this.name);
  }

  private ssh(args: readonly string[], stdin = ""): Promise<Ran> {
    return run([...this.client, ...args], { stdin, cwd: labFolder(this.id) });
  }

  private async open(): Promise<void> {
    await this.close();
    const logFile = `${this.socket}.log`;
    const log = openSync(logFile, "w");
    // From within the namespace, so that a command does not depend on the ports that are under test.
    const within = ["-o", `HostName=${this.machine.address}`, "-o", "Port=22"];
    // Of a machine that was off the network may still say for a second or two that there is no way to it.
    const lasting = [
      ...["-M", "-N", "-o", "ServerAliveInterval=5", "-o", "BatchMode=yes"],
      ...["-o", "ConnectionAttempts=5"],
    ];
    const master = spawnRecorded(
      pidFile(this.id, this.name),
      ["setpriv", "--pdeathsig", "TERM", ...this.client, ...lasting, ...within, this.machine.name],
      { netns: netnsPath(this.id), cwd: labFolder(this.id), stdio: ["ignore", log, log] },
    );
    closeSync(log);
    let ended = false;
    master.once("exit", () => {
      ended = true;
      this.opened = undefined;
    });
    master.unref();
    const explain = () => `${lastLines(logFile)}\n${this.explain()}`;
    // The socket is there from the moment on at which the host is known and the user has logged in.
    await until(
      () => {
        if (ended) throw new Error(`${this.machine.name}: ssh could not connect: ${explain()}`);
        return existsSync(this.socket) || undefined;
      },
      { for: `ssh to connect to ${this.machine.name}`, seconds: CONNECT_SECONDS, explain },
    );
  }
}
