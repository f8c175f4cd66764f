import type { Wanted } from "../../provider/existing/candidates";
import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import type { Services } from "../../provider/index";
import { masked } from "../../provider/secrets";
import { messageOf, Trouble } from "../errors";
import { type LoginOptions, type Target, targetsOf } from "../target";
import { Names } from "./names";
import { planned } from "./plan";
import { type HostContents, readHost } from "./read";
import { typescript } from "./typescript";

export interface GenerateOptions extends LoginOptions {
  /** Stacks, PROJECT/STACK, whose objects are taken over too; `any` is all. */
  readonly owner: readonly string[];
  /** Namespaces, the host's own being an empty text; none is all. */
  readonly namespace: readonly string[];
}

/** Troubles say what could not be looked at. */
export type Troubles = readonly { readonly host: string; readonly message: string }[];

export interface Generated {
  readonly program: string;
  readonly troubles: Troubles;
}

/** HostRead is a host, and what it has. */
export interface HostRead {
  readonly target: Target;
  readonly contents: HostContents;
}

const ANY = "any";

/** generate reads hosts, and writes the program that takes over what is there. It changes nothing. */
export async function generate(
  destinations: readonly string[],
  options: GenerateOptions,
  services: Services,
  open: (connection: Connection) => Host,
): Promise<Generated> {
  const targets = targetsOf(destinations, options, services);
  if (targets.length === 0)
    throw new Trouble("there is no host to read: give [USER@]HOST[:PORT], or --connection");
  const read = await readAll(targets, options, services, open);
  const names = Names.ofProgram();
  const alone = targets.length === 1;
  const sections = read.map(({ target, contents }, at) => {
    const prefix = /^[a-z]/i.test(target.label) ? target.label : `host${at + 1}`;
    const own = alone ? names : names.within(prefix);
    return {
      target,
      variable: alone ? "connection" : names.called(prefix),
      objects: planned(contents.objects, own),
      left: contents.left,
    };
  });
  return { program: typescript(sections), troubles: troublesIn(read) };
}

/** readAll lists what there is on some hosts, and changes nothing. */
export function readAll(
  targets: readonly Target[],
  options: GenerateOptions,
  services: Services,
  open: (connection: Connection) => Host,
): Promise<HostRead[]> {
  const one = async (target: Target) => ({
    target,
    contents: await contentsOf(target, options, services, open),
  });
  return Promise.all(targets.map(one));
}

export function troublesIn(read: readonly HostRead[]): Troubles {
  return read.flatMap(({ target: { label: host }, contents: { troubles } }) =>
    troubles.map((message) => ({ host, message })),
  );
}

/** contentsOf is what a host has; where it can't be reached there is no program at all. */
async function contentsOf(
  { connection, hidden }: Target,
  { owner, namespace }: GenerateOptions,
  services: Services,
  open: (connection: Connection) => Host,
): Promise<HostContents> {
  const wanted: Wanted = {
    owned: (mark) => owner.includes(ANY) || owner.some((one) => mark.startsWith(`pulumi:${one}/`)),
    within: (netns) => namespace.length === 0 || namespace.includes(netns ?? ""),
  };
  try {
    const contents = await readHost(open(connection), connection, services, wanted);
    return { ...contents, troubles: contents.troubles.map((text) => masked(text, hidden)) };
  } catch (error) {
    throw new Trouble(masked(messageOf(error), hidden));
  }
}
