import type { Finding } from "../drift";
import { github } from "./github";
import { json } from "./json";
import { junit } from "./junit";
import { table } from "./table";

/** formats are the ways to write down what was found, by their names. */
export const formats = { table, json, junit, github } as const satisfies Record<
  string,
  (findings: readonly Finding[]) => string
>;
export type Format = keyof typeof formats;
