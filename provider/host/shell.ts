import { randomBytes } from "node:crypto";
import type { ClientChannel } from "ssh2";
import { Collector } from "./collector";
import type { Connection } from "./connection";
import { type Endpoint, endpointOf } from "./endpoint";
import type { Answer } from "./host";
import type { Line } from "./line";
import { Refusal } from "./refusal";
import { endOf, preamble, sectionsOf } from "./script";
import { Age, ENDED, FIRST, type Order, Told, tellerLoop, tellingFirst, tellingOf } from "./teller";
import { Trace } from "./trace";

/** What iproute2 says of an option that it doesn't know, and BusyBox of all that it can't do. */
const NO_SUCH_OPTION = /Option .* is unknown|invalid option|unrecognized option|BusyBox/;

/**
 * How many bytes a host may say when nobody has asked it anything. It has no more to say then than that its long-lived `ip`
 * has ended.
 */
const MAX_UNASKED = 65_536;

/** How much of what a host said goes into a message. */
const MAX_QUOTE = 1000;

/**
 * What the host runs to give us a shell. The login shell reads it, which may be fish or csh: words, single quotes
 * without a backslash and a variable in double quotes mean the same to all. The markers that it prints stand nowhere in
 * its own text, so a shell that shows what it runs (`set -x`) is not taken for an answer. The first long-lived `ip` starts
 * at once: what it says tells whether it can do what is needed, and the first exchange need not wait for a process. Where
 * the connection comes from only sshd knows, and tells the login shell: sudo and doas would not pass it on in the
 * environment.
 */
function loginCommand({ become }: Account, nonce: string, word: string): string {
  const path = `\${PATH:-/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`;
  const hello =
    `LC_ALL=C; PATH=${path}; export LC_ALL PATH; echo ${nonce}-"hello"; echo "$1"; command -v ip; ` +
    `echo ${nonce}-"end"; echo ${nonce}-"end" >&2; ` +
    // What has arrived is carried out to its end also when the connection breaks or the engine is killed meanwhile,
    // so that no object stays half-made and without its mark.
    `trap "" HUP PIPE; exec 4>&1; ` +
    `{ ${tellingFirst(word)}; exec /bin/sh 3>&1 >&4 4>&-; } | { exec 4>&-; ${tellerLoop}; }`;
  const shell = `/bin/sh -c '${hello}' /bin/sh "$SSH_CONNECTION"`;
  if (become === undefined) return `exec ${shell}`;
  if (become.method === "doas") return `exec doas -n -u ${become.user} -- ${shell}`;
  // sudo prints two per cent signs as one.
  return `exec sudo -S -p ${nonce}%% -u ${become.user} -- ${shell}`;
}

/** Account is whose shell it is; who logs in is known by now, whatever said it. */
export type Account = Connection & { readonly user: string };

/** Shell is one POSIX shell on a host, fed with one script after another. */
export class Shell {
  /** Markers of the exchanges. No process has it among its arguments, so no output can hold it. */
  private readonly nonce = randomBytes(16).toString("hex");
  private readonly stdout = new Collector();
  private readonly stderr = new Collector();
  /** How long the long-lived `ip` has been used; undefined while none runs. */
  private telling: Age | undefined;
  /** Whether somebody waits for what the host says. */
  private busy = true;
  private lost: Error | undefined;
  /** Whether it was the connection that ended, not the shell. */
  private cut = false;
  private ends: Endpoint | undefined;

  private constructor(
    private readonly line: Line,
    private readonly channel: ClientChannel,
    private readonly trace: Trace | undefined,
    /** What begins the long-lived `ip`, and says that it has ended. */
    private readonly word: string,
  ) {
    channel.on("data", (chunk: Buffer) => {
      this.stdout.push(chunk);
      if (!this.busy) this.heed();
    });
    channel.stderr.on("data", (chunk: Buffer) => this.stderr.push(chunk));
    channel.on("error", (error: Error) => this.lose(error.message));
    channel.stderr.on("error", (error: Error) => this.lose(error.message));
    channel.on("close", () => this.lose("the shell on the host ended"));
    line.client.on("error", (error) => this.loseLine(error.message));
    line.client.on("close", () => this.loseLine("the connection was closed"));
  }

  /** start runs a shell over a line that is logged in. It fails with a Refusal. */
  static async start(line: Line, connection: Account): Promise<Shell> {
    const nonce = randomBytes(16).toString("hex");
    const word = `@${randomBytes(16).toString("hex")}`;
    const command = loginCommand(connection, nonce, word);
    const trace = Trace.of(connection);
    trace?.sent(command);
    const shell = new Shell(line, await open(line, command), trace, word);
    await shell.hello(connection, nonce);
    return shell;
  }

