import type { Netns } from "./fake-kernel";
import { netlinkRefuses, Refusal } from "./fake-refusal";
import type { Words } from "./fake-words";

/** Policy rules of the fake kernel: which it takes for the same, and what `ip rule` prints of them. */

export interface FakeRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly not: boolean;
  /** All else that it says, by iproute2's words; one that is not there takes anything. */
  readonly said: Readonly<Record<string, string>>;
  readonly protocol: number;
}

export type FakeRules = readonly FakeRule[];

/** What the kernel compares of two rules only where the new one says it. */
const WEAK = ["from", "to", "tos"];
const SELECTORS = ["from", "to", "tos", "fwmark", "iif", "oif", "uidrange"];
const MORE = ["ipproto", "sport", "dport"];
const ACTIONS: Readonly<Record<string, string>> = { blackhole: "6", unreachable: "7", prohibit: "8" };

const KERNEL = 2;

/** kernelsRules are those of a new namespace. */
export function kernelsRules(): FakeRules {
  const rule = (family: 4 | 6, priority: number, table: string) =>
    ({ family, priority, not: false, said: { table }, protocol: KERNEL }) as const;
  return [
    ...[rule(4, 0, "255"), rule(4, 32_766, "254"), rule(4, 32_767, "253")],
    ...[rule(6, 0, "255"), rule(6, 32_766, "254")],
  ];
}

export function changeRule(netns: Netns, family: 4 | 6, words: Words): void {
  const verb = words.next();
  const rule = ruleIn(family, words, verb === "add");
  if (verb === "add") addRule(netns, rule);
  else if (verb === "delete") deleteRule(netns, rule);
  else throw words.strange("there is no such verb");
}

function ruleIn(family: 4 | 6, words: Words, added: boolean): FakeRule {
  words.must("priority");
  const priority = Number(words.next());
  const not = words.is("not");
  const option = (word: string) => [word, words.option(word)] as const;
  const selectors = SELECTORS.map(option);
  const l3mdev = words.is("l3mdev");
  const more = MORE.map(option);
  const action = Object.keys(ACTIONS).find((word) => words.is(word));
  const table = words.option("table") ?? (added && action === undefined && !l3mdev ? "254" : undefined);
  const said = Object.entries({
    ...Object.fromEntries([...selectors, ...more]),
    l3mdev: l3mdev ? "" : undefined,
    action,
    table,
    suppress_prefixlength: words.option("suppress_prefixlength"),
    suppress_ifgroup: words.option("suppress_ifgroup"),
  }).flatMap(([word, value]) => (value === undefined ? [] : [[word, value] as const]));
  const protocol = Number(words.option("protocol") ?? 0);
  const rule = { family, priority, not, said: Object.fromEntries(said), protocol };
  if (family === 4 && Number(rule.said.tos ?? 0) > 28) throw new Refusal(2, "Error: Invalid tos.");
  return rule;
}

function addRule(netns: Netns, rule: FakeRule): void {
  const { rules } = netns;
  if (rules.some((other) => isSame(other, rule))) throw netlinkRefuses("File exists");
  const after = rules.findIndex((other) => other.family === rule.family && other.priority > rule.priority);
  const at = after === -1 ? rules.length : after;
  netns.rules = [...rules.slice(0, at), rule, ...rules.slice(at)];
}

/** Whether it turns the rule around is not looked at. */
function isSame(one: FakeRule, asked: FakeRule): boolean {
  const keys = new Set([...Object.keys(one.said), ...Object.keys(asked.said)]);
  return (
    one.family === asked.family &&
    one.priority === asked.priority &&
    one.protocol === asked.protocol &&
    [...keys].every(
      (key) => asked.said[key] === one.said[key] || (WEAK.includes(key) && !(key in asked.said)),
    )
  );
}

/** The first that has all that is said goes; what is not said, it may have or not. */
function deleteRule(netns: Netns, { family, priority, said, protocol }: FakeRule): void {
  const found = netns.rules.find(
    (rule) =>
      rule.family === family &&
      rule.priority === priority &&
      (protocol === 0 || rule.protocol === protocol) &&
      Object.entries(said).every(([key, value]) => rule.said[key] === value),
  );
  if (found === undefined) throw netlinkRefuses("No such file or directory");
  netns.rules = netns.rules.filter((rule) => rule !== found);
}

/** ruleListing is what `ip -json -details -Numeric rule show` prints. */
export function ruleListing(netns: Netns, family: 4 | 6): string {
  return `${JSON.stringify(netns.rules.filter((rule) => rule.family === family).map((rule) => ruleJson(netns, rule)))}\n`;
}

function ruleJson({ devices }: Netns, { priority, not, said, protocol }: FakeRule): object {
  const [fwmark, fwmask] = said.fwmark?.split("/") ?? [];
  const gone = (name: string | undefined) =>
    name !== undefined && !devices.some((device) => device.name === name);
  const users = said.uidrange?.split("-").map(Number);
  return {
    priority,
    ...(not && { not: null }),
    ...networkJson("src", said.from),
    ...(said.to !== undefined && networkJson("dst", said.to)),
    ...(said.tos !== undefined && { tos: `0x${Number(said.tos).toString(16)}` }),
    ...(fwmark !== undefined && { fwmark: Number(fwmark) === 0 ? "0" : fwmark }),
    ...(fwmask !== undefined && fwmask !== "0xffffffff" && { fwmask }),
    ...(said.iif !== undefined && { iif: said.iif }),
    ...(gone(said.iif) && { iif_detached: null }),
    ...(said.oif !== undefined && { oif: said.oif }),
    ...(gone(said.oif) && { oif_detached: null }),
    ...(said.l3mdev !== undefined && { l3mdev: null }),
    ...(users !== undefined && { uid_start: users[0], uid_end: users[1] }),
    ...(said.ipproto !== undefined && { ipproto: `ipproto-${said.ipproto}` }),
    ...portsJson("sport", said.sport),
    ...portsJson("dport", said.dport),
    ...(said.table !== undefined && { table: said.table }),
    // iproute2 shows these behind the table alone.
    ...(said.table !== undefined &&
      said.suppress_prefixlength !== undefined && { suppress_prefixlen: Number(said.suppress_prefixlength) }),
    ...(said.table !== undefined &&
      said.suppress_ifgroup !== undefined && { suppress_ifgroup: said.suppress_ifgroup }),
    ...(said.action !== undefined && { action: ACTIONS[said.action] }),
    protocol: String(protocol),
  };
}

function networkJson(key: string, network = "all"): object {
  const [address, length] = network.split("/");
  const alone = length === (address?.includes(":") ? "128" : "32");
  return { [key]: address, ...(length !== undefined && !alone && { [`${key}len`]: Number(length) }) };
}

function portsJson(key: string, range: string | undefined): object {
  if (range === undefined) return {};
  const [first, last] = range.split("-").map(Number);
  return last === undefined ? { [key]: first } : { [`${key}_start`]: first, [`${key}_end`]: last };
}

/** ruleState is a rule as text. */
export function ruleState({ family, priority, not, said, protocol }: FakeRule): string {
  const words = Object.entries(said).map(([word, value]) => `${word} ${value}`.trim());
  return [`rule IPv${family} ${priority}${not ? " not" : ""}`, ...words, `proto ${protocol}`].join(" ");
}
