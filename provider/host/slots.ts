/** Milliseconds that one may keep a slot, if always busy, while others wait for one. */
const TURN = 10_000;

/** Slot is the right to one of a limited number of things. It is held until it is rested, and lent until it is free. */
export interface Slot {
  /** Whether others wait, and this one has been lent long enough. */
  readonly overdue: boolean;
  hold(): void;
  /** rest says that nothing is done with it for now: `close` is called, at once or later, when another needs it. */
  rest(close: () => void): void;
  free(): void;
}

interface Waiter {
  readonly limit: number;
  resolve(slot: Slot): void;
}

/** Slots lends a limited number of slots, in the order in which they are asked for. */
export class Slots {
  private readonly lent = new Set<Lent>();
  private readonly waiting: Waiter[] = [];

  /** `now` is a clock in milliseconds. */
  constructor(private readonly now: () => number = Date.now) {}

  /** Whether one more could be had at once. */
  hasRoom(limit: number): boolean {
    return this.waiting.length === 0 && (this.lent.size < limit || this.resting().length > 0);
  }

  /** take gives a slot once fewer than `limit` are lent, and takes away those that rest. It fails when aborted. */
  async take(limit: number, signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const abort = () => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = {
        limit,
        resolve: (slot: Slot) => {
          signal.removeEventListener("abort", abort);
          resolve(slot);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.waiting.push(waiter);
      this.serve();
    });
  }

  /** serve lends what there is to those who wait, and makes room for them. */
  private serve(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      if (this.lent.size < first.limit) {
        this.waiting.shift();
        first.resolve(this.lend());
        continue;
      }
      const [longest] = this.resting();
      if (longest === undefined) return;
      longest.giveUp();
    }
  }

  private lend(): Slot {
    const since = this.now();
    const slot: Lent = new Lent(
      () => this.lent.delete(slot) && this.serve(),
      () => this.serve(),
      () => this.waiting.length > 0 && this.now() - since >= TURN,
    );
    this.lent.add(slot);
    return slot;
  }

  /** Those that rest, the one that has rested longest first: what rests goes to the end of the set. */
  private resting(): Lent[] {
    return [...this.lent].filter((slot) => slot.rests).sort((one, other) => one.rested - other.rested);
  }
}

let rests = 0;

class Lent implements Slot {
  rested = 0;
  private close: (() => void) | undefined;

  constructor(
    private readonly onFree: () => void,
    private readonly onRest: () => void,
    private readonly isOverdue: () => boolean,
  ) {}

  get overdue(): boolean {
    return this.isOverdue();
  }

  get rests(): boolean {
    return this.close !== undefined;
  }

  hold(): void {
    this.close = undefined;
  }

  rest(close: () => void): void {
    this.close = close;
    this.rested = ++rests;
    this.onRest();
  }

  /** giveUp ends what rests, which has no say in it. */
  giveUp(): void {
    const { close } = this;
    this.close = undefined;
    close?.();
    this.free();
  }

  free(): void {
    this.onFree();
  }
}
