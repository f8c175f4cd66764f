import { z } from "zod";

/** RelayOrder comes with a listening socket: carry its connections to port 22 of this address. The answer is the same. */
export const RelayOrder = z.object({ address: z.string() });
export type RelayOrder = z.infer<typeof RelayOrder>;
