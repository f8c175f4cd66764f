import { type Connection, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_LIMIT } from "./connection";
import type { Line } from "./line";

/**
 * keepAlive asks the host again and again whether it is still there, and ends the line when it does not answer. ssh2
 * could ask too, but its timer would hold up a process that has nothing left to do. Any question will do that every
 * sshd answers: this one is to end a forwarding that there is not, so the answer is no.
 */
export function keepAlive(line: Line, connection: Connection): void {
  const { keepAliveInterval: interval = KEEP_ALIVE_INTERVAL, keepAliveErrorLimit: limit = KEEP_ALIVE_LIMIT } =
    connection;
  if (interval === 0) return;
  const { client } = line;
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered >= limit) {
      clearInterval(timer);
      client.emit("error", new Error(`the host has been silent for ${interval * limit} s`));
      line.close();
      return;
    }
    unanswered++;
    try {
      client.unforwardIn("127.0.0.1", 1, () => {
        unanswered = 0;
      });
    } catch {
      // The connection has ended, and whoever uses it knows.
      clearInterval(timer);
    }
  }, interval * 1000).unref();
  client.once("close", () => clearInterval(timer));
}
