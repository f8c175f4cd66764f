import type { Finding } from "../../../cli/drift";
import { formats } from "../../../cli/report";

const base: Finding = {
  stack: "shop/dev",
  urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/ipip:IpipTunnel::tunnel",
  type: "IpipTunnel",
  name: "tunnel",
  host: "203.0.113.10",
  object: "tunnel tun0",
  outcome: "same",
  differences: [],
  message: "",
};
const drifted: Finding = {
  ...base,
  outcome: "drift",
  differences: [
    { attribute: "mtu", wanted: "1400", found: "1300" },
    { attribute: "ttl", wanted: "64", found: "nothing" },
  ],
};
const gone: Finding = { ...base, object: "route 10.9.0.0/16", outcome: "gone" };
const away: Finding = {
  ...base,
  host: "198.51.100.20",
  outcome: "trouble",
  message: "it is down\nStart it.",
};
const findings = [base, drifted, gone, away, { ...away, object: "tunnel tun1" }];

/** What a host may answer when it means harm: to the terminal, to the log of a job, and to XML. */
const HOSTILE = "\u001b[2J\n::error title=x::y\r##[error]z\u202e\u009b<b a=\"'&\ud800,%0A";
const hostile: readonly Finding[] = [
  {
    ...drifted,
    host: HOSTILE,
    object: HOSTILE,
    differences: [{ attribute: HOSTILE, wanted: HOSTILE, found: HOSTILE }],
  },
  { ...away, host: HOSTILE, object: HOSTILE, message: HOSTILE },
];

test("the table has a line for each difference, and says once what ails a host", () => {
  expect(formats.table(findings)).toBe(
    [
      "       HOST          OBJECT             ATTRIBUTE  WANTED  FOUND",
      "drift  203.0.113.10  tunnel tun0        mtu        1400    1300",
      "drift  203.0.113.10  tunnel tun0        ttl        64      nothing",
      "gone   203.0.113.10  route 10.9.0.0/16",
      "",
      "trouble  198.51.100.20  2 objects",
      "  | it is down",
      "  | Start it.",
      "",
      "5 objects on 2 hosts: 1 as asked for, 1 changed, 1 gone, 2 could not be looked at",
      "",
    ].join("\n"),
  );
  expect(formats.table([base])).toBe("1 object on 1 host: 1 as asked for\n");
});

test("JSON has every object, and the exit code", () => {
  const read = JSON.parse(formats.json(findings)) as Record<string, unknown>;
  expect(read).toEqual({
    version: 1,
    exitCode: 1,
    counts: { same: 1, drift: 1, gone: 1, trouble: 2 },
    objects: findings,
  });
});

test("JUnit has a suite for each host, a failure for drift and an error for trouble", () => {
  expect(formats.junit(findings)).toBe(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites name="pulumi-ipip drift" tests="5" failures="2" errors="2">',
      '  <testsuite name="203.0.113.10" tests="3" failures="2" errors="0">',
      '    <testcase classname="shop/dev/IpipTunnel" name="tunnel tun0"/>',
      '    <testcase classname="shop/dev/IpipTunnel" name="tunnel tun0">',
      '      <failure type="drift" message="mtu: wanted 1400, found 1300">mtu: wanted 1400, found 1300',
      "  | ttl: wanted 64, found nothing</failure>",
      "    </testcase>",
      '    <testcase classname="shop/dev/IpipTunnel" name="route 10.9.0.0/16">',
      '      <failure type="gone" message="it is gone">it is gone</failure>',
      "    </testcase>",
      "  </testsuite>",
      '  <testsuite name="198.51.100.20" tests="2" failures="0" errors="2">',
      '    <testcase classname="shop/dev/IpipTunnel" name="tunnel tun0">',
      '      <error type="trouble" message="it is down">it is down',
      "  | Start it.</error>",
      "    </testcase>",
      '    <testcase classname="shop/dev/IpipTunnel" name="tunnel tun1">',
      '      <error type="trouble" message="it is down">it is down',
      "  | Start it.</error>",
      "    </testcase>",
      "  </testsuite>",
      "</testsuites>",
      "",
    ].join("\n"),
  );
});

test("GitHub gets an annotation for each object, and a notice", () => {
  expect(formats.github([base, drifted, { ...away, host: "[fd00::1]:2222" }])).toBe(
    [
      "::error title=drift on 203.0.113.10::tunnel tun0: mtu: wanted 1400, found 1300%0Attl: wanted 64, found nothing",
      "::error title=trouble on [fd00%3A%3A1]%3A2222::tunnel tun0: it is down%0AStart it.",
      "::notice title=pulumi-ipip drift::3 objects on 2 hosts: 1 as asked for, 1 changed, 1 could not be looked at",
      "",
    ].join("\n"),
  );
});

describe("what a host says can't break out", () => {
  test.each(Object.keys(formats) as (keyof typeof formats)[])("of %s", (format) => {
    const text = formats[format](hostile);
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    // What GitHub's runner would take for a command is none but ours, in whatever format.
    const commands = text.split("\n").filter((line) => line.trimStart().startsWith("::"));
    expect(commands).toHaveLength(format === "github" ? 3 : 0);
    expect(text.match(/::error /g) ?? []).toHaveLength(text.match(/::error title=/g)?.length ?? 0);
  });

  test("of a line of the table", () => {
    const lines = formats.table(hostile).split("\n");
    for (const line of lines) expect(line).toMatch(/^( +HOST|drift |trouble | {2}\| |2 objects on |$)/);
    expect(lines.join("\n")).not.toContain("##[");
  });

  test("of an annotation", () => {
    const [first = ""] = formats.github(hostile).split("\n");
    const [, title = "", text] = /^::error title=([^:,]*)::(.*)$/.exec(first) ?? [];
    expect(title).toContain("\\u001b[2J");
    expect(text).toContain("%250A");
  });

  test("of XML", () => {
    const text = formats.junit(hostile);
    expect(text).not.toContain("<b");
    expect(text).not.toContain("\"'&");
    expect(text).toContain("&lt;b a=&quot;&apos;&amp;");
  });

  test("of JSON, which still has it as it was", () => {
    const { objects } = JSON.parse(formats.json(hostile)) as { objects: Finding[] };
    expect(objects).toEqual(hostile);
  });
});
