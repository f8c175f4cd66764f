import { z } from "zod";
import { Connection, named } from "./host/connection";
import { HostName } from "./net";
import type { Problem } from "./resource";
import { secretsIn } from "./secrets";
import { checkEach } from "./service";
import { type Fields, isFields } from "./state";
import { unknown } from "./unknown";

/** Where the connection to one host stands alone. */
const Reached = z.strictObject({ connection: named(Connection) });

/** Hosts are the machines that a provider's configuration has by name, each with its connection in canonical form. */
export class Hosts {
  /** All secrets of all of them. */
  readonly secrets: readonly string[];

  constructor(private readonly named: Readonly<Record<string, unknown>> = {}) {
    this.secrets = Object.values(named).flatMap((one) => secretsIn(Connection, one));
  }

  /** opened is a bag with the connection of the host that it names; undefined when there is none of that name. */
  opened(bag: Fields): Fields | undefined {
    const { host } = bag;
    if (host === undefined) return bag;
    if (typeof host !== "string") return { ...bag, connection: unknown };
    return Object.hasOwn(this.named, host) ? { ...bag, connection: this.named[host] } : undefined;
  }

  /** lacks says that there is no host of a name, and what to do. */
  lacks(name: unknown): string {
    const names = Object.keys(this.named);
    const there =
      names.length === 0 ? "the provider's configuration has no hosts" : `there are ${names.join(", ")}`;
    return `there is no host "${name}": ${there}; put it into \`ipip:hosts\``;
  }
}

/** readHosts checks the `hosts` of a provider's configuration: a map of connections by name, or such a map as JSON. */
export function readHosts(given: unknown): { readonly hosts: Hosts; readonly problems: readonly Problem[] } {
  const wrong = (message: string) => ({ hosts: new Hosts(), problems: [{ path: ["hosts"], message }] });
  if (given === undefined || given === unknown || given === "") return { hosts: new Hosts(), problems: [] };
  const value = typeof given === "string" ? parsed(given) : given;
  if (!isFields(value))
    return wrong('give a map of connections by name, like { "berlin": { "host": "203.0.113.10" } }');
  const read = Object.entries(value).map(([name, connection]) => readHost(name, connection));
  return {
    hosts: new Hosts(Object.fromEntries(read.map(({ name, connection }) => [name, connection]))),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function readHost(name: string, given: unknown) {
  const { inputs, problems } = checkEach({ inputs: Reached }, { connection: given });
  const within = problems.map(({ path: [, ...rest], message }) => ({
    path: ["hosts", name, ...rest],
    message,
  }));
  const misnamed = HostName.safeParse(name).error?.issues ?? [];
  return {
    name,
    connection: inputs.connection,
    problems: [...misnamed.map(({ message }) => ({ path: ["hosts", name], message })), ...within],
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return undefined;
  }
}
