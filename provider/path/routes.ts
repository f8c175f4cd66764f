import { MAIN_TABLE } from "../ip/routes";
import { lengthOf } from "../net";
import type { Judged, Verdict } from "./danger";
import { asks } from "./rules";
import type { Way } from "./way";
import { following, type Reading, within } from "./words";

/** Types that never send on what they match (ip-route(8)). A `throw` leaves it to what comes next. */
const LOST = ["blackhole", "unreachable", "prohibit", "local"];

/** The kernel's RT_TABLE_LOCAL (linux/rtnetlink.h), by which it knows its own addresses. */
const LOCAL_TABLE = 255;

/** judgeRoute tells what a route that comes, changes or goes does to the way. */
export function judgeRoute(reading: Reading, { endpoint, way }: Judged): Verdict | undefined {
  if (reading.kind !== "ip" || reading.object !== "route") return undefined;
  const { verb, words } = reading;
  const { peer, local } = endpoint;
  const [type = "", destination = ""] = words;
  const table = Number(following(words, "table") ?? MAIN_TABLE);
  const metric = Number(following(words, "metric") ?? 0);
  if (table === LOCAL_TABLE && within(local, destination)) {
    return { why: `the host is reached at ${local}`, certain: false };
  }
  if (way?.beyond.some((address) => within(address, destination))) {
    return { why: `${destination} holds the other end of a tunnel that carries it`, certain: false };
  }
  if (!within(peer, destination)) return undefined;
  const why = `${destination} holds the other end, ${peer}`;
  if (way === undefined) return { why, certain: false };
  if (!asks(way, endpoint, table)) return undefined;
  if (table !== way.table) return { why, certain: false };
  const order = precedence(destination, metric, way);
  // What another one comes before decides nothing.
  if (order < 0 || (verb === "delete" && order > 0)) return undefined;
  return { why, certain: verb !== "delete" && LOST.includes(type) };
}

/** precedence is above 0 for what comes before the route that the way takes, 0 for that one, else below. */
function precedence(destination: string, metric: number, way: Way): number {
  const closer = lengthOf(destination) - lengthOf(way.destination);
  return closer === 0 ? way.metric - metric : closer;
}
