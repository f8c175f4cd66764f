import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../lab/lab";
import { shell } from "./world";

/** Comes before the real one on the PATH of a session. */
const WRAPPER = "/usr/local/sbin/ip";
const FOLDER = "/run/faulty-ip";
const SCRIPT = readFileSync(join(__dirname, "faulty-ip.sh"), "utf8");

/** FaultyIp is a machine's `ip` with faults that a test chooses, for what no kernel does when told to. */
export class FaultyIp {
  private constructor(private readonly machine: Machine) {}

  static async install(machine: Machine): Promise<FaultyIp> {
    const install = `mkdir -p ${FOLDER} && cat >${WRAPPER} && chmod +x ${WRAPPER}`;
    const { code, stderr } = await machine.run(install, { stdin: SCRIPT });
    if (code !== 0) throw new Error(stderr);
    return new FaultyIp(machine);
  }

  /** failAt makes commands fail that a pattern matches. */
  async failAt(...patterns: readonly string[]): Promise<void> {
    await this.rule("fail", patterns);
  }

  /** holdAt makes commands wait that a pattern matches, until cleared. */
  async holdAt(...patterns: readonly string[]): Promise<void> {
    await this.rule("hold", patterns);
  }

  /** holds tells whether a command waits. */
  async holds(): Promise<boolean> {
    return (await this.machine.run(`test -s ${FOLDER}/held`)).code === 0;
  }

  /** killHeld ends the command that waits: it never does what it was told. */
  async killHeld(): Promise<void> {
    await shell(this.machine, `kill -KILL "$(cat ${FOLDER}/held)"`);
  }

  /** log lists the commands since the last clear. */
  async log(): Promise<string[]> {
    return (await shell(this.machine, `cat ${FOLDER}/log`)).split("\n");
  }

  /** clear takes the faults away, and returns when what waited has ended. */
  async clear(): Promise<void> {
    await shell(
      this.machine,
      `cd ${FOLDER}; rm -f fail hold; : >log; [ ! -e held ] || tail -f --pid="$(cat held)" /dev/null; rm -f held`,
    );
  }

  async remove(): Promise<void> {
    await this.clear();
    await shell(this.machine, `rm ${WRAPPER}`);
  }

  private async rule(name: string, patterns: readonly string[]): Promise<void> {
    const file = `${FOLDER}/${name}`;
    // A command that runs sees the whole rule, or none.
    const { code, stderr } = await this.machine.run(`cat >${file}.new && mv ${file}.new ${file}`, {
      stdin: `${patterns.join("\n")}\n`,
    });
    if (code !== 0) throw new Error(stderr);
  }
}
