import type { Inventory } from "../marked/show";
import { columns, counted, printableJson } from "./text";
import { troubleLines } from "./trouble";

/** inventoryTable is for a person. */
export function inventoryTable({ objects, troubles }: Inventory): string {
  const rows = objects.map(({ host, object, mark, resources }) => [
    "object",
    host,
    object,
    resources.join(" and ") || "-",
    mark,
  ]);
  const head = ["", "HOST", "OBJECT", "RESOURCE", "MARK"];
  const lines = [
    ...(rows.length === 0 ? [] : [...columns([head, ...rows]), ""]),
    ...troubles.flatMap(troubleLines),
    counted(objects.length, "object"),
  ];
  return `${lines.join("\n")}\n`;
}

/** inventoryJson is for programs. */
export function inventoryJson({ objects, troubles }: Inventory): string {
  return printableJson({ version: 1, objects, troubles });
}
