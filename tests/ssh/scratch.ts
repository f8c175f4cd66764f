import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** scratch is a new folder, gone when the file's tests are. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-ipip-"));
  made.push(folder);
  return folder;
}
