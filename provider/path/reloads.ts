import type { Verdict } from "./danger";
import type { Reading } from "./words";

/** judgeReload: who reads its files anew also reads what others have changed in them, and acts on it. */
export function judgeReload(reading: Reading): Verdict | undefined {
  if (reading.kind !== "reload") return undefined;
  return { why: `${reading.manager} reads all its files anew`, certain: false, takesMore: true };
}
