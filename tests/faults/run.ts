/**
 * run.ts [JEST-ARGUMENT…]: injects every fault there is and prints what came of them, as a table by the kind of fault.
 * It fails when anything is not as it must be, or, of a run that nobody narrowed, when too few faults struck.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus, release } from "node:os";
import { delimiter, join } from "node:path";
import { CACHE, ROOT } from "../../lab/engine";
import { forget, isGood, recorded, tableOf } from "./results";

/** How many different faults a whole run has to have met. */
const LEAST = 500;

async function main(args: readonly string[]): Promise<number> {
  forget();
  const env = {
    ...process.env,
    FAULTS: "whole",
    PATH: `${join(CACHE, "engine", "bin")}${delimiter}${process.env.PATH ?? ""}`,
  };
  const jest = ["node_modules/.bin/jest", "--selectProjects", "faults", "--runInBand", ...args];
  const [code]: (number | null)[] = await once(
    spawn(process.execPath, jest, { cwd: ROOT, env, stdio: "inherit" }),
    "exit",
  );
  const results = recorded();
  const struck = results.filter(({ met }) => met).length;
  const bad = results.filter((result) => !isGood(result));
  const [cpu] = cpus();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say(
    `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model}, Linux ${release()}, Node ${process.version}\n`,
  );
  say(tableOf(results));
  for (const { id } of bad) say(`not as it must be: make faults ARGS="-t '${id}'"`);
  if (args.length === 0 && struck < LEAST) say(`only ${struck} faults struck, at least ${LEAST} have to`);
  const enough = args.length > 0 || struck >= LEAST;
  return code === 0 && bad.length === 0 && enough ? 0 : 1;
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
