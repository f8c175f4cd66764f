import type { Connection } from "../../provider/host/connection";
import { type Command, commandLine, type Host } from "../../provider/host/host";
import { labelOf } from "../../provider/host/stop";
import type { Services } from "../../provider/index";
import { forget, type Head } from "../../provider/persist/boot-file";
import { masked, secretsIn } from "../../provider/secrets";
import type { Desired } from "../../provider/state";
import { Subject } from "../../provider/subject";
import { messageOf, Trouble } from "../errors";
import { grouped } from "../grouped";
import { type Known, knownOf } from "../object";
import type { Recorded, StackState } from "../state";
import { nameFor, objectOf, removeBootFile } from "./boot-files";
import { type Found, findMarked } from "./find";
import { contractOf, describe, desiredOf, groundsOf, keysOf, type Marked, ownerOf } from "./object";

/** Orphan is an object with our mark that no given stack has. */
export interface Orphan {
  readonly host: string;
  readonly object: string;
  readonly mark: string;
  /** PROJECT/STACK of the mark; undefined where it tells none. */
  readonly owner: string | undefined;
  /** What of the given stacks would go with it. Then it is not removed. */
  readonly bearing: readonly string[];
  readonly keys: readonly string[];
  /** The keys of what it goes with. */
  readonly grounds: readonly string[];
  /** What removes it; nothing for what we don't know how to make. */
  readonly commands: readonly string[];
  /** How it is removed; undefined where there are no commands. */
  readonly removal: Removal | undefined;
}

type Removal = ObjectRemoval | FileRemoval;

/** As the provider's lifecycle takes it. */
interface ObjectRemoval {
  readonly type: string;
  readonly desired: Desired;
}

/** Of a file from which the host makes an object again when it boots. */
interface FileRemoval {
  readonly file: Head;
  readonly connection: Connection;
  mask(text: string): string;
}

/** Rival is an object that several stacks claim. */
export interface Rival {
  readonly host: string;
  readonly object: string;
  readonly stacks: readonly string[];
}

/** Census is what the hosts of some stacks have, held against what the stacks say. */
export interface Census {
  /** How many hosts were looked at. */
  readonly hosts: number;
  readonly orphans: readonly Orphan[];
  readonly rivals: readonly Rival[];
  readonly troubles: readonly { readonly host: string; readonly message: string }[];
}

type Open = (connection: Connection) => Host;

/** takeCensus looks at all hosts of the stacks at once. A state that can't be understood makes nothing an orphan. */
export async function takeCensus(
  states: readonly StackState[],
  services: Services,
  open: Open,
): Promise<Census> {
  const hosts = hostsOf(states, services);
  // One machine may be reached in several ways: in which its stack does is in the name of a file.
  const kept = new Set([...hosts.values()].flat().map(nameFor));
  const seen = await Promise.all([...hosts].map(([host, objects]) => look(host, objects, open)));
  // Reached in several ways, a machine has its objects once.
  const machines = [...grouped(seen, ({ found, host }) => found?.machine ?? `at ${host}`).values()];
  const parts = await Promise.all(machines.map((ways) => ofMachine(ways, kept, services, open)));
  return {
    hosts: hosts.size,
    orphans: parts.flatMap(({ orphans }) => orphans),
    rivals: [...hosts.values()].flatMap(rivalsAmong),
    troubles: [...seen, ...parts].flatMap(({ troubles }) => troubles),
  };
}

/** Seen is a host as one of the ways to a machine shows it. */
interface Seen {
  readonly host: string;
  readonly objects: readonly Known[];
  /** Undefined where it could not be looked at. */
  readonly found: Found | undefined;
  readonly troubles: Census["troubles"];
}

async function look(host: string, objects: readonly Known[], open: Open): Promise<Seen> {
  const [first] = objects;
  if (first === undefined) return { host, objects, found: undefined, troubles: [] };
  const { connection } = first.desired;
  const trouble = (message: string) => ({ host, message: first.mask(message) });
  try {
    const found = await findMarked(open(connection), connection);
    return { host, objects, found, troubles: found.troubles.map(trouble) };
  } catch (error) {
    return { host, objects, found: undefined, troubles: [trouble(messageOf(error))] };
  }
}

/** hostsOf are all objects of the stacks by their hosts. */
export function hostsOf(states: readonly StackState[], services: Services): ReadonlyMap<string, Known[]> {
  const known = states.flatMap(({ resources }) => resources).map((one) => understood(one, services));
  return grouped(known, ({ host }) => host);
}

function understood(recorded: Recorded, services: Services): Known {
  try {
    return knownOf(recorded, services);
  } catch (error) {
    throw new Trouble(
      `${recorded.urn} can't be understood, so nobody knows what is an orphan: ${messageOf(error)}`,
    );
  }
}

