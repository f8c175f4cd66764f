import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./contender";

/** sshConfig writes a configuration in which the hosts are h0, h1 and so on, and gives its path. */
export function sshConfig(folder: string, hosts: readonly Target[]): string {
  const known = join(folder, "known_hosts");
  writeFileSync(known, hosts.map(({ connection }, index) => `h${index} ${connection.hostKey}\n`).join(""));
  const lines = hosts.flatMap(({ connection: { host, port, privateKeyPath } }, index) => [
    `Host h${index}`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  HostKeyAlias h${index}`,
    "  User root",
    `  IdentityFile "${privateKeyPath}"`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile "${known}"`,
    "  StrictHostKeyChecking yes",
    "  BatchMode yes",
    "  LogLevel ERROR",
  ]);
  const file = join(folder, "ssh_config");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
