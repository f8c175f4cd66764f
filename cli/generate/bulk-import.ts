import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { ANY_MARK } from "../../provider/mark";
import { HostName } from "../../provider/net";
import { Trouble } from "../errors";
import { contractOf, desiredOf } from "../marked/object";
import { clean, printableJson } from "../report/text";
import { type Target, targetsOf } from "../target";
import { type GenerateOptions, readAll, type Troubles, troublesIn } from "./index";
import { leftLines } from "./left";
import { Names } from "./names";
import { planned } from "./plan";
import type { Existing } from "./read";

/** BulkImport is what `pulumi import --file` takes. */
export interface BulkImport {
  readonly file: string;
  /** What can't be imported, and why, line by line. */
  readonly left: readonly string[];
  readonly troubles: Troubles;
}

/** What the plugin's types begin with. */
const MODULE = "ipip:index";

/** bulkImport reads hosts, and writes the file with which a stack takes over what is there. It changes nothing. */
export async function bulkImport(
  hosts: readonly string[],
  options: GenerateOptions,
  services: Services,
  open: (connection: Connection) => Host,
): Promise<BulkImport> {
  const named = hosts.map(namedHost);
  const targets = targetsOf(
    named.map(({ destination }) => destination),
    options,
    services,
  );
  if (targets.length === 0)
    throw new Trouble("there is no host to read: give --host [NAME=][USER@]HOST[:PORT], or --connection");
  const called = targets.map(({ label }, at) => named[at]?.name ?? label);
  const twice = called.find((name, at) => called.indexOf(name) < at);
  if (twice !== undefined)
    throw new Trouble(
      `two hosts are called ${twice}: give each its name in \`ipip:hosts\`, --host NAME=HOST`,
    );

  const read = await readAll(targets, options, services, open);
  const names = Names.ofProgram();
  const sections = read.map(({ target, contents }, at) => {
    const name = called[at] ?? "";
    const own = targets.length === 1 ? names : names.within(name);
    return {
      resources: planned(contents.objects, own).map((object) => ({
        type: `${MODULE}:${object.type}`,
        name: object.name,
        id: idAt(name, object, target, services),
      })),
      left: leftLines(contents.left).map((line) => `left out  ${clean(name)}  ${line}`),
    };
  });
  return {
    file: printableJson({ nameTable: {}, resources: sections.flatMap(({ resources }) => resources) }),
    left: sections.flatMap(({ left }) => left),
    troubles: troublesIn(read),
  };
}

/** namedHost takes apart `[NAME=][USER@]HOST[:PORT]`; without a name it is called as it is given, but for the user. */
function namedHost(given: string): { name: string; destination: string } {
  const [, said, destination = ""] = /^(?:([^=@]*)=)?(.*)$/.exec(given) ?? [];
  const name = said ?? destination.replace(/^(?:ssh:\/\/)?(?:[^@]*@)?/, "");
  const [wrong] = HostName.safeParse(name).error?.issues ?? [];
  if (wrong !== undefined) throw new Trouble(`"${given}": ${wrong.message}: write NAME=[USER@]HOST[:PORT]`);
  return { name, destination };
}

/** idAt is the id of an object on a host of the provider's configuration. */
function idAt(name: string, { type, inputs }: Existing, { connection }: Target, services: Services): string {
  const desired = desiredOf(type, { inputs, mark: ANY_MARK }, connection, services);
  // The host and its port stand in an id, where here the name does.
  return contractOf(type).id({ ...desired, connection: { ...connection, host: name, port: undefined } });
}
