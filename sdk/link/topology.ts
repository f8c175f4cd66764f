/** End is one side of a link, as a person is told of it. */
export interface End {
  readonly label: string;
  readonly underlay: string;
  readonly namespace: string | undefined;
  readonly device: string;
  readonly addresses: readonly string[];
  readonly networks: readonly string[];
}

/** Drawing is all that is shown of a link. */
export interface Drawing {
  readonly title: string;
  /** The kind of tunnel, and what it is in. */
  readonly kind: string;
  readonly mtu: number;
  readonly ends: readonly End[];
}

/** topology draws a link: one line for the tunnel, one for each end. */
export function topology({ title, kind, mtu, ends }: Drawing): string {
  const rows = ends.map(({ label, underlay, namespace, device, addresses, networks }) => [
    label,
    namespace === undefined ? underlay : `${underlay} (${namespace})`,
    `${device} ${addresses.join(", ")}`,
    networks.length === 0 ? "no networks" : networks.join(", "),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(
    (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`,
  );
  return [`${title}: ${kind}, mtu ${mtu}`, ...lines].join("\n");
}
