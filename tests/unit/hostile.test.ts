import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownOf } from "../../cli/object";
import { columns } from "../../cli/report/text";
import { door } from "../../provider/dynamic";
import { CommandFailed } from "../../provider/errors";
import { Collector } from "../../provider/host/collector";
import { excerptOf } from "../../provider/host/excerpt";
import { matchesPattern } from "../../provider/host/patterns";
import { privateKeyIn } from "../../provider/host/private-key";
import { readAlias } from "../../provider/host/ssh-config";
import { servicesOver } from "../../provider/index";
import { readJson } from "../../provider/ip/json";
import { linksOf } from "../../provider/ip/links";
import { rulesOf } from "../../provider/ip/rules";
import { scopeNamed } from "../../provider/ip/scopes";
import { ask, View } from "../../provider/ip/view";
import { Lifecycle } from "../../provider/lifecycle";
import { inSameSubnet } from "../../provider/net";
import { countersOf } from "../../provider/probe/counters";
import { pingOf } from "../../provider/probe/ping";
import { wayOf } from "../../provider/probe/way";
import { warn } from "../../provider/progress";
import { link } from "../../provider/resources/link";
import { mssClamp } from "../../provider/resources/mss-clamp";
import { visible, visibleText } from "../../provider/visible";
import { FakeHost } from "../support/fake-host";
import { CONNECTION } from "../support/mini-engine";
import { ed25519 } from "../support/ssh-server";

/** What fuzzing has found, each once and small. A test of what took for ever is one that ends. */

const listing = (stdout: string) => {
  const queries = ask.links();
  return new View("liar", queries, [{ code: 0, stdout, stderr: "" }]).links();
};
const device = (changes: object) => [{ ifindex: 1, ifname: "tun0", flags: [], mtu: 1480, ...changes }];

test.each([
  ["null in it", "[null]"],
  ["brackets without an end", "[".repeat(100_000)],
  [
    "more depth than any program prints",
    JSON.stringify(device({ a: JSON.parse("[".repeat(70) + "]".repeat(70)) })),
  ],
  ["a name that is a way to a file", JSON.stringify(device({ ifname: "../x" }))],
  [
    "words behind an address",
    JSON.stringify(device({ addr_info: [{ local: "10.0.0.1 dev lo", prefixlen: 8 }] })),
  ],
  [
    "what is no text and no number",
    JSON.stringify(device({ linkinfo: { info_data: { remote: { toString: 1 } } } })),
  ],
  ["quotes that escape each other", `"encap"${'"\\'.repeat(200_000)}`],
])("a listing with %s is one that can't be read", (_, stdout) => {
  expect(() => listing(stdout)).toThrow(CommandFailed);
});

test("of a list of a million wrong things the first is told", () => {
  const wrong = device({ flags: Array.from({ length: 1_000_000 }, () => 0) });
  expect(() => linksOf(wrong)).toThrow(/flags/);
  expect(() => listing(JSON.stringify(wrong))).toThrow(/^.{0,1500}$/s);
});

test("a key that comes twice is named anew, also behind a string with braces and quotes", () => {
  const text = '[{"encap":"mpls","x":"{\\"}","dst":"1","via":{"dst":"2"},"dst" : "3"}]';
  expect(readJson(text)).toEqual([
    { encap: "mpls", x: '{"}', dst: "1", via: { dst: "2" }, "again:dst": "3" },
  ]);
});

test("an alias with control characters, which iproute2 writes as they are, is one like others", () => {
  const listed = JSON.stringify(device({ ifalias: "\u001b[2J\u0007 \u0001" }));
  const raw = listed
    .replaceAll("\\u001b", "\u001b")
    .replaceAll("\\u0007", "\u0007")
    .replaceAll("\\u0001", "\u0001");
  expect(raw).toContain("\u001b[2J");
  expect(listing(raw)?.[0]?.alias).toBe("\u001b[2J\u0007 \u0001");
});

