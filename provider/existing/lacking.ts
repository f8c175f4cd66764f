import { CommandFailed } from "../errors";

/** What a host says that lacks a part of the kernel, or nft, so that nothing of it can be there (shell: exit code 127). */
const LACKING = /not supported|No such file or directory|not found/;
const NO_PROGRAM = 127;

/** listedOrLacking is what a listing has: nothing where the host has no such thing at all. Another failure is a trouble. */
export function listedOrLacking<T>(list: () => readonly T[] | undefined, troubles: string[]): readonly T[] {
  try {
    return list() ?? [];
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    if (error.code !== NO_PROGRAM && !LACKING.test(error.answer)) troubles.push(error.message);
    return [];
  }
}
