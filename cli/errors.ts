/** Trouble is a failure that a user can meet before any host is asked: what was wrong, and what to do. */
export class Trouble extends Error {}

/** ExitCode is what a job learns: 2 is kept for what was looked for and found. */
export const ExitCode = { none: 0, trouble: 1, found: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
