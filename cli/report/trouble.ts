import { columns, linesOf } from "./text";

/** troubleLines say why a host, or something on it, could not be looked at. */
export function troubleLines({
  host,
  message,
}: {
  readonly host: string;
  readonly message: string;
}): string[] {
  return [...columns([["trouble", host]]), ...linesOf(message).map((line) => `  | ${line}`), ""];
}
