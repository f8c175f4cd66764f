import { isDeepStrictEqual } from "node:util";
import { MANAGERS, managers, reloads } from "../../provider/manager/files";
import { question } from "../../provider/manager/question";

/** The folders that are there wherever a manager is; the fake host has all of them. */
const HOMES = MANAGERS.map((name) => managers[name].home);

/** runFiles carries out what is about files that are not the kernel's; undefined when it is not. */
export function runFiles(
  files: Map<string, string>,
  argv: readonly string[],
  stdin: string | undefined,
  told: string,
): string | undefined {
  if (isDeepStrictEqual(argv, question.argv)) return told;
  if (reloads({ argv }) !== undefined) {
    for (const gone of argv.slice(4)) files.delete(gone);
    return "";
  }
  const [program, ...rest] = argv;
  const path = rest.at(-1) ?? "";
  if (!path.startsWith("/etc/")) return undefined;
  const words = [program, ...rest.slice(0, -1)].join(" ");
  if (words === "test -e" && HOMES.includes(path)) return "";
  if (stdin !== undefined && ["install -D -m 644 /dev/stdin", "tee"].includes(words)) {
    files.set(path, stdin.trimEnd());
    return "";
  }
  if (program !== "rm" || rest[0] !== "-f") return undefined;
  for (const each of rest.slice(1)) files.delete(each);
  return "";
}
