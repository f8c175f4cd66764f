import { setTimeout as pause } from "node:timers/promises";
import type { Asked, Fate } from "./loopback-host";
import type { LoopbackScene } from "./loopback-scene";
import type { Cut, Way } from "./proxy";
import { type Course, type Fault, type Lengths, OPERATIONS, type Operation } from "./trial";

export type LoopbackFault = Fault<LoopbackScene> & { readonly maxSessions?: number };

/** Density is how many points of an operation a sweep meets. */
export interface Density {
  readonly cut: number;
  readonly cutForGood: number;
  readonly handshake: number;
  readonly freeze: number;
  readonly killed: number;
  readonly truncated: number;
  readonly host: number;
  readonly slow: number;
}

export const WHOLE: Density = {
  cut: 20,
  cutForGood: 8,
  handshake: 8,
  freeze: 5,
  killed: 12,
  truncated: 6,
  host: 5,
  slow: 2,
};

/** What runs with every `make test`: some of each kind. */
export const SHORT: Density = {
  cut: 2,
  cutForGood: 1,
  handshake: 1,
  freeze: 1,
  killed: 1,
  truncated: 1,
  host: 1,
  slow: 0,
};

const WAYS: readonly Way[] = ["to the host", "from the host"];
/** Patience where an operation waits for a host that says nothing. */
const HASTY = { perDialTimeout: 0.7, dialErrorLimit: 1, operationTimeout: 1.5 };
/** An attempt more would find the same. */
const ONCE = { dialErrorLimit: 1 };
/** How long a restarted sshd, or a machine that boots, takes no connections. */
const AWAY_MS = 200;

/** points spreads so many over a length, none of them at an end of it. */
function points(count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + 0.5) / count);
}

const percent = (part: number) => `${Math.round(part * 1000) / 10}%`;
const short = (way: Way) => way.replaceAll(" ", "-");

/** loopbackFaults lists the faults of a run, each by a name that says all about it. */
export function loopbackFaults(density: Density): LoopbackFault[] {
  return OPERATIONS.flatMap((operation) => [
    ...refused(operation, density),
    ...resets(operation, density),
    ...freezes(operation, density),
    ...ofTheHost(operation, density),
    ...ofCommands(operation, density),
    ...slows(operation, density),
  ]);
}

function cutAt(part: number, way: Way, by: Cut["by"], forGood = false) {
  return ({ proxy }: LoopbackScene, lengths: Lengths): Course => {
    proxy.met = 0;
    proxy.breaks({ way, after: Math.floor(lengths[way] * part), by, forGood });
    return { struck: () => proxy.met > 0 };
  };
}

function refused(operation: Operation, { host }: Density): LoopbackFault[] {
  const before: LoopbackFault = {
    id: `refused/${operation}/from-the-beginning`,
    kind: "connection refused",
    operation,
    patience: ONCE,
    begin: async ({ proxy }) => {
      proxy.met = 0;
      await proxy.refuses();
      return { struck: () => proxy.met > 0 };
    },
  };
  const later = points(host).map((part): LoopbackFault => {
    const at = `command-${percent(part)}`;
    return {
      id: `refused/${operation}/${at}`,
      kind: "connection refused",
      operation,
      patience: ONCE,
      begin: atCommand(part, ({ proxy }) => proxy.refuses()),
    };
  });
  return [before, ...later];
}

function resets(operation: Operation, density: Density): LoopbackFault[] {
  const sweep = (
    kind: string,
    name: string,
    count: number,
    more: Partial<Fault>,
    by: Cut["by"],
    forGood = false,
  ) =>
    WAYS.flatMap((way) =>
      points(count).map(
        (part): LoopbackFault => ({
          id: `${name}/${operation}/${short(way)}/${percent(part)}`,
          kind,
          operation,
          ...more,
          begin: cutAt(part, way, by, forGood),
        }),
      ),
    );
  return [
    ...sweep("reset after k bytes", "reset", density.cut, {}, "reset"),
    ...sweep("closed after k bytes", "closed", density.cutForGood, {}, "close"),
    ...sweep("reset after k bytes, then away", "away", density.cutForGood, { patience: ONCE }, "reset", true),
    ...sweep("reset after k bytes of logging in", "login", density.handshake, { cold: true }, "reset"),
  ];
}

function freezes(operation: Operation, { freeze }: Density): LoopbackFault[] {
  return WAYS.flatMap((way) =>
    points(freeze).flatMap((part): LoopbackFault[] => [
      {
        id: `frozen/${operation}/${short(way)}/${percent(part)}/thawed-in-time`,
        kind: "host frozen, thawed in time",
        operation,
        begin: (scene, lengths) => {
          const course = cutAt(part, way, "hold")(scene, lengths);
          let working = true;
          // As soon as it has struck, and a little more.
          const thaw = async () => {
            while (working && !course.struck()) await pause(10);
            await pause(AWAY_MS);
            scene.proxy.thaws();
          };
          const thawed = thaw();
          return {
            ...course,
            cure: async () => {
              working = false;
              await thawed;
            },
          };
        },
      },
      {
        id: `frozen/${operation}/${short(way)}/${percent(part)}/given-up`,
        kind: "host frozen until given up",
        operation,
        patience: HASTY,
        begin: cutAt(part, way, "hold"),
      },
    ]),
  );
}

