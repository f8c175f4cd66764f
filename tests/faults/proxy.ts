import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Way is the direction in which bytes travel. */
export type Way = "to the host" | "from the host";

/** Cut is what happens once so many more bytes have gone one way. */
export interface Cut {
  readonly way: Way;
  readonly after: number;
  /**
   * `reset` and `close` end every connection, with an RST or a FIN; `hold` keeps all bytes until the thaw; anything
   * else is up to who asked for it.
   */
  readonly by: "reset" | "close" | "hold" | (() => void);
  /** Whether every later connection is reset as well, until the proxy is mended. */
  readonly forGood?: boolean;
}

/** Slow is a line on which each packet takes its time, and a lost one the time to be sent again. */
export interface Slow {
  readonly delayMs: number;
  readonly lossPercent: number;
  readonly seed: number;
}

/** What a lost packet costs besides: TCP waits at least so long before it sends again (RFC 6298, Linux's minimum). */
const RESEND_MS = 200;

interface Pair {
  readonly client: Socket;
  readonly host: Socket;
  /** The client has gone in peace: what it has sent still arrives. */
  parted?: boolean;
}

/** FaultProxy carries TCP connections to a host, and breaks them as it is told. */
export class FaultProxy {
  /** How many bytes have gone each way since the last reset of the count. */
  readonly bytes: Record<Way, number> = { "to the host": 0, "from the host": 0 };
  /** How often something was done to a connection since the last mend. */
  met = 0;
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;
  private cut: Cut | undefined;
  private slow: (() => number) | undefined;
  private dead = false;
  private held = false;
  private closing = 0;
  private resume: (() => void)[] = [];
  private own = 0;

  private constructor(private readonly target: number) {}

  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.own;
  }

  /** count begins to count bytes anew. */
  count(): void {
    this.bytes["to the host"] = 0;
    this.bytes["from the host"] = 0;
  }

  /** breaks sets what is to happen from now on, and counts from here. */
  breaks(cut: Cut): void {
    this.count();
    this.cut = cut;
    if (cut.after === 0) this.strike(cut);
  }

  slows({ delayMs, lossPercent, seed }: Slow): void {
    const random = randomFrom(seed);
    this.slow = () => {
      this.met++;
      return delayMs + (random() * 100 < lossPercent ? RESEND_MS + 2 * delayMs : 0);
    };
  }

  /** hangsUp closes the next connections before a word is said. */
  hangsUp(times: number): void {
    this.closing = times;
  }

  /** refuses ends all connections and takes no new ones: nobody listens. */
  async refuses(): Promise<void> {
    this.met++;
    this.resets();
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    server.close();
    await once(server, "close");
  }

  /** holds keeps everything that comes, and says nothing: to both ends the other looks dead. */
  holds(): void {
    this.met++;
    this.held = true;
  }

  /** thaws lets go of what was held, in order. */
  thaws(): void {
    this.held = false;
    for (const go of this.resume.splice(0)) go();
  }

  /** resets ends all connections with an RST. */
  resets(): void {
    for (const { client, host } of this.pairs) {
      reset(client);
      reset(host);
    }
  }

  /** parts ends all connections as a client does that closes them: the host still gets what was sent. */
  parts(): void {
    for (const pair of this.pairs) {
      pair.parted = true;
      pair.client.destroy();
    }
  }

  /** mends takes all faults away. */
  async mends(): Promise<void> {
    this.cut = undefined;
    this.slow = undefined;
    this.dead = false;
    this.closing = 0;
    this.thaws();
    if (this.server === undefined) await this.listen();
  }

  async stop(): Promise<void> {
    this.resets();
    this.server?.close();
  }

  private async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.carry(client));
    server.listen(this.own, "127.0.0.1");
    await once(server, "listening");
    this.own = (server.address() as AddressInfo).port;
    this.server = server;
  }

  private carry(client: Socket): void {
    client.on("error", () => undefined);
    if (this.dead || this.closing > 0) {
      this.met++;
      if (this.dead) reset(client);
      else client.destroy();
      this.closing = Math.max(0, this.closing - 1);
      return;
    }
    const host = connect({ host: "127.0.0.1", port: this.target, allowHalfOpen: true, noDelay: true });
    host.on("error", () => reset(client));
    client.on("error", () => reset(host));
    const pair: Pair = { client, host };
    this.pairs.add(pair);
    host.on("close", () => this.pairs.delete(pair));
    void this.pump(client, host, "to the host", pair);
    void this.pump(host, client, "from the host", pair);
  }

  /** pump carries one way of one connection, piece by piece. */
  private async pump(from: Socket, to: Socket, way: Way, pair: Pair): Promise<void> {
    try {
      let due = 0;
      for await (const chunk of from) {
        const late = this.slow?.();
        if (late !== undefined) {
          due = Math.max(due, performance.now() + late);
          await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
        }
        await this.pass(chunk as Buffer, to, way);
      }
      await this.released();
      to.end();
    } catch {
      if (pair.parted) to.end();
      else reset(to);
    }
  }

  private async pass(chunk: Buffer, to: Socket, way: Way): Promise<void> {
    await this.released();
    const { cut } = this;
    const left = cut?.way === way ? cut.after - this.bytes[way] : Number.POSITIVE_INFINITY;
    this.bytes[way] += chunk.length;
    if (cut === undefined || chunk.length < left) {
      await written(to, chunk);
      return;
    }
    await written(to, chunk.subarray(0, left));
    this.strike(cut);
    await this.released();
    // After a reset there is nobody left to write to.
    await written(to, chunk.subarray(left));
  }

  private strike({ by, forGood = false }: Cut): void {
    this.cut = undefined;
    if (by === "hold") {
      this.holds();
      return;
    }
    this.met++;
    this.dead = forGood;
    if (by === "reset") this.resets();
    else if (by !== "close") by();
    else for (const { client, host } of this.pairs) for (const end of [client, host]) end.destroySoon();
  }

  private async released(): Promise<void> {
    while (this.held) await new Promise<void>((resolve) => this.resume.push(resolve));
  }
}

/** reset ends a connection with an RST. With a FIN under way Node can't (libuv's uv_tcp_close_reset), and needs not. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

async function written(to: Socket, chunk: Buffer): Promise<void> {
  if (chunk.length === 0 || to.destroyed || to.writableEnded) return;
  // A write to what has just been reset fails, and the socket's own handler hears of it.
  await new Promise<void>((resolve) => to.write(chunk, () => resolve()));
}

/** randomFrom is a generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
