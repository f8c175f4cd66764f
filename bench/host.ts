import type { Machine } from "../lab/lab";
import { FILE, startedIn, TURN_ON } from "./accounting";
import { Gauge, type Traffic } from "./gauge";
import { PREFIX } from "./tunnels";

/** systemd starts it for the sake of the sockets too. */
const UDEV = ["systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-udevd.service"];

/** Found is what there is on a host of what the contenders make. */
export interface Found {
  readonly devices: number;
  /** Devices with the ttl that was asked for. */
  readonly current: number;
  readonly addresses: number;
  readonly routes: number;
}

/** Reading is what a host's counters said when an operation had ended, and then what was found. */
export interface Reading {
  readonly processes: number;
  readonly found: Found;
}

/** Host is a machine of the lab with counters at its door. */
export class Host {
  private constructor(
    readonly machine: Machine,
    private readonly gauge: Gauge,
    /** How many processes of a reading end only after it has emptied the records. */
    private readonly ofReading: number,
  ) {}

  static async of(machine: Machine): Promise<Host> {
    const gauge = await Gauge.before(machine.port);
    const bare = new Host(machine, gauge, 0);
    await bare.run(TURN_ON);
    await bare.read(0);
    const idle = [];
    for (let time = 0; time < 3; time++) idle.push((await bare.read(0)).processes);
    return new Host(machine, gauge, Math.min(...idle));
  }

  /** connection is how a program reaches it. */
  get connection() {
    const { hostKey, privateKeyPath } = this.machine;
    return { host: "127.0.0.1", port: this.gauge.port, hostKey, privateKeyPath };
  }

  get traffic(): Traffic {
    return this.gauge.traffic;
  }

  /** read gives the processes started since the last reading, without those that reading takes, and what is there. */
  async read(ttl: number): Promise<Reading> {
    const text = await this.run(`
      base64 -w 0 ${FILE}; echo
      ip -o -d link show type ipip | awk '$2 ~ /^${PREFIX}/ { all++; if (/ ttl ${ttl} /) current++ }
        END { print all + 0, current + 0 }'
      ip -o address show scope global | grep -c ' ${PREFIX}'
      ip route show table main scope link | grep -c '^10.60.* dev ${PREFIX}'
      : >${FILE}`);
    const [records = "", ...counts] = text.split("\n");
    const [devices = 0, current = 0, addresses = 0, routes = 0] = counts.join(" ").split(" ").map(Number);
    const processes = startedIn(Buffer.from(records, "base64")) - this.ofReading;
    return { processes: Math.max(0, processes), found: { devices, current, addresses, routes } };
  }

  /** udev has the host's udev look at every device that comes or goes, or not. */
  async udev(on: boolean): Promise<void> {
    await this.run(`systemctl ${on ? "start" : "stop"} ${UDEV.join(" ")}`);
  }

  /** settle waits until udev has looked at all of them. */
  async settle(): Promise<void> {
    await this.run("udevadm settle --timeout=300");
  }

  /** clean removes what a contender has left. */
  async clean(): Promise<void> {
    this.gauge.hangUp();
    await this.run(`cd /sys/class/net && ls | sed -n 's/^${PREFIX}/link delete dev &/p' | ip -batch -`);
  }

  async close(): Promise<void> {
    await this.gauge.close();
  }

  private async run(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.machine.run(command);
    if (code !== 0) throw new Error(`${this.machine.name}: ${stderr}`);
    return stdout;
  }
}
