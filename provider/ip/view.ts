import { CommandFailed } from "../errors";
import { type Answer, type Command, commandLine } from "../host/host";
import type { Family } from "../net";
import { advise } from "./advice";
import { type Link, linksOf } from "./links";
import { type Route, routesOf } from "./routes";

/** The questions that can be asked of a host. */
const namespaces: Command = { argv: ["ip", "-json", "netns", "list"] };
const links = (netns?: string): Command => within(netns, ["ip", "-json", "-details", "address", "show"]);
const routes = (family: Family, netns?: string): Command =>
  within(netns, ["ip", `-${family}`, "-json", "-details", "-Numeric", "route", "show", "table", "all"]);
const exists = (path: string, netns?: string): Command => within(netns, ["test", "-e", path]);
const contents = (path: string, netns?: string): Command => within(netns, ["cat", path]);

function within(netns: string | undefined, argv: readonly string[]): Command {
  return netns === undefined ? { argv } : { argv, netns };
}

/** Whatever lies in a namespace is absent when the namespace is, so that is asked with it. */
const inNamespace = (netns: string | undefined, commands: readonly Command[]): Command[] =>
  netns === undefined ? [...commands] : [namespaces, ...commands];

/** ask lists the commands whose answers a View needs for each of its methods. */
export const ask = {
  namespaces: (): Command[] => [namespaces],
  links: (netns?: string): Command[] => inNamespace(netns, [links(netns)]),
  routes: (family: Family, netns?: string): Command[] => inNamespace(netns, [routes(family, netns)]),
  file: (path: string, netns?: string): Command[] =>
    inNamespace(netns, [exists(path, netns), contents(path, netns)]),
};

/**
 * View is a host as its answers show it. A method gives undefined for what a listing that succeeded lacks;
 * a listing that failed throws, for nobody may take it for absence.
 */
export class View {
  private readonly answers = new Map<string, Answer>();

  constructor(
    readonly host: string,
    queries: readonly Command[],
    answers: readonly Answer[],
  ) {
    queries.forEach((query, index) => {
      const answer = answers[index];
      if (answer !== undefined) this.answers.set(commandLine(query), answer);
    });
  }

  /** namespaces: the named network namespaces. */
  namespaces(): string[] {
    return this.json(namespaces).map((entry) => String((entry as { name?: unknown }).name));
  }

  /** links: the devices of a namespace with their addresses. */
  links(netns?: string): Link[] | undefined {
    return this.has(netns) ? linksOf(this.json(links(netns))) : undefined;
  }

  /** routes: the routes of one family, of all tables. */
  routes(family: Family, netns?: string): Route[] | undefined {
    return this.has(netns) ? routesOf(family, this.json(routes(family, netns))) : undefined;
  }

  /** file: the contents of a file below /proc/sys as a namespace sees it. */
  file(path: string, netns?: string): string | undefined {
    if (!this.has(netns)) return undefined;
    const { code, stderr } = this.answer(exists(path, netns));
    if (code === 1 && stderr.trim() === "") return undefined;
    return this.succeeded(contents(path, netns)).stdout;
  }

  private has(netns: string | undefined): boolean {
    return netns === undefined || this.namespaces().includes(netns);
  }

  private json(command: Command): unknown[] {
    const { stdout } = this.succeeded(command);
    // With nothing to list iproute2 prints nothing, or an empty array, depending on the object and the version.
    if (stdout.trim() === "") return [];
    let parsed: unknown;
    try {
      parsed = JSON.parse(stdout);
    } catch {
      parsed = undefined;
    }
    if (Array.isArray(parsed)) return parsed;
    const answer = stdout.length > 200 ? `${stdout.slice(0, 200)}…` : stdout;
    throw new CommandFailed(
      this.host,
      commandLine(command),
      0,
      answer,
      "This is not the JSON that iproute2 writes.",
    );
  }

  private succeeded(command: Command): Answer {
    const answer = this.answer(command);
    if (answer.code === 0) return answer;
    const { code, stderr } = answer;
    throw new CommandFailed(this.host, commandLine(command), code, stderr, advise(stderr));
  }

  private answer(command: Command): Answer {
    const answer = this.answers.get(commandLine(command));
    if (answer === undefined) throw new Error(`observe() did not ask for: ${commandLine(command)}`);
    return answer;
  }
}
