import { homedir } from "node:os";
import { join } from "node:path";

/** expandHome turns `~/` into the home folder of whoever runs Pulumi, as a shell would. */
export function expandHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

/** isMissing tells that there is no such file. An error made in another realm is no `Error` of ours. */
export function isMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT";
}

/** saidBy is what an error says, in whatever realm it was made. */
export function saidBy(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error
    ? String(error.message)
    : String(error);
}
