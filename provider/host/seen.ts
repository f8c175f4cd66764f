import type { Answers } from "./call";
import type { Answer } from "./host";

/** Milliseconds for which an answer may be told again: what somebody else does on the host is to be seen soon. */
const RECENT = 3000;
/** So many times as long as the look took is recent too: a host with much to list is not to do little else. */
const WORTH = 10;
/** Milliseconds without a question after which a burst is over, and the next question sees the host anew. */
const PAUSE = 250;

/** All that was seen on a host, over whichever session to it. */
const hosts = new Map<string, Seen[]>();

/**
 * Seen keeps what a host has answered to one session for a moment, so that reads that come in a burst share one look
 * at the host. Whoever changes the host must have all its sessions forget, before and after.
 */
export class Seen {
  private readonly kept = new Map<string, { readonly answer: Answer; readonly until: number }>();
  private changes = 0;
  /** When something was last told. */
  private told = 0;
  private readonly all: Seen[];

  constructor(label: string) {
    this.all = hosts.get(label) ?? [];
    this.all.push(this);
    hosts.set(label, this.all);
  }

  forget(): void {
    for (const seen of this.all) {
      seen.changes++;
      seen.kept.clear();
    }
  }

  /**
   * asked is to be called before questions are sent; what it gives keeps the answers, unless something has changed
   * since. A burst begins with several readers at once: to one who comes alone what was seen is not worth keeping.
   */
  asked(readers: number): (answers: Answers) => void {
    const before = this.changes;
    const began = performance.now();
    const burst = readers > 1 || (readers > 0 && performance.now() - this.told < PAUSE);
    return (answers) => {
      if (burst && this.changes === before) this.keep(answers, performance.now() - began);
    };
  }

  private keep(answers: Answers, took: number): void {
    const now = performance.now();
    this.told = now;
    for (const [key, { until }] of this.kept) if (now > until) this.kept.delete(key);
    const until = now + Math.max(RECENT, WORTH * took);
    for (const [key, answer] of answers) this.kept.set(key, { answer, until });
  }

  /** answers gives what was answered to all of these questions, or nothing when one of them must be asked anew. */
  answers(questions: readonly { readonly key: string }[]): Answers | undefined {
    const now = performance.now();
    if (now - this.told > PAUSE) return undefined;
    const found = questions.flatMap(({ key }) => {
      const kept = this.kept.get(key);
      return kept === undefined || now > kept.until ? [] : [[key, kept.answer] as const];
    });
    if (found.length < questions.length) return undefined;
    this.told = now;
    return new Map(found);
  }
}
