import {
  type Candidate,
  claimOf,
  type Left,
  listAll,
  questions,
  type Wanted,
} from "../../provider/existing/candidates";
import { Sight } from "../../provider/existing/sight";
import type { Connection } from "../../provider/host/connection";
import type { Command, Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { ask, View } from "../../provider/ip/view";
import { type Fields, same } from "../../provider/state";
import { messageOf } from "../errors";
import { contractOf } from "../marked/object";

/** Existing is an object on a host as a program asks for it that takes it over. */
export interface Existing {
  readonly type: string;
  /** What is to be said of it, besides the connection and that it is adopted. */
  readonly inputs: Fields;
}

/** HostContents is what a host has: what a program may ask for, and what it can't. */
export interface HostContents {
  readonly objects: readonly Existing[];
  readonly left: readonly Left[];
  /** Why something could not be looked at. */
  readonly troubles: readonly string[];
}

/** Sysctls that say what a host does by itself. */
const OFF = "0";

/** readHost lists what there is in the session's own namespace and in all that have a name, and changes nothing. */
export async function readHost(
  host: Host,
  connection: Connection,
  services: Services,
  wanted: Wanted,
): Promise<HostContents> {
  const names = (await looked(host, ask.namespaces())).namespaces().sort();
  const all = [undefined, ...names];
  const view = await looked(host, all.flatMap(questions));
  const listed = listAll(view, all, wanted);
  const candidates = listed.flatMap((one) => one.candidates);
  const seen = await Promise.allSettled(
    candidates.map((one) => existing(one, host, connection, services, wanted)),
  );
  const found = seen.flatMap((one) => (one.status === "fulfilled" ? (one.value ?? []) : []));
  const failed = seen.flatMap((one) => (one.status === "rejected" ? [messageOf(one.reason)] : []));
  return {
    objects: found.filter((one) => "type" in one),
    left: [...listed.flatMap(({ left }) => left), ...found.filter((one) => "why" in one)],
    troubles: [...new Set([...listed.flatMap(({ troubles }) => troubles), ...failed])],
  };
}

async function looked(host: Host, queries: readonly Command[]): Promise<View> {
  const { answers } = await host.exchange({ steps: [], queries });
  return new View(host.label, queries, answers);
}

/** existing looks at one object as the lifecycle would; nothing when it is gone, or as it is without anybody. */
async function existing(
  candidate: Candidate,
  host: Host,
  connection: Connection,
  services: Services,
  wanted: Wanted,
): Promise<Existing | Left | undefined> {
  const { type } = candidate;
  const contract = contractOf(type);
  const service = services[type];
  if (service === undefined) return undefined;
  const sight = new Sight(contract, service, host, connection);
  const seen = await sight.look(candidate.inputs);
  if (seen === undefined || isUnset(type, seen.found)) return undefined;
  const claim = claimOf(seen.found.mark, wanted);
  if (claim !== undefined && type === "MssClamp") return { what: contract.describe(seen.which), why: claim };
  const sayable = sight.say(candidate, seen);
  return "why" in sayable ? sayable : { type, inputs: sayable.said };
}

/** isUnset tells a setting that nobody has made. */
function isUnset(type: string, { value, input }: Fields): boolean {
  return (type === "Sysctl" && same(value, OFF)) || (type === "MplsInput" && input === false);
}
