import { z } from "zod";

/** A line of PULUMI_IPIP_TRACE. */
const Line = z.object({
  time: z.iso.datetime(),
  sent: z.string().optional(),
  got: z.object({ order: z.string().optional() }).optional(),
});

export interface Spent {
  readonly count: number;
  readonly seconds: number;
}

/** Session is what one log-in to a host was used for. */
export interface Session {
  readonly rounds: number;
  /** What was waited for, by the first two words of it. */
  readonly spent: ReadonlyMap<string, Spent>;
}

/** What is sent first of all, as the command of the SSH channel. */
const LOGIN = /^exec /;
const SCRIPT = "shell script";

/** sessionsIn reads a trace of one host. */
export function sessionsIn(text: string): Session[] {
  const sessions: { rounds: number; spent: Map<string, Spent> }[] = [];
  let since = 0;
  for (const line of text.split("\n").filter(Boolean)) {
    const { time, sent, got } = Line.parse(JSON.parse(line));
    const now = Date.parse(time) / 1000;
    if (sent !== undefined && LOGIN.test(sent)) sessions.push({ rounds: -1, spent: new Map() });
    const session = sessions.at(-1);
    if (session === undefined) continue;
    if (sent !== undefined) session.rounds++;
    if (got !== undefined) {
      const what = got.order?.split(" ").slice(0, 2).join(" ") ?? SCRIPT;
      const { count, seconds } = session.spent.get(what) ?? { count: 0, seconds: 0 };
      session.spent.set(what, { count: count + 1, seconds: seconds + now - since });
    }
    since = now;
  }
  return sessions;
}
