import { z } from "zod";
import { CommandFailed } from "../errors";
import type { Endpoint } from "../host/endpoint";
import { type Answer, type Command, commandLine } from "../host/host";
import { ROUTE_PROTOCOL } from "../mark";
import { type Family, familyOf } from "../net";
import { advise } from "./advice";
import { type Fou, fousOf } from "./fou";
import { readJson } from "./json";
import { type Link, linksOf } from "./links";
import { type LabelRoute, labelRoutesOf } from "./mpls";
import { pathOf, pathTo, type Towards } from "./path";
import { MAIN_TABLE, type Route, routesOf } from "./routes";
import { type RuleEntry, rulesOf } from "./rules";

/** Unclear: a question about one object alone failed, which proves neither its presence nor its absence. */
export class Unclear extends Error {}

/** No table has this number (RT_TABLE_UNSPEC in linux/rtnetlink.h), so all are listed. */
const NO_TABLE = 0;

/** How much of an answer that can't be read goes into a message. */
const MAX_SHOWN = 200;

const namespacesOf = (entries: readonly unknown[]) =>
  entries.map((entry) => z.object({ name: z.string(), id: z.number().optional() }).parse(entry));

/** The questions that can be asked of a host. */
const namespaces: Command = { argv: ["ip", "-json", "netns", "list"] };
const links = (netns?: string): Command => within(netns, ["ip", "-json", "-details", "address", "show"]);
/** The same with numbers in place of the names that a host may have for them. */
const numbered = (netns?: string): Command =>
  within(netns, ["ip", "-json", "-details", "-Numeric", "address", "show"]);
/** That of IPv6 takes an option, for a rule need not have an address. */
const rules = (family: Family, netns?: string): Command =>
  within(netns, [
    ...["ip", ...(family === 6 ? ["-6"] : []), "-json", "-details", "-Numeric"],
    ...["rule", "show"],
  ]);
/**
 * All of a family: an option, which says the same as the whole range of its addresses, no line of a batch can have. Of
 * IPv4 the main table is asked for alone, which spares those of the kernel's own; another one may not be there, which is
 * an error then. Of IPv6 that takes an option.
 */
const routes = (family: Family, table: number, netns?: string): Command =>
  within(netns, [
    ...["ip", "-json", "-details", "-Numeric", "route", "show"],
    ...["table", family === 4 && table === MAIN_TABLE ? String(MAIN_TABLE) : "all"],
    ...["root", family === 4 ? "0.0.0.0/0" : "::/0"],
  ]);
/** Those of all tables. */
const allRoutes = (family: Family, netns?: string): Command => routes(family, NO_TABLE, netns);
/** Those that bear our protocol. */
const ownRoutes = (family: Family, netns?: string): Command =>
  within(netns, [
    ...["ip", "-json", "-details", "-Numeric", "route", "show"],
    ...["table", "all", "proto", String(ROUTE_PROTOCOL), "root", family === 4 ? "0.0.0.0/0" : "::/0"],
  ]);
const link = (name: string): Command => ({
  argv: ["ip", "-json", "-details", "address", "show", "dev", name],
});
/** iproute2 lists the routes of one table of IPv6 only when it is told the family by an option. */
const routesTo = (destination: string, table: number): Command => ({
  argv: [
    ...["ip", "-json", "-details", "-Numeric", "route", "show"],
    ...["table", familyOf(destination) === 4 ? String(table) : "all", "exact", destination],
  ],
});
const path = (towards: Towards, netns?: string): Command => within(netns, pathTo(towards));
/** The route itself that packets of a connection go by, not what becomes of one packet (`fibmatch`, ip-route(8)). */
const routeFor = ({ peer, local, zone }: Endpoint, vrf?: string): Command => ({
  argv: [
    ...["ip", "-json", "-details", "-Numeric", "route", "get", "fibmatch", peer, "from", local],
    ...(zone === undefined ? [] : ["oif", zone]),
    ...(vrf === undefined ? [] : ["vrf", vrf]),
  ],
});
/** The numbers by which devices of a namespace say in which other one their underlay is. */
const namespaceIds = (netns: string): Command => within(netns, ["ip", "-json", "netns", "list"]);
const fous = (netns?: string): Command => within(netns, ["ip", "-json", "fou", "show"]);
/** What modules have brought that can be asked by generic netlink. */
const netlinkFamilies: Command = { argv: ["genl", "ctrl", "list"] };
const nftTables = (netns?: string): Command => within(netns, ["nft", "list", "tables", "inet"]);
const nftTable = (name: string, netns?: string): Command =>
  within(netns, ["nft", "list", "table", "inet", name]);
