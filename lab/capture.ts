import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { join } from "node:path";
import { must, spawnRecorded } from "./process";
import { killRecorded, labFolder, netnsPath, pidFile, recorded, signal } from "./record";
import { until } from "./wait";

const TCPDUMP = ["tcpdump", "-nn", "-Z", "root"];
const SECONDS = 10;
/** tcpdump prints this when it is sent SIGUSR1. */
const STATISTICS =
  /(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped by kernel/g;

/** watchCommand shows the packets that pass a device as they come. */
export function watchCommand(id: string, device: string, filter: string): string[] {
  return ["nsenter", `--net=${netnsPath(id)}`, "--", ...TCPDUMP, "-l", "-i", device, filter];
}

/** Capture writes down the packets that pass a device of the lab's network, seen from outside the machines. */
export class Capture {
  /** The path of the packets in tcpdump's own form. */
  readonly file: string;
  /** What tcpdump told so far. */
  private said = "";

  private constructor(
    private readonly id: string,
    private readonly name: string,
  ) {
    this.file = join(labFolder(id), `${name}.pcap`);
  }

  /** start returns when no packet can be missed any more. */
  static async start(id: string, device: string, filter: string): Promise<Capture> {
    const capture = new Capture(id, `capture-${randomBytes(4).toString("hex")}`);
    const tcpdump = spawnRecorded(
      pidFile(id, capture.name),
      [...TCPDUMP, "-i", device, "-U", "--immediate-mode", "-w", `${capture.name}.pcap`, filter],
      { netns: netnsPath(id), cwd: labFolder(id), stdio: ["ignore", "ignore", "pipe"] },
    );
    // Through a pipe, since a distribution's rules may not let tcpdump write to any file but its own.
    tcpdump.stderr?.setEncoding("utf8").on("data", (text: string) => {
      capture.said += text;
    });
    if (tcpdump.stderr instanceof Socket) tcpdump.stderr.unref();
    let ended = false;
    tcpdump.once("close", () => {
      ended = true;
    });
    tcpdump.unref();
    await until(
      () => {
        if (ended) throw new Error(`tcpdump ended: ${capture.said}`);
        return capture.said.includes("listening on") || undefined;
      },
      { for: "tcpdump to listen", seconds: SECONDS, explain: () => capture.said },
    );
    return capture;
  }

  /** packets gives a line of text for each packet so far: time, all header fields, addresses outer and inner. */
  async packets(): Promise<string[]> {
    await this.drain();
    const text = await must([...TCPDUMP, "-tt", "-v", "-r", this.file]);
    // What belongs to the line before is indented.
    return text
      .replaceAll(/\n\s+/g, " ")
      .split("\n")
      .filter((line) => line !== "");
  }

  /** stop ends the capture; its packets can still be read. */
  async stop(): Promise<void> {
    await this.drain();
    await killRecorded(this.id, this.name);
  }

  /** drain waits until all that the kernel has seen is in the file. */
  private async drain(): Promise<void> {
    const pid = recorded(this.id, this.name);
    if (pid === undefined) return;
    const answers = () => [...this.said.matchAll(STATISTICS)];
    let asked = answers().length;
    signal(pid, "SIGUSR1");
    await until(
      () => {
        const given = answers();
        if (given.length === asked) return undefined;
        const [captured = 0, received = 0, dropped = 0] = (given.at(-1) ?? []).slice(1).map(Number);
        if (captured + dropped >= received) return true;
        asked = given.length;
        signal(pid, "SIGUSR1");
        return undefined;
      },
      { for: "tcpdump to write all packets", seconds: SECONDS, explain: () => this.said },
    );
  }
}
