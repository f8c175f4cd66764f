import { median } from "./statistics";

/** The operations in the order in which a cycle performs them; each finds what the one before has left. */
export const OPS = ["up", "no change", "refresh", "update", "destroy"] as const;
export type Op = (typeof OPS)[number];

export const CASES = [
  "floor",
  "ours",
  "plugin",
  "exec",
  "batch",
  "batch+read",
  "ansible",
  "ansible at once",
] as const;
export type Case = (typeof CASES)[number];

/** Setting is what a figure is measured at. */
export interface Setting {
  readonly n: number;
  readonly hosts: number;
  readonly delayMs: number;
  /** Whether the engine writes its state at each step; null for a contender without an engine. */
  readonly checkpoints: boolean | null;
  /** Whether the hosts' udev is at work. */
  readonly udev: boolean;
}

/** Sample is one operation, measured once. */
export interface Sample {
  readonly ms: number;
  /** The most connections, and the most turns, that any of the hosts saw. */
  readonly connections: number;
  readonly turns: number;
  /** Processes started on all hosts together. */
  readonly processes: number;
  /** Bytes of SSH to and from all hosts together. */
  readonly bytesToHosts: number;
  readonly bytesFromHosts: number;
  /** The most memory that the provider's process held; null for a contender without one. */
  readonly providerMb: number | null;
}

/** Row is what the samples of one operation at one setting come to. */
export interface Row extends Setting {
  readonly case: Case;
  readonly op: Op;
  readonly runs: number;
  readonly medianMs: number | null;
  readonly minMs: number | null;
  readonly maxMs: number | null;
  readonly ratioToFloor: number | null;
  readonly connections: number | null;
  readonly turns: number | null;
  readonly processes: number | null;
  readonly bytesToHosts: number | null;
  readonly bytesFromHosts: number | null;
  readonly providerMb: number | null;
  /** Why there are no figures, or none of later runs. */
  readonly failed?: string;
}

export interface Measured extends Setting {
  readonly case: Case;
  readonly op: Op;
  readonly samples: readonly Sample[];
  readonly failed?: string;
}

/** rowsOf sums up what was measured, and holds it against the floor. */
export function rowsOf(measured: readonly Measured[]): Row[] {
  return measured.map((each) => {
    const { samples, failed, ...setting } = each;
    const of = (pick: (sample: Sample) => number | null) => {
      const values = samples.map(pick).filter((value) => value !== null);
      return values.length === 0 ? null : median(values);
    };
    const times = samples.map(({ ms }) => ms);
    const medianMs = of(({ ms }) => ms);
    const floor = floorOf(measured, each);
    const rounded = (value: number | null) => (value === null ? null : Math.round(value));
    return {
      ...setting,
      runs: samples.length,
      medianMs: rounded(medianMs),
      minMs: times.length === 0 ? null : Math.round(Math.min(...times)),
      maxMs: times.length === 0 ? null : Math.round(Math.max(...times)),
      ratioToFloor:
        medianMs === null || floor === undefined ? null : Math.round((medianMs / floor) * 1000) / 1000,
      connections: of((sample) => sample.connections),
      turns: rounded(of((sample) => sample.turns)),
      processes: rounded(of((sample) => sample.processes)),
      bytesToHosts: rounded(of((sample) => sample.bytesToHosts)),
      bytesFromHosts: rounded(of((sample) => sample.bytesFromHosts)),
      providerMb: rounded(of((sample) => sample.providerMb)),
      ...(failed !== undefined && { failed }),
    };
  });
}

/**
 * floorOf is the floor's median at the same setting. Where it was not measured there it is that of one host with neither
 * delay nor udev, since the floor knows no hosts. A contender without an engine is held against the floor with checkpoints.
 */
function floorOf(
  measured: readonly Measured[],
  { op, n, hosts, delayMs, checkpoints, udev }: Measured,
): number | undefined {
  const floors = measured.filter(
    (one) =>
      one.case === "floor" &&
      one.op === op &&
      one.n === n &&
      one.checkpoints === (checkpoints ?? true) &&
      one.samples.length > 0,
  );
  const floor =
    floors.find((one) => one.hosts === hosts && one.delayMs === delayMs && one.udev === udev) ??
    floors.find((one) => one.hosts === 1 && one.delayMs === 0 && !one.udev);
  return floor && median(floor.samples.map(({ ms }) => ms));
}
