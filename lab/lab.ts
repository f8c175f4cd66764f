import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Capture } from "./capture";
import { ensureImage } from "./image";
import { Machine } from "./machine";
import { keyPair, makeMachineFiles } from "./machine-files";
import { LABS } from "./paths";
import { openPorts } from "./ports";
import { must } from "./process";
import {
  createRecord,
  findRecord,
  type LabRecord,
  labFolder,
  type MachineRecord,
  namespaceOf,
  removeAbandoned,
  removeLab,
  saveRecord,
} from "./record";
import { SSH_CONFIG, sshConfig } from "./ssh";
import type { SystemName } from "./system";

export { Capture } from "./capture";
export { ADMIN_PASSWORD } from "./image";
export { Machine, type Netem } from "./machine";
export type { SystemName } from "./system";

const BRIDGE = "br0";
const KEY = "id_ed25519";
const FIRST_ADDRESS = 11;
const MOST_MACHINES = 100;

/** HostOptions is a machine's name alone, or with what the machine runs: User-mode Linux when that is left out. */
export type HostOptions = string | { readonly name: string; readonly system: SystemName };

export interface LabOptions {
  readonly hosts: readonly HostOptions[];
  /** Whether the lab outlives this process, until somebody stops it. */
  readonly keep?: boolean;
  /** Debian packages that the machines have besides those of image/packages.txt. */
  readonly packages?: readonly string[];
  /** Told what takes time. */
  readonly say?: (line: string) => void;
}

export interface CaptureOptions {
  /** The machine at whose link to look; at the bridge that joins all of them when absent. */
  readonly host?: string;
  /** In the words of pcap-filter(7): "proto 4". */
  readonly filter: string;
}

/** Lab is a handful of Linux machines on one network, in a network namespace of their own. */
export class Lab {
  readonly id: string;
  /** The name of the network namespace. */
  readonly namespace: string;
  readonly machines: readonly Machine[];

  private constructor(private readonly record: LabRecord) {
    this.id = record.id;
    this.namespace = namespaceOf(record.id);
    const key = join(labFolder(record.id), KEY);
    this.machines = record.machines.map((machine) => new Machine(record.id, machine, key));
  }

  /** start makes a lab and returns when all its machines answer. It first ends labs whose processes died. */
  static async start({
    hosts,
    keep = false,
    packages = [],
    say = () => undefined,
  }: LabOptions): Promise<Lab> {
    const wanted = hosts.map((host) =>
      typeof host === "string" ? { name: host, system: "uml" as const } : host,
    );
    const names = wanted.map(({ name }) => name);
    checkNames(names);
    requireRoot();
    await removeAbandoned();
    const images = new Map<SystemName, string>();
    for (const { system } of wanted) images.set(system, await ensureImage(say, system, packages));
    mkdirSync(LABS, { recursive: true });
    const record = createRecord();
    try {
      say(`booting ${names.join(", ")}`);
      record.machines.push(
        ...(await prepare(
          record.id,
          wanted.map((host) => ({ ...host, image: images.get(host.system) ?? "" })),
        )),
      );
      saveRecord(record);
      const lab = new Lab(record);
      await Promise.all(lab.machines.map((machine) => machine.boot()));
      if (keep) {
        delete record.owner;
        saveRecord(record);
      }
      return lab;
    } catch (error) {
      await removeLab(record.id);
      throw error;
    }
  }

  /** open attaches to a lab that runs: the only one of this clone, unless its id is given. */
  static open(id?: string): Lab {
    requireRoot();
    return new Lab(findRecord(id));
  }

  /** host gives a machine by its name. */
  host(name: string): Machine {
    const machine = this.machines.find((each) => each.name === name);
    if (machine === undefined) {
      throw new Error(
        `there is no machine ${name}; there are ${this.machines.map((each) => each.name).join(", ")}`,
      );
    }
    return machine;
  }

  /** capture begins to write down packets and returns when none can be missed any more. */
  capture({ host, filter }: CaptureOptions): Promise<Capture> {
    return Capture.start(this.id, this.device(host), filter);
  }

  /** device names the device, in the lab's namespace, that a machine's packets pass, or those of all machines. */
  device(host?: string): string {
    if (host === undefined) return BRIDGE;
    const { name } = this.host(host);
    return this.record.machines.find((machine) => machine.name === name)?.tap ?? BRIDGE;
  }

  /** stop ends the lab at once; nothing of it is left. */
  async stop(): Promise<void> {
    await removeLab(this.id);
  }
}

function checkNames(hosts: readonly string[]): void {
  const bad = hosts.find((name) => !/^[a-z][a-z0-9-]{0,30}$/.test(name));
  if (bad !== undefined) throw new Error(`${bad} cannot be a machine's name`);
  if (hosts.length === 0 || hosts.length > MOST_MACHINES || new Set(hosts).size < hosts.length) {
    throw new Error(`a lab has 1 to ${MOST_MACHINES} machines, each with a name of its own`);
  }
}

/** requireRoot says in one line what is missing, before anything has begun. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Error("the lab needs root: start it with sudo");
}

/** prepare makes everything that the machines need to boot. */
async function prepare(
  id: string,
  hosts: readonly Pick<MachineRecord, "name" | "system" | "image">[],
): Promise<MachineRecord[]> {
  const links = hosts.map((host, index) => ({
    ...host,
    tap: `tap${index}`,
    address: `10.99.0.${FIRST_ADDRESS + index}`,
    mac: `02:00:0a:63:00:${(FIRST_ADDRESS + index).toString(16).padStart(2, "0")}`,
  }));
  await makeNetwork(
    namespaceOf(id),
    links.map(({ tap }) => tap),
  );
  const ports = await openPorts(
    id,
    links.map(({ address }) => address),
  );
  const authorizedKey = await keyPair(join(labFolder(id), KEY));
  const addresses = new Map(links.map(({ name, address }) => [name, address]));
  const machines = await Promise.all(
    links.map(async (link, index) => ({
      ...link,
      port: ports[index] ?? 0,
      hostKey: await makeMachineFiles(id, { ...link, authorizedKey, hosts: addresses }),
    })),
  );
  const known = machines.map(({ name, hostKey }) => `${name} ${hostKey}\n`);
  writeFileSync(join(labFolder(id), "known_hosts"), known.join(""));
  writeFileSync(join(labFolder(id), SSH_CONFIG), sshConfig(id, machines));
  return machines;
}

async function makeNetwork(namespace: string, taps: readonly string[]): Promise<void> {
  await must(["ip", "netns", "add", namespace]);
  const commands = [
    "link set lo up",
    `link add ${BRIDGE} type bridge`,
    `address add 10.99.0.1/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
    ...taps.flatMap((tap) => [`tuntap add ${tap} mode tap`, `link set ${tap} master ${BRIDGE} up`]),
  ];
  await must(["ip", "-n", namespace, "-batch", "-"], { stdin: `${commands.join("\n")}\n` });
}
