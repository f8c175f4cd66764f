import { isDeepStrictEqual } from "node:util";
import { bootFileOf, forget, heads, list } from "../../provider/persist/boot-file";
import { FOLDER } from "../../provider/persist/host-files";
import type { Contract } from "../../provider/resource";
import type { Desired, Fields } from "../../provider/state";

/** runBoot carries out what is about the files of the next boot; undefined when it is not. */
export function runBoot(files: Map<string, string>, argv: readonly string[]): string | undefined {
  const paths = [...files.keys()].filter((path) => path.startsWith(`${FOLDER}/boot/`)).sort();
  if (isDeepStrictEqual(argv, heads.argv)) {
    const line = (path: string) => files.get(path)?.split("\n")[0];
    return paths.map((path) => `${path.slice(FOLDER.length + 1)}\t${line(path)}\n`).join("");
  }
  // No service runs them, so none of them is kept.
  if (isDeepStrictEqual(argv, list.argv)) return "";
  const name = argv.at(-1) ?? "";
  if (!isDeepStrictEqual(argv, forget(name).argv)) return undefined;
  for (const path of paths.filter((one) => one.endsWith(`-${name}`))) files.delete(path);
  return "";
}

/** plant puts the file of an object that a state has onto a host, and gives the end of its name. */
export function plant(files: Map<string, string>, contract: Contract, { inputs, outputs }: Fields): string {
  const { name, text } = bootFileOf(contract, inputs as Desired, outputs as Fields);
  files.set(`${FOLDER}/boot/${100_001 + files.size}-${name}`, text);
  return name;
}
