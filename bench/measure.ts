import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../lab/engine";
import { contenders } from "./contenders";
import type { Contender, Worker } from "./contenders/contender";
import type { Host, Reading } from "./host";
import type { Part } from "./plan";
import type { Measured, Op, Sample } from "./rows";
import { type Tunnel, tunnelsOn } from "./tunnels";

/** After this time an operation is stopped, and counts as failed. */
const LIMIT_MINUTES = 12;
/** An operation that leaves everything as it was is repeated in its cycle as long as that takes no more than this. */
const REPEAT_MS = 45_000;

const TTL = 64;
/** What each operation shall leave; an update is another ttl. */
const TTL_AFTER: Readonly<Record<Op, number>> = {
  up: TTL,
  "no change": TTL,
  refresh: TTL,
  update: TTL + 1,
  destroy: TTL + 1,
};

export type Say = (line: string) => void;

/** measure takes all contenders of a part in turn through its cycles. One that fails is out, and its rows say why. */
export async function measure(part: Part, hosts: readonly Host[], say: Say): Promise<Measured[]> {
  const trials = part.cases.map((name, index) => new Trial(part, contenders[name], hosts, index, say));
  await delay(hosts, part.delayMs);
  await Promise.all(hosts.map((host) => host.udev(part.udev)));
  try {
    for (let cycle = 0; cycle < part.cycles; cycle++) for (const trial of trials) await trial.cycle();
    return trials.flatMap((trial) => trial.measured());
  } finally {
    await delay(hosts, 0);
    for (const trial of trials) trial.end();
  }
}

async function delay(hosts: readonly Host[], delayMs: number): Promise<void> {
  const settings = delayMs === 0 ? undefined : { delayMs };
  await Promise.all(hosts.map(({ machine }) => machine.netem(settings)));
}

/** Trial is one contender at one setting. */
class Trial {
  private readonly samples = new Map<Op, Sample[]>();
  private readonly folder: string;
  private readonly where: string;
  private worker: Worker | undefined;
  private failure: { readonly op: Op; readonly why: string } | undefined;

  constructor(
    private readonly part: Part,
    private readonly contender: Contender,
    private readonly hosts: readonly Host[],
    index: number,
    private readonly say: Say,
  ) {
    this.folder = join(CACHE, "bench", "run", String(index));
    const { n, delayMs, checkpoints, udev } = part;
    const apart = [
      delayMs > 0 ? [`${delayMs} ms`] : [],
      udev ? ["udev"] : [],
      contender.engine && !checkpoints ? ["no checkpoints"] : [],
    ];
    this.where = [contender.name, `n=${n}`, `hosts=${hosts.length}`, ...apart.flat()].join(" ");
  }

  /** cycle goes through all operations once. */
  async cycle(): Promise<void> {
    if (this.failure !== undefined) return;
    let now: Op = "up";
    try {
      this.worker ??= await this.start();
      await this.read(TTL);
      for (const op of this.contender.ops) {
        now = op;
        await this.repeat(this.worker, op);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.say(`${this.where} ${now}: failed: ${why}`);
      this.failure = { op: now, why: why.split("\n", 1)[0] ?? "" };
      for (const host of this.hosts) await host.clean();
    }
  }

  measured(): Measured[] {
    const { n, delayMs, checkpoints, udev } = this.part;
    const { name, engine, ops } = this.contender;
    return ops.map((op) => {
      const samples = this.samples.get(op) ?? [];
      const failed = this.failure !== undefined && (this.failure.op === op || samples.length === 0);
      return {
        case: name,
        op,
        n,
        hosts: this.hosts.length,
        delayMs,
        checkpoints: engine ? checkpoints : null,
        udev,
        samples,
        ...(failed && { failed: `${this.failure?.op}: ${this.failure?.why}` }),
      };
    });
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async start(): Promise<Worker> {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    const { hosts, folder } = this;
    return await this.contender.start({ hosts, folder, checkpoints: this.part.checkpoints });
  }

  private async repeat(worker: Worker, op: Op): Promise<void> {
    const { samples, cycles } = this.part;
    const repeats = op === "no change" || op === "refresh" ? Math.ceil(samples / cycles) : 1;
    const since = performance.now();
    for (let time = 0; time < repeats; time++) {
      const spent = performance.now() - since;
      if (time > 0 && (spent / time) * (time + 1) > REPEAT_MS) return;
      await this.once(worker, op);
    }
  }

  private async once(worker: Worker, op: Op): Promise<void> {
    const { hosts, part } = this;
    const ttl = TTL_AFTER[op];
    const tunnels = tunnelsOn(
      hosts.map(({ machine }) => machine.address),
      part.n,
      ttl,
    );
    // Nobody is to pay for what the one before him has left to be done.
    if (part.udev) await Promise.all(hosts.map((host) => host.settle()));
    const before = hosts.map(({ traffic }) => traffic);
    const began = performance.now();
    const { providerMb } = await worker.perform(op, tunnels, AbortSignal.timeout(LIMIT_MINUTES * 60_000));
    const ms = performance.now() - began;
    const traffic = hosts.map((host, index) => {
      const { connections, turns, toHost, fromHost } = before[index] ?? host.traffic;
      return {
        connections: host.traffic.connections - connections,
        turns: host.traffic.turns - turns,
        toHost: host.traffic.toHost - toHost,
        fromHost: host.traffic.fromHost - fromHost,
      };
    });
    const readings = await this.read(ttl);
    if (this.contender.real) this.prove(op, tunnels, readings);
    const sample: Sample = {
      ms,
      connections: Math.max(...traffic.map(({ connections }) => connections)),
      turns: Math.max(...traffic.map(({ turns }) => turns)),
      processes: sum(readings.map(({ processes }) => processes)),
      bytesToHosts: sum(traffic.map(({ toHost }) => toHost)),
      bytesFromHosts: sum(traffic.map(({ fromHost }) => fromHost)),
      providerMb,
    };
    this.samples.set(op, [...(this.samples.get(op) ?? []), sample]);
    const { connections, turns, processes } = sample;
    this.say(
      `${this.where} ${op}: ${(ms / 1000).toFixed(2)} s, ${connections} connections, ${turns} turns, ${processes} processes`,
    );
  }

  private read(ttl: number): Promise<Reading[]> {
    return Promise.all(this.hosts.map((host) => host.read(ttl)));
  }

  /** prove makes sure that a contender has done its work: a fast way to do less is no figure. */
  private prove(op: Op, tunnels: readonly Tunnel[], readings: readonly Reading[]): void {
    for (const [index, { found }] of readings.entries()) {
      const count = op === "destroy" ? 0 : tunnels.filter(({ host }) => host === index).length;
      const right = { devices: count, current: count, addresses: 2 * count, routes: count };
      if (JSON.stringify(found) !== JSON.stringify(right)) {
        throw new Error(`host ${index} has ${JSON.stringify(found)} instead of ${JSON.stringify(right)}`);
      }
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
