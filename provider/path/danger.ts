import type { Endpoint } from "../host/endpoint";
import type { Command } from "../host/host";
import { judgeAddress } from "./addresses";
import { judgeDevice } from "./devices";
import { judgeParameter } from "./parameters";
import { judgeReload } from "./reloads";
import { judgeRoute } from "./routes";
import { judgeSelector } from "./rules";
import type { Way } from "./way";
import { type Reading, read } from "./words";

/** Danger is what a change may do to the way by which the host is reached. */
export interface Danger {
  /** The command that may do it. */
  readonly command: Command;
  /** Why, in a person's words: the end of a sentence. */
  readonly why: string;
  /** Whether it surely does. */
  readonly certain: boolean;
  /** Whether addresses or routes that are not the change's own may go with it. */
  readonly takesMore: boolean;
}

/** Verdict is a danger without the command that it is of. */
export type Verdict = Pick<Danger, "why" | "certain"> & { readonly takesMore?: boolean };

/** Judged is what a command is judged by. Without a way only what no way could make dangerous is taken for harmless. */
export interface Judged {
  readonly endpoint: Endpoint;
  readonly way: Way | undefined;
  /** All the commands of the change that are about the host's own namespace. */
  readonly all: readonly Reading[];
}

const JUDGES = [judgeDevice, judgeAddress, judgeRoute, judgeSelector, judgeParameter, judgeReload];

/**
 * dangerOf tells whether steps may cut the way by which the host is reached; undefined when they can't. The worst of them
 * is told.
 */
export function dangerOf(steps: readonly Command[], endpoint: Endpoint, way?: Way): Danger | undefined {
  // What is in another namespace than sshd does not touch the connections to it.
  const own = steps.filter(({ netns }) => netns === undefined);
  const judged = { endpoint, way, all: own.flatMap((command) => read(command) ?? []) };
  const dangers = own.flatMap((command) => {
    const reading = read(command);
    const verdicts = reading === undefined ? [] : JUDGES.flatMap((judge) => judge(reading, judged) ?? []);
    return verdicts.map((verdict) => ({ command, takesMore: false, ...verdict }));
  });
  const worst = dangers.find(({ certain }) => certain) ?? dangers[0];
  return worst && { ...worst, takesMore: dangers.some(({ takesMore }) => takesMore) };
}
