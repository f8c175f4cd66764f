import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./process";
import { labFolder } from "./record";
import { SYSTEMS, type SystemName } from "./system";

export const machineFolder = (id: string, name: string) => join(labFolder(id), name);

/** keyPair makes an ed25519 key without a passphrase and gives the public half without its comment. */
export async function keyPair(file: string): Promise<string> {
  await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  return readFileSync(`${file}.pub`, "utf8").trim();
}

export interface MachineFiles {
  readonly name: string;
  readonly system: SystemName;
  readonly image: string;
  /** Who may log in, as all users. */
  readonly authorizedKey: string;
  /** Names and addresses of all machines of the lab. */
  readonly hosts: ReadonlyMap<string, string>;
}

/** makeMachineFiles makes a machine's folder and gives its host key. */
export async function makeMachineFiles(id: string, machine: MachineFiles): Promise<string> {
  const folder = machineFolder(id, machine.name);
  const etc = join(folder, "files", "etc");
  mkdirSync(join(etc, "ssh"), { recursive: true });
  const hostKey = await keyPair(join(etc, "ssh", "ssh_host_ed25519_key"));
  writeFileSync(join(etc, "ssh", "lab_authorized_keys"), `${machine.authorizedKey}\n`);
  writeFileSync(join(etc, "hostname"), `${machine.name}\n`);
  const hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"];
  for (const [name, address] of machine.hosts) hosts.push(`${address} ${name}`);
  writeFileSync(join(etc, "hosts"), `${hosts.join("\n")}\n`);
  // The machine unpacks this from its second disk at each boot.
  await must(["tar", "-cf", "files.tar", "--owner=0", "--group=0", "-C", "files", "etc"], { cwd: folder });

  symlinkSync(machine.image, join(folder, "image"));
  await SYSTEMS[machine.system].kernel.makeDisk(folder);
  await must(["mkfifo", "control.in"], { cwd: folder });
  for (const name of ["control.out", "console.log"]) writeFileSync(join(folder, name), "");
  return hostKey;
}
