import { CLASSES } from "../../provider/existing/kinds";
import { listedOrLacking } from "../../provider/existing/lacking";
import type { Connection } from "../../provider/host/connection";
import type { Command, Host } from "../../provider/host/host";
import { clampedIn } from "../../provider/ip/clamp-table";
import type { Link } from "../../provider/ip/links";
import { ask, View } from "../../provider/ip/view";
import { isMark, ROUTE_PROTOCOL } from "../../provider/mark";
import { type Head, heads } from "../../provider/persist/boot-file";
import type { Fields } from "../../provider/state";
import { grouped } from "../grouped";
import { readHeads } from "./boot-files";
import { deviceKey, keysOf, type Marked } from "./object";

/** Found is what of ours is on a host, and what could not be listed there. */
export interface Found {
  /** Which machine it is, whatever it was reached by; undefined where it does not tell. */
  readonly machine: string | undefined;
  readonly marked: readonly Marked[];
  /** The files from which the host makes objects again when it boots. */
  readonly files: readonly Head[];
  readonly troubles: readonly string[];
}

/** Made anew at each boot, so no two machines have the same, also when one is a copy of the other's disk (random(4)). */
const machine: Command = { argv: ["cat", "/proc/sys/kernel/random/boot_id"] };

const FAMILIES = [4, 6] as const;
/** What routes and rules have in place of a mark. */
const PROTOCOL = `protocol ${ROUTE_PROTOCOL}`;

/** findMarked lists what bears our mark, in the session's own namespace and in all that have a name. */
export async function findMarked(host: Host, connection: Connection): Promise<Found> {
  const names = (await looked(host, ask.namespaces())).namespaces();
  const all = [undefined, ...names];
  const view = await looked(host, [...all.flatMap(questions), heads, machine]);
  const found = all.map((netns) => inNamespace(view, netns, connection));
  const troubles: string[] = [];
  const files = listedOrLacking(() => readHeads(view.output(heads), troubles), troubles);
  return {
    // Nobody is told where it is missing: it only joins what is one.
    machine: listedOrLacking(() => [view.output(machine).trim()], [])[0],
    marked: withPairs(found.flatMap(({ marked }) => marked)),
    files,
    troubles: [...found.flatMap((one) => one.troubles), ...troubles],
  };
}

async function looked(host: Host, queries: Parameters<Host["exchange"]>[0]["queries"]): Promise<View> {
  const { answers } = await host.exchange({ steps: [], queries });
  return new View(host.label, queries, answers);
}

function questions(netns: string | undefined) {
  return [
    ...ask.links(netns),
    ...FAMILIES.flatMap((family) => [...ask.ownRoutes(family, netns), ...ask.rules(family, netns)]),
    ...ask.labelRoutes(netns),
    ...ask.nftTables(netns),
  ];
}

function inNamespace(
  view: View,
  netns: string | undefined,
  connection: Connection,
): Omit<Found, "files" | "machine"> {
  const troubles: string[] = [];
  const listed = <T>(list: () => readonly T[] | undefined) => listedOrLacking(list, troubles);
  const at = netns === undefined ? {} : { namespace: netns };
  const object = (type: string, mark: string, inputs: Fields): Marked => {
    const which = { ...inputs, ...at };
    return { type, mark, inputs: which, keys: keysOf(type, { ...which, connection }) };
  };

  const links = view.links(netns) ?? [];
  const routes = FAMILIES.flatMap((family) => listed(() => view.ownRoutes(family, netns)));
  const rules = FAMILIES.flatMap((family) =>
    listed(() => view.rules(family, netns))
      .filter(({ protocol }) => protocol === ROUTE_PROTOCOL)
      .map(({ priority }) => ({ family: family === 4 ? "inet" : "inet6", priority })),
  );
  const labels = listed(() => view.labelRoutes(netns)).filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  const clamped = listed(() => view.nftTables(netns)).flatMap((table) => clampedIn(table) ?? []);
  const marked = [
    ...routes.map(({ destination, table, metric }) =>
      object("Route", PROTOCOL, { destination, table, metric }),
    ),
    ...rules.map((rule) => object("Rule", PROTOCOL, rule)),
    ...labels.map(({ label }) => object("MplsRoute", PROTOCOL, { label })),
    // The comment, which is its mark, shows when it is looked at.
    ...clamped.map((dev) => object("MssClamp", "", { dev })),
    ...links.flatMap((link) => deviceOf(link, netns, connection)),
  ];
  // Of one priority there may be several rules.
  return { marked: [...new Map(marked.map((one) => [one.keys.join(), one])).values()], troubles };
}

function deviceOf(
  { name, kind = "", alias }: Link,
  netns: string | undefined,
  connection: Connection,
): Marked[] {
  if (!isMark(alias)) return [];
  if (name === "lo" && netns !== undefined) {
    const keys = keysOf("Namespace", { name: netns, connection });
    return [{ type: "Namespace", mark: alias, inputs: { name: netns }, keys }];
  }
  const end = netns === undefined ? { name } : { name, namespace: netns };
  const type = CLASSES.get(kind);
  const inputs = kind === "veth" ? { a: end, b: UNKNOWN_END } : end;
  return [{ type, mark: alias, inputs, keys: [deviceKey(end)] }];
}

/** The other end of a pair where it bears no mark; no device can have this name. */
const UNKNOWN_END = { name: "?" };

/** withPairs makes one object of the two ends of a pair, which bear the same mark. */
function withPairs(marked: readonly Marked[]): Marked[] {
  const isEnd = ({ type }: Marked) => type === "VethPair";
  const ends = grouped(marked.filter(isEnd), ({ mark }) => mark);
  const pairs = [...ends.values()].flatMap((group) => {
    const [one, other] = group;
    if (one === undefined || other === undefined || group.length > 2) return group;
    const inputs = { a: one.inputs.a, b: other.inputs.a };
    return [{ ...one, inputs, keys: [...one.keys, ...other.keys] }];
  });
  return [...marked.filter((one) => !isEnd(one)), ...pairs];
}
