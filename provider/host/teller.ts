import { batchLine } from "./batch";
import { excerptOf } from "./excerpt";
import { type Answer, type Command, quote } from "./host";
import type { Program } from "./script";

/**
 * A session keeps one `ip -batch -` running on the host for its own namespace, because a process start costs a host
 * more than dozens of changes. It stops at the first line that fails, as a batch does, so whatever stands behind that
 * line has surely not been done; it is then started anew for the rest.
 *
 * Named namespaces have none, since a process that lives in one keeps it alive when it is deleted: what belongs to one
 * exchange shares a process there.
 */

/** With these it prints what a question asks for, whatever of them the question itself says. */
const OPTIONS = ["-json", "-details", "-Numeric"] as const;

/**
 * A change prints nothing, so this follows it, and prints an empty list once the change is made. So it is known which
 * were made also where `ip` ends without a word, as it does when it can't read an argument or is killed. It must leave
 * nothing behind in the process: `link show` would, after which addresses are no longer listed.
 */
const MARK = "neigh show proxy dev lo";
const MARK_PRINTED = /^\[ ?\]$/;
/**
 * Before a listing of routes it is made to list the devices of a group that none is in: so it learns the names of all
 * at once, and need not ask the kernel for each that a route leads to (lib/ll_map.c of iproute2).
 */
const NAMES = "address show group 2147483647";
const LISTS_ROUTES = /^route show .*\broot\b/;

/** What no line of output has in it. */
const ENDING = "\n";

/**
 * Milliseconds for which a process may be used, and may have nothing to do meanwhile. In a batch iproute2 remembers
 * which number a name stands for (lib/ll_map.c), and does not hear of it when somebody else gives the name to another
 * device.
 */
const LIFETIME = 10_000;
const PAUSE = 50;

/** Age is how long one such process has been used. It knows no name before that. */
export class Age {
  private since: number | undefined;
  private used = 0;
  private over = false;

  /** expired is true once what it remembers of names may be wrong. */
  get expired(): boolean {
    if (this.since === undefined) return false;
    const now = performance.now();
    return this.over || now - this.since > LIFETIME || now - this.used > PAUSE;
  }

  use(): void {
    this.used = performance.now();
    this.since ??= this.used;
  }

  expire(): void {
    this.over = true;
  }
}

/** How many lines a host may say in place of an answer; iproute2 has a few. */
const MAX_COMPLAINTS = 10_000;

/** What iproute2 says of the line that ended a batch. */
const FAILED = /^Command failed -:\d+$/;

/** With one end of a veth pair the other comes and goes too, whose number the process would go on to remember. */
const FORGETS_PEERS = /^link (add|delete) .*\bveth\b/;

/** Order is one line for such a process. */
export interface Order {
  /** The namespace that the process is in; undefined is the session's own. */
  readonly netns: string | undefined;
  readonly text: string;
  /** A question prints a list, in one line. */
  readonly asks: boolean;
  /** Whether it lists so much that the names of all devices are worth learning first. */
  readonly learns: boolean;
}

/** tellable gives a command as an order, or undefined when it must be a process of its own. */
export function tellable({ argv, netns, stdin }: Command): Order | undefined {
  const [program, ...words] = argv;
  // What can't be written down is refused where a process of its own is made of it.
  if (program !== "ip" || stdin !== undefined || netns?.includes("\0")) return undefined;
  const object = words.findIndex((word) => !word.startsWith("-"));
  // `ip netns` moves its own process between namespaces, which nothing that follows should depend on.
  if (object === -1 || words[object] === "netns") return undefined;
  const [options, rest] = [words.slice(0, object), words.slice(object)];
  const listing = rest.includes("show") || rest.includes("get");
  // A change says in its addresses of which family it is; a listing, and a rule of IPv6, is told by this option alone.
  const family = (word: string) => !listing && (word === "-4" || (word === "-6" && words[object] !== "rule"));
  const known = (word: string) => OPTIONS.some((option) => option === word) || family(word);
  if (!options.every(known) || listing !== options.includes("-json")) return undefined;
  const text = batchLine(rest);
  return text === undefined || FORGETS_PEERS.test(text)
    ? undefined
    : { netns, text, asks: listing, learns: LISTS_ROUTES.test(text) };
}

/**
 * tellerLoop is the shell text behind the pipe. A line that begins with `@` starts a process, which takes the lines
 * that follow; when it has ended, the loop says so with that word, and passes over what is left up to the next one. It
 * says nothing else, whatever ended the process: that may come while a script is under way.
 */
