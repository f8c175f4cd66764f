import { setTimeout as pause } from "node:timers/promises";

/** until waits for something that nobody announces; the test's own time limit ends it when it never comes. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}
