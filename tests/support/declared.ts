import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run, Stack, StateResource } from "../../lab/engine";
import type { Machine } from "../../lab/lab";
import { doorFor } from "./doors";
import { connectionTo, workplace } from "./world";

/** Declared is a resource of the program tests/programs/declared. */
export interface Declared {
  readonly type:
    | "Provider"
    | "Namespace"
    | "VethPair"
    | "IpipTunnel"
    | "Route"
    | "Rule"
    | "Address"
    | "Link"
    | "Sysctl"
    | "FouPort"
    | "MssClamp"
    | "MplsLabelTable"
    | "MplsInput"
    | "MplsRoute"
    | "TunnelProbe";
  readonly args: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** made stands for another resource of the program, or for one of its outputs. */
export function made(name: string, output?: string) {
  return output === undefined ? { $made: name } : { $made: name, output };
}

/** The doors by which the engine comes to our code, as programs choose them. */
export const DOORS = { dynamic: "pulumi-ipip", plugin: "pulumi-ipip/plugin" } as const;

/** Program is a program whose resources a test gives as data, with a stack of its own. */
export class Program {
  /** The module that the program takes its classes from. */
  door: (typeof DOORS)[keyof typeof DOORS] = DOORS[doorFor(0)];

  private constructor(
    readonly stack: Stack,
    /** The folder with the program and its state. */
    readonly dir: string,
    private readonly connection: Readonly<Record<string, unknown>>,
    private readonly remove: () => void,
  ) {}

  static on(machine: Machine, name?: string): Promise<Program> {
    // A host that is down on purpose is to be given up at once.
    return Program.over({ ...connectionTo(machine), dialErrorLimit: 1 }, name);
  }

  /** over makes a program whose host is reached by some other connection than a machine's own. */
  static async over(connection: Readonly<Record<string, unknown>>, name = "dev"): Promise<Program> {
    const { dir, stack, close } = await workplace("tests/programs/declared", { name });
    return new Program(stack, dir, connection, close);
  }

  /** declare says what the program makes from now on, and how it reaches the host where that is special. */
  declare(
    resources: Readonly<Record<string, Declared>>,
    connection: Readonly<Record<string, unknown>> = {},
  ): void {
    this.write(resources, { connection: { ...this.connection, ...connection } });
  }

  /** declareOn says what the program makes from now on, on a host that the configuration has by this name, if it gives one. */
  declareOn(host: string | undefined, resources: Readonly<Record<string, Declared>>): void {
    this.write(resources, { host });
  }

  private write(
    resources: Readonly<Record<string, Declared>>,
    common: Readonly<Record<string, unknown>>,
  ): void {
    const text = JSON.stringify({ door: this.door, common, resources });
    writeFileSync(join(this.stack.program, "declared.json"), text);
  }

  up(...args: readonly string[]): Promise<Run> {
    return this.stack.pulumi("up", "--yes", "--skip-preview", ...args);
  }

  preview(...args: readonly string[]): Promise<Run> {
    return this.stack.pulumi("preview", "--expect-no-changes", ...args);
  }

  refresh(...args: readonly string[]): Promise<Run> {
    return this.stack.pulumi("refresh", "--yes", "--skip-preview", ...args);
  }

  destroy(...args: readonly string[]): Promise<Run> {
    return this.stack.pulumi("destroy", "--yes", "--skip-preview", ...args);
  }

  /** pending lists what an engine that was killed had begun and not ended, as the state has it. */
  async pending(): Promise<string[]> {
    const { stdout } = await this.stack.pulumi("stack", "export");
    const { deployment } = JSON.parse(stdout) as {
      deployment: { pending_operations?: { type: string; resource: { urn: string } }[] };
    };
    return (deployment.pending_operations ?? []).map(
      ({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`,
    );
  }

  /** find gives what the state holds of a resource. */
  async find(name: string): Promise<StateResource | undefined> {
    return (await this.stack.resources()).find(({ urn }) => urn.endsWith(`::${name}`));
  }

  /** names are the resources that the state holds, besides the engine's own. */
  async names(): Promise<(string | undefined)[]> {
    const ours = (await this.stack.resources()).filter(({ type }) => !type.startsWith("pulumi:"));
    return ours.map(({ urn }) => urn.split("::").at(-1));
  }

  /** urnOf is a resource of the program as the state calls it. */
  urnOf(type: Declared["type"], name: string): string {
    const token = this.door === DOORS.dynamic ? "pulumi-nodejs:dynamic/ipip" : "ipip:index";
    return `urn:pulumi:${this.stack.name}::declared::${token}:${type}::${name}`;
  }

  close(): void {
    this.remove();
  }
}

/** Code is what an exit code of the engine says (sdk/go/common/util/cmdutil/exit.go). */
export const Code = { ok: 0, error: 1, changes: 7, cancelled: 8 } as const;

/** expectCode fails with all that the engine printed, and else gives it without its colours. */
export function expectCode(run: Run, code: number): string {
  const text = `${run.stdout}${run.stderr}`;
  if (run.code !== code) throw new Error(`exit code ${run.code} instead of ${code}\n${text}`);
  return text;
}
