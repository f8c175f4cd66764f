import { z } from "zod";
import { Connection } from "./host/connection";

/**
 * Configuration of the provider: what one `pulumi config` or one explicit `Provider` says for all resources of a program.
 */
export const Configuration = z.strictObject({
  /**
   * The hosts by name, each with how to reach it; in `pulumi config` it is `ipip:hosts`. A resource on one says
   * `host: "NAME"` in place of a `connection` of its own. The state then has the credentials once, and ids begin with the
   * name, so that objects can be imported.
   */
  hosts: z.record(z.string(), Connection).optional(),
  /** Whether a preview shows the commands that would be run on the hosts, without secrets. */
  showCommands: z.boolean().default(false),
});
