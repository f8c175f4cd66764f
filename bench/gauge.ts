import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Traffic is what passed a gauge since it was opened. */
export interface Traffic {
  readonly connections: number;
  /** How often a client spoke after its host had, its first words included: no fewer than the round trips. */
  readonly turns: number;
  readonly toHost: number;
  readonly fromHost: number;
}

/**
 * Gauge is a port on loopback before the port of a machine. All contenders go through it, and what it counts is counted
 * alike for all of them, whatever they are written in.
 */
export class Gauge {
  private readonly sockets = new Set<Socket>();
  private counted = { connections: 0, turns: 0, toHost: 0, fromHost: 0 };

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on("connection", (client) => this.carry(client));
  }

  static async before(target: number): Promise<Gauge> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Gauge(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get traffic(): Traffic {
    return { ...this.counted };
  }

  /** hangUp ends the connections that there are, as of a contender that was stopped. */
  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    this.server.close();
    await once(this.server, "close");
  }

  private carry(client: Socket): void {
    const host = connect({ host: "127.0.0.1", port: this.target, noDelay: true });
    const { counted } = this;
    counted.connections++;
    let hostSpoke = true;
    client.on("data", (chunk: Buffer) => {
      counted.toHost += chunk.length;
      if (hostSpoke) counted.turns++;
      hostSpoke = false;
    });
    host.on("data", (chunk: Buffer) => {
      counted.fromHost += chunk.length;
      hostSpoke = true;
    });
    for (const [from, to] of [
      [client, host],
      [host, client],
    ] as const) {
      this.sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroySoon();
      });
    }
  }
}
