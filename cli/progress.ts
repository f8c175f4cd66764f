import { onWait } from "../provider/host/waits";
import { clean } from "./report/text";

const CLEAR_LINE = "\r\u001b[2K";
/** How much of the line is a bar. */
const BAR = 20;

/** Progress is one line that is written over and over, on a terminal; elsewhere it is nothing. */
export class Progress {
  private done = 0;
  private of = 0;
  private waits: readonly string[] = [];

  constructor(private readonly stream: NodeJS.WriteStream) {
    onWait((waits) => {
      this.waits = waits;
      this.draw();
    });
  }

  looked(done: number, of: number): void {
    Object.assign(this, { done, of });
    this.draw();
  }

  /** end takes the line away. */
  end(): void {
    onWait(() => {});
    if (this.stream.isTTY) this.stream.write(CLEAR_LINE);
  }

  private draw(): void {
    if (!this.stream.isTTY) return;
    const filled = this.of === 0 ? 0 : Math.floor((BAR * this.done) / this.of);
    const bar = `[${"#".repeat(filled)}${".".repeat(BAR - filled)}] ${this.done}/${this.of}`;
    const [first] = this.waits;
    const line = first === undefined ? bar : `${bar}  waiting for ${clean(first)}`;
    this.stream.write(CLEAR_LINE + line.slice(0, this.stream.columns - 1));
  }
}
