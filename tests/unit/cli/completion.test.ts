import { execFileSync } from "node:child_process";
import { shells } from "../../../cli/completion";
import { wordsOf } from "../../../cli/completion/words";
import { program } from "../../../cli/program";

const words = wordsOf(program("1.2.3", () => {}));
const script = (shell: string) => shells[shell]?.(words) ?? "";

/** What bash offers when these words stand there, the last of them half-written. */
function offered(...line: string[]): string[] {
  const ask = `${script("bash")}
    COMP_WORDS=(pulumi-ipip "$@"); COMP_CWORD=$#; _pulumi_ipip; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", ask, "bash", ...line], { encoding: "utf8" })
    .trim()
    .split("\n");
}

test("bash offers commands, options, and what an option takes", () => {
  expect(offered("d")).toEqual(["drift"]);
  expect(offered("drift", "--fo")).toEqual(["--format"]);
  expect(offered("drift", "--format", "j")).toEqual(["json", "junit"]);
  expect(offered("completion", "")).toEqual(["bash", "zsh", "fish", "--help"]);
  // A file, then: that is bash's own affair.
  expect(offered("drift", "--output", "")).toEqual([""]);
});

test.each(Object.keys(shells))("%s is told of every command and every option", (shell) => {
  const text = script(shell);
  for (const { name, options } of words.commands) {
    expect(text).toContain(name);
    for (const { long } of options) expect(text).toContain(shell === "fish" ? `-l ${long} ` : `--${long}`);
  }
});

test("what a description says is nothing to a shell", () => {
  const description = `it's "$(exit 1)" [a: b] \\`;
  const strange = {
    program: "strange",
    commands: [
      {
        name: "do",
        description,
        choices: [],
        options: [{ long: "it", description, takesValue: false, choices: [] }],
      },
    ],
  };
  const parsed = (text: string | undefined) => text?.replace(/'(?:[^'\\]|\\.)*'|\\'/g, "");
  expect(parsed(shells.fish?.(strange))).not.toMatch(/exit/);
  expect(shells.zsh?.(strange).replace(/'[^']*'|\\'/g, "")).not.toMatch(/exit/);
  expect(shells.bash?.(strange)).not.toMatch(/exit/);
});