/** Without its module the kernel has no routes of labels, and this lists none. */
const labelRoutes = (netns?: string): Command =>
  within(netns, ["ip", "-json", "-details", "-Numeric", "-M", "route", "show"]);
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
  routes: (family: Family, table: number, netns?: string): Command[] =>
    inNamespace(netns, [routes(family, table, netns)]),
  allRoutes: (family: Family, netns?: string): Command[] => inNamespace(netns, [allRoutes(family, netns)]),
  /** Those of our own among them. */
  ownRoutes: (family: Family, netns?: string): Command[] => inNamespace(netns, [ownRoutes(family, netns)]),
  /** The way to an address, with the devices on it. */
  path: (towards: Towards, netns?: string): Command[] =>
    inNamespace(netns, [path(towards, netns), links(netns)]),
  /** The route by which the session's own namespace answers a connection. */
  routeFor: (endpoint: Endpoint, vrf?: string): Command[] => [routeFor(endpoint, vrf)],
  /** The namespaces as another one numbers them. */
  namespaceIds: (netns: string | undefined): Command[] =>
    netns === undefined ? [namespaces] : [namespaces, namespaceIds(netns)],
  numberedLinks: (netns?: string): Command[] => inNamespace(netns, [numbered(netns)]),
  rules: (family: Family, netns?: string): Command[] => inNamespace(netns, [rules(family, netns)]),
  labelRoutes: (netns?: string): Command[] => inNamespace(netns, [labelRoutes(netns)]),
  file: (path: string, netns?: string): Command[] =>
    inNamespace(netns, [exists(path, netns), contents(path, netns)]),
  exists: (path: string): Command[] => [exists(path)],
  fous: (netns?: string): Command[] => inNamespace(netns, [fous(netns), netlinkFamilies]),
  nftTable: (name: string, netns?: string): Command[] =>
    inNamespace(netns, [nftTables(netns), nftTable(name, netns)]),
  nftTables: (netns?: string): Command[] => inNamespace(netns, [nftTables(netns)]),
  /** One table that should be there. */
  nftTableAlone: (name: string, netns?: string): Command[] => [nftTable(name, netns)],
  /** One device of the session's own namespace that should be there. */
  link: (name: string): Command[] => [link(name)],
  /** The routes to one destination in the session's own namespace. */
  routesTo: (destination: string, table: number): Command[] => [routesTo(destination, table)],
};