/** atCommand has something happen when the host comes to the command at a part of the way. */
function atCommand(part: number, happen: (scene: LoopbackScene) => Promise<void> | void) {
  return (scene: LoopbackScene, { commands }: Lengths): Course => {
    const nth = Math.floor(commands * part);
    let count = 0;
    let happened: Promise<void> | undefined;
    scene.host.fate = () => {
      if (count++ === nth) happened = Promise.resolve(happen(scene));
      return undefined;
    };
    return {
      struck: () => happened !== undefined,
      cure: async () => {
        scene.host.fate = undefined;
        await happened;
      },
    };
  };
}

function ofTheHost(operation: Operation, { host }: Density): LoopbackFault[] {
  const at = (
    kind: string,
    name: string,
    begin: (part: number) => LoopbackFault["begin"],
    more: Partial<LoopbackFault> = {},
  ) =>
    points(host).map(
      (part): LoopbackFault => ({
        id: `${name}/${operation}/command-${percent(part)}`,
        kind,
        operation,
        ...more,
        begin: begin(part),
      }),
    );
  const backSoon = async ({ proxy }: LoopbackScene) => {
    await proxy.refuses();
    await pause(AWAY_MS);
    await proxy.mends();
  };
  return [
    ...at("sshd restarted", "sshd", (part) =>
      atCommand(part, (scene) => {
        scene.host.dropAll();
        return backSoon(scene);
      }),
    ),
    ...at(
      "machine powered off",
      "power",
      (part) =>
        atCommand(part, (scene) => {
          scene.host.losePower();
          return backSoon(scene);
        }),
      { forgets: true },
    ),
    ...at("the shells killed", "shell", (part) => atCommand(part, ({ host }) => host.killPrograms())),
    ...points(host).map(
      (_, index): LoopbackFault => ({
        id: `startups/${operation}/${index + 1}-hung-up-on`,
        kind: "MaxStartups small",
        operation,
        cold: true,
        patience: { dialErrorLimit: 2 },
        begin: ({ proxy }) => {
          proxy.met = 0;
          proxy.hangsUp(index + 1);
          return { struck: () => proxy.met > 0 };
        },
      }),
    ),
    {
      id: `sessions/${operation}`,
      kind: "MaxSessions 1",
      operation,
      cold: true,
      maxSessions: 1,
      begin: () => ({ struck: () => true }),
    },
  ];
}

/** ofNth lets a fate befall the command, of those that it may befall, at a part of the way. */
function ofNth(
  part: number,
  total: (lengths: Lengths) => number,
  may: (asked: Asked) => boolean,
  fate: Fate,
  lasting = false,
) {
  return ({ host }: LoopbackScene, lengths: Lengths): Course => {
    const nth = Math.floor(total(lengths) * part);
    let count = 0;
    let struck = false;
    host.fate = (asked) => {
      if (!may(asked)) return undefined;
      const now = count++;
      if (now !== nth && !(lasting && now > nth)) return undefined;
      struck = true;
      return fate;
    };
    return {
      struck: () => struck,
      cure: () => {
        host.fate = undefined;
      },
    };
  };
}

function ofCommands(operation: Operation, { killed, truncated, host }: Density): LoopbackFault[] {
  const any = () => true;
  const changing = ({ listing }: Asked) => !listing;
  const listing = (asked: Asked) => asked.listing;
  const full: Fate = {
    kind: "refuse",
    text: 'Cannot create namespace file "/run/netns/x": No space left on device',
  };
  const needsRoom = ({ line }: Asked) => /netns add|link add/.test(line);
  return [
    ...points(killed).flatMap((part) =>
      [true, false].map(
        (done): LoopbackFault => ({
          id: `killed/${operation}/${percent(part)}/${done ? "after" : "before"}`,
          kind: "ip killed",
          operation,
          begin: ofNth(part, ({ commands }) => commands, any, { kind: "kill", done }),
        }),
      ),
    ),
    ...points(truncated).flatMap((part) =>
      [0.3, 0.97].flatMap((much) =>
        (["killed", 0] as const).map(
          (code): LoopbackFault => ({
            id: `truncated/${operation}/listing-${percent(part)}/at-${percent(much)}/${code === 0 ? "unnoticed" : code}`,
            kind: "output cut in a JSON array",
            operation,
            begin: ofNth(part, ({ listings }) => listings, listing, { kind: "truncate", part: much, code }),
          }),
        ),
      ),
    ),
    ...points(operation === "refresh" ? 0 : host).map(
      (part): LoopbackFault => ({
        id: `refusing/${operation}/${percent(part)}`,
        kind: "commands refused from one on",
        operation,
        begin: ofNth(
          part,
          ({ commands, listings }) => commands - listings,
          changing,
          { kind: "refuse", text: "RTNETLINK answers: No buffer space available" },
          true,
        ),
      }),
    ),
    ...(operation === "create" || operation === "update"
      ? [0, 1, 2].map(
          (nth): LoopbackFault => ({
            id: `full/${operation}/${nth}`,
            kind: "disk full",
            operation,
            begin: ofNth(nth, () => 1, needsRoom, full, true),
          }),
        )
      : []),
  ];
}

function slows(operation: Operation, { slow }: Density): LoopbackFault[] {
  return Array.from(
    { length: slow },
    (_, index): LoopbackFault => ({
      id: `slow/${operation}/seed-${index + 1}`,
      kind: "300 ms delay, 5 % loss",
      operation,
      cold: index % 2 === 0,
      begin: ({ proxy }) => {
        proxy.met = 0;
        proxy.slows({ delayMs: 150, lossPercent: 5, seed: index + 1 });
        return { struck: () => proxy.met > 0 };
      },
    }),
  );
}
