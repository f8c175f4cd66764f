import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { LabScene } from "./lab-scene";
import type { Way } from "./proxy";
import type { Course, Fault, Lengths, Operation } from "./trial";

export type LabFault = Fault<LabScene>;

/** Patience for a machine that says nothing; it is slower than one that does. */
const HASTY = { perDialTimeout: 5, dialErrorLimit: 1, operationTimeout: 8 };
/** Ends the first `ip` that it meets, and no other. */
const KILLER =
  "systemd-run --quiet --remain-after-exit --unit=killer sh -c 'until pkill -KILL -x ip; do :; done'";
const CHANGES: readonly Operation[] = ["create", "update", "destroy"];
const WAYS: readonly Way[] = ["to the host", "from the host"];

/** labFaults are those that only a real machine has, and some that it shares with the host within the test. */
export function labFaults(): LabFault[] {
  return CHANGES.flatMap((operation) => [
    ...WAYS.map((way) => reset(operation, way, 0.5)),
    frozen(operation, 0.3),
    thawed(operation),
    sshd(operation),
    power(operation),
    full(operation),
    killed(operation),
    slow(operation),
    sessions(operation),
    startups(operation),
  ]);
}

/** What runs with every `make test`. */
export const SHORT_IDS = ["lab/frozen/update/30%", "lab/sshd/update"];

/** midway has something happen when so much of an operation has travelled. */
function midway(part: number, happen: (scene: LabScene) => Promise<unknown>, way: Way = "to the host") {
  return (scene: LabScene, lengths: Lengths): Course => {
    let happened: Promise<unknown> | undefined;
    const by = () => {
      happened = happen(scene);
    };
    scene.proxy.breaks({ way, after: Math.floor(lengths[way] * part), by });
    return {
      struck: () => happened !== undefined,
      cure: async () => {
        await happened;
      },
    };
  };
}

function reset(operation: Operation, way: Way, part: number): LabFault {
  return {
    id: `lab/reset/${operation}/${way.replaceAll(" ", "-")}/${part * 100}%`,
    kind: "reset after k bytes",
    operation,
    begin: midway(part, async ({ proxy }) => proxy.resets(), way),
  };
}

function frozen(operation: Operation, part: number): LabFault {
  return {
    id: `lab/frozen/${operation}/${part * 100}%`,
    kind: "host frozen until given up",
    operation,
    patience: HASTY,
    begin: (scene, lengths) => {
      const course = midway(part, async ({ machine }) => machine.freeze())(scene, lengths);
      return { ...course, cure: () => scene.machine.thaw() };
    },
  };
}

function thawed(operation: Operation): LabFault {
  return {
    id: `lab/thawed/${operation}`,
    kind: "host frozen, thawed in time",
    operation,
    begin: midway(0.5, async ({ machine }) => {
      machine.freeze();
      await pause(1000);
      machine.thaw();
    }),
  };
}

function sshd(operation: Operation): LabFault {
  return {
    id: `lab/sshd/${operation}`,
    kind: "sshd restarted",
    operation,
    // A restart alone leaves sessions be.
    begin: midway(0.5, (scene) => scene.run("pkill -KILL -u admin -x sshd; systemctl restart ssh")),
  };
}

function power(operation: Operation): LabFault {
  return {
    id: `lab/power/${operation}`,
    kind: "machine powered off",
    operation,
    forgets: true,
    patience: HASTY,
    begin: (scene, lengths) => {
      const course = midway(0.5, ({ machine }) => machine.powerOff())(scene, lengths);
      return {
        ...course,
        cure: async () => {
          await course.cure?.();
          await scene.machine.boot();
        },
      };
    },
  };
}

function full(operation: Operation): LabFault {
  const fill =
    'for f in / /run /tmp /dev/shm; do fallocate -l "$(df --output=avail -B1 $f | tail -1)" $f/fill; done; true';
  return {
    id: `lab/full/${operation}`,
    kind: "disk full",
    operation,
    cold: true,
    begin: async (scene) => {
      await scene.run(fill);
      const left = await scene.run("df --output=avail / | tail -1");
      return {
        struck: () => Number(left) === 0,
        cure: async () => void (await scene.run("rm -f /fill /run/fill /tmp/fill /dev/shm/fill")),
      };
    },
  };
}

function killed(operation: Operation): LabFault {
  return {
    id: `lab/killed/${operation}`,
    kind: "ip killed",
    operation,
    begin: (scene, lengths) => {
      const course = midway(0.2, (here) => here.run(KILLER))(scene, lengths);
      return {
        ...course,
        cure: async () => {
          await course.cure?.();
          await scene.run("systemctl stop killer; true");
        },
      };
    },
  };
}

function slow(operation: Operation): LabFault {
  return {
    id: `lab/slow/${operation}`,
    kind: "300 ms delay, 5 % loss",
    operation,
    cold: true,
    begin: async ({ machine }) => {
      await machine.netem({ delayMs: 300, lossPercent: 5 });
      return { struck: () => true, cure: () => machine.netem(undefined) };
    },
  };
}

/** configured has sshd run with a setting for a while. */
async function configured(scene: LabScene, setting: string): Promise<() => Promise<void>> {
  const file = "/etc/ssh/sshd_config.d/fault.conf";
  await scene.run(`echo '${setting}' >${file} && systemctl restart ssh`);
  return async () => void (await scene.run(`rm ${file} && systemctl restart ssh`));
}

function sessions(operation: Operation): LabFault {
  return {
    id: `lab/sessions/${operation}`,
    kind: "MaxSessions 1",
    operation,
    cold: true,
    begin: async (scene) => ({ struck: () => true, cure: await configured(scene, "MaxSessions 1") }),
  };
}

function startups(operation: Operation): LabFault {
  return {
    id: `lab/startups/${operation}`,
    kind: "MaxStartups small",
    operation,
    cold: true,
    patience: { dialErrorLimit: 10 },
    begin: async (scene) => {
      const restore = await configured(scene, "MaxStartups 1");
      // Somebody who connects and does not log in takes the only place for a while.
      const other = connect({ host: "127.0.0.1", port: scene.machine.port });
      other.on("error", () => undefined);
      await once(other, "data");
      const freed = pause(1500).then(() => other.destroy());
      return {
        struck: () => true,
        cure: async () => {
          await freed;
          await restore();
        },
      };
    },
  };
}
