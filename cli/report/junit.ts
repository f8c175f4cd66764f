import type { Finding } from "../drift";
import { grouped } from "../grouped";
import { countsOf, sentencesOf } from "./summary";
import { clean } from "./text";

/** junit is the XML that CI systems show as tests: a suite for each host, a case for each object. */
export function junit(findings: readonly Finding[]): string {
  const hosts = grouped(findings, ({ host }) => host);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="pulumi-ipip drift" ${totals(findings)}>`,
    ...[...hosts].flatMap(([host, own]) => [
      `  <testsuite name="${xml(host)}" ${totals(own)}>`,
      ...own.flatMap(testcase),
      "  </testsuite>",
    ]),
    "</testsuites>",
  ];
  return `${lines.join("\n")}\n`;
}

function totals(findings: readonly Finding[]): string {
  const { drift, gone, trouble } = countsOf(findings);
  return `tests="${findings.length}" failures="${drift + gone}" errors="${trouble}"`;
}

function testcase(finding: Finding): string[] {
  const { stack, type, object, outcome } = finding;
  const start = `    <testcase classname="${xml(`${stack}/${type}`)}" name="${xml(object)}"`;
  if (outcome === "same") return [`${start}/>`];
  const word = outcome === "trouble" ? "error" : "failure";
  // The sign keeps a line from being taken for a command by GitHub's runner, which this may be printed in.
  const [first = "", ...more] = sentencesOf(finding).map(xml);
  return [
    `${start}>`,
    `      <${word} type="${outcome}" message="${first}">${[first, ...more].join("\n  | ")}</${word}>`,
    "    </testcase>",
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** XML 1.0 has no place for control characters, not even as entities (2.2). */
function xml(text: string): string {
  return clean(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
