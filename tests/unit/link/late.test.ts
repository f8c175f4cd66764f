import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { EARLY, type Outcome } from "../../support/late-links";

/** When an output is judged: once it is known. */

const SCRIPT = resolve(__dirname, "../../support/late-links.ts");

function outcomes(run: "up" | "preview"): [string, Outcome][] {
  const text = execFileSync(process.execPath, ["--import", "tsx", SCRIPT, run], { encoding: "utf8" });
  return Object.entries(JSON.parse(text) as Record<string, Outcome>);
}

test("a mistake in an output ends an up before a tunnel or a route is asked for, with one error", () => {
  for (const [path, { ended, made }] of outcomes("up")) {
    expect([path, made]).toEqual([path, []]);
    expect([path, ended]).toEqual([
      path,
      [expect.stringContaining(`TunnelLink "wan" can't be as it is given:\n  ${path}: `)],
    ]);
  }
});

test("at preview it is none while it is not known, and one that is known is not hidden by another", () => {
  for (const [path, { ended, made }] of outcomes("preview")) {
    if (path === EARLY) {
      expect(ended).toEqual([
        expect.stringContaining(`\n  ${EARLY}: "10.0.0.1" is not an address with a prefix`),
      ]);
    } else {
      expect([path, ended, made.length]).toEqual([path, [], 4]);
    }
  }
});
