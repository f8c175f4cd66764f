import type { Finding } from "../drift";
import { sentencesOf, summaryOf } from "./summary";
import { clean } from "./text";

/** github is annotations of a workflow's run, one for each object (GitHub's "Workflow commands"). */
export function github(findings: readonly Finding[]): string {
  const wrong = findings.filter(({ outcome }) => outcome !== "same");
  const lines = [
    ...wrong.map((finding) => {
      const { outcome, host, object } = finding;
      const [first = "", ...more] = sentencesOf(finding).map(clean);
      const text = [`${clean(object)}: ${first}`, ...more].join("\n");
      return `::error title=${property(`${outcome} on ${clean(host)}`)}::${data(text)}`;
    }),
    `::notice title=pulumi-ipip drift::${data(summaryOf(findings))}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** What ends a command, or a property of it, goes as its number (actions/toolkit, packages/core/src/command.ts). */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
