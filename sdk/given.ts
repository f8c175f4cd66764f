import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Problem } from "../provider/resource";
import { parseInputs, unknown } from "../provider/unknown";
import type { Named } from "./resource";

type Tree = Record<string, unknown>;
type Judge<K> = (known: K) => readonly Problem[];

/**
 * Given is what a program gives a component. What is plain is judged at once; an output is judged, with all that is
 * known by then, when it is known.
 */
export class Given<K> {
  private readonly tree: Tree;
  private readonly later: pulumi.Output<void>[] = [];
  private failure: pulumi.RunError | undefined;
  /** Known, and undefined, when all that is given is known and right. */
  readonly right: pulumi.Output<undefined>;

  /** Throws when something is wrong already. */
  constructor(
    private readonly what: string,
    private readonly schema: z.ZodObject,
    args: object,
    private readonly judge: Judge<K>,
  ) {
    const outputs: { holder: Tree; key: string; output: pulumi.Output<unknown> }[] = [];
    const take = (value: unknown, holder: Tree, key: string): unknown => {
      if (pulumi.Resource.isInstance(value)) return take((value as Named).name, holder, key);
      if (pulumi.Output.isInstance(value) || value instanceof Promise) {
        outputs.push({ holder, key, output: pulumi.output(value as unknown) });
        return unknown;
      }
      if (Array.isArray(value)) return filled(value, []);
      if (typeof value !== "object" || value === null) return value;
      return Object.getPrototypeOf(value) === Object.prototype ? filled(value, {}) : value;
    };
    const filled = (from: object, into: object): object => {
      for (const [key, value] of Object.entries(from)) {
        Reflect.set(into, key, take(value, into as Tree, key));
      }
      return into;
    };
    this.tree = filled(args, {}) as Tree;
    this.check();
    for (const { holder, key, output } of outputs) {
      const judged = output.apply((value) => {
        holder[key] = value;
        this.check();
      });
      this.later.push(judged);
    }
    this.right = pulumi.all(this.later).apply(() => undefined);
  }

  /** value is the canonical form of what is given, with `unknown` for what is not known. */
  get value(): unknown {
    return parseInputs(this.schema, this.tree).value;
  }

  /**
   * once gives a value when all else is known and right too, so that nothing is made of what is wrong. A preview makes
   * nothing, and does not wait: much of it would be unknown.
   */
  once<T>(value: pulumi.Input<T>): pulumi.Output<T> {
    const output = pulumi.output(value) as pulumi.Output<T>;
    if (pulumi.runtime.isDryRun()) return output;
    return pulumi.all([output, this.right]).apply(([inner]) => inner as T) as pulumi.Output<T>;
  }

  private check(): void {
    const { known, problems } = parseInputs(this.schema, this.tree);
    const found = [...problems, ...this.judge(known as K)];
    if (found.length === 0) return;
    // One error, however many outputs find it, so that the engine prints it once, and without frames: of an error in an
    // output it prints the stack.
    const message = messageOf(this.what, found);
    this.failure ??= Object.assign(new pulumi.RunError(message), { stack: message });
    throw this.failure;
  }
}

function messageOf(what: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ path, message }) => `  ${z.core.toDotPath([...path])}: ${message}`);
  return `${what} can't be as it is given:\n${[...new Set(lines)].join("\n")}`;
}
