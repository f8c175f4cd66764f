import { z } from "zod";
import { Connection, named } from "../host/connection";
import { HostName, NetnsName } from "../net";
import { parentName } from "../resource";

/** Arguments that several lookups have, with one meaning. */

export const connection = {
  /**
   * How to reach the host: its address, credentials, and the key by which it proves who it is. Required, unless there is
   * `host`.
   */
  connection: named(Connection),
  /** Name of a host of the provider's configuration, `ipip:hosts`, in place of `connection`. */
  host: HostName.optional(),
};

export const namespace = {
  /**
   * Network namespace to look in: its name, or with the form for outputs a `Namespace` too. Left out, it is the one that
   * the SSH session lands in, the host's own.
   */
  namespace: parentName(NetnsName).optional(),
};

export const family = {
  /** Version of IP, 4 or 6. Left out, both. */
  family: z.literal([4, 6], "give 4 or 6").optional(),
};
