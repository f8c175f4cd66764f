import type { Case } from "./rows";

/** Part is a set of contenders that are measured in turn at one setting. */
export interface Part {
  readonly n: number;
  readonly hosts: number;
  readonly delayMs: number;
  /** Whether the engine's contenders write their state at each step. */
  readonly checkpoints: boolean;
  /** Whether the hosts' udev is at work. */
  readonly udev: boolean;
  readonly cases: readonly Case[];
  /** How often all operations are gone through. */
  readonly cycles: number;
  /** How many samples there shall be at least of an operation that leaves everything as it was. */
  readonly samples: number;
}

export interface Plan {
  readonly parts: readonly Part[];
  /** The numbers of tunnels that the goals are about. */
  readonly small: number;
  readonly medium: number;
  readonly large: number;
}

const ENGINE: readonly Case[] = ["floor", "ours", "plugin"];
const HOST: readonly Case[] = ["batch", "batch+read"];
const PEERS: readonly Case[] = ["exec", "ansible", "ansible at once"];

type Special = Partial<Pick<Part, "hosts" | "delayMs" | "checkpoints" | "udev" | "samples">>;

export const part = (n: number, cases: readonly Case[], cycles: number, special: Special = {}): Part => ({
  ...{ n, cases, cycles, hosts: 1, delayMs: 0, checkpoints: true, udev: false, samples: 3 },
  ...special,
});

/** The whole of it: everything that a goal or the documentation needs. */
export const whole: Plan = {
  small: 50,
  medium: 100,
  large: 500,
  parts: [
    part(10, [...ENGINE, ...HOST], 3),
    part(10, PEERS, 1, { samples: 1 }),
    part(10, [...ENGINE, ...HOST], 2, { hosts: 4 }),
    part(50, ENGINE, 2, { checkpoints: false }),
    part(100, [...ENGINE, ...HOST], 2),
    part(100, PEERS, 1, { samples: 1 }),
    part(100, [...ENGINE, ...HOST], 1, { hosts: 4 }),
    part(100, [...ENGINE, ...HOST], 1, { delayMs: 50 }),
    part(100, ENGINE, 2, { checkpoints: false }),
    part(500, [...ENGINE, ...HOST], 1, { checkpoints: false }),
    part(500, ["ours", "batch+read"], 1, { hosts: 4, checkpoints: false }),
    part(500, ["ours", "batch+read"], 1, { checkpoints: false, udev: true }),
    part(500, ENGINE, 1),
    part(500, ["ours"], 1, { delayMs: 50 }),
  ],
};

/** The short form: the same contenders and goals with fewer tunnels, for daily use. */
export const short: Plan = {
  small: 10,
  medium: 10,
  large: 100,
  parts: [
    part(10, [...ENGINE, ...HOST, "exec", "ansible"], 1),
    part(10, ["ours", "batch+read"], 1, { hosts: 4 }),
    part(10, ENGINE, 1, { checkpoints: false }),
    part(100, [...ENGINE, ...HOST], 1),
    part(100, ENGINE, 1, { checkpoints: false }),
    part(100, ["ours", "batch+read"], 1, { delayMs: 50 }),
  ].map((each) => ({ ...each, samples: 1 })),
};
