import { ConnectionLost, HostUnreachable } from "../../provider/errors";
import {
  type Answer,
  type Command,
  commandLine,
  type Host,
  type Outcome,
  type Work,
} from "../../provider/host/host";
import { runBoot } from "./fake-boot";
import { familyListing } from "./fake-fou";
import { runIp } from "./fake-ip";
import { FakeKernel, type Netns } from "./fake-kernel";
import { runFiles } from "./fake-managers";
import { resizeTable } from "./fake-mpls";
import { runNft } from "./fake-nft";
import { Refusal } from "./fake-refusal";
import { stateOf } from "./fake-state";

/** Fault is what is to go wrong with a step, counted from 0 from the moment the fault is set. */
export type Fault =
  /** The command is refused and does nothing, however often it is given. */
  | { readonly kind: "refuse"; readonly step: number; readonly stderr?: string }
  /** The connection ends before or after the step; from then on the host is there again, or away. */
  | { readonly kind: "lose"; readonly step: number; readonly done: boolean; readonly host: "back" | "away" };

/**
 * FakeHost is a Host that understands the small part of `ip`, genl, nft, tee, cat, test, modprobe and of files that our contracts
 * use, and nothing else. It keeps what it did not understand, so that a test can insist on there being nothing of it.
 */
export class FakeHost implements Host {
  readonly label: string;
  readonly kernel: FakeKernel;
  /** The steps that were run, whether they succeeded or not, as command lines. */
  readonly steps: string[] = [];
  readonly notUnderstood: Error[] = [];
  /** Modules that modprobe finds. */
  loadable: readonly string[] = ["fou", "fou6", "ip6_tunnel", "ipip", "mpls_router", "veth"];
  /** What it answers when it is asked who else manages its network. */
  managers = "";
  away = false;
  /** Whether the user may change the network. */
  permitted = true;
  /** What to do before a step is run, for someone else who is at work on the same host. */
  meddle: ((line: string) => void) | undefined;
  private fault: Fault | undefined;
  private refused: string | undefined;
  private count = 0;

  constructor(
    modules: readonly string[] = [
      "fou",
      "fou6",
      "ipip",
      "sit",
      "ip6_tunnel",
      "ip_gre",
      "ip6_gre",
      "mpls_router",
      "veth",
    ],
    label = "fake",
  ) {
    this.label = label;
    this.kernel = new FakeKernel(modules);
  }

  breaks(fault: Fault): void {
    this.fault = fault;
    this.count = 0;
  }

  mended(): void {
    this.fault = undefined;
    this.refused = undefined;
    this.away = false;
  }

  /** tell is somebody at work on the host: a command line of plain words, as commandLine would print it. */
  tell(line: string): Answer {
    return this.answer(commandOf(line));
  }

  /** byHand is somebody who does things on the host, and succeeds. */
  byHand(...lines: readonly string[]): void {
    for (const line of lines) {
      const { code, stderr } = this.tell(line);
      if (code !== 0) throw new Error(`by hand: ${line}: ${stderr}`);
    }
  }

  /** toString is all that there is on the host. */
  toString(): string {
    return stateOf(this.kernel);
  }

  netns(name?: string): Netns {
    return this.kernel.netns(name);
  }

  async exchange({ steps, queries }: Work): Promise<Outcome> {
    if (this.away) throw new HostUnreachable(this.label, "the host is away", "Bring it back.", true, true);
    for (const step of steps) {
      const answer = this.step(step);
      if (answer.code !== 0) return { failure: { step, answer }, answers: this.answers(queries) };
    }
    return { answers: this.answers(queries) };
  }

  private answers(queries: readonly Command[]): Answer[] {
    return queries.map((query) => this.answer(query));
  }

  private step(command: Command): Answer {
    const line = commandLine(command);
    this.meddle?.(line);
    const { fault } = this;
    const due = fault !== undefined && this.count++ === fault.step;
    if (due && fault.kind === "lose" && !fault.done) throw this.lost(fault.host, line);
    this.steps.push(line);
    if (due && fault.kind === "refuse") this.refused = line;
    if (fault?.kind === "refuse" && this.refused === line) {
      return { code: 2, stdout: "", stderr: fault.stderr ?? "RTNETLINK answers: Cannot allocate memory\n" };
    }
    const answer = this.permitted
      ? this.answer(command)
      : { code: 2, stdout: "", stderr: "RTNETLINK answers: Operation not permitted\n" };
    if (due && fault.kind === "lose") throw this.lost(fault.host, line);
    return answer;
  }

  private lost(host: "back" | "away", line: string): ConnectionLost {
    this.away = host === "away";
    return new ConnectionLost(this.label, "the connection was lost", line);
  }

  private answer(command: Command): Answer {
    try {
      return { code: 0, stdout: this.run(command), stderr: "" };
    } catch (error) {
      if (error instanceof Refusal)
        return { code: error.code, stdout: "", stderr: error.text === "" ? "" : `${error.text}\n` };
      if (error instanceof Error) this.notUnderstood.push(error);
      throw error;
    }
  }

  private run({ argv, netns, stdin }: Command): string {
    const [program, ...rest] = argv;
    if (program === "ip") return runIp(this.kernel, netns, rest);
    const within = this.kernel.netns(netns);
    if (program === "nft") return runNft(within, rest, stdin);
    if (program === "genl" && rest.join(" ") === "ctrl list") return familyListing(within);
    const [first = "", second = ""] = rest;
    const { files } = within;
    const done = runBoot(files, argv) ?? runFiles(files, argv, stdin, this.managers);
    if (done !== undefined) return done;
    if (program === "cat" && rest.length === 1) return `${fileIn(files, "cat", first)}\n`;
    if (program === "test" && first === "-e" && rest.length === 2) {
      if (!files.has(second)) throw new Refusal(1, "");
      return "";
    }
    if (program === "tee" && rest.length === 1 && stdin !== undefined) {
      written(files, first, stdin);
      resizeTable(within);
      return stdin;
    }
    if (program === "modprobe" && rest.length === 1) return this.modprobe(first);
    throw new Error(`the fake host does not understand \`${commandLine({ argv })}\``);
  }

  private modprobe(module: string): string {
    if (!this.loadable.includes(module)) {
      throw new Refusal(1, `modprobe: FATAL: Module ${module} not found in directory /lib/modules/6.1.0`);
    }
    this.kernel.load(module);
    return "";
  }
}

function commandOf(line: string): Command {
  const [command = "", stdin] = line.split(" <<< ");
  const input = stdin === undefined ? {} : { stdin: `${stdin}\n` };
  const within = /^ip (?:-n|netns exec) (\S+) (.*)$/.exec(command);
  if (within === null) return { argv: command.split(" "), ...input };
  const [, netns = "", rest = ""] = within;
  const argv = command.startsWith("ip -n") ? ["ip", ...rest.split(" ")] : rest.split(" ");
  return { argv, netns, ...input };
}

function fileIn(files: Map<string, string>, program: string, path: string): string {
  const text = files.get(path);
  if (text === undefined) throw new Refusal(1, `${program}: ${path}: No such file or directory`);
  return text;
}

/** The kernel takes as many numbers as it has, parted by any blanks, and prints them with tabs between them. */
function written(files: Map<string, string>, path: string, stdin: string): void {
  const before = fileIn(files, "tee", path).split("\t");
  const numbers = stdin.trim().split(/\s+/);
  if (numbers.length !== before.length || !numbers.every((text) => /^-?\d+$/.test(text))) {
    throw new Refusal(1, `tee: ${path}: Invalid argument`);
  }
  files.set(path, numbers.map(Number).join("\t"));
}
