import { appendFileSync } from "node:fs";
import { masked, secretsIn } from "../secrets";
import { visibleJson } from "../visible";
import { Connection } from "./connection";
import { expandHome } from "./paths";
import { labelOf } from "./stop";

/**
 * With PULUMI_IPIP_TRACE=FILE all that is sent to hosts, and all that they answer, is appended to that file: one JSON
 * object a line, with the time, the host, and `sent`, `got` or `lost`. Secrets of the connection stand there as
 * `[secret]`; only its owner may read the file.
 */
const VARIABLE = "PULUMI_IPIP_TRACE";

interface Traced {
  readonly order?: string;
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

let broken = false;

/** Trace is what is written down of one session. */
export class Trace {
  private readonly label: string;
  /** As JSON has them. */
  private readonly secrets: readonly string[];

  private constructor(
    private readonly file: string,
    connection: Connection,
  ) {
    this.label = labelOf(connection);
    this.secrets = secretsIn(Connection, connection).map((secret) => visibleJson(secret).slice(1, -1));
  }

  /** of gives the trace of a connection, or undefined where nobody asked for one. */
  static of(connection: Connection): Trace | undefined {
    const file = process.env[VARIABLE] ?? "";
    return file === "" ? undefined : new Trace(expandHome(file), connection);
  }

  sent(text: string): void {
    this.write({ sent: text });
  }

  /** got is an answer, to an order alone or to a whole script, and the milliseconds that it took. */
  got(answer: Traced, since: number): void {
    this.write({ got: answer, ms: Math.round(performance.now() - since) });
  }

  lost(why: string): void {
    this.write({ lost: why });
  }

  private write(event: object): void {
    if (broken) return;
    const entry = { time: new Date().toISOString(), host: this.label, ...event };
    try {
      appendFileSync(this.file, `${masked(visibleJson(entry), this.secrets)}\n`, { mode: 0o600 });
    } catch (error) {
      // What is being done is worth more than the record of it.
      broken = true;
      process.stderr.write(`${VARIABLE}: nothing is written down: ${error}\n`);
    }
  }
}
