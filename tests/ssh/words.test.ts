import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { batchLine } from "../../provider/host/batch";
import { hostFor } from "../../provider/host/session";
import { SshServer } from "../support/ssh-server";
import { SHELLS } from "./shells";

/** What people and attackers write where a word is expected. */
const NASTY = [
  "",
  " ",
  "'",
  '"',
  "it's",
  `'"`,
  "$(touch /tmp/x)",
  "`id`",
  "$IFS",
  "a\nb",
  "a\r\nb\n",
  "\t",
  "#",
  "a#b",
  "\\",
  "a\\",
  "\\n",
  "; exit 9",
  "&& exit 9",
  "| cat",
  "> /dev/null",
  "*",
  "~",
  "!x",
  "-n",
  "--",
  "{",
  "}",
  "k 0",
  "\u0001\u007f\u0081\u0088",
  "ü網🙂",
];
/** Lines that begin like any marker would, and go on with bytes above 127. */
const LIKE_MARKERS = [..."0123456789abcdef@e"].map((first) => `${first}ü\n`);
const words = fc.array(
  fc.oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
    fc.string({ unit: fc.constantFrom(..." '\"\\#$`\n\t;&|<>(){}*?!~ab") }),
  ),
  { minLength: 1, maxLength: 6 },
);

describe.each(SHELLS)("with %s as the host's shell", (_name, shell) => {
  let server: SshServer;
  beforeAll(async () => {
    server = await SshServer.start({ shell });
  });
  afterAll(() => server.stop());

  test("every word reaches the program as it is, and so does every input", async () => {
    const host = hostFor(server.connection());
    await fc.assert(
      fc.asyncProperty(words, async (list) => {
        const text = list.join("");
        const stdin = text === "" || text.endsWith("\n") ? text : `${text}\n`;
        const { answers } = await host.exchange({
          steps: [],
          queries: [{ argv: ["printf", "<%s>", ...list] }, { argv: ["cat"], stdin: text }],
        });
        expect(answers).toEqual([
          { code: 0, stdout: list.map((word) => `<${word}>`).join(""), stderr: "" },
          { code: 0, stdout: stdin, stderr: "" },
        ]);
      }),
      { numRuns: 300, examples: [[NASTY], [LIKE_MARKERS]] },
    );
  });
});

describe("a line for ip -batch", () => {
  // A word that names no object of ip comes back in its complaint. Abbreviations of objects are no such words.
  const word = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: "binary" })).map((text) => `@${text}`);

  test("is read by iproute2 as the words that it was made of", () => {
    fc.assert(
      fc.property(word, (text) => {
        const line = batchLine(["link", text]);
        if (line === undefined) return;
        const { stderr } = spawnSync("ip", ["-batch", "-"], { input: `${line}\nlink show dev lo\n` });
        expect(stderr.toString()).toBe(`Command "${text}" is unknown, try "ip link help".\n`);
      }),
      { numRuns: 200 },
    );
  });

  test("keeps blanks, quotes and backslashes in their word", () => {
    expect(batchLine(["alias", "two words", "it's", '"', "", "a\\"])).toBe(
      `alias 'two words' "it's" '"' '' 'a\\'`,
    );
  });

  test.each(["a#b", "#", "a\nb", `both ' and "`, "a\0b"])("refuses %j, which no line can hold", (text) => {
    expect(batchLine(["link", "show", text])).toBeUndefined();
  });

  test("refuses more words than iproute2 reads", () => {
    const most = Array<string>(99).fill("x");
    expect(batchLine(most)).toBe(most.join(" "));
    expect(batchLine([...most, "x"])).toBeUndefined();
  });

  test("finds an ip on this machine to compare with", () => {
    expect(execFileSync("ip", ["-V"]).toString()).toContain("iproute2");
  });
});
