import fc from "fast-check";
import { Trouble } from "../../cli/errors";
import { IpipError } from "../../provider/errors";
import { Refusal } from "../../provider/host/refusal";
import { Unclear } from "../../provider/ip/view";

/** Target is something that inputs from elsewhere are put into. */
export interface Target {
  readonly name: string;
  /** Whether an input takes some milliseconds, for most of them those of a shell. */
  readonly slow: boolean;
  /** run puts in so many inputs that grow from a seed; `beat` is called before each. */
  run(inputs: number, seed: number, beat: (done: number) => void): Promise<Tally>;
}

/** Tally is what became of inputs that did no harm. */
export interface Tally {
  readonly accepted: number;
  readonly refused: number;
}

/** Harmful is an input that did harm, with how to have it again. */
export class Harmful extends Error {}

/**
 * target is one whose `put` gives whether the input was accepted, and throws for what must not be. An error of our own is a
 * refusal; any other is a crash.
 */
export function target<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  put: (input: T) => boolean | Promise<boolean>,
): Target {
  return {
    name,
    slow: false,
    async run(count, seed, beat) {
      let [done, accepted, refused] = [0, 0, 0];
      const one = async (input: T) => {
        beat(done++);
        if (await accepts(put, input)) accepted++;
        else refused++;
        insistOnNoPollution();
      };
      const found = await fc.check(fc.asyncProperty(inputs, one), {
        numRuns: count,
        seed,
        endOnFailure: true,
      });
      if (!found.failed) return { accepted, refused };
      const again = `seed ${seed}, path ${found.counterexamplePath}`;
      const input = shown(found.counterexample?.[0]);
      const error = found.errorInstance;
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Harmful(`${name}, ${again}: ${input}\n${why}`);
    },
  };
}

async function accepts<T>(put: (input: T) => boolean | Promise<boolean>, input: T): Promise<boolean> {
  try {
    return await put(input);
  } catch (error) {
    if (isOurs(error)) return false;
    throw error;
  }
}

/** isOurs tells an error that says what was wrong from one that only happened. */
export function isOurs(error: unknown): boolean {
  return [IpipError, Refusal, Unclear, Trouble].some((kind) => error instanceof kind);
}

function insistOnNoPollution(): void {
  const added = Object.keys(Object.prototype);
  if (added.length > 0) throw new Error(`every object has now: ${added.join(", ")}`);
}

function shown(input: unknown): string {
  const text = fc.stringify(input);
  return text.length > 3000 ? `${text.slice(0, 3000)}…` : text;
}
