import type { Finding } from "../drift";
import { counted } from "./text";

/** summaryOf is how many objects are how, in one line. */
export function summaryOf(findings: readonly Finding[]): string {
  const hosts = new Set(findings.map(({ host }) => host)).size;
  const { same, drift, gone, trouble } = countsOf(findings);
  const parts = [
    `${same} as asked for`,
    ...(drift > 0 ? [`${drift} changed`] : []),
    ...(gone > 0 ? [`${gone} gone`] : []),
    ...(trouble > 0 ? [`${trouble} could not be looked at`] : []),
  ];
  return `${counted(findings.length, "object")} on ${counted(hosts, "host")}: ${parts.join(", ")}`;
}

/** countsOf is how many objects came to each outcome. */
export function countsOf(findings: readonly Finding[]): Record<Finding["outcome"], number> {
  const counts = { same: 0, drift: 0, gone: 0, trouble: 0 };
  for (const { outcome } of findings) counts[outcome]++;
  return counts;
}

/** sentencesOf say what is wrong with an object, one for each difference. */
export function sentencesOf({ outcome, differences, message }: Finding): string[] {
  if (outcome === "gone") return ["it is gone"];
  if (outcome === "trouble") return message.split("\n");
  return differences.map(({ attribute, wanted, found }) => `${attribute}: wanted ${wanted}, found ${found}`);
}
