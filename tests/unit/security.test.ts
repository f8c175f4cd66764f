import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What docs/security.md names as shown by a test is there. */

const ROOT = join(__dirname, "../..");
const paper = readFileSync(join(ROOT, "docs/security.md"), "utf8").replaceAll("\n", " ");

/** A test's file, and the parts of names that stand behind it. */
const cited = [...paper.matchAll(/`(tests\/[^`]+)`((?:, \*[^*]+\*)*)/g)].map(([, file = "", names = ""]) => ({
  file,
  names: [...names.matchAll(/\*([^*]+)\*/g)].map(([, name = ""]) => name),
}));

test("it names tests", () => {
  expect(cited.length).toBeGreaterThan(20);
});

test.each(cited)("$file has $names", ({ file, names }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  const text = readFileSync(join(ROOT, file), "utf8");
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});

test.each([...paper.matchAll(/`(provider\/[^`]+)`/g)].map(([, file = ""]) => file))("%s is there", (file) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
});
