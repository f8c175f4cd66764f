import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { machineFolder } from "./machine-files";
import { type Ran, spawnRecorded } from "./process";
import { killRecorded, type MachineRecord, netnsPath, pidFile, recorded, signal } from "./record";
import { type RemoteOptions, Ssh } from "./ssh";
import { SYSTEMS, type SystemName } from "./system";
import { lastLines, until } from "./wait";

const SHUTDOWN_SECONDS = 60;
const CONTROL_SECONDS = 30;
/** What the machine writes to its console once sshd answers. */
const READY = "lab: ready";

/** Netem is what happens to the packets that a machine sends. */
export interface Netem {
  readonly delayMs?: number;
  readonly lossPercent?: number;
}

/** Machine is one Linux machine of a lab. */
export class Machine {
  readonly name: string;
  readonly system: SystemName;
  /** Its address in the lab's network. */
  readonly address: string;
  /** The port on the outer machine's loopback behind which its sshd listens. */
  readonly port: number;
  /** Its public host key, "ssh-ed25519 AAAA…". */
  readonly hostKey: string;
  /** The path of the key that all users of all machines of the lab log in with. */
  readonly privateKeyPath: string;
  private readonly folder: string;
  private readonly ssh: Ssh;

  constructor(
    private readonly id: string,
    private readonly record: MachineRecord,
    privateKeyPath: string,
  ) {
    this.name = record.name;
    this.system = record.system;
    this.address = record.address;
    this.port = record.port;
    this.hostKey = record.hostKey;
    this.privateKeyPath = privateKeyPath;
    this.folder = machineFolder(id, record.name);
    this.ssh = new Ssh(id, record, () => this.consoleTail());
  }

  /** run gives the outcome of a shell text that a user, root by default, runs on the machine. */
  async run(command: string, options: RemoteOptions = {}): Promise<Ran> {
    this.mustRun();
    return this.ssh.run(command, options);
  }

  get running(): boolean {
    return recorded(this.id, this.name) !== undefined;
  }

  /** The path of the file with all that the machine ever wrote to its console. */
  get console(): string {
    return join(this.folder, "console.log");
  }

  /** boot starts the machine and returns when it answers over SSH. */
  async boot(): Promise<void> {
    if (this.running) throw new Error(`machine ${this.name} is running already`);
    // A kernel that ended by itself may have left helpers, with the disk open.
    await killRecorded(this.id, this.name);
    const log = openSync(this.console, "a");
    const input = openSync(join(this.folder, "control.in"), constants.O_RDWR);
    const output = openSync(join(this.folder, "control.out"), "a");
    const since = statSync(this.console).size;
    const { argv, ...wired } = SYSTEMS[this.system].kernel.start(this.record, this.folder, {
      log,
      input,
      output,
    });
    const kernel = spawnRecorded(pidFile(this.id, this.name), argv, {
      netns: netnsPath(this.id),
      cwd: this.folder,
      ...wired,
    });
    for (const fd of [log, input, output]) closeSync(fd);
    kernel.unref();
    await until(() => this.running || kernel.exitCode !== null || undefined, {
      for: `the kernel of ${this.name} to start`,
      seconds: CONTROL_SECONDS,
    });
    await this.ready(since);
  }

  /** stop shuts the machine down in good order. */
  async stop(): Promise<void> {
    await this.ssh.close();
    this.order("systemctl poweroff");
    await until(() => !this.running || undefined, {
      for: `machine ${this.name} to shut down`,
      seconds: SHUTDOWN_SECONDS,
      explain: () => this.consoleTail(),
    });
  }

  /** powerOff takes the power away: what was not yet written to the disk is lost. */
  async powerOff(): Promise<void> {
    await Promise.all([this.ssh.close(), killRecorded(this.id, this.name)]);
  }

  /** reboot restarts the machine in good order and returns when it answers over SSH again. */
  async reboot(): Promise<void> {
    await this.ssh.close();
    const since = statSync(this.console).size;
    this.order("systemctl reboot");
    await this.ready(since);
  }

  /** freeze stops the machine in the middle of whatever it does, until thaw; to others it looks dead. */
  freeze(): void {
    this.signalKernel("SIGSTOP");
  }

  thaw(): void {
    this.signalKernel("SIGCONT");
  }

  /** netem delays or loses what the machine sends, until it is changed, or cleared with undefined, or the machine goes down. */
  async netem(settings: Netem | undefined): Promise<void> {
    // Not over SSH: with all packets lost there would be no way back.
    await this.control("tc qdisc replace dev eth0 root pfifo_fast");
    if (settings === undefined) return;
    const { delayMs = 0, lossPercent = 0 } = settings;
    await this.control(`tc qdisc replace dev eth0 root netem delay ${delayMs}ms loss ${lossPercent}%`);
  }

  /** control runs a shell text as root, without the machine's network. */
  async control(command: string): Promise<string> {
    const id = this.order(command);
    const answer = await until(
      () =>
        readFileSync(join(this.folder, "control.out"), "utf8")
          .split("\n")
          .slice(0, -1)
          .find((line) => line.startsWith(`${id} `)),
      {
        for: `machine ${this.name} to run ${command}`,
        seconds: CONTROL_SECONDS,
        explain: () => this.consoleTail(),
      },
    );
    const [, status, output = ""] = answer.split(" ");
    const text = Buffer.from(output, "base64").toString();
    if (status !== "0") throw new Error(`${this.name}: ${command}: exit code ${status}\n${text}`);
    return text;
  }

  /** order sends a command to the machine's control service and gives the word that its answer will begin with. */
  private order(command: string): string {
    this.mustRun();
    const id = randomBytes(4).toString("hex");
    const input = openSync(join(this.folder, "control.in"), constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(input, `${id} ${command}\n`);
    closeSync(input);
    return id;
  }

  /** ready waits until the machine says on its console, after what it had said before, that it is ready. */
  private async ready(since: number): Promise<void> {
    await until(
      () => {
        if (!this.running) throw new Error(`machine ${this.name} went down:\n${this.consoleTail()}`);
        return readFileSync(this.console).subarray(since).includes(READY) || undefined;
      },
      {
        for: `machine ${this.name} to boot`,
        seconds: SYSTEMS[this.system].kernel.bootSeconds,
        explain: () => this.consoleTail(),
      },
    );
    const { code, stderr } = await this.run("true");
    if (code !== 0) throw new Error(`machine ${this.name} runs no commands: exit code ${code}\n${stderr}`);
  }

  private mustRun(): void {
    if (!this.running) throw new Error(`machine ${this.name} is not running`);
  }

  private signalKernel(name: NodeJS.Signals): void {
    const kernel = recorded(this.id, this.name);
    if (kernel === undefined) throw new Error(`machine ${this.name} is not running`);
    signal(kernel, name);
  }

  private consoleTail(): string {
    return `the end of ${this.console}:\n${lastLines(this.console)}`;
  }
}
