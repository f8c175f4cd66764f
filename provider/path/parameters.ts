import { familyOf } from "../net";
import type { Judged, Verdict } from "./danger";
import type { Reading } from "./words";

/**
 * judgeParameter tells what a kernel parameter does to the way. One of a device counts only where that carries it; those
 * of `default` count for devices that come later.
 */
export function judgeParameter(reading: Reading, { endpoint, way }: Judged): Verdict | undefined {
  if (reading.kind !== "parameter") return undefined;
  const [protocol, part = "", dev = "", key] = reading.path;
  const family = familyOf(endpoint.peer);
  // TCP over IPv6 is told by what stands below `ipv4` too.
  if (protocol !== `ipv${family}` && !(protocol === "ipv4" && part.startsWith("tcp_"))) return undefined;
  const name = `net.${reading.path.join(".")}`;
  if (part !== "conf" && part !== "neigh")
    return { why: `${name} is about all that it carries`, certain: false };
  if (dev === "default" || (dev !== "all" && way !== undefined && !way.carriers.has(dev))) return undefined;
  const off = family === 6 && key === "disable_ipv6" && reading.value === "1";
  return {
    why: `${name} is about ${dev === "all" ? "all devices" : dev}`,
    certain: off && way !== undefined,
    takesMore: true,
  };
}