test("names that every object has are names like others", () => {
  expect(scopeNamed("constructor")).toBe("constructor");
  const [rule] = rulesOf([{ priority: 1, action: "constructor", ipproto: "toString" }]);
  expect(rule).toMatchObject({ action: "constructor", ipproto: -1 });
  const recorded = { ...{ urn: "u", name: "n", stack: "p/s", condemned: false }, inputs: {}, outputs: {} };
  const services = servicesOver(() => new FakeHost());
  expect(() => knownOf({ ...recorded, type: "constructor" }, services)).toThrow(
    /does not know the type constructor/,
  );
});

test("a keyword of ssh_config that every object has is one that is not heeded", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-ipip-"));
  const file = join(folder, "config");
  writeFileSync(file, "Host a\n  constructor x\n  HostName b\n");
  const said = { host: undefined, port: undefined, user: undefined, proxied: false };
  expect(await readAlias("a", file, said)).toMatchObject({ host: "b" });
  rmSync(folder, { recursive: true });
});

test.each([
  ["*a*a*a*a*a*a*a*a*a*a*a*b", "a".repeat(5000), false],
  ["*.example.com", "a.b.example.com", true],
  ["a?c*", "abc", true],
  ["a?c", "ac", false],
  ["**", "", true],
  ["[a].+", "[a].+", true],
  ["a*b", "a\nb", true],
])("the pattern %s", (pattern, text, matches) => {
  expect(matchesPattern(pattern, text)).toBe(matches);
});

describe("ping", () => {
  const end = "\n3 packets transmitted, 1 received, 66% packet loss\n";
  const ping = (stdout: string) => pingOf("liar", { argv: ["ping"] }, { code: 0, stdout, stderr: "" });

  test("may count to any number, which is none that is heeded", () => {
    expect(() => ping("1".repeat(2_000_000))).toThrow(CommandFailed);
    expect(ping(`= ${"1".repeat(500_000)}${end}`)).toEqual({ sent: 3, received: 1 });
  });

  test("may name any number of MTUs, of which the least counts", () => {
    expect(ping(`${"mtu=1400 ".repeat(300_000)}mtu=1300${end}`)).toMatchObject({ mtu: 1300 });
  });
});

test("counters are looked for no further than a kernel would write", () => {
  expect(countersOf("", "\n".repeat(5_000_000), "")).toMatchObject({ out: 0, reversePath: 0 });
});

test.each([
  ["a device", { dev: "../x" }],
  ["a gateway", { dev: "tun0", gateway: "-f" }],
  ["a host", { dev: "tun0", via: { host: "10.0.0.1;" } }],
])("a way by what is no name of %s is none", (_, way) => {
  expect(wayOf({ code: 0, stdout: JSON.stringify([way]), stderr: "" }).dev).toBeUndefined();
});

test.each(["", "any", "10.0.0.1/33", "10.0.0.1 dev lo/8", "fd00::1%eth0/64"])(
  "in %j lies nothing",
  (network) => {
    expect(inSameSubnet("10.0.0.1/8", network)).toBe(false);
  },
);

test("settings of a device that is not there have nothing to put back", () => {
  const desired = link.inputs.parse({ connection: CONNECTION, dev: "u9", up: false });
  // As a change under a timer asks for, before it is made.
  expect(link.plan(undefined, { ...desired } as never)).toEqual([]);
});

test("a comment of nftables ends where a quote does", () => {
  const [desired, command] = [
    mssClamp.inputs.parse({ connection: CONNECTION, dev: "t", mark: "pulumi:a/b/c" }),
    ask.nftTableAlone("pulumi_ipip_mss_t"),
  ];
  const seen = (rule: string) =>
    mssClamp.parse(
      new View("liar", command, [{ code: 0, stdout: `table inet x {\n${rule}\n}`, stderr: "" }]),
      desired,
    );
  expect(seen('oifname "t" accept comment "ours"')?.mark).toBe("ours");
  expect(seen('oifname "t" accept comment "x" ; add table inet y ; comment "z"')?.mark).toBe("z");
  expect(seen('oifname "t" accept comment "x" ; add table inet y')?.mark).toBe("");
  expect(seen(`oifname ${' comment "'.repeat(100_000)}`)?.mark).toBe("");
});

