import type { Endpoint } from "../host/endpoint";
import { ALL, ANY, NONE, type RuleEntry } from "../ip/rules";
import { familyOf } from "../net";
import type { Judged, Verdict } from "./danger";
import type { Way } from "./way";
import { following, type Reading, within } from "./words";

/** TCP's number (RFC 9293). */
const TCP = 6;

/** Words of a selector that take some packets of a connection, or of all connections, and may leave others. */
const PARTIAL = ["not", "fwmark", "tos", "sport", "dport", "uidrange", "iif"];

/** What a rule does with packets that are not to go on. */
const LOST = ["blackhole", "unreachable", "prohibit"];

/** judgeSelector tells what a policy rule that comes or goes does to the way. */
export function judgeSelector(reading: Reading, { endpoint, way }: Judged): Verdict | undefined {
  if (reading.kind !== "ip" || reading.object !== "rule") return undefined;
  const { verb, words } = reading;
  const word = (name: string, open: string) => following(words, name) ?? open;
  const selector = {
    not: words.includes("not"),
    from: word("from", ALL),
    to: word("to", ALL),
    // Before the way was seen it may be that of a VRF.
    oif: way === undefined ? ANY : word("oif", ANY),
    ipproto: Number(word("ipproto", "0")),
  };
  if (reading.family !== familyOf(endpoint.peer) || !takes(selector, endpoint, way?.vrf)) return undefined;
  const priority = Number(word("priority", "0"));
  if (way !== undefined && priority > deciding(way, endpoint)) return undefined;
  const whole = PARTIAL.every((one) => !words.includes(one)) && LOST.some((one) => words.includes(one));
  return {
    why: `rule ${priority} takes packets from ${endpoint.local} to ${endpoint.peer}`,
    certain: way !== undefined && verb === "add" && whole,
  };
}

/** asks tells whether the host looks in a table, as far as it is known, before the way is found. */
export function asks(way: Way, endpoint: Endpoint, table: number): boolean {
  const last = deciding(way, endpoint);
  return way.rules.some(
    (rule) => leads(rule, table, way) && rule.priority <= last && takes(rule, endpoint, way.vrf),
  );
}

/** leads tells whether a rule has a table asked; that of a VRF is asked by the rule for all of them. */
function leads(rule: RuleEntry, table: number, { vrf, table: own }: Way): boolean {
  if (!rule.l3mdev) return rule.table === table;
  return vrf === undefined || table === own;
}

type Selector = Pick<RuleEntry, "not" | "from" | "to" | "oif" | "ipproto">;

/** takes tells whether a rule may take what the host answers. */
function takes(
  { not, from, to, oif, ipproto }: Selector,
  { local, peer }: Endpoint,
  vrf: string | undefined,
): boolean {
  if (not) return true;
  // sshd's sockets are bound to no device but a VRF, if any.
  return (oif === ANY || oif === vrf) && [0, TCP].includes(ipproto) && holds(from, local) && holds(to, peer);
}

function holds(network: string, address: string): boolean {
  return network === ALL || within(address, network);
}

/** deciding is the priority of the rule by which the way is found; what stands behind it is never asked. */
function deciding({ rules, table, vrf }: Way, endpoint: Endpoint): number {
  const decides = (rule: RuleEntry) =>
    (rule.table === table || (rule.l3mdev && vrf !== undefined)) &&
    !rule.not &&
    takes(rule, endpoint, vrf) &&
    [rule.iif, rule.fwmark, rule.uidrange, rule.sport, rule.dport].every((one) => one === ANY) &&
    rule.tos === 0 &&
    [rule.suppressPrefixLength, rule.suppressIfgroup].every((one) => one === NONE);
  return rules.find(decides)?.priority ?? Number.POSITIVE_INFINITY;
}
