import { parseInputs } from "../../provider/unknown";
import { tunnelLink } from "../../sdk/link/args";
import type { KnownLink } from "../../sdk/link/known";
import { linkProblems } from "../../sdk/link/problems";
import { tunnelMesh } from "../../sdk/mesh/args";
import { type KnownMesh, meshProblems } from "../../sdk/mesh/problems";

type Bag = Record<string, unknown>;

/** A side of a link that is right, with what a test says otherwise. */
function side(number: 1 | 2, more: Bag = {}): Bag {
  return {
    connection: { host: `host${number}`, insecureIgnoreHostKey: true },
    underlay: `203.0.113.${number}`,
    address: `192.168.50.${number}/30`,
    networks: [`10.10.${number}.0/24`],
    ...more,
  };
}

/** linkArgs are the arguments of a link that is right, with what a test says otherwise. */
export function linkArgs({ a, b, ...more }: { a?: Bag; b?: Bag; [key: string]: unknown } = {}) {
  return { a: side(1, a), b: side(2, b), ...more };
}

/** knownOf is what is known of a link by arguments that may have `unknown` in them. */
export function knownOf(args: Bag): KnownLink {
  return parseInputs(tunnelLink.inputs, args).known as KnownLink;
}

type Found = readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
const spelled = (problems: Found) => problems.map(({ path, message }) => `${path.join(".")}: ${message}`);

/** problemsIn lists all that is refused of a link. */
export function problemsIn(args: Bag): string[] {
  const { known, problems } = parseInputs(tunnelLink.inputs, args);
  return spelled([...problems, ...linkProblems(known as KnownLink)]);
}

/** meshArgs are the arguments of a mesh of sites with these ids. */
export function meshArgs(ids: readonly number[], more: Bag = {}): Bag & { sites: Bag[] } {
  const sites = ids.map((id) => ({
    name: `s${id}`,
    id,
    connection: { host: `host${id}`, insecureIgnoreHostKey: true },
    underlay: `203.0.113.${id + 1}`,
    networks: [`10.${id}.0.0/24`],
  }));
  return { pool: "172.31.0.0/20", sites, ...more };
}

/** meshProblemsIn lists all that is refused of a mesh. */
export function meshProblemsIn(args: Bag): string[] {
  const { known, problems } = parseInputs(tunnelMesh.inputs, args);
  return spelled([...problems, ...meshProblems(known as KnownMesh)]);
}
