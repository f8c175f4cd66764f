import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "../../provider/host/host";
import { argvOf } from "../../provider/host/host";

/** Called is a program as a shell really called it. */
export interface Called {
  readonly argv: readonly string[];
  readonly stdin: string;
}

const PROGRAMS = ["ip", "nft", "tee", "modprobe", "sh", "touch", "cat", "test", "ping", "genl", "install"];
/** Each writes down how many words it was given, the words and its input, byte for byte, and does nothing else. */
const PROGRAM = `#!/bin/dash
{ printf '%s\\0' "$#" "\${0##*/}" "$@"; /bin/cat; printf '\\0'; } >>"$LOG"
`;

/**
 * Recorder is a real shell in a folder of its own, in which every program that our commands name only writes down its
 * words. Whatever else runs there leaves something behind in the folder, or in the record.
 */
export class Recorder {
  private readonly folder = mkdtempSync(join(tmpdir(), "pulumi-ipip-fuzz-"));
  private readonly bin = mkdtempSync(join(tmpdir(), "pulumi-ipip-fuzz-bin-"));
  private readonly log = join(this.bin, "log");

  constructor(private readonly shell: readonly string[]) {
    for (const program of PROGRAMS) writeFileSync(join(this.bin, program), PROGRAM, { mode: 0o755 });
  }

  /** run has the shell read a text, and gives what that called and what it printed. */
  run(text: string): { readonly called: Called[]; readonly stdout: Buffer; readonly stderr: Buffer } {
    writeFileSync(this.log, "");
    const [program = "", ...args] = this.shell;
    const { stdout, stderr, error, signal } = spawnSync(program, args, {
      input: text,
      cwd: this.folder,
      env: { PATH: this.bin, LOG: this.log },
      timeout: 60_000,
    });
    if (error !== undefined || signal !== null) throw new Error(`the shell did not end: ${error ?? signal}`);
    const left = readdirSync(this.folder);
    if (left.length > 0) throw new Error(`something else was run, and left ${left.join(", ")}`);
    return { called: callsIn(readFileSync(this.log)), stdout, stderr };
  }

  /** written is a file that the text may write beside the record. */
  get file(): string {
    return join(this.bin, "told");
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.bin, { recursive: true, force: true });
  }
}

function callsIn(log: Buffer): Called[] {
  const parts = log.toString("utf8").split("\0");
  const calls: Called[] = [];
  for (let at = 0; at < parts.length - 1; ) {
    const end = at + 2 + Number(parts[at]);
    calls.push({ argv: parts.slice(at + 1, end), stdin: parts[end] ?? "" });
    at = end + 1;
  }
  return calls;
}

/** wordsOf is a command as it must be called: what no UTF-8 can say is the character that stands for such. */
export function wordsOf(command: Command): Called {
  return calledAs(argvOf(command), command.stdin);
}

export function calledAs(argv: readonly string[], stdin = ""): Called {
  const sent = (word: string) => Buffer.from(word).toString("utf8");
  return { argv: argv.map(sent), stdin: stdin === "" ? "" : `${sent(stdin).replace(/\n$/, "")}\n` };
}

/** insistOn fails unless just these were called. */
export function insistOn(called: readonly Called[], expected: readonly Called[]): void {
  const [one, other] = [JSON.stringify(called), JSON.stringify(expected)];
  if (one !== other) throw new Error(`a shell called\n${one}\nin place of\n${other}`);
}
