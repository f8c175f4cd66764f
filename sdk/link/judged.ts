import type { KnownLink } from "./known";

export type Path = readonly PropertyKey[];

/** Judged is a link that is looked at, and how to say what is wrong with it. */
export interface Judged {
  readonly link: KnownLink;
  readonly report: (path: Path, message: string) => void;
  /** A place in the link, as a message names it. */
  readonly name: (path: Path) => string;
}