test("very many short lines are taken one by one without copying what is left", async () => {
  const collector = new Collector();
  collector.push(Buffer.from("\n".repeat(300_000)));
  let bytes = 0;
  for (let line = 0; line < 300_000; line++) bytes += (await collector.until("\n")).text.length;
  expect(bytes).toBe(0);
});

test("what was taken counts too, until the next exchange begins", async () => {
  const collector = new Collector();
  const chunk = Buffer.concat([Buffer.alloc(40 * 1024 * 1024), Buffer.from("\n")]);
  collector.push(chunk);
  await collector.until("\n");
  collector.begin();
  collector.push(chunk);
  await collector.until("\n");
  collector.push(chunk);
  await expect(collector.until("end")).rejects.toThrow("the host answered with more than 64 MB");
});

test("a cell of a report that is too long is not cut within a character", () => {
  expect(columns([["x".repeat(78) + "🙂".repeat(5)]])).toEqual([`${"x".repeat(78)}…`]);
});

test("of a long complaint the beginning and the end are kept", () => {
  expect(excerptOf("short")).toBe("short");
  const long = excerptOf(`begin${"x".repeat(50_000)}end`);
  expect(long).toMatch(/^begin.*\[41816 characters left out\].*end$/s);
  expect(long.length).toBeLessThan(9000);
});

describe("what nobody can see, or a runner takes for a command,", () => {
  test("is shown as numbers in one line", () => {
    expect(visible("a\u001b[2J\n\u202e\u009b\ud800ü🙂##[x]")).toBe(
      "a\\u001b[2J\\u000a\\u202e\\u009b\\ud800ü🙂## [x]",
    );
  });

  test("is so in a text, whose lines and tabs stay", () => {
    const said = "a\r\n\tb\u0007\n  ::error title=x::y\n\u00a0::z::\n::1: is an address\n";
    expect(visibleText(said)).toBe(
      "a\n\tb\\u0007\n  : :error title=x::y\n\u00a0: :z::\n::1: is an address\n",
    );
  });

  test("is so in what is wrong with a program", async () => {
    const hostile = "\u001b[2J\n::error::x";
    const { failures } = await door(new Lifecycle(link, () => new FakeHost())).check(
      {},
      { connection: CONNECTION, dev: hostile, [hostile]: 1 },
    );
    expect(failures?.length).toBeGreaterThan(1);
    for (const { property, reason } of failures ?? []) {
      expect(property + reason).not.toMatch(/[^\n\t\P{Cc}]/u);
      expect(property + reason).not.toMatch(/^\s*::/m);
    }
  });

  test("is so in a warning", async () => {
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    await warn("gone\u001b]0;x\u0007");
    expect(written.mock.calls).toEqual([["warning: gone\\u001b]0;x\\u0007\n"]]);
    written.mockRestore();
  });
});

test("a key whose passphrase takes for ever to try is not tried", () => {
  const { private: text } = ed25519("secret");
  const [begin = "", ...rest] = text.trim().split("\n");
  const bytes = Buffer.from(rest.slice(0, -1).join(""), "base64");
  // The number behind the salt of 16 bytes.
  bytes.writeUInt32BE(4_000_000_000, bytes.indexOf("bcrypt") + "bcrypt".length + 4 + 4 + 16);
  const body = bytes.toString("base64");
  // The library reads a "-" as a digit.
  for (const one of [body, body.replaceAll("+", "-"), `${body}\n--`]) {
    const slow = [begin, one, rest.at(-1)].join("\n");
    expect(String(privateKeyIn(slow, "secret"))).toContain("takes 4000000000 rounds");
  }
  expect(privateKeyIn(text, "secret")).not.toBeInstanceOf(Error);
});
