/** What hosts keep us waiting for, so that nobody has to guess what a silent operation does. */

/** Seconds after which a wait is worth a word. The next ones follow each time that twice as many have passed. */
const PATIENCE = 5;

type Listener = (waits: readonly string[]) => void;

const waits = new Set<Wait>();
let listener: Listener = () => {};

/** onWait sets who hears all that is waited for, whenever it changes; an empty list says that it is over. */
export function onWait(told: Listener): void {
  listener = told;
}

function changed(): void {
  listener([...new Set([...waits].map(({ text }) => text))]);
}

/** Wait is one thing that is waited for at one host. */
export class Wait {
  text = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly label: string) {}

  /** now tells at once what is waited for. */
  now(what: string): void {
    clearTimeout(this.timer);
    this.tell(what);
  }

  /** later tells it when it takes long, and for how long it has taken. */
  later(what: string): void {
    clearTimeout(this.timer);
    const after = (seconds: number, passed: number) => {
      this.timer = setTimeout(
        () => {
          this.tell(`${what} (${seconds} s)`);
          after(2 * seconds, seconds);
        },
        (seconds - passed) * 1000,
      ).unref();
    };
    after(PATIENCE, 0);
  }

  end(): void {
    clearTimeout(this.timer);
    if (waits.delete(this)) changed();
  }

  private tell(what: string): void {
    this.text = `${this.label}: ${what}`;
    waits.add(this);
    changed();
  }
}
