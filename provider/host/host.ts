import type { Endpoint } from "./endpoint";

/**
 * The door to a remote host: what the lifecycle says to it and what it hears back. How the words travel
 * (SSH, one long-lived shell, batching) is the business of the files beside this one.
 */

/** Command is one program run on the host. Nothing in it is ever read by a shell as anything but a word. */
export interface Command {
  /** Program and arguments, `["ip", "link", "show"]`. */
  readonly argv: readonly string[];
  /** Name of the network namespace to run in; the session's own when absent. */
  readonly netns?: string;
  /** Lines that the program reads on standard input, nothing when absent. A last line that lacks its end gets one. */
  readonly stdin?: string;
  /** What people are told that it is, where its words are a program that would tell them little. */
  readonly title?: string;
}

/** Answer is what a command that ran came back with. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Work is what one operation wants of a host in one round trip. */
export interface Work {
  /** Run in order; the first that fails ends the list. */
  readonly steps: readonly Command[];
  /** Run after the steps, whether they succeeded or not; each may fail on its own. */
  readonly queries: readonly Command[];
  /** Whether questions alone may be answered by what was seen a moment ago, unless we have changed something since. */
  readonly recent?: boolean;
  /**
   * Asked when a connection is there and before anything is sent, with its ends as the host sees them: nothing is sent
   * when it says yes. It is not asked where the host does not tell them.
   */
  readonly unless?: (endpoint: Endpoint) => boolean;
  /**
   * Whether it may only travel by a connection that is made after this call, through all that lies between. It travels
   * alone, before all who wait.
   */
  readonly anew?: boolean;
  /**
   * What the work is part of, when nobody else may change the host meanwhile: it waits for the host's lock, which the
   * session then keeps as long as more such work comes.
   */
  readonly lock?: string;
  /** Seconds that it may take, connecting included, where that is not what the connection says. */
  readonly within?: number;
  /** Seconds after which it is not sent any more; once it was, they do not count. */
  readonly beginWithin?: number;
  /** Ends the work, as one that was cancelled, as long as it has not been sent. */
  readonly unlessAborted?: AbortSignal;
  /** Seconds that the host may take to answer once it was sent. So that nobody else takes of them, it travels alone too. */
  readonly answerWithin?: number;
}

/** Failure names the step that ended an operation's list. */
export interface Failure {
  readonly step: Command;
  readonly answer: Answer;
}

export interface Outcome {
  readonly failure?: Failure;
  /** The ends of the connection, where nothing was sent because of them. */
  readonly held?: Endpoint;
  /** One for each query, in their order. */
  readonly answers: readonly Answer[];
}

export interface Host {
  /** How the host is called in messages: `host` or `host:port`. */
  readonly label: string;
  /**
   * Carries work out. Concurrent calls travel together, yet each succeeds or fails alone.
   * Throws HostUnreachable when nothing was sent, ConnectionLost when that can't be known.
   */
  exchange(work: Work): Promise<Outcome>;
}

/** locked is a host of which all that is asked is part of a change. */
export function locked(host: Host, what: string): Host {
  return {
    label: host.label,
    // What must get through in time waits for nobody.
    exchange: (work) => host.exchange(work.anew ? work : { ...work, lock: what }),
  };
}

/** argvOf is the command with what takes it into its namespace. */
export function argvOf({ argv, netns }: Command): readonly string[] {
  if (netns === undefined) return argv;
  const [program, ...rest] = argv;
  return program === "ip" ? ["ip", "-n", netns, ...rest] : ["ip", "netns", "exec", netns, ...argv];
}

/** commandLine renders a command as a person would type it on the host. */
export function commandLine(command: Command): string {
  const { stdin, title } = command;
  if (title !== undefined) return title;
  return argvOf(command).map(quote).join(" ") + (stdin === undefined ? "" : ` <<< ${quote(stdin.trimEnd())}`);
}

/** quote makes one shell word of any text, in POSIX single quotes where it needs any (POSIX.1-2017, 2.2.2). */
export function quote(word: string): string {
  return /^[A-Za-z0-9_.:/%@=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
