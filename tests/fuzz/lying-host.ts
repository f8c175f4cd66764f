import type { Endpoint } from "../../provider/host/endpoint";
import type { Answer, Command, Host, Outcome, Work } from "../../provider/host/host";
import { type Lie, told } from "./hostile";

/** ENDPOINT is a connection that samples of all types may cut. */
export const ENDPOINT: Endpoint = { peer: "10.0.0.9", local: "10.0.0.1", port: 22 };

/**
 * LyingHost does what another host does, or says that it does, and tells of it what it likes. It keeps all that it was
 * asked to run.
 */
export class LyingHost implements Host {
  readonly label = "liar";
  readonly commands: Command[] = [];
  private count = 0;

  constructor(
    private readonly truth: (command: Command) => Answer,
    private readonly lies: readonly Lie[],
  ) {}

  async exchange({ steps, queries, unless }: Work): Promise<Outcome> {
    this.commands.push(...steps, ...queries);
    if (unless?.(ENDPOINT) === true) return { held: ENDPOINT, answers: [] };
    const failing = steps
      .map((step) => ({ step, answer: this.said(step) }))
      .find(({ answer }) => answer.code !== 0);
    return { ...(failing && { failure: failing }), answers: queries.map((query) => this.said(query)) };
  }

  said(command: Command): Answer {
    const { code, stdout, stderr } = this.truth(command);
    const lie = this.lies[this.count++ % Math.max(this.lies.length, 1)];
    if (lie === undefined) return { code, stdout, stderr };
    const [[kind = 6, , number = 0] = []] = lie.texts;
    return {
      code: kind === 5 ? number : code,
      stdout: told(stdout, lie),
      stderr: kind === 4 ? told(stderr, lie) : stderr,
    };
  }
}
