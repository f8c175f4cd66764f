import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** The folder of this clone, and the one below it where everything that is made lies. */
export const ROOT = resolve(__dirname, "..");
export const CACHE = join(ROOT, ".cache");

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StackOptions {
  /** Folder of the program: the one with Pulumi.yaml. */
  readonly program: string;
  /** Folder for the state, the plugins and the logs of this stack alone. */
  readonly home: string;
  readonly name?: string;
  /** Folder of programs that come before those on PATH: another `node`, or a Python with packages. */
  readonly first?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Stack is a stack of the real engine with a local state: no account, and nothing leaves this machine. */
export class Stack {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(private readonly options: StackOptions) {
    this.name = options.name ?? "dev";
    const { home, first } = options;
    const tools = ["engine", "languages"].map((name) => join(CACHE, name, "bin"));
    const path = [first, ...tools, process.env.PATH].filter((part) => part !== undefined);
    this.env = {
      ...process.env,
      PATH: path.join(delimiter),
      PULUMI_HOME: join(home, "home"),
      PULUMI_BACKEND_URL: `file://${join(home, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "lab",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_STACK: this.name,
      ...options.env,
    };
  }

  /** open gives the stack of a home, made if it isn't there. */
  static async open(options: StackOptions): Promise<Stack> {
    const stack = new Stack(options);
    mkdirSync(join(options.home, "state"), { recursive: true });
    const made = join(options.home, "state", ".pulumi", "stacks");
    if (!existsSync(made)) {
      const { code, stderr } = await stack.pulumi("stack", "init", stack.name);
      if (code !== 0) throw new Error(`pulumi stack init: ${stderr}`);
    }
    return stack;
  }

  get program(): string {
    return this.options.program;
  }

  private get configFile(): string {
    return join(this.program, `Pulumi.${this.name}.yaml`);
  }

  /** configure replaces the stack's configuration; keys without a namespace are the project's own. */
  configure(values: Readonly<Record<string, unknown>>): void {
    const project = /^name: *(.+)$/m.exec(readFileSync(join(this.program, "Pulumi.yaml"), "utf8"))?.[1];
    const config = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]),
    );
    const old = existsSync(this.configFile) ? readFileSync(this.configFile, "utf8") : "";
    const encryptionsalt = /encryptionsalt"?: *"?([^"\s]+)/.exec(old)?.[1];
    // JSON is YAML too.
    writeFileSync(this.configFile, JSON.stringify({ encryptionsalt, config }, undefined, 2));
  }

  /** pulumi runs the engine's command on this stack. */
  pulumi(...args: readonly string[]): Promise<Run> {
    return this.spawn(args, (text) => void text);
  }

  /** show runs the engine's command and lets a person watch. */
  show(...args: readonly string[]): Promise<Run> {
    return this.spawn(args, (text) => process.stdout.write(text));
  }

  private spawn(args: readonly string[], watch: (text: Buffer) => void): Promise<Run> {
    const child = spawn("pulumi", ["-C", this.program, "--non-interactive", ...args], {
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      watch(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      watch(chunk);
    });
    return new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) => {
        const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8");
        done({ code: code ?? (signal === null ? -1 : 128), stdout: text(stdout), stderr: text(stderr) });
      });
    });
  }

  /** resources is what the state holds. */
  async resources(): Promise<StateResource[]> {
    const { code, stdout, stderr } = await this.pulumi("stack", "export");
    if (code !== 0) throw new Error(`pulumi stack export: ${stderr}`);
    const state = JSON.parse(stdout) as { deployment: { resources?: StateResource[] } };
    return state.deployment.resources ?? [];
  }
}

/** StateResource is a resource as Pulumi's state holds it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly initErrors?: readonly string[];
  /** It has been deleted, and what replaces it is yet to be made. */
  readonly pendingReplacement?: boolean;
}
