import type { Services } from "../provider/index";
import { type Fields, isFields, same } from "../provider/state";
import { ExitCode, messageOf, Trouble } from "./errors";
import { type Known, knownOf, placeOf } from "./object";
import type { Recorded } from "./state";

/** Difference is one value that a host has otherwise than it was asked for, both as text. */
export interface Difference {
  /** Name of the input, dotted where it is inside of one: `a.mtu`. */
  readonly attribute: string;
  readonly wanted: string;
  readonly found: string;
}

/** Finding is what a look at one object came to. */
export interface Finding {
  readonly stack: string;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly host: string;
  readonly object: string;
  readonly outcome: "same" | "drift" | "gone" | "trouble";
  /** With `drift`, one or more. */
  readonly differences: readonly Difference[];
  /** With `trouble`, why nobody knows; else empty. */
  readonly message: string;
}

/** Which of the objects are looked at; an empty list is no restriction. */
export interface Filter {
  /** Hosts by address or, as in messages, with the port. */
  readonly host: readonly string[];
  /** Resources by URN or name. */
  readonly target: readonly string[];
}

const SECRET = "[secret]";

/** findDrift looks at all objects at once; `looked` is told how far it is. A host in trouble hides no other. */
export async function findDrift(
  recorded: readonly Recorded[],
  services: Services,
  filter: Filter,
  looked: (done: number, of: number) => void = () => {},
): Promise<Finding[]> {
  const chosen = recorded.filter((one) => matches(one, services, filter));
  for (const [option, values] of Object.entries(filter) as [keyof Filter, string[]][]) {
    const nothing = values.find((value) => {
      const alone = { host: [], target: [], [option]: [value] };
      return !recorded.some((one) => matches(one, services, alone));
    });
    if (nothing !== undefined) throw new Trouble(`no object of the state matches --${option} ${nothing}`);
  }
  let done = 0;
  looked(done, chosen.length);
  return await Promise.all(
    chosen.map(async (one) => {
      const finding = await look(one, services);
      looked(++done, chosen.length);
      return finding;
    }),
  );
}

/** exitCodeOf: trouble comes first, since nobody knows then what else there is. */
export function exitCodeOf(findings: readonly Finding[]): ExitCode {
  if (findings.some(({ outcome }) => outcome === "trouble")) return ExitCode.trouble;
  return findings.every(({ outcome }) => outcome === "same") ? ExitCode.none : ExitCode.found;
}

function matches(recorded: Recorded, services: Services, { host, target }: Filter): boolean {
  const { urn, name, condemned } = recorded;
  if (condemned) return false;
  const aimed = target.length === 0 || target.includes(urn) || target.includes(name);
  if (!aimed || host.length === 0) return aimed;
  const label = hostOf(recorded, services);
  // The port may be left out.
  return host.some((one) => one === label || label.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1") === one);
}

function hostOf(recorded: Recorded, services: Services): string {
  try {
    return knownOf(recorded, services).host;
  } catch {
    return placeOf(recorded).host;
  }
}

async function look(recorded: Recorded, services: Services): Promise<Finding> {
  const { stack, urn, type, name } = recorded;
  const base = { stack, urn, type, name, differences: [], message: "" };
  let known: Known;
  try {
    known = knownOf(recorded, services);
  } catch (error) {
    return { ...base, ...placeOf(recorded), outcome: "trouble", message: messageOf(error) };
  }
  const { service, desired, outputs, host, object, mask } = known;
  try {
    const found = await service.read(outputs);
    if (found === undefined) return { ...base, host, object, outcome: "gone" };
    // No host tells how it is reached, and what a newer release fills in there is no drift.
    const { connection } = found.outputs;
    const { changed } = service.diff(found.outputs, { ...desired, connection });
    const differences = differencesOf(known, changed, found.outputs);
    return { ...base, host, object, outcome: changed.length === 0 ? "same" : "drift", differences };
  } catch (error) {
    return { ...base, host, object, outcome: "trouble", message: mask(messageOf(error)) };
  }
}

function differencesOf(known: Known, changed: readonly string[], found: Fields): Difference[] {
  const { desired, hidden, mask, service } = known;
  const inputs = changed.filter((key) => key in service.contract.inputs.shape);
  // What a probe insists on is in none of its inputs: `cause` says what is wrong with the link.
  if (inputs.length < changed.length)
    return [
      { attribute: "cause", wanted: "none", found: mask(`${show(found.cause)}: ${show(found.reason)}`) },
    ];
  return inputs.flatMap((key) =>
    hidden.has(key)
      ? [{ attribute: key, wanted: SECRET, found: SECRET }]
      : differencesIn(key, desired[key], found[key]).map((one) => ({
          ...one,
          wanted: mask(one.wanted),
          found: mask(one.found),
        })),
  );
}

function differencesIn(attribute: string, wanted: unknown, found: unknown): Difference[] {
  if (!isFields(wanted) || !isFields(found)) return [{ attribute, wanted: show(wanted), found: show(found) }];
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
  return keys
    .filter((key) => !same(wanted[key], found[key]))
    .flatMap((key) => differencesIn(`${attribute}.${key}`, wanted[key], found[key]));
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
