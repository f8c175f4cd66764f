import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AuthContext,
  type KeyboardAuthContext,
  Server,
  type ServerChannel,
  type Connection as ServerConnection,
  utils,
} from "ssh2";
import { Connection } from "../../provider/host/connection";

/** KeyPair is a key as text: the private one in OpenSSH form, the public one as `type base64`. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** ed25519 makes a key pair; with a passphrase the private one is encrypted. */
export function ed25519(passphrase?: string): KeyPair {
  const made =
    passphrase === undefined
      ? utils.generateKeyPairSync("ed25519")
      : utils.generateKeyPairSync("ed25519", { passphrase, cipher: "aes256-ctr", rounds: 4 });
  const pair = trimmed(made);
  // ssh2 leaves out a zero at the beginning of either half, and such a key is none.
  return isSound(pair, passphrase) ? pair : ed25519(passphrase);
}

function isSound(pair: KeyPair, passphrase: string | undefined): boolean {
  const [key] = [utils.parseKey(pair.private, passphrase)].flat();
  if (key === undefined || key instanceof Error) return false;
  const text = Buffer.from("signed");
  const signature = key.sign(text);
  return (
    Buffer.isBuffer(signature) && key.verify(text, signature) === true && key.getPublicSSH().length === 51
  );
}

/** ecdsa makes another kind of key pair. */
export function ecdsa(): KeyPair {
  return trimmed(utils.generateKeyPairSync("ecdsa", { bits: 256 }));
}

function trimmed(pair: KeyPair): KeyPair {
  return { private: pair.private, public: pair.public.trim() };
}

/** fingerprintOf is a public key's digest as ssh-keygen prints it. */
export function fingerprintOf({ public: text }: KeyPair): string {
  return fingerprintOfBlob(Buffer.from(text.split(" ")[1] ?? "", "base64"));
}

function fingerprintOfBlob(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").slice(0, 43)}`;
}

/** The keys that a server takes and shows when it is told no others. */
export const CLIENT_KEY = ed25519();
export const HOST_KEY = ed25519();

export interface ServerOptions {
  /** The program that stands for /bin/sh. */
  readonly shell?: string;
  /** The program that is told what to run, that for /bin/sh unless another is given. */
  readonly login?: string;
  /** A folder that comes first on the PATH of what runs. */
  readonly bin?: string;
  readonly hostKeys?: readonly KeyPair[];
  readonly clientKey?: KeyPair;
  readonly password?: string;
  /** Ways to log in that the host names and takes; with none of them everybody is refused. */
  readonly methods?: readonly ("publickey" | "password" | "keyboard-interactive")[];
  /** Those that must all be right, in this order. */
  readonly sequence?: readonly ("publickey" | "password" | "keyboard-interactive")[];
  /** What keyboard-interactive asks, and the answers that are right. */
  readonly questions?: readonly {
    readonly prompt: string;
    readonly echo: boolean;
    readonly answer: string;
  }[];
  /** How many keys are refused before the host hangs up. */
  readonly maxAuthTries?: number;
  /** Whether connections may pass to other machines. */
  readonly forwards?: boolean;
  /** What the login shell makes of what it is told to run. */
  readonly rewrite?: (command: string) => string;
  /** How many connections are closed before a word is said. */
  readonly closeFirst?: number;
  /** What a login shell prints before it does what it was told. */
  readonly noise?: { readonly stdout?: string; readonly stderr?: string };
  /** The folder of the host's lock; one of its own unless it is to be another server's host too. */
  readonly lockDir?: string;
  /** Whether programs are told where the connection comes from. */
  readonly tells?: boolean;
  /** The login shell shows on standard error what it runs, as after `set -x`. */
  readonly trace?: boolean;
  /** How many programs one connection may run at a time. */
  readonly maxSessions?: number;
}

/** Faults can be changed while the server runs, and count for what travels from then on. */
export interface Faults {
  /** Largest number of bytes of one packet of output. */
  chunk?: number;
  /** How many more bytes of input reach the shell before the connection drops. */
  cutInput?: number;
  /** How many more bytes of output leave the host before the connection drops. */
  cutOutput?: number;
  /** Swallows all output. */
  mute?: boolean;
  /** Milliseconds that every piece of output takes. */
  delay?: number;
}

/** SshServer is a host on loopback: real SSH, and a real shell of this machine behind it. */
export class SshServer {
  readonly faults: Faults = {};
  /** What clients asked to be run. */
  readonly commands: string[] = [];
  /** All that clients wrote to their programs. */
  input = Buffer.alloc(0);
  /** How many connections there have been. */
  connections = 0;
  /** How many there were at once, at most, before anybody had logged in. */
  mostOpening = 0;
  /** Where connections went that passed through. */
  readonly forwarded: string[] = [];
  /** What clients answered to the questions of keyboard-interactive. */
  readonly answered: string[] = [];
  /** The keys that clients offered, by their fingerprints. */
  readonly offered: string[] = [];
  /** How many of the next connections are closed before a word is said. */
  closeNext = 0;

  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly channels = new Set<ServerChannel>();
  private readonly children = new Set<ChildProcess>();
  private opening = 0;

