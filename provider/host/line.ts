import type { Socket } from "node:net";
import type { Client } from "ssh2";
import type { Slot } from "./slots";

/** Line is an SSH connection that is logged in. */
export class Line {
  constructor(
    readonly client: Client,
    /** The connection that leaves this machine; where there are hops, it is to the first of them. */
    readonly socket: Socket,
    private readonly slot: Slot,
  ) {
    socket.once("close", () => slot.free());
  }

  /** hold is told before work is sent: the process stays until it is done, and the line is not taken away. */
  hold(): void {
    this.socket.ref();
    this.slot.hold();
  }

  /** rest is told when there is no work: the process may end, and `close` may be called for another host's sake. */
  rest(close: () => void): void {
    this.socket.unref();
    this.slot.rest(close);
  }

  /** overdue is true between two pieces of work when others have waited long enough for a line of their own. */
  get overdue(): boolean {
    return this.slot.overdue;
  }

  /** close ends the line, and those it leads through, at once. */
  close(): void {
    this.socket.destroy();
    this.slot.free();
  }
}
