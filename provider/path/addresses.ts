import { familyOf, ipOf } from "../net";
import type { Judged, Verdict } from "./danger";
import { following, type IpReading, type Reading, within } from "./words";

/** judgeAddress tells what an address that comes or goes does to the way. */
export function judgeAddress(reading: Reading, { endpoint, way, all }: Judged): Verdict | undefined {
  if (!isAddress(reading)) return undefined;
  const { peer, local } = endpoint;
  const { verb, words } = reading;
  const own = ownIn(reading);
  if (familyOf(own) !== familyOf(peer)) return undefined;
  // The route to it is there with the address.
  const reached = within(peer, following(words, "peer") ?? words[0] ?? "");
  if (verb !== "delete") {
    if (own === peer) return { why: `${peer} is the other end's`, certain: true };
    return reached ? { why: `${peer} is in the network of ${own}`, certain: false } : undefined;
  }
  if (own === local) {
    const stays = all.some((one) => isAddress(one) && one.verb !== "delete" && ownIn(one) === local);
    return { why: `the host is reached at ${local}`, certain: !stays, takesMore: true };
  }
  const dev = following(words, "dev") ?? "";
  const carried = way === undefined || way.carriers.has(dev);
  if (!carried && !reached) return undefined;
  return { why: `what hangs on ${own} of ${dev} goes with it`, certain: false, takesMore: true };
}

function isAddress(reading: Reading): reading is IpReading {
  return reading.kind === "ip" && reading.object === "address";
}

function ownIn({ words }: IpReading): string {
  return ipOf(words[0] ?? "");
}
