import { runIp } from "../support/fake-ip";
import type { FakeKernel, Netns } from "../support/fake-kernel";
import { addressListing, namespaceListing, routeListing } from "../support/fake-listing";
import { Refusal } from "../support/fake-refusal";

/** `ip` as a person or a script may call it, brought to the one form that the fake kernel's `ip` understands. */

/** Options are those before the object, which count for a whole process and for every line of its batch. */
export interface Options {
  readonly netns: string | undefined;
  readonly family: 4 | 6 | undefined;
  readonly json: boolean;
  readonly batch: boolean;
  readonly force: boolean;
  readonly version: boolean;
}

/** optionsOf takes the options off a command line. */
export function optionsOf(argv: readonly string[]): { options: Options; words: readonly string[] } {
  let netns: string | undefined;
  let family: 4 | 6 | undefined;
  const flags = new Set<string>();
  let at = 0;
  for (; argv[at]?.startsWith("-"); at++) {
    const option = argv[at] ?? "";
    if (/^-n(et(ns?)?)?$/.test(option)) netns = argv[++at];
    else if (option === "-4" || option === "-6") family = option === "-4" ? 4 : 6;
    else if (/^-b(a(t(ch?)?)?)?$/.test(option) && argv[at + 1] === "-") flags.add("batch") && at++;
    else if (/^-j(s(on?)?)?$/.test(option)) flags.add("json");
    else if (/^-force$/.test(option)) flags.add("force");
    else if (/^-V(ersion)?$/.test(option)) flags.add("version");
    // What changes the form of a listing: there is only the full one here.
    else if (!/^-(d|details|N|Numeric|br|brief|s|statistics)$/.test(option))
      throw new Error(`the stand-in does not know ip's option ${option}`);
  }
  const is = (flag: string) => flags.has(flag);
  return {
    options: {
      netns,
      family,
      json: is("json"),
      batch: is("batch"),
      force: is("force"),
      version: is("version"),
    },
    words: argv.slice(at),
  };
}

/** What stands between the lines of a batch, to tell which were carried out. */
export const MARKS: readonly string[] = ["link show dev lo", "neigh show proxy dev lo"];

const OBJECTS: Readonly<Record<string, string>> = { a: "address", addr: "address", l: "link", r: "route" };

/** isListing tells what only asks from what changes something. */
export function isListing(words: readonly string[]): boolean {
  const [object = "", verb = "list"] = words;
  return ["list", "show", "ls", "lst"].includes(verb) && object !== "";
}

/** answer is what a command prints, or a Refusal. */
export function answer(kernel: FakeKernel, options: Options, words: readonly string[]): string {
  const [short = "", ...rest] = words;
  const object = OBJECTS[short] ?? short;
  if (MARKS.includes(words.join(" "))) return options.json ? "[]\n" : "lo UNKNOWN\n";
  if (!/^(netns|link|address|route)$/.test(object))
    throw new Refusal(1, `Object "${object}" is unknown, try "ip help".`);
  const { netns: name, family } = options;
  if (!isListing([object, ...rest]))
    return runIp(kernel, name, [...(object === "route" ? [`-${family ?? 4}`] : []), object, ...rest]);
  const netns = kernel.netns(name);
  if (object === "netns") return namespaceListing(kernel);
  if (object === "route") return routes(netns, family ?? 4, rest.slice(1));
  const which = rest.slice(1).filter((word) => word !== "dev");
  if (which[0] === "group") return "[]\n";
  const devices = which.map((device) => netns.device(device));
  if (!options.json) return devices.map(({ name: device }) => `${device} UNKNOWN\n`).join("");
  return addressListing(devices.length === 0 ? netns.devices : devices);
}

/** Words are those after `show`: a table or all, of whose protocol, and a whole family of it or the way to one destination. */
function routes(netns: Netns, family: 4 | 6, words: readonly string[]): string {
  const [, table = "all", ...more] = words;
  const after = (keyword: string) => (more.includes(keyword) ? more[more.indexOf(keyword) + 1] : undefined);
  const [protocol, exact, root] = ["proto", "exact", "root"].map(after);
  const wanted = root === "::/0" ? 6 : family;
  return routeListing(netns, table, protocol === undefined ? undefined : Number(protocol), (route) =>
    exact === undefined ? route.family === wanted : route.destination === exact,
  );
}

/** wordsOf splits a line of a batch as iproute2 does; undefined for a line without any. */
export function wordsOf(line: string): string[] | undefined {
  const found = [...line.replace(/#.*/s, "").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)];
  return found.length === 0 ? undefined : found.map(([, one, two, bare]) => one ?? two ?? bare ?? "");
}
