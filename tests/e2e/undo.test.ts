import { spawn } from "node:child_process";
import { once } from "node:events";
import { Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { type Bag, Calls, failed } from "../support/calls";
import { connectionTo, shell, snapshot } from "../support/world";

/**
 * Changes that cut the way by which a machine is reached. The machine puts itself back, whatever becomes of us; what can't
 * cut the way stays, and what surely would is not even tried.
 */

const MARK = "pulumi:test/undo/it";
/** Where the SSH connections to the machine come from: the bridge of the lab. */
const PEER = "10.99.0.1";
/** Long enough for the machine to answer on a busy host, and short enough to wait for. */
const patience = { perDialTimeout: 5, undoTimeout: 8 };
const allowed = { allowManagementPath: true };

describe("a machine that is reached by eth0", () => {
  let lab: Lab;
  let machine: Machine;
  let calls: Calls;
  let before: unknown;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["a"] });
    machine = lab.host("a");
    // Routes and addresses that go with the device, and that nothing but our undo brings back.
    await shell(
      machine,
      [
        "ip address add fd00:99::11/64 dev eth0 nodad",
        "ip route add 192.0.2.0/24 via 10.99.0.1",
        "ip route add default via 10.99.0.1 metric 500 table 77",
        "ip link add name d0 type dummy",
        // With an address of its own it would change the order in which routes are listed.
        "echo 1 >/proc/sys/net/ipv6/conf/d0/disable_ipv6",
        "ip link set dev d0 up",
      ].join(" && "),
    );
    calls = new Calls({ ...connectionTo(machine), ...patience });
    before = await snapshot(machine);
  });

  afterAll(() => lab?.stop());

  const cuts: Readonly<Record<string, readonly [type: string, inputs: Bag, command: string]>> = {
    "a route that takes the other end elsewhere": [
      "Route",
      { mark: MARK, destination: `${PEER}/32`, dev: "d0" },
      `ip -4 route add unicast ${PEER}/32 dev d0 table 254 proto 204`,
    ],
    "a rule that drops what goes there": [
      "Rule",
      { ...allowed, mark: MARK, priority: 100, to: `${PEER}/32`, action: "blackhole" },
      `ip -4 rule add priority 100 to ${PEER}/32 blackhole protocol 204`,
    ],
    "the device being down": ["Link", { ...allowed, dev: "eth0", up: false }, "ip link set dev eth0 down"],
  };

  test.each(Object.entries(cuts))("puts itself back after %s", async (_, [type, inputs, command]) => {
    const { message, half } = await failed(calls.create(type, inputs));
    expect(message).toContain(command);
    expect(message).toContain("The host has put back by itself what there was before");
    expect(half).toBeUndefined();
    expect(await snapshot(machine)).toEqual(before);
  });

  test("puts itself back after the address that it is reached at was removed", async () => {
    const inputs = { ...allowed, dev: "eth0", address: "10.99.0.11/24", adopt: true };
    const address = await calls.create("Address", inputs);
    const { message } = await failed(calls.delete(address));
    expect(message).toContain("The host has put back by itself what there was before");
    expect(await snapshot(machine)).toEqual(before);
    expect(await calls.read(address)).toBeDefined();
  });

  test("puts itself back although the provider was killed meanwhile, also without systemd's timers", async () => {
    await shell(machine, "mv /usr/bin/systemd-run /usr/bin/systemd-run.away");
    const inputs = { ...allowed, mark: MARK, priority: 100, to: `${PEER}/32`, action: "blackhole" };
    const desired = JSON.stringify(await calls.shown("Rule", inputs));
    const text = `require("tsx/cjs"); require("./provider").handlers.Rule.create(${desired})`;
    const provider = spawn(process.execPath, ["-e", text], { stdio: "ignore" });
    const ended = once(provider, "exit");
    const cut = async () => (await machine.control("ip rule")).includes("blackhole") || undefined;
    await until(cut, { for: "the machine to be cut off", seconds: 60 });
    provider.kill("SIGKILL");
    await ended;
    const back = async () => !(await machine.control("ip rule")).includes("blackhole") || undefined;
    await until(back, { for: "the machine to put itself back", seconds: 60 });
    await shell(machine, "mv /usr/bin/systemd-run.away /usr/bin/systemd-run");
    expect(await snapshot(machine)).toEqual(before);
  });

  test("keeps what does not cut it off, and leaves nothing behind of the timer", async () => {
    const parameter = await calls.create("Sysctl", { key: "net.ipv4.conf.all.rp_filter", value: 1 });
    const uplink = await calls.create("Link", { dev: "eth0", mtu: 1400 });
    const route = await calls.create("Route", { mark: MARK, destination: "10.99.0.0/25", dev: "eth0" });
    expect(await shell(machine, "cat /proc/sys/net/ipv4/conf/all/rp_filter")).toBe("1\n");
    // The timers see at their time that there is nothing to do.
    const over = async () => !(await shell(machine, "ls /run")).includes("pulumi-ipip") || undefined;
    await until(over, { for: "the timers to be over", seconds: 60 });
    expect(await shell(machine, "ip link show dev eth0")).toContain("mtu 1400");
    expect(await shell(machine, `ip route get ${PEER}`)).toContain("dev eth0");
    for (const made of [route, uplink, parameter]) await calls.delete(made);
    expect(await snapshot(machine)).toEqual(before);
  });

  test.each([
    ["Link", { dev: "eth0", up: false }, "eth0 carries it"],
    ["Route", { mark: MARK, destination: `${PEER}/32`, type: "blackhole" }, `${PEER}/32 holds the other end`],
    ["Rule", { mark: MARK, priority: 9, action: "blackhole" }, "rule 9 takes packets from 10.99.0.11"],
    ["Address", { dev: "lo", address: `${PEER}/32` }, `${PEER} is the other end's`],
  ])("is not even told what surely cuts it off: a %s %j", async (type, inputs, why) => {
    const { message } = await failed(calls.create(type, inputs));
    expect(message).toContain(why);
    expect(message).toContain("Nothing was changed.");
    expect(message).toContain("allowManagementPath: true");
    expect(await snapshot(machine)).toEqual(before);
  });
});
