import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "./scratch";

/** FakeIp is a folder with an `ip` that writes down what it was asked and answers as told. */
export interface FakeIp {
  readonly bin: string;
  /** One line a command: its words in brackets, or `batch` with its options and then its lines as they came. */
  log(): string[];
}

/** fakeIp makes one. `answers` are shell commands by what they answer, a pattern of `case`; all else succeeds. */
export function fakeIp(answers: Readonly<Record<string, string>> = {}): FakeIp {
  const bin = scratch();
  const log = join(bin, "log");
  addProgram(
    bin,
    "ip",
    `log='${log}'
answer() {
  case "$*" in
    "link show dev lo") echo "lo UNKNOWN" ;;
    "neigh show proxy dev lo") echo "[]" ;;
    end) return 1 ;;
${Object.entries(answers)
  .map(([pattern, commands]) => `    ${pattern}) ${commands} ;;`)
  .join("\n")}
  esac
}
case "$*" in
  *"-batch -")
    echo "batch $*" >>"$log"
    line=0
    while IFS= read -r words; do
      line=$((line + 1))
      case "$words" in "link show dev lo" | "neigh show proxy dev lo") ;; *) printf '%s\\n' "$words" >>"$log" ;; esac
      answer $words || { code=$?; test $code = 255 || echo "Command failed -:$line" >&2; exit $code; }
    done
    exit ;;
esac
{ printf '[%s]' "$@"; echo; } >>"$log"
answer "$@"`,
  );
  return { bin, log: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []) };
}

/** addProgram puts a shell script of this name into a folder. */
export function addProgram(bin: string, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
