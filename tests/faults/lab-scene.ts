import { ADMIN_PASSWORD, type Machine } from "../../lab/lab";
import type { Bag } from "../support/calls";
import { shell } from "../support/world";
import { PATIENT } from "./estate";
import type { Look, Space } from "./look";
import { FaultProxy } from "./proxy";
import type { Scene } from "./trial";

/** One namespace after another, the host's own first, each with its four answers on a line of their own. */
const LISTING = `
for n in : $(ls /run/netns 2>/dev/null); do
  at="-n $n" in="ip netns exec $n"
  [ $n != : ] || { at= in=; }
  echo "$n"
  ip $at -json -details address show | tr -d '\\n'; echo
  for family in 4 6; do ip $at -$family -json -details -Numeric route show table all | tr -d '\\n'; echo; done
  $in cat /proc/sys/net/ipv4/ip_forward
done`;
const LINES_EACH = 5;

/** The lab's own connection to a machine stays; when it is the only one, nobody else's work can still arrive. */
const ALONE = `timeout 60 sh -c '
  until [ $(ss -Htn state established "( sport = :22 )" | wc -l) -le 1 ] && ! pgrep -x sudo >/dev/null; do
    sleep 0.1
  done'`;

/** LabScene is a machine of the lab, and a line to it. */
export class LabScene implements Scene {
  readonly secrets = [ADMIN_PASSWORD];
  private ran = "";

  private constructor(
    readonly machine: Machine,
    readonly proxy: FaultProxy,
  ) {}

  static async open(machine: Machine): Promise<LabScene> {
    return new LabScene(machine, await FaultProxy.start(machine.port));
  }

  get connection(): Bag {
    const become = { method: "sudo", password: ADMIN_PASSWORD };
    const { hostKey } = this.machine;
    const login = { user: "admin", password: ADMIN_PASSWORD, become };
    return { host: "127.0.0.1", port: this.proxy.port, hostKey, ...PATIENT, ...login };
  }

  run(command: string): Promise<string> {
    return shell(this.machine, command);
  }

  async look(): Promise<Look> {
    // What is seen of the processes now, with whatever still runs for the provider.
    this.ran += await this.run("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '");
    const lines = (await this.run(LISTING)).trimEnd().split("\n");
    const spaces: [string, Space][] = [];
    for (let at = 0; at < lines.length; at += LINES_EACH) {
      const [name = "", links = "", routes4 = "", routes6 = "", forward = ""] = lines.slice(
        at,
        at + LINES_EACH,
      );
      const list = (text: string) => JSON.parse(text.trim() === "" ? "[]" : text);
      const routes = [...list(routes4), ...list(routes6)];
      spaces.push([name === ":" ? "" : name, { links: list(links), routes, forward }]);
    }
    return new Map(spaces);
  }

  async quiet(): Promise<void> {
    this.proxy.parts();
    await this.run(ALONE);
  }

  async drift(): Promise<void> {
    await this.run(
      "ip link set dev t2 down; ip -n blue address delete 192.168.50.1/30 dev t1; ip link delete dev t3",
    );
  }

  async said(): Promise<string> {
    return this.ran;
  }

  printed(): string {
    return "";
  }

  async close(): Promise<void> {
    await this.proxy.stop();
  }
}
