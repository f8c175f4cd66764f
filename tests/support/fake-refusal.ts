/** Refusal is a command that Linux or the tool itself declines, in its own words. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    readonly text: string,
  ) {
    super(text);
  }
}

/** netlinkRefuses: iproute2 passes the kernel's error number on. */
export const netlinkRefuses = (why: string) => new Refusal(2, `RTNETLINK answers: ${why}`);

/** kernelRefuses: the kernel itself says what is wrong. */
export const kernelRefuses = (why: string) => new Refusal(2, `Error: ${why}`);
