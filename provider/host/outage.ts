import type { Refusal } from "./refusal";

/** Milliseconds without an attempt after which a host has had time to come back, and gets all its attempts anew. */
const REST = 60_000;

/**
 * Outage counts the attempts to connect to one host that have failed in a row, whichever operations made them. Once all
 * are used up, every further operation makes one attempt and not all of them again, until the host is reached.
 */
export class Outage {
  /** Why the last attempt failed; undefined after one that did not. */
  last: Refusal | undefined;
  /** What an attempt has to wait for before it is made. */
  held: string | undefined;
  private failures = 0;
  private since = 0;

  /** next is the number of the attempt that is about to be made, from 1. */
  next(): number {
    if (performance.now() - this.since > REST) this.over();
    this.held = undefined;
    return this.failures + 1;
  }

  /** failed notes why an attempt failed. A host that answers, and refuses, is there. */
  failed(refusal: Refusal): void {
    this.failures = refusal.passing ? this.failures + 1 : 0;
    this.since = performance.now();
    this.last = refusal;
    this.held = undefined;
  }

  over(): void {
    this.failures = 0;
    this.last = undefined;
  }
}
