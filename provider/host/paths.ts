import { homedir } from "node:os";
import { join } from "node:path";

/** expandHome turns `~/` into the home folder of whoever runs Pulumi, as a shell would. */
export function expandHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}
