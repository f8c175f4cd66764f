import { z } from "zod";
import type { Named } from "./named";
import type { Problem } from "./resource";
import { shown } from "./secrets";
import type { Fields } from "./state";
import { HalfMade, type Made } from "./subject";
import { visible, visibleText } from "./visible";

/** Told is an error as the engine may show it, with what is there of an object that is not as it should be. */
export class Told extends Error {
  /** A stack would be printed as noise beside the message. */
  override readonly stack = "";

  constructor(
    text: string,
    readonly made?: Made,
  ) {
    super(text);
  }
}

/**
 * told has errors leave in words of their own, without secrets: the engine would mask only those of its configuration. Nor
 * does it keep from a terminal what a host says to it. `bag` is what the work is about.
 */
export async function told<T>(service: Named, bag: Fields, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = shown(error, await service.secretsIn(bag));
    throw new Told(text, error instanceof HalfMade ? error.made : undefined);
  }
}

/** failures are wrong inputs in the engine's form. */
export function failures(problems: readonly Problem[]): { property: string; reason: string }[] {
  return problems.map(({ path, message }) => ({
    property: visible(z.core.toDotPath(path)),
    reason: visibleText(message),
  }));
}
