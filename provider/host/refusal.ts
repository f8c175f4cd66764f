/** Refusal is why one attempt to open a session failed, before it is known whether another will be made. */
export class Refusal extends Error {
  constructor(
    readonly why: string,
    readonly advice: string,
    /** passing is true for what may be gone at the next attempt. */
    readonly passing: boolean,
    /** away is true when nothing answered where the host should be; what answers is no host that is gone for good. */
    readonly away = false,
  ) {
    super(why);
  }
}
