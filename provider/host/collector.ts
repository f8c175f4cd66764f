/** How much a host may say in one exchange; a listing of ten thousand tunnels has about 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024;

interface Wait {
  readonly markers: readonly Buffer[];
  resolve(found: { text: Buffer; marker: string }): void;
  reject(error: Error): void;
}

/** Collector gathers one output of a host until a marker comes. Bytes stay bytes: a chunk may end inside a character. */
export class Collector {
  private chunks: Buffer[] = [];
  /** Bytes that have come since the exchange began, taken or not. */
  private size = 0;
  /** The end of what was searched already, in which a marker may have begun. */
  private tail: Buffer = Buffer.alloc(0);
  private wait: Wait | undefined;
  private ended: Error | undefined;

  /** begin is told when an exchange begins. */
  begin(): void {
    this.size = this.unheard;
  }

  /** unheard is how many bytes have come and are not yet taken. */
  get unheard(): number {
    return this.all().length;
  }

  /** until gives what comes before the first of the markers, and that marker. */
  until(...markers: readonly string[]): Promise<{ text: Buffer; marker: string }> {
    return new Promise((resolve, reject) => {
      this.wait = { markers: markers.map((marker) => Buffer.from(marker)), resolve, reject };
      this.search(this.all());
      if (this.ended !== undefined) this.end(this.ended);
    });
  }

  push(chunk: Buffer): void {
    if (this.ended !== undefined) return;
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size > MAX_BYTES) {
      this.keep(Buffer.alloc(0));
      this.end(new Error(`the host answered with more than ${MAX_BYTES / 1024 / 1024} MB`));
      return;
    }
    this.search(chunk);
  }

  private search(chunk: Buffer): void {
    if (this.wait === undefined) return;
    const { markers } = this.wait;
    const recent = this.tail.length === 0 ? chunk : Buffer.concat([this.tail, chunk]);
    const longest = Math.max(...markers.map(({ length }) => length));
    this.tail = recent.subarray(Math.max(0, recent.length - longest + 1));
    if (markers.some((marker) => recent.includes(marker))) this.found(this.wait);
  }

  /** end makes the wait under way fail, and every later one that needs more than has come. */
  end(error: Error): void {
    this.ended = error;
    this.wait?.reject(error);
    this.wait = undefined;
  }

  /** said is what has come and is not yet taken. */
  said(): string {
    return this.all().toString("utf8");
  }

  private found({ markers, resolve }: Wait): void {
    const all = this.all();
    const [first] = markers
      .map((marker) => ({ marker, at: all.indexOf(marker) }))
      .filter(({ at }) => at !== -1)
      .sort((a, b) => a.at - b.at);
    if (first === undefined) return;
    this.keep(all.subarray(first.at + first.marker.length));
    this.wait = undefined;
    resolve({ text: all.subarray(0, first.at), marker: first.marker.toString() });
  }

  /** all is what has come in one piece. A host may say very many short lines: what is left over is not copied for each. */
  private all(): Buffer {
    const [only = Buffer.alloc(0), ...more] = this.chunks;
    if (more.length === 0) return only;
    const joined = Buffer.concat(this.chunks);
    this.chunks = [joined];
    return joined;
  }

  private keep(rest: Buffer): void {
    this.chunks = rest.length === 0 ? [] : [rest];
    this.tail = Buffer.alloc(0);
  }
}