async function ofMachine(
  ways: readonly Seen[],
  kept: ReadonlySet<string | undefined>,
  services: Services,
  open: Open,
): Promise<{ orphans: Orphan[]; troubles: Census["troubles"] }> {
  const [{ host, found, objects: [first] = [] } = { host: "", found: undefined }] = ways;
  if (first === undefined || found === undefined) return { orphans: [], troubles: [] };
  const { connection } = first.desired;
  const objects = ways.flatMap((way) => way.objects);
  // An object of the state is found under the way that it was looked at, not the one that it was made by.
  const claimed = new Set(
    objects.flatMap((one) => keysOf(one.recorded.type, { ...one.desired, connection })),
  );
  const left = found.files.filter(({ name }) => !kept.has(name));
  const orphans = left.map((file) => orphanedFile({ file, connection, mask: first.mask }));
  const unclaimed = found.marked.filter(({ keys }) => !keys.some((key) => claimed.has(key)));
  const bearing = ({ keys }: Marked) =>
    objects.filter((one) => groundsOf(one.recorded.type, one.desired).some((key) => keys.includes(key)));
  const seen = await Promise.allSettled(
    unclaimed.map(async (one) => {
      const looked = await orphanOf(one, connection, services, open);
      return looked.map((orphan) => ({ ...orphan, bearing: bearing(one).map(({ object }) => object) }));
    }),
  );
  for (const one of seen) if (one.status === "fulfilled") orphans.push(...one.value);
  const failed = seen.filter((one) => one.status === "rejected");
  return {
    orphans,
    troubles: failed.map(({ reason }) => ({ host, message: first.mask(messageOf(reason)) })),
  };
}

function orphanedFile(removal: FileRemoval): Orphan {
  const { file, connection } = removal;
  const { name, mark = "" } = file;
  return {
    host: labelOf(connection),
    object: objectOf(file),
    mark,
    owner: ownerOf(mark),
    bearing: [],
    keys: [],
    grounds: [],
    commands: [commandLine(forget(name))],
    removal,
  };
}

/** orphanOf looks at one object as the lifecycle would; none when it has gone meanwhile. */
async function orphanOf(
  marked: Marked,
  connection: Connection,
  services: Services,
  open: Open,
): Promise<Omit<Orphan, "bearing">[]> {
  const { type, inputs, mark, keys } = marked;
  const host = labelOf(connection);
  const object = describe(marked, connection, services);
  const grounds = groundsOf(type, { ...inputs, connection });
  if (type === undefined)
    return [{ host, object, mark, owner: ownerOf(mark), keys, grounds, commands: [], removal: undefined }];
  const desired = desiredOf(type, marked, connection, services);
  const { subject, found } = await lookAt({ type, desired }, open);
  if (found === undefined) return [];
  const bears = String(found.mark ?? mark);
  return [
    {
      host,
      object,
      mark: bears,
      owner: ownerOf(bears),
      keys,
      grounds,
      commands: subject.steps(undefined, found).map((step: Command) => commandLine(step)),
      removal: { type, desired: { ...desired, mark: bears } },
    },
  ];
}

async function lookAt({ type, desired }: ObjectRemoval, open: Open, recent = true) {
  const subject = new Subject(contractOf(type), open(desired.connection), desired);
  const { found } = await subject.look(recent);
  return { subject, found };
}

/** rivalsAmong are the objects of a host that more than one of the stacks has. */
function rivalsAmong(objects: readonly Known[]): Rival[] {
  const claims = objects.flatMap((one) =>
    keysOf(one.recorded.type, one.desired).map((key) => ({ key, one })),
  );
  const rivals = [...grouped(claims, ({ key }) => key).values()].flatMap((group) => {
    const [{ one } = { one: undefined }] = group;
    const stacks = [...new Set(group.map((claim) => claim.one.recorded.stack))];
    return one === undefined || stacks.length < 2 ? [] : [{ host: one.host, object: one.object, stacks }];
  });
  // A veth pair that is claimed twice is so by both of its ends.
  return [...new Map(rivals.map((rival) => [rival.object, rival])).values()];
}

/** A host that boots meanwhile makes again what it has a file of. */
const FILE = -1;
/** What others stand on goes after them: namespaces last, before them devices, before these all else. */
const ORDER: Readonly<Record<string, number>> = {
  Route: 0,
  MplsRoute: 0,
  Rule: 0,
  MssClamp: 0,
  Namespace: 2,
};
const DEVICE = 1;

/** inOrder is an order in which orphans can be removed. */
export function inOrder(orphans: readonly Orphan[]): Orphan[] {
  const rank = ({ removal }: Orphan) => {
    if (removal === undefined) return DEVICE;
    return "file" in removal ? FILE : (ORDER[removal.type] ?? DEVICE);
  };
  return [...orphans].sort((one, other) => rank(one) - rank(other));
}

/**
 * remove takes an orphan away as the lifecycle does, unless somebody has changed whose it is since it was listed. It
 * gives what keeps it from being removed.
 */
export async function remove(orphan: Orphan, services: Services, open: Open): Promise<string | undefined> {
  const { removal } = orphan;
  if (removal === undefined) return "it is of no kind that this package makes: remove it by hand";
  if ("file" in removal) return await removeFile(removal, open);
  try {
    const { found } = await lookAt(removal, open, false);
    if (found === undefined) return undefined;
    if (found.mark !== removal.desired.mark) return `it bears another mark now: ${found.mark || "none"}`;
    // A state has a version, or it would be taken for a program that only looks up.
    return await services[removal.type]?.delete({ ...removal.desired, schemaVersion: 1 });
  } catch (error) {
    const { type, desired } = removal;
    return masked(messageOf(error), secretsIn(contractOf(type).inputs, desired));
  }
}

async function removeFile({ file, connection, mask }: FileRemoval, open: Open): Promise<string | undefined> {
  try {
    return await removeBootFile(open(connection), file);
  } catch (error) {
    return mask(messageOf(error));
  }
}
