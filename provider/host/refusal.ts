/** Refusal is why one attempt to open a session failed, before it is known whether another will be made. */
export class Refusal extends Error {
  constructor(
    readonly why: string,
    readonly advice: string,
    /** passing is true for what may be gone at the next attempt. */
    readonly passing: boolean,
  ) {
    super(why);
  }
}
