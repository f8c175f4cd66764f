import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface Deadline {
  /** What is waited for, for the message: "machine a to answer". */
  readonly for: string;
  readonly seconds: number;
  /** What to show when it does not come, such as the end of a console log. */
  readonly explain?: () => string;
}

const INTERVAL_MS = 20;

/** until asks probe again and again and gives back its first answer that is not undefined. */
export async function until<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  deadline: Deadline,
): Promise<T> {
  const end = performance.now() + deadline.seconds * 1000;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (performance.now() > end) {
      const explanation = deadline.explain?.() ?? "";
      throw new Error(
        `waited ${deadline.seconds} s in vain for ${deadline.for}${explanation && `\n${explanation}`}`,
      );
    }
    await delay(INTERVAL_MS);
  }
}

/** lastLines gives the end of a log file, for the message of an error. */
export function lastLines(file: string, count = 25): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}
