import { spawn } from "node:child_process";
import { once } from "node:events";
import { Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { type Bag, Calls, failed } from "../support/calls";
import { STOCK } from "../support/kernels";
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
    // Of what the killed one was at there is no state, and nothing that stands in the way.
    await calls.delete(await calls.create("Rule", { ...inputs, to: "192.0.2.0/24" }));
    expect(await snapshot(machine)).toEqual(before);
  });

  test("puts back what is ours and not what somebody else has changed since the way was looked at", async () => {
    await calls.delete(await calls.create("Route", { mark: MARK, destination: "10.99.0.0/25", dev: "eth0" }));
    await shell(machine, "ip route add default via 10.99.0.1 dev eth0 metric 7");
    const now = await snapshot(machine);
    const { message } = await failed(
      calls.create("Route", { mark: MARK, destination: `${PEER}/32`, dev: "d0", metric: 5 }),
    );
    expect(message).toContain("The host has put back by itself what there was before");
    expect(await snapshot(machine)).toEqual(now);
    await shell(machine, "ip route delete default metric 7");
  });

  test("keeps what does not cut it off, and leaves nothing behind of the timer", async () => {
    const parameter = await calls.create("Sysctl", { key: "net.ipv4.conf.all.rp_filter", value: 1 });
    const uplink = await calls.create("Link", { dev: "eth0", mtu: 1400 });
    const route = await calls.create("Route", { mark: MARK, destination: "10.99.0.0/25", dev: "eth0" });
    expect(await shell(machine, "cat /proc/sys/net/ipv4/conf/all/rp_filter")).toBe("1\n");
    // The timers see at their time that there is nothing to do.
    const over = async () => !(await shell(machine, "ls /run")).includes("pulumi-ipip-undo") || undefined;
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

  test("has lost the change and the timer with a reboot, and can be changed again", async () => {
    const inputs = { ...allowed, mark: MARK, priority: 100, to: `${PEER}/32`, action: "blackhole" };
    const attempt = failed(calls.create("Rule", inputs));
    const cut = async () => (await machine.control("ip rule")).includes("blackhole") || undefined;
    await until(cut, { for: "the machine to be cut off", seconds: 60 });
    await machine.reboot();
    const { message, half } = await attempt;
    expect(message).toContain("no new connection to the host came about");
    expect(half).toBeUndefined();
    expect(await shell(machine, "ls /run; ip rule")).not.toMatch(/pulumi-ipip-undo|blackhole/);
    const rule = await calls.create("Rule", { ...inputs, to: "192.0.2.0/24" });
    expect(await calls.read(rule)).toBeDefined();
    await calls.delete(rule);
  });
});

/** `make kernels` tries it on Debian's own kernels of two releases. */
describe("machines that are reached by a longer way", () => {
  let lab: Lab;

  const onEach = (work: (machine: Machine, calls: Calls) => Promise<void>) =>
    Promise.all(
      lab.machines.map((machine) => work(machine, new Calls({ ...connectionTo(machine), ...patience }))),
    );

  beforeAll(async () => {
    lab = await Lab.start({ hosts: process.env.KERNELS === "all" ? STOCK : ["a"] });
  });

  afterAll(() => lab?.stop());

  test("put a reverse path filter back that drops what comes in by another device than it is answered by", async () => {
    await onEach(async (machine, calls) => {
      const hardware = await machine.control(
        "ping -c 1 -W 5 10.99.0.1 >/dev/null; ip neighbour show 10.99.0.1",
      );
      const lladdr = /lladdr (\S+)/.exec(hardware)?.[1];
      // Requests come by eth0; what m0 has of its own nobody asks for.
      await shell(
        machine,
        [
          "ip link add link eth0 name m0 type macvlan mode bridge",
          "echo 8 >/proc/sys/net/ipv4/conf/m0/arp_ignore",
          "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.m0.rp_filter=0",
          "ip link set dev m0 up",
          `ip neighbour add ${PEER} lladdr ${lladdr} dev m0 nud permanent`,
          `ip route add ${PEER}/32 dev m0 src ${machine.address}`,
        ].join(" && "),
      );
      expect(await shell(machine, `ip route get ${PEER}`)).toContain("dev m0");
      const before = await snapshot(machine);
      const { message } = await failed(
        calls.create("Sysctl", { key: "net.ipv4.conf.all.rp_filter", value: 1 }),
      );
      expect(message).toContain("The host has put back by itself what there was before");
      expect(await snapshot(machine)).toEqual(before);
      await shell(machine, `ip route delete ${PEER}/32 dev m0; ip link delete dev m0`);
    });
  });

  test("put back what would take the answers out of a VRF, and heed nothing outside of it", async () => {
    await onEach(async (machine, calls) => {
      // Connections from before are none of the VRF's, and would hang.
      await machine.control(
        "pkill -f '^sshd(-session)?: root'; sysctl -qw net.ipv4.tcp_l3mdev_accept=1; ip link add mgmt type vrf table 10; " +
          "ip link set mgmt up; ip link set eth0 master mgmt; ip link add d0 type dummy; ip link set d0 up master mgmt",
      );
      const before = await snapshot(machine);
      const to = { mark: MARK, destination: `${PEER}/32` };
      const dropped = await failed(calls.create("Route", { ...to, table: 10, type: "blackhole" }));
      expect(dropped.message).toContain("Nothing was changed.");
      const { message } = await failed(calls.create("Route", { ...to, table: 10, dev: "d0" }));
      expect(message).toContain("The host has put back by itself what there was before");
      expect(await snapshot(machine)).toEqual(before);
      const outside = await calls.create("Route", { ...to, type: "blackhole" });
      await calls.delete(outside);
      expect(await snapshot(machine)).toEqual(before);
    });
  });
});
