import { type Batchable, batchable, batchInput, failedLine, withoutBatchNoise } from "./batch";
import { excerptOf } from "./excerpt";
import { type Answer, argvOf, type Command, type Failure, quote } from "./host";

/**
 * The text of one exchange. The shell reads it whole before it runs any of it, for all of it is one brace group:
 * a connection that breaks while the text travels leaves a syntax error, and nothing has been done.
 */

/** Program is one process on the host. */
export interface Program {
  readonly argv: readonly string[];
  readonly stdin: string;
}

/** Run is one with the commands that it carries out: one, or the lines of a batch. */
export interface Run extends Program {
  readonly commands: readonly [Command, ...Command[]];
}

/** runOf is one command as a process of its own. */
export function runOf(command: Command): Run {
  const { stdin = "" } = command;
  return sendable({ argv: argvOf(command), stdin, commands: [command] });
}

/** runsOf is an operation's steps in as few processes as can be. */
export function runsOf(steps: readonly Command[]): Run[] {
  const groups: { options?: string; batch: Batchable[]; commands: [Command, ...Command[]] }[] = [];
  for (const step of steps) {
    const part = batchable(step);
    const options = part && JSON.stringify(part.options);
    const last = groups.at(-1);
    if (part !== undefined && last !== undefined && last.options === options) {
      last.batch.push(part);
      last.commands.push(step);
    } else {
      groups.push({ ...(options && { options }), batch: part ? [part] : [], commands: [step] });
    }
  }
  return groups.map(({ batch, commands }) => {
    const [first] = batch;
    if (first === undefined || batch.length === 1) return runOf(commands[0]);
    const argv = ["ip", ...first.options, "-brief", "-batch", "-"];
    return sendable({ argv, stdin: batchInput(batch.map(({ line }) => line)), commands });
  });
}

function sendable(run: Run): Run {
  if ([...run.argv, run.stdin].some((text) => text.includes("\0"))) {
    throw new Error(`a NUL character can't be part of a command: ${JSON.stringify(run.argv)}`);
  }
  return run;
}

/** failureOf tells which command of a run failed, and what that command answered. */
export function failureOf({ commands }: Run, answer: Answer): Failure | undefined {
  if (answer.code === 0) return undefined;
  const [only, ...more] = commands;
  if (more.length === 0) return { step: only, answer };
  return { step: commands[failedLine(answer)] ?? only, answer: withoutBatchNoise(answer) };
}

/**
 * preamble is what a session's shell is told once: `m` begins every marker, and `k N` ends section N, with the exit
 * code of the command before it, which it passes on.
 */
export function preamble(nonce: string): string {
  return `m=${nonce}\nk() { c=$?; echo "$m $1 $c"; echo "$m $1" >&2; return $c; }\n`;
}

/** endOf is what both outputs end with. */
export function endOf(nonce: string): string {
  return `${nonce} end\n`;
}

/** scriptOf is the text of an exchange. Its sections are the runs of all operations, then the queries, from 0 up. */
export function scriptOf(operations: readonly (readonly Program[])[], queries: readonly Program[]): string {
  let section = 0;
  const ended = (run: Program) => `${processOf(run)}\nk ${section++}`;
  return [
    "{",
    // The runs of one operation nest, so that a failure leaves out the rest of its own and of nobody else's.
    ...operations.map((runs) => runs.map(ended).join(" && {\n") + "\n}".repeat(Math.max(0, runs.length - 1))),
    ...queries.map(ended),
    'echo "$m end"; echo "$m end" >&2',
    "}\n",
  ].join("\n");
}

/** textOf is commands as a shell text of its own, each of them run whatever becomes of the others. */
export function textOf(commands: readonly Command[]): string {
  return commands.map((command) => `${processOf(runOf(command))}\n`).join("");
}

function processOf({ argv, stdin }: Program): string {
  const words = argv.map(quote).join(" ");
  // Without an input of its own a program would read the rest of the script.
  if (stdin === "") return `${words} </dev/null`;
  // The input comes by way of a variable: of a line that begins like the word that ends a here-document and goes on
  // with a byte above 127, dash 0.5.12 drops that byte (checkend in its parser.c takes it for the end of the file).
  return `i=${quote(stdin.replace(/\n$/, ""))}\n${words} <<end\n$i\nend`;
}

/** sectionsOf takes what both outputs held of an exchange apart into one answer a section. */
export function sectionsOf(stdout: Buffer, stderr: Buffer, nonce: string): Map<number, Answer> {
  const errors = new Map(split(stderr, nonce).map(({ section, text }) => [section, text]));
  return new Map(
    split(stdout, nonce).map(({ section, code, text }) => [
      section,
      { code, stdout: text, stderr: excerptOf(errors.get(section) ?? "") },
    ]),
  );
}

function split(output: Buffer, nonce: string): { section: number; code: number; text: string }[] {
  const sections = [];
  let start = 0;
  for (;;) {
    const marker = output.indexOf(nonce, start);
    const end = marker === -1 ? -1 : output.indexOf("\n", marker);
    if (end === -1) return sections;
    const [section, code] = output
      .toString("latin1", marker + nonce.length + 1, end)
      .split(" ")
      .map(Number);
    // The last marker says `end`, which is no number.
    if (section === undefined || Number.isNaN(section)) return sections;
    sections.push({ section, code: code ?? 0, text: output.toString("utf8", start, marker) });
    start = end + 1;
  }
}
