import { createHash } from "node:crypto";
import { OwnIfName } from "../../provider/net";

/** IFNAMSIZ less its end mark (linux/if.h). */
const LONGEST = 15;
const DIGEST = 6;

/** deviceName makes the name of a device of another name: the name itself where it can be, else its beginning and a digest. */
export function deviceName(name: string): string {
  if (OwnIfName.safeParse(name).success) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, DIGEST);
  const readable = name.replace(/[^A-Za-z0-9]+/g, "").slice(0, LONGEST - DIGEST - 1);
  return [readable, digest].filter((part) => part !== "").join("-");
}
