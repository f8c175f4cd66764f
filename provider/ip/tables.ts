import { z } from "zod";
import { MAX_U32 } from "../net";
import { MAIN_TABLE } from "./routes";

/** The tables that have a name of the kernel's own (linux/rtnetlink.h, RT_TABLE_*). */
const TABLES: Readonly<Record<string, number>> = { default: 253, main: MAIN_TABLE, local: 255 };

/** Table: a routing table, by its number or by one of the names that mean the same on every host. */
export const Table = z.union(
  [z.int().min(1).max(MAX_U32), z.enum(["default", "main", "local"]).transform((text) => TABLES[text] ?? 0)],
  {
    error:
      'give a number from 1 to 4294967295, or "main", "local" or "default"; other names are the host\'s own',
  },
);
