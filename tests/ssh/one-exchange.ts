import { Connection } from "../../provider/host/connection";
import { hostFor } from "../../provider/host/session";

/** A program that talks to a host once and does nothing to end: it must end by itself. */
async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const host = hostFor(Connection.parse(JSON.parse(Buffer.concat(chunks).toString())));
  const { answers } = await host.exchange({ steps: [], queries: [{ argv: ["echo", "here"] }] });
  process.stdout.write(answers[0]?.stdout ?? "no answer\n");
}

void main();
