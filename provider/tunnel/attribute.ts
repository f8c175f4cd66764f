import { z } from "zod";
import type { Fields } from "../state";

/** Info is what `ip -json -details link` prints of a device's own kind: its `info_data`. */
export type Info = Readonly<Record<string, unknown>>;

/** Attribute is one of the things that a kind of tunnel is told, and tells. */
export interface Attribute {
  /** The input that it is. */
  readonly key: string;
  /** What ip-link(8) is told to give it a value. */
  words(value: unknown): string[];
  /** The value that the kernel has, in canonical form. */
  read(info: Info): unknown;
  /** What a new device has without a word; undefined when it is always said. */
  readonly usual?: unknown;
}

/** attribute gives an attribute's functions the type of its values. */
export function attribute<V>(
  key: string,
  words: (value: V) => string[],
  read: (info: Info) => V,
  usual?: V,
): Attribute {
  return { key, words: (value) => words(value as V), read, ...(usual !== undefined && { usual }) };
}

/** flag is an attribute that is on or off. */
export function flag(key: string, word: string, read: (info: Info) => boolean, usual?: boolean): Attribute {
  return attribute<boolean>(key, (on) => [on ? word : `no${word}`], read, usual);
}

/** readAll is what a device has of some attributes. */
export function readAll(attributes: readonly Attribute[], info: Info): Fields {
  return Object.fromEntries(attributes.map(({ key, read }) => [key, read(info)]));
}

/** mode is what goes through a tunnel of a kind that may carry different things. */
export const mode = attribute<string>(
  "mode",
  (wanted) => ["mode", wanted],
  ({ proto }) => String(proto),
);

/** NumberOrHex: a number of some hexadecimal digits, as such or like "0x10". */
export const NumberOrHex = (digits: number, problem: string) =>
  z.union(
    [
      z
        .string()
        .regex(new RegExp(`^0x[0-9A-Fa-f]{1,${digits}}$`), problem)
        .transform((text) => Number.parseInt(text, 16)),
      z
        .int()
        .min(0, problem)
        .max(16 ** digits - 1, problem),
    ],
    problem,
  );

/** hexadecimal is how iproute2 writes what is best read in bits. */
export function hexadecimal(value: number): string {
  return `0x${value.toString(16)}`;
}

/** numberIn reads a number that iproute2 prints as such or as a text, in whatever base. */
export function numberIn(value: unknown): number {
  return Number(value ?? 0);
}
