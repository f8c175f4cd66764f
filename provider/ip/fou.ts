import { z } from "zod";
import { canonicalIp, type Family } from "../net";

/** A port for FOU or GUE as `ip -json fou show` prints it: what we use of it, in our form. */

const FouJson = z.object({
  port: z.number(),
  family: z.enum(["inet", "inet6"]),
  ipproto: z.number().optional(),
  gue: z.null().optional(),
  local: z.string().optional(),
  peer: z.string().optional(),
  peer_port: z.number().optional(),
  dev: z.string().optional(),
});

export interface Fou {
  readonly port: number;
  readonly family: Family;
  /** What is inside, where it is not GUE that says it of each packet. */
  readonly ipproto: number | undefined;
  readonly local: string | undefined;
  readonly peer: string | undefined;
  readonly peerPort: number | undefined;
  /** Of a device that is gone, its number alone: `if7`. */
  readonly dev: string | undefined;
}

/** fousOf reads the entries of a listing. */
export function fousOf(entries: readonly unknown[]): Fou[] {
  return entries.map((entry) => fouOf(FouJson.parse(entry)));
}

function fouOf(json: z.output<typeof FouJson>): Fou {
  const address = (text: string | undefined) => text && (canonicalIp(text)?.text ?? text);
  return {
    port: json.port,
    family: json.family === "inet" ? 4 : 6,
    ipproto: json.ipproto,
    local: address(json.local),
    peer: address(json.peer),
    peerPort: json.peer_port,
    dev: json.dev,
  };
}
