import { type Census, inOrder, type Orphan } from "../marked/orphans";
import { columns, counted, linesOf, printableJson } from "./text";
import { troubleLines } from "./trouble";

/** censusTable is for a person; each line begins with a word or a sign of ours. */
export function censusTable({ hosts, orphans, rivals, troubles }: Census): string {
  const rows = [
    ...orphans.map((orphan) => ["orphan", orphan.host, named(orphan), orphan.mark || "-"]),
    ...rivals.map(({ host, object, stacks }) => ["claimed", host, object, stacks.join(" and ")]),
  ];
  const head = ["", "HOST", "OBJECT", "BELONGS TO"];
  const lines = [
    ...(rows.length === 0 ? [] : [...columns([head, ...rows]), ""]),
    ...troubles.flatMap(troubleLines),
    `${counted(hosts, "host")}: ${counted(orphans.length, "orphan")}, ${counted(rivals.length, "object")} of several stacks`,
  ];
  return `${lines.join("\n")}\n`;
}

function named({ object, bearing }: Orphan): string {
  return bearing.length === 0
    ? object
    : `${object}, which ${bearing.join(" and ")} ${bearing.length === 1 ? "needs" : "need"}`;
}

/** censusJson is for programs. */
export function censusJson({ hosts, orphans, rivals, troubles }: Census): string {
  // With the object goes the connection, which has secrets.
  const shown = orphans.map(({ removal: _, keys: __, grounds: ___, ...rest }) => rest);
  return printableJson({ version: 1, hosts, orphans: shown, claimed: rivals, troubles });
}

/** commandsOf are what removes orphans, in the order in which it is run, as they are shown before. */
export function commandsOf(orphans: readonly Orphan[]): string {
  const lines = inOrder(orphans).flatMap(({ host, object, commands }) => [
    ...columns([["remove", host, object]]),
    ...commands.flatMap(linesOf).map((line) => `  # ${line}`),
  ]);
  return `${lines.join("\n")}\n`;
}
