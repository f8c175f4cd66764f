import { IpipError } from "../errors";
import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import { View } from "../ip/view";
import type { Contract } from "../resource";
import type { Found, Service } from "../service";
import { type Fields, IMPORTED, isFields, outputsOf, pick, same } from "../state";
import { type Candidate, listAll, questions, type Wanted } from "./candidates";
import { Sight } from "./sight";

/** NotImportable: there is something on the host, but no program can have it as it is, or the id says not what. */
class NotImportable extends IpipError {
  readonly retryable = false;
}

/** Whoever asks for one by its id wants it, whosever it is. */
const ANY: Wanted = { owned: () => true, within: () => true, addresses: true };

/** The Ethernet address of an end is said by a program only where it matters. */
const OF_PAIRS = ["a.mac", "b.mac"];

/** imported finds an object by what its id says after the host, and gives it as a program would have it. */
export async function imported(
  contract: Contract,
  service: Service,
  host: Host,
  connection: Connection,
  path: string,
  mark: string | undefined,
): Promise<Found | undefined> {
  const which = whichOf(contract, path);
  // Also what the host keeps of it for its next boot is to be known.
  const sight = new Sight(contract, service, host, connection, mark, { persist: "systemd" });
  // Not what is wrong between several inputs: of a Link the id alone sets nothing.
  const [wrong] = contract.inputs.partial().safeParse(which).error?.issues ?? [];
  if (wrong !== undefined)
    throw new NotImportable([`the id says ${wrong.path.join(".")} where ${wrong.message}`]);
  const candidate = (await listed(contract, host, which)) ?? { inputs: which, unsaid: OF_PAIRS };
  const seen = await sight.look(candidate.inputs);
  if (seen === undefined) return undefined;
  const sayable = sight.say(candidate, seen);
  if ("why" in sayable)
    throw new NotImportable([`${host.label}: ${sayable.what} can't be imported: ${sayable.why}`]);
  const { known, said } = sayable;
  const own = { ...known, connection, adopt: false, mark: seen.found.mark };
  const desired = { ...pick(own, Object.keys(contract.inputs.shape)), connection };
  const outputs = outputsOf(contract, desired, seen.found);
  return {
    id: contract.id(seen.which),
    outputs: { ...outputs, ...IMPORTED },
    inputs: { ...said, connection },
  };
}

/** whichOf is the namespace, and what tells the object from others there. */
function whichOf(contract: Contract, path: string): Fields {
  const [, netns = "", rest = ""] = /^(?:([^/]*)\/)?(.*)$/s.exec(path) ?? [];
  const which = contract.which(rest);
  const misplaced = netns !== "" && !("namespace" in contract.inputs.shape);
  if (which === undefined || misplaced)
    throw new NotImportable([
      `"${path}" is not the id of ${/^[AEIOU]/.test(contract.type) ? "an" : "a"} ${contract.type} after the host`,
      "docs/reference.md says of each type what its ids are.",
    ]);
  return { ...(netns !== "" && { namespace: netns }), ...which };
}

/** listed finds it among all that there is in its namespace: what that listing tells of it is needed to look at some. */
async function listed(contract: Contract, host: Host, which: Fields): Promise<Candidate | undefined> {
  const namespaces = [
    ...new Set([which.namespace, ...[which.a, which.b].filter(isFields).map((end) => end.namespace)]),
  ] as (string | undefined)[];
  const queries = namespaces.flatMap(questions);
  const { answers } = await host.exchange({ steps: [], queries, recent: true });
  const all = listAll(new View(host.label, queries, answers), namespaces, ANY);
  return all
    .flatMap(({ candidates }) => candidates)
    .find(
      ({ type, inputs }) =>
        type === contract.type &&
        Object.entries(which).every(([key, value]) => same(inputs[key], value)) &&
        same(inputs.namespace, which.namespace),
    );
}