  /** alive is false once the shell or its connection has ended. */
  get alive(): boolean {
    return this.lost === undefined;
  }

  /** endpoint is the connection as the host sees it; undefined where its sshd does not tell. */
  get endpoint(): Endpoint | undefined {
    return this.ends;
  }

  /** run has a script carried out and gives its sections' answers. */
  async run(script: string): Promise<Map<number, Answer>> {
    const end = endOf(this.nonce);
    this.line.hold();
    const since = this.send(script);
    const [stdout, stderr] = await Promise.all([this.stdout.until(end), this.stderr.until(end)]);
    this.busy = false;
    this.trace?.got({ stdout: stdout.text.toString("utf8"), stderr: stderr.text.toString("utf8") }, since);
    return sectionsOf(this.withoutEnding(stdout.text), stderr.text, this.nonce);
  }

  /**
   * tell has the long-lived `ip` carry orders out one after another, and gives an answer for each that was begun: the first
   * that fails is the last of them.
   */
  async tell(orders: readonly Order[]): Promise<Answer[]> {
    // There is no command of this name, and a batch ends at what it does not know.
    if (this.telling?.expired)
      await this.feed([{ netns: undefined, text: "end", asks: false, learns: false }]);
    return await this.feed(orders);
  }

  /** forget makes the next lines go to a new `ip`, for which no name stands for a number yet. */
  forget(): void {
    this.telling?.expire();
  }

  private async feed(orders: readonly Order[]): Promise<Answer[]> {
    this.heed();
    const start = this.telling === undefined;
    this.telling ??= new Age();
    this.telling.use();
    this.line.hold();
    const since = this.send(tellingOf(orders, this.word, start));
    const answers: Answer[] = [];
    for (const order of orders) {
      const answer = await this.answer(new Told(order, this.word));
      answers.push(answer);
      this.trace?.got({ order: order.text, ...answer }, since);
      this.telling?.use();
      if (answer.code === 0) continue;
      this.telling = undefined;
      break;
    }
    this.busy = false;
    return answers;
  }

  /** heed hears that the long-lived `ip` has ended while nobody asked it anything. */
  private heed(): void {
    if (this.stdout.unheard > MAX_UNASKED) {
      this.close("the host talks without being asked");
      return;
    }
    const said = Buffer.from(this.stdout.said());
    if (!said.includes(`${this.word} `) || !said.includes("\n")) return;
    void this.stdout.until("\n");
    this.withoutEnding(said);
  }

  /** withoutEnding is what the host said but for that the long-lived `ip` has ended, which comes at any time. */
  private withoutEnding(text: Buffer): Buffer {
    const at = text.indexOf(`${this.word} `);
    if (at === -1) return text;
    const end = text.indexOf("\n", at);
    this.telling = undefined;
    // It ends well only when nobody feeds it any more.
    if (text.toString("latin1", at + this.word.length + 1, end) === "0") this.lose(ENDED);
    return Buffer.concat([text.subarray(0, at), text.subarray(end + 1)]);
  }

  /** send gives the time at which it was sent. */
  private send(text: string): number {
    this.busy = true;
    this.stdout.begin();
    this.stderr.begin();
    this.trace?.sent(text);
    this.channel.write(text);
    return performance.now();
  }

  private async answer(told: Told): Promise<Answer> {
    for (;;) {
      const { text } = await this.stdout.until("\n");
      const answer = told.take(text.toString("utf8"));
      if (answer !== undefined) return answer;
    }
  }

  /** rest lets the process end, and another host be connected in this one's place, although the connection is there. */
  rest(): void {
    this.line.rest(() => this.close("another host was given its turn"));
  }

  /** giveWay ends the connection between two scripts when other hosts have long waited for their turn. */
  giveWay(): void {
    if (this.line.overdue) this.close("another host was given its turn");
  }

  /** close ends the connection at once; a script under way fails with the reason. */
  close(why: string): void {
    this.lose(why);
    this.line.close();
  }

  private lose(why: string): void {
    if (this.alive) this.trace?.lost(why);
    this.lost ??= new Error(why);
    this.stdout.end(this.lost);
    this.stderr.end(this.lost);
  }

  private loseLine(why: string): void {
    this.cut = this.alive;
    this.lose(why);
  }

