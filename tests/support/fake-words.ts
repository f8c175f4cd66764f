/** NotUnderstood: a command that the fake does not know. A test that causes it fails. */
export class NotUnderstood extends Error {}

/** Words reads a command's words one after another, and takes none for granted. */
export class Words {
  private at = 0;

  constructor(
    private readonly command: string,
    private readonly words: readonly string[],
  ) {}

  get done(): boolean {
    return this.at === this.words.length;
  }

  next(): string {
    const word = this.words[this.at++];
    if (word === undefined) throw this.strange("a word is missing at the end");
    return word;
  }

  /** is takes the next words when they are these. */
  is(...expected: readonly string[]): boolean {
    if (!expected.every((word, index) => this.words[this.at + index] === word)) return false;
    this.at += expected.length;
    return true;
  }

  must(...expected: readonly string[]): void {
    if (!this.is(...expected)) throw this.strange(`expected ${expected.join(" ")} at ${this.words[this.at]}`);
  }

  /** option is the word after a keyword, if the keyword stands here. */
  option(keyword: string): string | undefined {
    return this.is(keyword) ? this.next() : undefined;
  }

  number(keyword: string): number | undefined {
    const word = this.option(keyword);
    return word === undefined ? undefined : Number(word);
  }

  end(): void {
    if (!this.done) throw this.strange(`did not expect ${this.words.slice(this.at).join(" ")}`);
  }

  strange(why: string): NotUnderstood {
    return new NotUnderstood(`the fake host does not understand \`${this.command}\`: ${why}`);
  }
}
