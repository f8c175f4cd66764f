import type { Case, Op } from "../rows";
import type { Tunnel } from "../tunnels";

/** Target is a host as a program is told of it. */
export interface Target {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly hostKey: string;
    readonly privateKeyPath: string;
  };
}

/** Task is a setting at which a contender is to work, and a folder of its own to do it in. */
export interface Task {
  readonly hosts: readonly Target[];
  readonly checkpoints: boolean;
  readonly folder: string;
}

/** Outcome is what a contender can tell of an operation besides what the counters say. */
export interface Outcome {
  readonly providerMb: number | null;
}

/** Worker is a contender at work on one setting. */
export interface Worker {
  /** perform does what the operation means to it; tunnels are those that there shall be. */
  perform(op: Op, tunnels: readonly Tunnel[], signal: AbortSignal): Promise<Outcome>;
}

export interface Contender {
  readonly name: Case;
  /** Whether it goes through the engine, so that checkpoints are a matter to it. */
  readonly engine: boolean;
  /** Whether it touches the hosts at all. */
  readonly real: boolean;
  readonly ops: readonly Op[];
  start(task: Task): Promise<Worker>;
}
