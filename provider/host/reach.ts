import { type Credentials, credentials } from "./credentials";
import { type Dialled, dial, NotPassed, type Via } from "./dial";
import { type HostProof, hostProof } from "./host-key";
import { Line } from "./line";
import { Refusal } from "./refusal";
import { type Slot, Slots } from "./slots";
import type { Stop } from "./stop";

/** How many hosts one process is connected to at once, unless PULUMI_IPIP_MAX_CONNECTIONS says otherwise. */
const MAX_CONNECTIONS = 100;

/** How many connections are made at once: in all, and to or through one machine, whose sshd drops some from 10 on. */
const MAX_OPENING = 32;
const MAX_OPENING_THERE = 8;

const connected = new Slots();
const opening = new Slots();
const openingThere = new Map<string, Slots>();

/**
 * reach logs in to one stop after another, each through the one before, and gives the line to the last. It waits
 * while too many hosts are connected, or being connected to. `trouble` hears of it. It fails with a Refusal.
 */
export async function reach(
  stops: readonly Stop[],
  signal: AbortSignal,
  trouble: (why: string) => void,
): Promise<Line> {
  // What is missing on this machine is missed before anything is connected.
  const legs = await Promise.all(stops.map((stop) => named(stop, stops.at(-1), legOf(stop))));
  const most = maxConnections();
  if (!connected.hasRoom(most)) {
    trouble(`others are connected, as many as PULUMI_IPIP_MAX_CONNECTIONS allows (${most})`);
  }
  const slots: Slot[] = [];
  const take = async (from: Slots, limit: number) => {
    const slot = await from.take(limit, signal).catch(() => {
      throw new Refusal("nobody waits for it any more", "", true);
    });
    slots.push(slot);
    return slot;
  };
  try {
    const own = await take(connected, most);
    await take(openingTo(stops), MAX_OPENING_THERE);
    await take(opening, MAX_OPENING);
    const { client, socket } = await dialAll(legs, signal);
    slots.shift();
    return new Line(client, socket, own);
  } finally {
    for (const slot of slots) slot.free();
  }
}

/** Leg is a stop with what is needed to dial it. */
interface Leg {
  readonly stop: Stop;
  readonly credentials: Credentials;
  readonly proof: HostProof;
}

async function legOf(stop: Stop): Promise<Leg> {
  const [own, proof] = await Promise.all([credentials(stop), hostProof(stop)]);
  return { stop, credentials: own, proof };
}

async function dialAll(legs: readonly Leg[], signal: AbortSignal): Promise<Dialled> {
  let reached: Via | undefined;
  for (const { stop, credentials: own, proof } of legs) {
    const dialled = await named(stop, legs.at(-1)?.stop, dial(stop, own, proof, signal, reached));
    reached = { ...dialled, label: stop.label };
  }
  if (reached === undefined) throw new Error("there is no stop to log in to");
  return reached;
}

/** named has a message say which hop it speaks of, when it is not of the host itself. */
async function named<T>(stop: Stop, last: Stop | undefined, work: Promise<T>): Promise<T> {
  if (stop === last) return await work;
  return await work.catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    // A hop that is away says nothing of the host.
    if (error instanceof NotPassed) throw new NotPassed(error.why, error.advice, error.passing);
    throw new Refusal(`the hop ${stop.label}: ${error.why}`, error.advice, error.passing);
  });
}

/** Connections through one machine count together with those to it. */
function openingTo([first]: readonly Stop[]): Slots {
  const machine = first === undefined ? "" : `${first.host}:${first.port}`;
  const slots = openingThere.get(machine) ?? new Slots();
  openingThere.set(machine, slots);
  return slots;
}

function maxConnections(): number {
  const text = process.env.PULUMI_IPIP_MAX_CONNECTIONS ?? "";
  if (text === "") return MAX_CONNECTIONS;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw new Refusal(
    `PULUMI_IPIP_MAX_CONNECTIONS is "${text}"`,
    `Set it to a number of hosts, 1 or more; left out it is ${MAX_CONNECTIONS}.`,
    false,
  );
}
