import type { Connection } from "../../provider/host/connection";
import type { Command, Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { ask, View } from "../../provider/ip/view";
import { type Desired, type Fields, pick, same } from "../../provider/state";
import { Subject } from "../../provider/subject";
import { messageOf } from "../errors";
import { contractOf } from "../marked/object";
import { type Candidate, claimOf, type Left, listAll, questions, type Wanted } from "./candidates";
import { saidOf, without } from "./said";

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

/** Something that no stack has, for whether an object can be asked for at all does not depend on its mark. */
const ANY_MARK = "pulumi:any";

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
  { type, inputs, unsaid }: Candidate,
  host: Host,
  connection: Connection,
  services: Services,
  wanted: Wanted,
): Promise<Existing | Left | undefined> {
  const contract = contractOf(type);
  const service = services[type];
  if (service === undefined) return undefined;
  const { shape } = contract.inputs;
  const common = {
    connection,
    ...("adopt" in shape && { adopt: true }),
    ...("mark" in shape && { mark: ANY_MARK }),
  };
  const which = service.check({ ...inputs, ...common }).inputs as Desired;
  const { view, found } = await new Subject(contract, host, which).look(true);
  if (found === undefined || isUnset(type, found)) return undefined;
  const what = contract.describe(which);
  const claim = claimOf(found.mark, wanted);
  if (claim !== undefined && type === "MssClamp") return { what, why: claim };
  const known = { ...which, ...pick(found, Object.keys(shape)), ...common };
  const said = unsaid.reduce<Fields>(
    (rest, path) => without(rest, path.split(".")) as Fields,
    present(known),
  );
  const { inputs: checked, problems } = service.check(said);
  const [problem] = problems;
  if (problem !== undefined) return { what, why: `${problem.path.join(".")}: ${problem.message}` };
  const obstacle = contract.obstacle?.(view, checked);
  if (obstacle !== undefined) return { what, why: obstacle.what };
  return { type, inputs: saidOf(service, present(checked)) };
}

/** isUnset tells a setting that nobody has made. */
function isUnset(type: string, { value, input }: Fields): boolean {
  return (type === "Sysctl" && same(value, OFF)) || (type === "MplsInput" && input === false);
}

function present(fields: Fields): Fields {
  return JSON.parse(JSON.stringify(fields)) as Fields;
}