  private async hello(connection: Account, nonce: string): Promise<void> {
    const { perDialTimeout } = connection;
    let late = false;
    const giveUp = () => {
      late = true;
      this.close(`no shell answered within ${perDialTimeout} s`);
    };
    const timer = setTimeout(giveUp, perDialTimeout * 1000);
    try {
      const [[ends, program]] = await Promise.all([this.greeting(nonce), this.password(connection, nonce)]);
      this.ends = endpointOf(ends);
      await this.checkIproute2(connection.host, program);
      this.channel.write(preamble(this.nonce));
      this.busy = false;
    } catch (error) {
      const refusal = error instanceof Refusal ? error : this.noShell(connection, nonce, late);
      this.close(refusal.why);
      throw refusal;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * greeting is the connection as the host sees it, and where the host has `ip`; what a login shell printed before it
   * counts for nothing.
   */
  private async greeting(nonce: string): Promise<readonly [ends: string, program: string]> {
    await this.stdout.until(`${nonce}-hello\n`);
    const { text } = await this.stdout.until(`${nonce}-end\n`);
    const [ends = "", program = ""] = text.toString("utf8").trimEnd().split("\n");
    return [ends, program];
  }

  /** checkIproute2 waits for the first `ip`, which ends at an option that it doesn't know. */
  private async checkIproute2(host: string, program: string): Promise<void> {
    if (program === "") {
      const advice = `Install it on ${host}: \`apt install iproute2\` or \`dnf install iproute\`.`;
      throw new Refusal("iproute2 is not installed", advice, false);
    }
    const { code, stderr } = await this.answer(new Told(FIRST, this.word));
    if (NO_SUCH_OPTION.test(stderr)) {
      const advice =
        "iproute2 5.3 or newer is needed, for `ip -json -Numeric`; BusyBox's own ip can't do that.";
      const said = stderr.trim().slice(0, MAX_QUOTE);
      throw new Refusal(`${program} is too old, or is not iproute2's: ${said}`, advice, false);
    }
    // Whatever else is wrong with it, the first that is asked of it says so.
    if (code === 0) this.telling = new Age();
  }

  /** password answers sudo when it asks, and only then: if it doesn't, the shell would read the password. */
  private async password({ user, become }: Account, nonce: string): Promise<void> {
    const prompt = `${nonce}%`;
    const end = `${nonce}-end\n`;
    const { marker } = await this.stderr.until(prompt, end);
    if (marker === end) return;
    if (become?.password === undefined) {
      const advice = `Set connection.become.password, or let ${user} do so without: ${sudoersLine(user, become)}`;
      throw new Refusal(`sudo asks for the password of ${user}`, advice, false);
    }
    this.channel.write(`${become.password}\n`);
    const again = await this.stderr.until(prompt, end);
    if (again.marker === end) return;
    throw new Refusal("sudo did not take connection.become.password", `It asks for that of ${user}.`, false);
  }

  private noShell({ user, become }: Account, nonce: string, late: boolean): Refusal {
    if (this.cut) return new Refusal(`${this.lost?.message} before there was a shell`, "", true);
    const said = [this.stdout, this.stderr].map((output) => output.said().trim()).join("\n");
    // A host may say anything, also what it has just been told.
    const masked = become?.password === undefined ? said : said.replaceAll(become.password, "***");
    const words = masked.replaceAll(nonce, "").trim().slice(-MAX_QUOTE);
    const why = `${user} logged in, but ${this.lost?.message}${words === "" ? "" : `; the host said: ${words}`}`;
    if (late) return new Refusal(why, "connection.perDialTimeout sets this limit.", true);
    if (become === undefined)
      return new Refusal(why, `The account of ${user} must be able to run /bin/sh.`, false);
    const { method } = become;
    if (new RegExp(`\\b${method}: (command )?not found`).test(words))
      return new Refusal(
        why,
        `Install ${method}, or set connection.become.method to what the host has.`,
        false,
      );
    const right =
      method === "sudo"
        ? `a line of sudoers, ${sudoersLine(user, become)}`
        : `a line of doas.conf, permit nopass ${user} as ${become.user} cmd /bin/sh`;
    return new Refusal(why, `${user} needs the right to run /bin/sh as ${become.user}: ${right}`, false);
  }
}

function sudoersLine(user: string, become: Connection["become"]): string {
  return `${user} ALL=(${become?.user ?? "root"}) NOPASSWD: /bin/sh`;
}

function open(line: Line, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      line.close();
      // Only an answer of sshd has a reason: without one the connection broke.
      const passing = !("reason" in error);
      const advice = passing
        ? ""
        : "Its sshd must let a session run a command (MaxSessions, ForceCommand in sshd_config).";
      reject(new Refusal(`no shell could be opened: ${error.message}`, advice, passing));
    };
    try {
      line.client.exec(command, (error, channel) => (error ? refuse(error) : resolve(channel)));
    } catch (error) {
      refuse(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