/** What was read of answers. One that many share is read once; a command is always read in the same way. */
const readings = new WeakMap<Answer, unknown>();

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
    return this.entries(namespaces, namespacesOf).map(({ name }) => name);
  }

  /** links: the devices of a namespace with their addresses. */
  links(netns?: string): Link[] | undefined {
    return this.hasNamespace(netns) ? this.entries(links(netns), linksOf) : undefined;
  }

  /** link: one device of a namespace, by whichever question was asked. Throws Unclear where that does not tell. */
  link(name: string, netns?: string): Link | undefined {
    if (netns !== undefined || this.asked(links()))
      return this.links(netns)?.find((one) => one.name === name);
    if (this.answer(link(name)).code !== 0) throw new Unclear(name);
    return this.entries(link(name), linksOf).find((one) => one.name === name);
  }

  /** pathMtu: the largest packet that the way to an address takes; undefined when there is none, or nobody knows. */
  pathMtu(towards: Towards, netns?: string): number | undefined {
    if (!this.hasNamespace(netns) || this.answer(path(towards, netns)).code !== 0) return undefined;
    const { dev, mtu } = this.entries(path(towards, netns), pathOf);
    return mtu ?? this.links(netns)?.find(({ name }) => name === dev)?.mtu;
  }

  /** routeFor: the route by which a connection is answered, in a VRF or none; undefined when there is none. */
  routeFor(endpoint: Endpoint, vrf?: string): Route | undefined {
    const question = routeFor(endpoint, vrf);
    if (this.answer(question).code !== 0) return undefined;
    const [route] = this.entries(question, (entries) => routesOf(familyOf(endpoint.peer), entries, {}));
    return route;
  }

  /** namespaceOf: the named namespace that has this number in another one; undefined for one without a name. */
  namespaceOf(id: number, netns?: string): string | undefined {
    const question = netns === undefined ? namespaces : namespaceIds(netns);
    return this.entries(question, namespacesOf).find((one) => one.id === id)?.name;
  }

  /** routesTo: the routes to one destination in one table, by whichever question was asked. */
  routesTo(destination: string, table: number, netns?: string): Route[] | undefined {
    const family = familyOf(destination);
    const alone = routesTo(destination, table);
    const [own, all] = [ownRoutes(family, netns), routes(family, table, netns)];
    const [listing, asked] = this.asked(own)
      ? [own, { protocol: ROUTE_PROTOCOL }]
      : netns === undefined && this.asked(alone)
        ? [alone, { table }]
        : [all, {}];
    if (!this.hasNamespace(netns)) return undefined;
    return this.entries(listing, (entries) => routesOf(family, entries, asked)).filter(
      (route) => route.destination === destination && route.table === table,
    );
  }

  /** allRoutes: the routes of a family in a namespace, whoever made them. */
  allRoutes(family: Family, netns?: string): Route[] | undefined {
    if (!this.hasNamespace(netns)) return undefined;
    return this.entries(allRoutes(family, netns), (entries) => routesOf(family, entries, {}));
  }

  /** ownRoutes: the routes of a family in a namespace that bear our protocol. */
  ownRoutes(family: Family, netns?: string): Route[] | undefined {
    if (!this.hasNamespace(netns)) return undefined;
    const asked = { protocol: ROUTE_PROTOCOL };
    return this.entries(ownRoutes(family, netns), (entries) => routesOf(family, entries, asked));
  }

  /** numberedLink: one device of a namespace, of which the group is told by its number. */
  numberedLink(name: string, netns?: string): Link | undefined {
    return this.numberedLinks(netns)?.find((one) => one.name === name);
  }

  /** numberedLinks: the devices of a namespace, of each of which the group is told by its number. */
  numberedLinks(netns?: string): Link[] | undefined {
    return this.hasNamespace(netns) ? this.entries(numbered(netns), linksOf) : undefined;
  }

  /** rules: the policy rules of a family in a namespace, in the kernel's order. */
  rules(family: Family, netns?: string): RuleEntry[] | undefined {
    return this.hasNamespace(netns) ? this.entries(rules(family, netns), rulesOf) : undefined;
  }

  /** fous: the ports of a namespace that take FOU and GUE. */
  fous(netns?: string): Fou[] | undefined {
    if (!this.hasNamespace(netns)) return undefined;
    // Nobody can be asked, and there is none, as long as the module is not loaded.
    const { code, stdout } = this.answer(netlinkFamilies);
    const lacking = code === 0 && !/^Name: fou$/m.test(stdout);
    if (lacking && this.answer(fous(netns)).code !== 0) return [];
    return this.entries(fous(netns), fousOf);
  }

  /** nftTables: the names of the tables of the family inet. */
  nftTables(netns?: string): string[] | undefined {
    if (!this.hasNamespace(netns)) return undefined;
    return linesOf(this.succeeded(nftTables(netns)).stdout).map((line) => line.replace(/^table inet /, ""));
  }

  /** nftTable: what nft lists of a table of the family inet, line by line. Throws Unclear as `link` does. */
  nftTable(name: string, netns?: string): string[] | undefined {
    const listing = nftTable(name, netns);
    if (this.asked(nftTables(netns))) {
      if (!this.nftTables(netns)?.includes(name)) return undefined;
    } else if (this.answer(listing).code !== 0) throw new Unclear(name);
    return linesOf(this.succeeded(listing).stdout);
  }

  /** labelRoutes: the MPLS routes of a namespace. */
  labelRoutes(netns?: string): LabelRoute[] | undefined {
    return this.hasNamespace(netns) ? this.entries(labelRoutes(netns), labelRoutesOf) : undefined;
  }

  /** exists: whether there is something at a path. */
  exists(path: string): boolean {
    return this.answer(exists(path)).code === 0;
  }

  /** file: the contents of a file as a namespace sees it. Throws Unclear where it was not asked for. */
  file(path: string, netns?: string): string | undefined {
    if (!this.hasNamespace(netns)) return undefined;
    if (!this.asked(exists(path, netns))) throw new Unclear(path);
    const { code, stderr } = this.answer(exists(path, netns));
    if (code === 1 && stderr.trim() === "") return undefined;
    return this.succeeded(contents(path, netns)).stdout;
  }

  /** output: what a question printed that is none of iproute2's. */
  output(question: Command): string {
    return this.succeeded(question).stdout;
  }

  /** hasNamespace: whether a namespace, or the session's own, is there. */
  hasNamespace(netns: string | undefined): boolean {
    return netns === undefined || this.namespaces().includes(netns);
  }

  private asked(command: Command): boolean {
    return this.answers.has(commandLine(command));
  }

  /** entries reads what a listing command printed. */
  private entries<T>(command: Command, read: (entries: readonly unknown[]) => T): T {
    const answer = this.succeeded(command);
    const { stdout } = answer;
    const known = readings.get(answer);
    if (known !== undefined) return known as T;
    try {
      // With nothing to list iproute2 prints nothing, or an empty array, depending on the object and the version.
      const reading = read(stdout.trim() === "" ? [] : z.array(z.unknown()).parse(readJson(stdout)));
      readings.set(answer, reading);
      return reading;
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

/** linesOf is a text without what only makes it look well. */
function linesOf(text: string): string[] {
  return Array.from(text.matchAll(/\S.*/g), ([line]) => line.trimEnd());
}
