import { bash } from "./bash";
import { fish } from "./fish";
import type { Words } from "./words";
import { zsh } from "./zsh";

/** shells are those that can be completed in, with what makes the script of each. */
export const shells: Readonly<Record<string, (words: Words) => string>> = { bash, zsh, fish };
