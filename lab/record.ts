import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LABS } from "./paths";
import { hasCode, isAlive, must, ownProcess, type ProcessId, parseProcessId, sessionIn } from "./process";
import { SystemName } from "./system";
import { until } from "./wait";

const MachineRecord = z.object({
  name: z.string(),
  system: SystemName,
  /** The folder of its image. */
  image: z.string(),
  /** The machine's TAP device in the lab's namespace. */
  tap: z.string(),
  address: z.string(),
  mac: z.string(),
  port: z.number(),
  hostKey: z.string(),
});
export type MachineRecord = z.infer<typeof MachineRecord>;

const LabRecord = z.object({
  id: z.string(),
  /** The process that ends the lab; without one the lab is kept until it is stopped. */
  owner: z.object({ pid: z.number(), start: z.string() }).optional(),
  machines: z.array(MachineRecord),
});
export type LabRecord = z.infer<typeof LabRecord>;

const FILE = "lab.json";
const UNBORN = "new";

export const labFolder = (id: string) => join(LABS, id);
export const namespaceOf = (id: string) => `ipip-lab-${id}`;
export const netnsPath = (id: string) => `/run/netns/${namespaceOf(id)}`;
/** Who may have processes in a lab: each notes itself in a file of that name, below its lab's folder. */
export const pidFile = (id: string, name: string) => join(labFolder(id), "pids", name);

/** createRecord begins a lab that is owned by this process. It appears whole or not at all. */
export function createRecord(): LabRecord {
  const owner = ownProcess();
  const record: LabRecord = { id: randomBytes(4).toString("hex"), owner, machines: [] };
  const unborn = join(LABS, `${UNBORN}-${owner.pid}-${owner.start}-${record.id}`);
  mkdirSync(join(unborn, "pids"), { recursive: true });
  writeFileSync(join(unborn, FILE), JSON.stringify(record));
  renameSync(unborn, labFolder(record.id));
  return record;
}

export function saveRecord(record: LabRecord): void {
  const file = join(labFolder(record.id), FILE);
  writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2));
  renameSync(`${file}.new`, file);
}

export function readRecord(id: string): LabRecord | undefined {
  const file = join(labFolder(id), FILE);
  return existsSync(file) ? LabRecord.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}

/** allRecords are the labs of this clone that are there, by whomever they were started. */
export function allRecords(): LabRecord[] {
  return labEntries()
    .map(readRecord)
    .filter((record) => record !== undefined);
}

/** findRecord gives the lab of an id, or without an id the only one that there is. */
export function findRecord(id?: string): LabRecord {
  const records = allRecords().filter((record) => id === undefined || record.id === id);
  const [record, ...others] = records;
  if (record === undefined) throw new Error(id === undefined ? "no lab is running" : `there is no lab ${id}`);
  if (others.length > 0) {
    throw new Error(`there are several labs, say which: ${records.map((each) => each.id).join(", ")}`);
  }
  return record;
}

function labEntries(): string[] {
  return existsSync(LABS) ? readdirSync(LABS) : [];
}

/** hasOwner tells whether a lab is still somebody's business: kept on purpose, or its owner lives. */
const hasOwner = (record: LabRecord) => record.owner === undefined || isAlive(record.owner);

/** removeAbandoned ends what dead processes left: their labs, and the beginnings of labs. */
export async function removeAbandoned(): Promise<void> {
  for (const name of labEntries()) {
    const [kind, pid, start = ""] = name.split("-");
    if (kind !== UNBORN || isAlive({ pid: Number(pid), start })) continue;
    rmSync(join(LABS, name), { recursive: true, force: true });
  }
  for (const record of allRecords()) if (!hasOwner(record)) await removeLab(record.id);
}

/** removeLab ends a lab with all its processes. It may be called again, should it have been interrupted. */
export async function removeLab(id: string): Promise<void> {
  const pids = join(labFolder(id), "pids");
  if (existsSync(pids)) for (const name of readdirSync(pids)) await killRecorded(id, name);
  if (existsSync(netnsPath(id))) {
    // Somebody else may be removing the same lab.
    await must(["ip", "netns", "delete", namespaceOf(id)]).catch((error: unknown) => {
      if (existsSync(netnsPath(id))) throw error;
    });
  }
  rmSync(labFolder(id), { recursive: true, force: true });
}

/** recorded is the process that noted itself under a name, as long as it lives. */
export function recorded(id: string, name: string): number | undefined {
  const process = noted(id, name);
  return process !== undefined && isAlive(process) ? process.pid : undefined;
}

function noted(id: string, name: string): ProcessId | undefined {
  const file = pidFile(id, name);
  return existsSync(file) ? parseProcessId(readFileSync(file, "utf8")) : undefined;
}

/** killRecorded ends the process that noted itself under a name, and its children; it returns when they are gone. */
export async function killRecorded(id: string, name: string): Promise<void> {
  const process = noted(id, name);
  if (process === undefined) return;
  await until(
    () => {
      const pids = sessionIn(netnsPath(id), process);
      for (const pid of pids) signal(pid, "SIGKILL");
      return pids.length === 0 ? true : undefined;
    },
    { for: `the processes of ${name} in lab ${id} to end`, seconds: 10 },
  );
  rmSync(pidFile(id, name), { force: true });
}

/** signal sends a signal to a process that may end at any moment. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
