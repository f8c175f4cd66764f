import type { Machine } from "../../lab/lab";
import { type Bag, Calls, failed, type Made } from "./calls";
import { connectionTo, shell } from "./world";

/** MARK is the mark of what a trial makes. */
export const MARK = "pulumi:test/faults/it";

/** TUNNEL is a tunnel that any machine of the lab can have, and ADD the first command that makes it. */
export const TUNNEL = {
  name: "t1",
  local: "10.3.0.1",
  remote: "10.3.0.2",
  addresses: ["10.4.0.1/30"],
  mark: MARK,
};
export const ADD =
  "ip link add name t1 type ipip mode ipip local 10.3.0.1 remote 10.3.0.2 ttl inherit tos 0x0 pmtudisc";

/** Takes everything from a machine that does not belong to it. */
const TIDY = [
  "for n in $(ls /run/netns 2>/dev/null); do ip netns delete $n; done",
  "for d in $(ls /sys/class/net | grep -vxE 'lo|eth0|tunl0|bonding_masters'); do ip link delete $d 2>/dev/null; done",
  "ip route flush proto 204; ip route flush proto boot; true",
].join("; ");

/** Trial is a machine on which calls are made that are to fail, and what remains of them is looked for. */
export class Trial {
  readonly calls: Calls;
  private before = "";

  constructor(readonly machine: Machine) {
    this.calls = new Calls({ ...connectionTo(machine), dialErrorLimit: 1, operationTimeout: 60 });
  }

  /** How the machine is called in messages. */
  get label(): string {
    return `127.0.0.1:${this.machine.port}`;
  }

  run(command: string): Promise<string> {
    return shell(this.machine, command);
  }

  async begin(): Promise<void> {
    this.before = await this.everything();
  }

  /** end insists that the machine is as it was at the beginning, and makes it so for the next trial. */
  async end(): Promise<void> {
    const after = await this.everything();
    if (after !== this.before) await this.run(TIDY);
    expect(after).toBe(this.before);
  }

  everything(): Promise<string> {
    return this.run(
      "ip -brief address show | grep -v ^tunl0; ls /run/netns 2>/dev/null; ip route show table all proto 204; " +
        "cat /proc/sys/net/ipv4/ip_forward",
    );
  }

  create(inputs: Bag, type = "IpipTunnel"): Promise<Made> {
    return this.calls.create(type, inputs);
  }

  /** refusal is what a call that has left nothing says, line by line. In a batch iproute2 has an exit code of its own. */
  async refusal(call: Promise<unknown>): Promise<string[]> {
    const { message, half } = await failed(call);
    expect(half).toBeUndefined();
    expect(message.startsWith(`${this.label}: `)).toBe(true);
    return message
      .slice(this.label.length + 2)
      .replace(/exit code \d+/, "exit code N")
      .split("\n");
  }

  /** amid does some work while a cause of failure lasts. */
  async amid<T>(cause: string, cure: string, work: () => Promise<T>): Promise<T> {
    await this.run(cause);
    return await work().finally(() => this.run(cure));
  }

  /** works insists that a call succeeds, and that a delete removes what it has made. */
  async works(inputs: Bag, type = "IpipTunnel"): Promise<void> {
    const made = await this.create(inputs, type);
    expect(await this.calls.read(made)).toMatchObject(await this.calls.shown(type, inputs));
    await this.calls.delete(made);
  }
}
