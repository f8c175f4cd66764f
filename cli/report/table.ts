import type { Finding } from "../drift";
import { grouped } from "../grouped";
import { summaryOf } from "./summary";
import { columns, counted, linesOf } from "./text";

/**
 * table is for a person. Every line begins with a word or a sign of ours, so that nothing from a host can pass for a
 * line of its own.
 */
export function table(findings: readonly Finding[]): string {
  const rows = findings.flatMap(rowsOf);
  const head = ["", "HOST", "OBJECT", "ATTRIBUTE", "WANTED", "FOUND"];
  const lines = [
    ...(rows.length === 0 ? [] : [...columns([head, ...rows]), ""]),
    ...troubles(findings),
    summaryOf(findings),
  ];
  return `${lines.join("\n")}\n`;
}

function rowsOf({ outcome, host, object, differences }: Finding): string[][] {
  if (outcome === "gone") return [["gone", host, object]];
  return differences.map(({ attribute, wanted, found }) => ["drift", host, object, attribute, wanted, found]);
}

/** What ails a host is said once for all of its objects. */
function troubles(findings: readonly Finding[]): string[] {
  const ailing = findings.filter(({ outcome }) => outcome === "trouble");
  const groups = grouped(ailing, ({ host, message }) => JSON.stringify([host, message]));
  return [...groups.values()].flatMap((group) => {
    const [{ host, object, message } = { host: "", object: "", message: "" }] = group;
    const what = group.length === 1 ? object : counted(group.length, "object");
    return [...columns([["trouble", host, what]]), ...linesOf(message).map((line) => `  | ${line}`), ""];
  });
}
