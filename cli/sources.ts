import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { messageOf, Trouble } from "./errors";
import { readState, type StackState } from "./state";

/** Sources say where states are: stacks that the engine is asked for, and files. */
export interface Sources {
  /** Folder of the Pulumi program. */
  readonly cwd: string;
  readonly stack: readonly string[];
  /** Files; `-` is standard input. */
  readonly state: readonly string[];
}

/** A state of ten thousand resources has some tens of megabytes. */
const LARGEST_STATE = 1024 ** 3;

/** statesFrom gives all states that are named or, when none is, that of the selected stack. */
export async function statesFrom({ cwd, stack, state }: Sources): Promise<StackState[]> {
  const stacks = stack.length + state.length === 0 ? [undefined] : stack;
  return await Promise.all([...stacks.map((name) => fromEngine(cwd, name)), ...state.map(fromFile)]);
}

async function fromFile(path: string): Promise<StackState> {
  try {
    if (path === "-") return readState(await text(process.stdin), "standard input");
    return readState(await readFile(path, "utf8"), path);
  } catch (error) {
    if (error instanceof Trouble) throw error;
    throw new Trouble(`the state can't be read: ${messageOf(error)}`);
  }
}

/** The state comes through a pipe: with its secrets it is never in a file, nor in the arguments of a process. */
async function fromEngine(cwd: string, stack: string | undefined): Promise<StackState> {
  const args = [
    ...["stack", "export", "--show-secrets", "--non-interactive", `--cwd=${cwd}`],
    ...(stack === undefined ? [] : [`--stack=${stack}`]),
  ];
  return readState(await pulumi(args), `the state of ${stack ?? "the selected stack"}`);
}

function pulumi(args: readonly string[]): Promise<string> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const options = { env, maxBuffer: LARGEST_STATE };
  return new Promise((resolve, reject) => {
    execFile("pulumi", args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const lacking = error.code === "ENOENT";
      reject(
        new Trouble(
          lacking
            ? "there is no `pulumi` command on PATH: install it, or give a state with --state"
            : `\`pulumi stack export\` failed: ${stderr.trim() || `exit code ${error.code}`}`,
        ),
      );
    });
  });
}
