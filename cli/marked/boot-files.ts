import { isDeepStrictEqual } from "node:util";
import { CommandFailed } from "../../provider/errors";
import { commandLine, type Host, locked } from "../../provider/host/host";
import { contracts } from "../../provider/index";
import { View } from "../../provider/ip/view";
import { forget, type Head, heads, headsIn, nameOf } from "../../provider/persist/boot-file";
import { FOLDER } from "../../provider/persist/host-files";
import type { Known } from "../object";
import { contractOf } from "./object";

/** objectOf is a file in a person's words. */
export function objectOf({ object }: Head): string {
  return `boot file of ${object}`;
}

/** nameFor is the file that an object of a state may have, also where it is not to have one now. */
export function nameFor({ recorded, desired }: Known): string | undefined {
  return Object.hasOwn(contracts, recorded.type) ? nameOf(contractOf(recorded.type), desired) : undefined;
}

/** readHeads are the files that say what they are for; of the others a trouble tells. */
export function readHeads(listed: string, troubles: string[]): Head[] {
  return headsIn(listed).flatMap(({ path, head }) => {
    if (head === undefined) {
      troubles.push(
        `${FOLDER}/${path} does not say as a file of this package which object it makes at boot, so nobody knows whose it is: look at it on the host`,
      );
    }
    return head ?? [];
  });
}

/** removeBootFile takes a file away unless it has changed since it was listed. It gives what keeps it from that. */
export async function removeBootFile(host: Host, head: Head): Promise<string | undefined> {
  const changed = locked(host, head.mark ?? head.name);
  const { answers } = await changed.exchange({ steps: [], queries: [heads] });
  const listed = headsIn(new View(host.label, [heads], answers).output(heads));
  const now = listed.filter(({ path }) => path.endsWith(`-${head.name}`));
  if (now.length === 0) return undefined;
  if (now.some((one) => !isDeepStrictEqual(one.head, head))) return "its first line is another one now";
  const { failure } = await changed.exchange({ steps: [forget(head.name)], queries: [] });
  if (failure === undefined) return undefined;
  const { step, answer } = failure;
  throw new CommandFailed(host.label, commandLine(step), answer.code, answer.stderr);
}
