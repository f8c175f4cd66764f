import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { markOf } from "../../provider/mark";
import { Trouble } from "../errors";
import { grouped } from "../grouped";
import { commandsOf } from "../report/census";
import { columns, counted, linesOf } from "../report/text";
import type { StackState } from "../state";
import { inOrder, type Orphan, remove } from "./orphans";

export interface RemovalOptions {
  /** Stacks, PROJECT/STACK, whose orphans are removed besides those of the given ones; `any` is all that are listed. */
  readonly owner: readonly string[];
  readonly yes: boolean;
}

const ANY = "any";

/** chosenOf are the orphans that may be removed: a stack that was not given may be alive and well. */
export function chosenOf(
  orphans: readonly Orphan[],
  states: readonly StackState[],
  owner: readonly string[],
): Orphan[] {
  // As the marks spell them.
  const given = states.map(({ project, stack }) => markOf(project, stack, ""));
  const named = owner.map((one) => `pulumi:${one}/`);
  const theirs = ({ mark }: Orphan) => [...given, ...named].some((prefix) => mark.startsWith(prefix));
  const all = owner.includes(ANY);
  // Routes and rules that tell no stack go with their namespace.
  const others = orphans.filter((orphan) => !all && orphan.owner !== undefined && !theirs(orphan));
  const bearsOthers = ({ host, keys }: Orphan) =>
    others.some((other) => other.host === host && other.grounds.some((key) => keys.includes(key)));
  return orphans.filter(
    (orphan) =>
      orphan.commands.length > 0 &&
      orphan.bearing.length === 0 &&
      (all || theirs(orphan)) &&
      !bearsOthers(orphan),
  );
}

/** removeOrphans shows what is to be run, asks, and does it: on all hosts at once, on each in order. */
export async function removeOrphans(
  orphans: readonly Orphan[],
  states: readonly StackState[],
  { owner, yes }: RemovalOptions,
  services: Services,
  open: (connection: Connection) => Host,
): Promise<{ readonly left: number; readonly failed: number }> {
  refusePending(states);
  const chosen = chosenOf(orphans, states, owner);
  const others = orphans.length - chosen.length;
  if (others > 0)
    tell(
      `${counted(others, "orphan")} ${others === 1 ? "stays" : "stay"}: the mark tells another stack, or none, or what is not to be removed would go with it. --owner PROJECT/STACK, or --owner any, removes what is of other stacks too.`,
    );
  if (chosen.length === 0) return { left: orphans.length, failed: 0 };
  process.stderr.write(commandsOf(chosen));
  if (!yes && !(await agreed(chosen.length))) {
    tell("Nothing was removed.");
    return { left: orphans.length, failed: 0 };
  }
  const perHost = [...grouped(inOrder(chosen), ({ host }) => host).values()];
  const failures = await Promise.all(perHost.map((some) => onOneHost(some, services, open)));
  const failed = failures.reduce((sum, one) => sum + one, 0);
  return { left: others + failed, failed };
}

/** What an update has made and not recorded yet would pass for an orphan. */
export function refusePending(states: readonly StackState[]): void {
  const busy = states.find(({ pending }) => pending > 0);
  if (busy !== undefined)
    throw new Trouble(
      `nothing was removed: an update of ${busy.project}/${busy.stack} is under way, or was interrupted; then run \`pulumi up\` again first`,
    );
}

async function onOneHost(
  orphans: readonly Orphan[],
  services: Services,
  open: (connection: Connection) => Host,
): Promise<number> {
  let failed = 0;
  for (const orphan of orphans) {
    const why = await remove(orphan, services, open);
    const [line = ""] = columns([[why === undefined ? "removed" : "failed", orphan.host, orphan.object]]);
    tell(
      [
        line,
        ...linesOf(why ?? "")
          .filter((text) => text !== "")
          .map((text) => `  | ${text}`),
      ].join("\n"),
    );
    if (why !== undefined) failed++;
  }
  return failed;
}

async function agreed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new Trouble("nothing was removed: without a terminal to ask at, give --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = terminal.question(`Remove ${counted(count, "object")}? [y/N] `);
    // ^C and ^D are a no, too: by Node's version the question fails then, or is never answered.
    const closed = once(terminal, "close").then(() => "");
    const answer = await Promise.race([question.catch(() => ""), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
