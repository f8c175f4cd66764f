import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { statesFrom } from "../../../cli/sources";
import { entry, exported } from "../../support/state-export";

/** Where states come from: here the `pulumi` command is a script that notes down how it is called. */

let dir: string;
const path = process.env.PATH;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sources-"));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(dir, { recursive: true });
});

const state = exported([entry("Namespace", "blue", { inputs: {}, outputs: {} })]);
const calls = () => readFileSync(join(dir, "calls"), "utf8");

function pulumi(does: string): void {
  const script = `#!/bin/sh\necho "$@" >> "${join(dir, "calls")}"\n${does}\n`;
  writeFileSync(join(dir, "pulumi"), script, { mode: 0o755 });
  writeFileSync(join(dir, "state.json"), state);
  process.env.PATH = `${dir}${delimiter}${path}`;
}

test("the engine is asked for the state of the selected stack, and of each that is named", async () => {
  pulumi(`cat "${join(dir, "state.json")}"`);
  const [selected] = await statesFrom({ cwd: "here", stack: [], state: [] });
  expect(selected).toMatchObject({ project: "shop", stack: "dev", resources: [{ name: "blue" }] });
  expect(calls()).toBe("stack export --show-secrets --non-interactive --cwd=here\n");
  expect(await statesFrom({ cwd: ".", stack: ["--a", "b"], state: [join(dir, "state.json")] })).toHaveLength(
    3,
  );
  expect(calls()).toContain(" --stack=--a\n");
  expect(calls()).toContain(" --stack=b\n");
});

test("with a file alone the engine is not asked", async () => {
  pulumi("exit 1");
  await statesFrom({ cwd: ".", stack: [], state: [join(dir, "state.json")] });
  expect(calls).toThrow("ENOENT");
});

test("that the engine fails is told in its own words", async () => {
  pulumi("echo 'error: no stack named x' >&2; exit 255");
  await expect(statesFrom({ cwd: ".", stack: ["x"], state: [] })).rejects.toThrow(
    "`pulumi stack export` failed: error: no stack named x",
  );
});

test("without the engine, or the file, it says what to do", async () => {
  process.env.PATH = dir;
  await expect(statesFrom({ cwd: ".", stack: [], state: [] })).rejects.toThrow("no `pulumi` command on PATH");
  await expect(statesFrom({ cwd: ".", stack: [], state: [join(dir, "none")] })).rejects.toThrow(
    /the state can't be read: .*ENOENT/,
  );
});
