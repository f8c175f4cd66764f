import type { Left } from "../../provider/existing/candidates";
import { grouped } from "../grouped";
import { clean } from "../report/text";

/** How many things that are left out for one reason are named. */
const MOST_NAMED = 10;

/** leftLines say what is left out, for each reason together, for a router may have all routes of the internet. */
export function leftLines(left: readonly Left[]): string[] {
  return [...grouped(left, ({ why }) => why)].map(([why, some]) => {
    const named = some.slice(0, MOST_NAMED).map(({ what }) => clean(what));
    const more = some.length > MOST_NAMED ? ` and ${some.length - MOST_NAMED} more` : "";
    return `${named.join("; ")}${more}: ${clean(why)}`;
  });
}
