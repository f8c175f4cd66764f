import { type Goal, verdict } from "./goals";
import { OPS, type Row } from "./rows";

/** table is Markdown's, with columns that are aligned for those who read it as text. */
export function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...lines].map((cells) => (cells[column] ?? "").length), 3),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...lines.map(line)].join("\n");
}

/** timeTables are the times of all contenders, one table a setting. */
export function timeTables(rows: readonly Row[]): string {
  const settings = groups(rows, ({ n, hosts, delayMs, udev }) => {
    const delay = delayMs === 0 ? "no delay" : `${delayMs} ms of delay`;
    return `${n} tunnels on ${hosts === 1 ? "1 host" : `${hosts} hosts`}, ${delay}${udev ? ", with udev" : ""}`;
  });
  return [...settings]
    .map(([setting, its]) => {
      const lines = [...groups(its, labelOf)].map(([label, line]) => [
        label,
        ...OPS.map((op) => timeOf(line.find((row) => row.op === op))),
      ]);
      return `**${setting}**\n\n${table(["", ...OPS], lines)}`;
    })
    .join("\n\n");
}

/** counterTable is what the contenders with hosts cost them and the machine that they run on. */
export function counterTable(rows: readonly Row[]): string {
  const header = ["tunnels", "", "", "connections", "turns", "processes", "to host", "from host", "provider"];
  const lines = rows
    .filter(
      (row) =>
        row.case !== "floor" && row.hosts === 1 && row.delayMs === 0 && !row.udev && row.medianMs !== null,
    )
    .map((row) => [
      String(row.n),
      labelOf(row),
      row.op,
      String(row.connections),
      String(row.turns),
      String(row.processes),
      kilobytes(row.bytesToHosts),
      kilobytes(row.bytesFromHosts),
      row.providerMb === null ? "" : `${row.providerMb} MB`,
    ]);
  return table(header, lines);
}

/** goalTable says of each goal whether it is met. */
export function goalTable(goals: readonly Goal[]): string {
  const figure = (value: number | undefined, unit: string) =>
    value === undefined ? "" : `${Number(value.toFixed(2))}${unit}`;
  const lines = goals.map((goal) => [
    goal.what,
    figure(goal.value, goal.unit),
    `${goal.comparison === "<=" ? "≤" : "≥"} ${figure(goal.limit, goal.unit)}`,
    verdict(goal),
  ]);
  return table(["goal", "measured", "wanted", ""], lines);
}

/** failures are the rows that a contender's failure has left without some or all of their figures. */
export function failures(rows: readonly Row[]): string {
  return rows
    .filter(({ failed }) => failed !== undefined)
    .map((row) => `- ${labelOf(row)}, ${row.n} tunnels, ${row.op}: ${row.failed}`)
    .join("\n");
}

function labelOf(row: Row): string {
  return row.checkpoints === false ? `${row.case}, no checkpoints` : row.case;
}

function timeOf(row: Row | undefined): string {
  if (row === undefined) return "";
  if (row.medianMs === null) return "failed";
  const ratio = row.ratioToFloor === null ? "" : ` ×${row.ratioToFloor.toFixed(2)}`;
  return `${(row.medianMs / 1000).toFixed(2)} s${ratio} (${row.runs})`;
}

function kilobytes(bytes: number | null): string {
  return bytes === null ? "" : `${(bytes / 1000).toFixed(1)} kB`;
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(keyOf(item), [...(found.get(keyOf(item)) ?? []), item]);
  return found;
}
