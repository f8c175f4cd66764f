import { z } from "zod";
import { CommandFailed } from "../errors";
import { type Answer, type Command, commandLine } from "../host/host";
import type { Family } from "../net";
import { advise } from "./advice";
import { type Link, linksOf } from "./links";
import { type Route, routesOf } from "./routes";

/** How much of an answer that can't be read goes into a message. */
const MAX_SHOWN = 200;

const namespacesOf = (entries: readonly unknown[]): string[] =>
  entries.map((entry) => z.object({ name: z.string() }).parse(entry).name);

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
    return this.entries(namespaces, namespacesOf);
  }

  /** links: the devices of a namespace with their addresses. */
  links(netns?: string): Link[] | undefined {
    return this.has(netns) ? this.entries(links(netns), linksOf) : undefined;
  }

  /** routes: the routes of one family, of all tables. */
  routes(family: Family, netns?: string): Route[] | undefined {
    return this.has(netns)
      ? this.entries(routes(family, netns), (entries) => routesOf(family, entries))
      : undefined;
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

  /** entries reads what a listing command printed. */
  private entries<T>(command: Command, read: (entries: readonly unknown[]) => T): T {
    const { stdout } = this.succeeded(command);
    try {
      // With nothing to list iproute2 prints nothing, or an empty array, depending on the object and the version.
      return read(stdout.trim() === "" ? [] : z.array(z.unknown()).parse(JSON.parse(stdout)));
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
      const answer = stdout.length > MAX_SHOWN ? `${stdout.slice(0, MAX_SHOWN)}…` : stdout;
      const why = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
      throw new CommandFailed(
        this.host,
        commandLine(command),
        0,
        answer,
        `This is not what iproute2 prints: ${why}`,
      );
    }
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
