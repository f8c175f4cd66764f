import type { Case, Op, Row } from "./rows";
import { RESOURCES_PER_TUNNEL } from "./tunnels";

/** Goal is something that was to be reached, and how far it was. */
export interface Goal {
  readonly what: string;
  /** Nothing where the benchmark was not made to measure it. */
  readonly value: number | undefined;
  readonly comparison: "<=" | ">=";
  readonly limit: number | undefined;
  readonly unit: "" | " s" | " MB";
}

/** Sizes are the numbers of tunnels that the goals are about. */
export interface Sizes {
  readonly small: number;
  readonly medium: number;
  readonly large: number;
}

const CHANGING = ["up", "update", "destroy"] as const;
/** Fewer process starts than this for each resource is well below one. */
const PROCESSES_PER_RESOURCE = 0.25;
/** Fewer round trips than this for each further resource is not resource by resource. */
const TURNS_PER_RESOURCE = 0.1;
const MOST_MB = 200;
const TIMES_FASTER = 5;

interface Where {
  readonly hosts?: number;
  readonly delayMs?: number;
  readonly checkpoints?: boolean | null;
}

/** goalsOf holds rows against what was to be reached. */
export function goalsOf(rows: readonly Row[], { small, medium, large }: Sizes): Goal[] {
  const row = (name: Case, op: Op, n: number, where: Where = {}) => {
    const { hosts = 1, delayMs = 0, checkpoints = true } = where;
    return rows.find(
      (each) =>
        each.case === name &&
        each.op === op &&
        each.n === n &&
        each.hosts === hosts &&
        each.delayMs === delayMs &&
        !each.udev &&
        each.checkpoints === checkpoints,
    );
  };
  const seconds = (...args: Parameters<typeof row>) => divided(row(...args)?.medianMs, 1000);

  const ratio = (op: Op, limit: number, delayMs: number): Goal => ({
    what: `ours ÷ floor, ${op}, N = ${large}${delayMs > 0 ? `, ${delayMs} ms of delay` : ""}`,
    value: row("ours", op, large, { delayMs })?.ratioToFloor ?? undefined,
    comparison: "<=",
    limit,
    unit: "",
  });

  const within = (op: Op): Goal => {
    const floor = seconds("floor", op, large, { checkpoints: false });
    const host = seconds("batch+read", op, large, { checkpoints: null });
    return {
      what: `${op} without checkpoints against floor + 1.5 × (batch+read), N = ${large}`,
      value: seconds("ours", op, large, { checkpoints: false }),
      comparison: "<=",
      limit: floor === undefined || host === undefined ? undefined : floor + 1.5 * host,
      unit: " s",
    };
  };

  const faster = (peer: "exec" | "ansible", op: Op): Goal => {
    const theirs = row(peer, op, medium, { checkpoints: peer === "ansible" ? null : true })?.medianMs;
    return {
      what: `${peer} ÷ ours, ${op}, N = ${medium}`,
      value: divided(theirs, row("ours", op, medium)?.medianMs),
      comparison: ">=",
      limit: TIMES_FASTER,
      unit: "",
    };
  };

  /** perTunnel is the time of one tunnel without the engine's own. */
  const perTunnel = (op: Op, n: number) => {
    const [ours, floor] = (["ours", "floor"] as const).map(
      (name) => row(name, op, n, { checkpoints: false })?.medianMs,
    );
    return typeof ours === "number" && typeof floor === "number" ? Math.max(0, ours - floor) / n : undefined;
  };
  const linear = (op: Op): Goal => ({
    what: `time per tunnel above the floor, ${op}, N = ${large} ÷ N = ${small}`,
    value: large === small ? undefined : divided(perTunnel(op, large), perTunnel(op, small)),
    comparison: "<=",
    limit: 1.3,
    unit: "",
  });

  /** What this package may cost at most holds for both of its doors. */
  const ours = rows.filter((each) => each.case === "ours" || each.case === "plugin");
  const most = (pick: (row: Row) => number | null, of: readonly Row[]) => {
    const values = of.map(pick).filter((value) => value !== null);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  const largest = ours.filter(({ n }) => n === large);
  const turns = (n: number) => row("ours", "refresh", n, { checkpoints: false })?.turns ?? undefined;
  const [few, many] = [turns(small), turns(large)];

  return [
    ratio("up", 1.25, 0),
    ratio("no change", 1.15, 0),
    ratio("refresh", 1.15, 0),
    ...(["up", "no change", "refresh"] as const).map((op) => ratio(op, 1.5, 50)),
    ...CHANGING.map(within),
    {
      what: `ours ÷ floor, refresh without checkpoints, N = ${large}`,
      value: row("ours", "refresh", large, { checkpoints: false })?.ratioToFloor ?? undefined,
      comparison: "<=",
      limit: 1.5,
      unit: "",
    },
    {
      what: "connections per host and operation, at most, in all rows",
      value: most(({ connections }) => connections, ours),
      comparison: "<=",
      limit: 1,
      unit: "",
    },
    {
      what: `processes started on the hosts per resource, at most, N = ${large}`,
      value: most(({ processes, n }) => divided(processes, n * RESOURCES_PER_TUNNEL) ?? null, largest),
      comparison: "<=",
      limit: PROCESSES_PER_RESOURCE,
      unit: "",
    },
    {
      what: `turns of a refresh for each further resource, N = ${small} to ${large}`,
      value:
        few === undefined || many === undefined || large === small
          ? undefined
          : (many - few) / (large - small) / RESOURCES_PER_TUNNEL,
      comparison: "<=",
      limit: TURNS_PER_RESOURCE,
      unit: "",
    },
    ...[...CHANGING, "refresh" as const].map((op) => faster("exec", op)),
    ...CHANGING.map((op) => faster("ansible", op)),
    ...[...CHANGING, "refresh" as const].map(linear),
    {
      what: `memory of the provider, at most, N = ${large}`,
      value: most(({ providerMb }) => providerMb, largest),
      comparison: "<=",
      limit: MOST_MB,
      unit: " MB",
    },
  ];
}

function divided(value: number | null | undefined, by: number | null | undefined): number | undefined {
  if (typeof value !== "number" || typeof by !== "number") return undefined;
  // Nothing is no more than nothing: such a quotient says that there was nothing to see.
  return value === 0 ? 0 : value / by;
}

/** verdict says of a goal whether it is met. */
export function verdict({ value, limit, comparison }: Goal): "met" | "missed" | "not measured" {
  if (value === undefined || limit === undefined) return "not measured";
  return (comparison === "<=" ? value <= limit : value >= limit) ? "met" : "missed";
}

/** goalText is a goal in one line: "goal: ours ÷ floor, up, N = 500: 1.12 <= 1.25 met". */
export function goalText(goal: Goal): string {
  const { what, value, comparison, limit, unit } = goal;
  const number = (figure: number | undefined) =>
    figure === undefined ? "?" : String(Number(figure.toFixed(3)));
  return `${what}: ${number(value)}${unit} ${comparison} ${number(limit)}${unit} ${verdict(goal)}`;
}
