import type { Answers } from "./exchange";
import type { Answer } from "./host";

/** Milliseconds for which an answer may be told again: what somebody else does on the host is to be seen soon. */
const RECENT = 3000;
/** Milliseconds without a question after which a burst is over, and the next question sees the host anew. */
const PAUSE = 30;

const hosts = new Map<string, Seen>();

/** seenOn is what was seen on a host, over whichever session to it. */
export function seenOn(label: string): Seen {
  const seen = hosts.get(label) ?? new Seen();
  hosts.set(label, seen);
  return seen;
}

/**
 * Seen keeps what a host has answered for a moment, so that reads that come in a burst share one look at the host.
 * Whoever changes the host must have it forget, before and after.
 */
export class Seen {
  private readonly kept = new Map<string, { readonly answer: Answer; readonly at: number }>();
  private changes = 0;
  /** When something was last told. */
  private told = 0;

  forget(): void {
    this.changes++;
    this.kept.clear();
  }

  /** asked is to be called before the questions are sent; what it gives keeps the answers, unless something changed. */
  asked(): (answers: Answers) => void {
    const before = this.changes;
    return (answers) => {
      if (this.changes === before) this.keep(answers);
    };
  }

  private keep(answers: Answers): void {
    const at = performance.now();
    this.told = at;
    for (const [key, { at: since }] of this.kept) if (at - since > RECENT) this.kept.delete(key);
    for (const [key, answer] of answers) this.kept.set(key, { answer, at });
  }

  /** answers gives what was answered to all of these questions, or nothing when one of them must be asked anew. */
  answers(questions: readonly { readonly key: string }[]): Answers | undefined {
    const now = performance.now();
    if (now - this.told > PAUSE) return undefined;
    const found = questions.flatMap(({ key }) => {
      const kept = this.kept.get(key);
      return kept === undefined || now - kept.at > RECENT ? [] : [[key, kept.answer] as const];
    });
    if (found.length < questions.length) return undefined;
    this.told = now;
    return new Map(found);
  }
}
