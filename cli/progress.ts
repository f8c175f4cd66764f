import { onWait } from "../provider/host/waits";
import { clean } from "./report/text";

const CLEAR_LINE = "\r\u001b[2K";
/** How much of the line is a bar. */
const BAR = 20;

/** Of a terminal that does not tell its own. */
const USUAL_WIDTH = 80;

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
    const filled = Math.floor((BAR * this.done) / Math.max(this.of, 1));
    const bar = `[${"#".repeat(filled)}${".".repeat(BAR - filled)}] ${this.done}/${this.of}`;
    const [first] = this.waits;
    const line = [
      ...(this.of === 0 ? [] : [bar]),
      ...(first === undefined ? [] : [`waiting for ${clean(first)}`]),
    ].join("  ");
    this.stream.write(CLEAR_LINE + line.slice(0, (this.stream.columns || USUAL_WIDTH) - 1));
  }
}
