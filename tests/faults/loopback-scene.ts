import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE } from "../../lab/engine";
import type { Bag } from "../support/calls";
import { CLIENT_KEY } from "../support/ssh-server";
import { PATIENT } from "./estate";
import type { Look } from "./look";
import { KEY_LINE, LoopbackHost, PASSWORDS } from "./loopback-host";
import { FaultProxy } from "./proxy";
import type { Scene } from "./trial";

/** What the provider writes down of all scenes of a test file, and what tells more when one has failed. */
const TRACE = join(CACHE, "test", `faults-${process.env.JEST_WORKER_ID}.trace`);
mkdirSync(dirname(TRACE), { recursive: true });
writeFileSync(TRACE, "");
process.env.PULUMI_IPIP_TRACE = TRACE;

/** How a program logs in: with passwords all the way to root, or with a key. */
export type Login = "password" | "key";

/** LoopbackScene is a host within the test, and a line to it. */
export class LoopbackScene implements Scene {
  readonly secrets = [...Object.values(PASSWORDS), KEY_LINE];
  private text = "";
  private readonly traced = readFileSync(TRACE, "utf8").length;

  private constructor(
    readonly host: LoopbackHost,
    readonly proxy: FaultProxy,
    private readonly login: Login,
  ) {}

  static async open(login: Login, maxSessions?: number): Promise<LoopbackScene> {
    const host = await LoopbackHost.start(maxSessions);
    return new LoopbackScene(host, await FaultProxy.start(host.port), login);
  }

  get connection(): Bag {
    const credentials =
      this.login === "key"
        ? { privateKey: CLIENT_KEY.private }
        : {
            user: "operator",
            password: PASSWORDS.login,
            become: { method: "sudo", password: PASSWORDS.become },
          };
    return {
      host: "127.0.0.1",
      port: this.proxy.port,
      hostKey: this.host.hostKey,
      ...PATIENT,
      ...credentials,
    };
  }

  async look(): Promise<Look> {
    return this.host.look();
  }

  quiet(): Promise<void> {
    return this.host.quiet();
  }

  async drift(): Promise<void> {
    this.host.byHand("ip link set dev t2 down");
    this.host.byHand("ip -n blue address delete 192.168.50.1/30 dev t1");
    this.host.byHand("ip link delete dev t3");
  }

  async said(): Promise<string> {
    return this.host.said();
  }

  /** hear keeps what the provider prints. */
  hear(text: string): void {
    this.text += text;
  }

  printed(): string {
    return this.text + readFileSync(TRACE, "utf8").slice(this.traced);
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    await this.host.stop();
    if (this.host.strange.length > 0) throw new Error(this.host.strange.join("\n"));
  }
}