  private constructor(private readonly options: ServerOptions) {
    const hostKeys = (options.hostKeys ?? [HOST_KEY]).map((pair) => pair.private);
    this.server = new Server({ hostKeys }, (client) => {
      client.on("error", () => {});
      this.letIn(client);
      if (options.forwards === true) this.forward(client);
      let sessions = 0;
      client.on("session", (accept, reject) => {
        if (sessions >= (options.maxSessions ?? 10)) {
          reject();
          return;
        }
        sessions++;
        const session = accept();
        session.on("close", () => sessions--);
        session.on("exec", (acceptExec, _reject, { command }) => {
          const hangUp = this.run(acceptExec(), command);
          client.on("close", hangUp);
        });
      });
    });
    // ssh2's server hands out no sockets, and a fault needs them.
    const { _srv: tcp } = this.server as unknown as { _srv: import("node:net").Server };
    this.closeNext = options.closeFirst ?? 0;
    tcp.on("connection", (socket) => {
      this.connections++;
      this.sockets.add(socket);
      if (this.closeNext > 0) {
        this.closeNext--;
        socket.destroy();
      }
      socket.setNoDelay(true);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(options: ServerOptions = {}): Promise<SshServer> {
    const host = new SshServer(options);
    host.server.listen(0, "127.0.0.1");
    await once(host.server, "listening");
    return host;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** How many connections there are now. */
  get open(): number {
    return this.sockets.size;
  }

  /** Hosts on loopback share a /run, but no lock. */
  private get lockDir(): string {
    return join(tmpdir(), `pulumi-ipip-lock-${process.pid}-${this.port}`);
  }

  /** connection is how to reach this host properly, save for what `changes` says. */
  connection(changes: Partial<Record<string, unknown>> = {}): Connection {
    return Connection.parse({
      host: "127.0.0.1",
      port: this.port,
      privateKey: (this.options.clientKey ?? CLIENT_KEY).private,
      hostKey: (this.options.hostKeys?.[0] ?? HOST_KEY).public,
      ...changes,
    });
  }

  /** drop cuts all connections, as a power cut would. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** freeze has the host hear nothing more, as a machine that is stopped; its connections stay. */
  freeze(): void {
    for (const socket of this.sockets) socket.pause();
  }

  /** How many programs still run although their connection, or what started them, is gone. */
  get adrift(): number {
    const headless = [...this.children].filter(
      ({ exitCode, signalCode }) => (exitCode ?? signalCode) !== null,
    );
    return this.children.size - this.channels.size + headless.length;
  }

  /** kill ends all programs at once. */
  kill(): void {
    for (const child of this.children) child.kill("SIGKILL");
  }

  /** closeChannels ends the programs' channels and leaves the connections. */
  closeChannels(): void {
    for (const channel of this.channels) channel.close();
  }

  async stop(): Promise<void> {
    this.drop();
    this.kill();
    rmSync(this.lockDir, { recursive: true, force: true });
    this.server.close();
    await once(this.server, "close");
  }

  private letIn(client: ServerConnection): void {
    const { sequence = [], maxAuthTries = Number.POSITIVE_INFINITY } = this.options;
    const passed: string[] = [];
    let refused = 0;
    this.mostOpening = Math.max(this.mostOpening, ++this.opening);
    const opened = () => this.opening--;
    const settled = new AbortController();
    settled.signal.addEventListener("abort", opened);
    client.on("ready", () => settled.abort());
    client.on("close", () => settled.abort());
    client.on("authentication", async (context) => {
      const next = sequence[passed.length];
      const methods = next === undefined ? [...(this.options.methods ?? ["publickey", "password"])] : [next];
      const asked = methods.some((method) => method === context.method);
      const right = asked && (await this.recognises(context));
      const probe = context.method === "publickey" && context.signature === undefined;
      if (right && next !== undefined && !probe) {
        passed.push(next);
        const more = sequence[passed.length];
        if (more !== undefined) return context.reject([more], true);
      }
      if (right) return context.accept();
      if (context.method === "publickey" && ++refused >= maxAuthTries) return client.end();
      context.reject(methods);
    });
  }

  private async recognises(context: AuthContext): Promise<boolean> {
    if (context.method === "password") return context.password === this.options.password;
    if (context.method === "keyboard-interactive") return await this.answers(context);
    if (context.method !== "publickey") return false;
    this.offered.push(fingerprintOfBlob(context.key.data));
    const key = utils.parseKey((this.options.clientKey ?? CLIENT_KEY).public);
    if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false;
    if (context.signature === undefined || context.blob === undefined) return true;
    return key.verify(context.blob, context.signature, context.hashAlgo) === true;
  }

  /** Each question is asked by itself, as PAM does. */
  private async answers(context: KeyboardAuthContext): Promise<boolean> {
    for (const { prompt, echo, answer } of this.options.questions ?? []) {
      const [given] = await new Promise<string[]>((resolve) =>
        context.prompt([{ prompt, echo }], (answers) => resolve(answers)),
      );
      this.answered.push(given ?? "");
      if (given !== answer) return false;
    }
    return true;
  }

  /** forward passes connections on, as sshd does with AllowTcpForwarding. Without a listener ssh2 forbids it. */
  private forward(client: ServerConnection): void {
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      this.forwarded.push(`${destIP}:${destPort}`);
      const socket = connect(destPort, destIP);
      this.sockets.add(socket);
      socket.on("error", () => reject());
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("connect", () => {
        const channel = accept();
        channel.on("error", () => {});
        socket.pipe(channel).pipe(socket);
        channel.on("close", () => socket.destroy());
      });
    });
  }

  /** run gives what is to be done when the connection ends. */
  private run(channel: ServerChannel, command: string): () => void {
    const { shell = "/bin/sh", login = shell, bin, noise, trace } = this.options;
    const { rewrite = (text: string) => text } = this.options;
    this.commands.push(command);
    this.channels.add(channel);
    const path = bin === undefined ? process.env.PATH : `${bin}:${process.env.PATH}`;
    const flags = trace === true ? "-xvc" : "-c";
    const child = spawn(login, [flags, rewrite(command).replaceAll("/bin/sh", shell)], {
      // A bash that is not below another one reads the .bashrc of whoever runs the tests, for its input is a socket.
      env: {
        ...process.env,
        PATH: path,
        SHLVL: "1",
        PULUMI_IPIP_LOCK_DIR: this.options.lockDir ?? this.lockDir,
        SSH_CONNECTION: this.options.tells === true ? `127.0.0.1 50000 127.0.0.1 ${this.port}` : "",
      },
    });
    this.children.add(child);
    const hangUp = () => {
      this.channels.delete(channel);
      // As sshd does: the program's next read finds the end, and its next write nobody.
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    };
    channel.on("close", hangUp);
    channel.on("error", hangUp);
    child.stdin.on("error", () => {});
    const out = this.sender((chunk) => channel.write(chunk));
    const err = this.sender((chunk) => channel.stderr.write(chunk));
    if (noise?.stdout) out(Buffer.from(noise.stdout));
    if (noise?.stderr) err(Buffer.from(noise.stderr));
    child.stdout.on("data", out);
    child.stderr.on("data", err);
    channel.on("data", (chunk: Buffer) => this.receive(chunk, child));
    channel.on("end", () => child.stdin.end());
    child.on("close", (code) => {
      this.children.delete(child);
      if (!this.channels.has(channel)) return;
      channel.exit(code ?? 255);
      channel.end();
    });
    return hangUp;
  }

  private receive(chunk: Buffer, child: ChildProcess): void {
    this.input = Buffer.concat([this.input, chunk]);
    const { cutInput } = this.faults;
    if (cutInput === undefined || chunk.length < cutInput) {
      if (cutInput !== undefined) this.faults.cutInput = cutInput - chunk.length;
      child.stdin?.write(chunk);
      return;
    }
    delete this.faults.cutInput;
    child.stdin?.end(chunk.subarray(0, cutInput), () => this.drop());
  }

  /** sender applies the faults to one output, and keeps its order. */
  private sender(write: (chunk: Buffer) => void): (chunk: Buffer) => void {
    let before = Promise.resolve();
    const pieces = (chunk: Buffer) => {
      const size = this.faults.chunk ?? chunk.length;
      return Array.from({ length: Math.ceil(chunk.length / size) }, (_, index) =>
        chunk.subarray(index * size, (index + 1) * size),
      );
    };
    return (chunk) => {
      before = before.then(async () => {
        for (const piece of pieces(chunk)) {
          const { delay, mute, cutOutput } = this.faults;
          if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay));
          if (mute === true) continue;
          if (cutOutput === undefined || piece.length < cutOutput) {
            if (cutOutput !== undefined) this.faults.cutOutput = cutOutput - piece.length;
            write(piece);
            continue;
          }
          delete this.faults.cutOutput;
          write(piece.subarray(0, cutOutput));
          // What was written before must have left the process.
          await new Promise((resolve) => setImmediate(resolve));
          this.drop();
        }
      });
    };
  }
}