export const tellerLoop = `while read -r w; do case $w in @*) (ip ${OPTIONS.join(" ")} -batch - 2>&1); echo "$w $?" ;; esac; done 2>/dev/null`;

/** FIRST is an order that asks nothing and changes nothing, to hear that the process is there and knows its options. */
export const FIRST: Order = { netns: undefined, text: "", asks: false, learns: false };

/** tellingFirst is the shell text that starts the first process, with nothing but that order. */
export function tellingFirst(word: string): string {
  return `echo ${word}; echo ${MARK}`;
}

/** tellingOf is what the session's shell reads to pass lines on. It reads all of it before it does any of it. */
export function tellingOf(orders: readonly Order[], word: string, start: boolean): string {
  const all = [...(start ? [word] : []), ...linesOf(orders)];
  return `{ printf '%s\\n' ${all.map(quote).join(" ")} >&3 || echo ${word} 0
}\n`;
}

function linesOf(orders: readonly Order[]): string[] {
  return orders.flatMap(({ text, asks, learns }) => [
    ...(learns ? [NAMES] : []),
    text,
    ...(asks ? [] : [MARK]),
  ]);
}

/** tellingOnce is a process that carries out orders of one namespace, and ends. */
export function tellingOnce(netns: string | undefined, orders: readonly Order[]): Program {
  const within = netns === undefined ? [] : ["-n", netns];
  return { argv: ["ip", ...within, ...OPTIONS, "-batch", "-"], stdin: `${linesOf(orders).join("\n")}\n` };
}

/** toldOnce is what it answered to those that were begun: the first that failed is the last of them. */
export function toldOnce(orders: readonly Order[], { code, stdout, stderr }: Answer): Answer[] {
  const said = linesSaid(stdout, [...stderr.split("\n").filter(Boolean), `${ENDING} ${code}`], code === 0);
  const answers: Answer[] = [];
  for (const order of orders) {
    const told = new Told(order, ENDING);
    // The next order goes on where this one ends.
    for (let line = said.next(); line.done !== true; line = said.next()) {
      const answer = told.take(line.value);
      if (answer === undefined) continue;
      answers.push(answer);
      break;
    }
    if (answers.at(-1)?.code !== 0) break;
  }
  return answers;
}

/**
 * linesSaid are the lines of an output, then others, one at a time, for there may be very many. The last of the output may
 * be cut off; half a list of a process that says it went well is for its reader to see.
 */
function* linesSaid(output: string, others: readonly string[], withLast: boolean): Generator<string, void> {
  let start = 0;
  for (let end = output.indexOf("\n"); end !== -1; end = output.indexOf("\n", start)) {
    yield output.slice(start, end);
    start = end + 1;
  }
  if (withLast) yield output.slice(start);
  yield* others;
}

/** ENDED is what became of a session whose long-lived `ip` nobody feeds any more. */
export const ENDED = "the shell on the host that feeds `ip` ended";

/** Told gathers what one order was answered with, and tells when it is complete. */
export class Told {
  private readonly err: string[] = [];
  /** Whether it has yet to list nothing but what it learns from. */
  private learning: boolean;

  constructor(
    private readonly order: Order,
    private readonly ending: string,
  ) {
    this.learning = order.learns;
  }

  /** take takes one line of output, and gives the answer when it was the last. */
  take(output: string): Answer | undefined {
    // A process that is killed may have begun a line.
    const ending = output.indexOf(`${this.ending} `);
    if (ending !== -1) return this.answer(codeIn(output.slice(ending + this.ending.length + 1)));
    if (this.learning && output.startsWith("[")) {
      this.learning = false;
      return undefined;
    }
    if (this.order.asks && output.startsWith("[")) return this.answer(0, `${output}\n`);
    if (!this.order.asks && MARK_PRINTED.test(output)) return this.answer(0);
    if (!FAILED.test(output)) this.err.push(`${output}\n`);
    if (this.err.length > MAX_COMPLAINTS)
      throw new Error(`the host said ${MAX_COMPLAINTS} lines, and no answer`);
    return undefined;
  }

  private answer(code: number, stdout = ""): Answer {
    return { code, stdout, stderr: excerptOf(this.err.join("")) };
  }
}

function codeIn(text: string): number {
  const code = Number(text);
  // It ends by itself only when nobody feeds it any more.
  if (!Number.isInteger(code) || code === 0) throw new Error(ENDED);
  return code;
}
