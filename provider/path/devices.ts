import type { Judged, Verdict } from "./danger";
import { following, type Reading } from "./words";

/** Words of `ip link set` that say nothing of what a device carries. */
const IDLE = ["alias", "group", "txqueuelen", "multicast", "up"];

/** judgeDevice tells what a change of a device does to the way. */
export function judgeDevice(reading: Reading, { way, all }: Judged): Verdict | undefined {
  if (reading.kind !== "ip" || reading.object !== "link" || reading.verb === "add") return undefined;
  const { verb, words } = reading;
  const dev = following(words, "dev") ?? following(words, "name") ?? "";
  const setting = following(words, dev) ?? "";
  if (verb === "set" && IDLE.includes(setting)) return undefined;
  const made = all.some(
    (one) => one.kind === "ip" && one.verb === "add" && following(one.words, "name") === dev,
  );
  // What is only made now carries nothing yet.
  if (way === undefined ? made : !way.carriers.has(dev)) return undefined;
  // Without its VRF a device answers by the tables of all others.
  const gone = ((verb === "delete" && !made) || setting === "down") && dev !== way?.vrf;
  return { why: `${dev} carries it`, certain: gone && way !== undefined, takesMore: true };
}
