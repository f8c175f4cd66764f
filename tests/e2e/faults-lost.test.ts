import { Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { type Bag, Calls, type Failed, failed, type Made } from "../support/calls";
import { FaultyIp } from "../support/faulty-ip";
import { connectionTo, shell } from "../support/world";

/** Hosts and connections that go away while a host is at work: what is then known, and how it goes on. */

const LOST =
  "The host may have done part of it, or still be at it: `pulumi refresh` shows what is there, and the same command again finishes it.";
const mark = "pulumi:test/faults/it";
const tunnel = { name: "t1", local: "10.3.0.1", remote: "10.3.0.2", addresses: ["10.4.0.1/30"], mark };

interface Row {
  readonly type: string;
  readonly inputs: Bag;
  /** The command before which the connection ends. */
  readonly at: string;
  /** The first command, and how many more were sent with it. */
  readonly running: string;
}

const rows: readonly Row[] = [
  {
    type: "IpipTunnel",
    inputs: tunnel,
    at: "link set dev t1 up",
    running:
      "ip link add name t1 type ipip mode ipip local 10.3.0.1 remote 10.3.0.2 ttl inherit tos 0x0 pmtudisc (and 3 more)",
  },
  {
    type: "Namespace",
    inputs: { name: "n1", mark },
    at: "-n n1 .*alias",
    running: "ip netns add n1 (and 2 more)",
  },
  {
    type: "VethPair",
    inputs: { a: { name: "v1" }, b: { name: "v2", namespace: "n0", addresses: ["10.5.0.2/24"] }, mark },
    at: "-n n0 .*address add",
    running: "ip link add name v1 type veth peer name v2 netns n0 (and 5 more)",
  },
  {
    type: "Route",
    inputs: { destination: "10.9.0.0/16", via: "10.99.0.1", mark },
    at: "route add",
    running: "ip -4 route add unicast 10.9.0.0/16 via 10.99.0.1 table 254 proto 204",
  },
  {
    type: "Sysctl",
    inputs: { key: "net.ipv4.ip_forward", value: 1, namespace: "n0" },
    at: "netns exec n0 tee",
    running: "ip netns exec n0 tee /proc/sys/net/ipv4/ip_forward <<< 1",
  },
];

describe("when it goes away in the middle", () => {
  let lab: Lab;
  let machine: Machine;
  let label: string;
  let ip: FaultyIp;
  let calls: Calls;
  let before: string;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine", "other"] });
    machine = lab.host("machine");
    label = `127.0.0.1:${machine.port}`;
    ip = await FaultyIp.install(machine);
    calls = over(machine);
    await prepare();
    before = await everything();
  });

  afterAll(() => lab?.stop());

  afterEach(async () => {
    await ip.clear();
    expect(await everything()).toBe(before);
  });

  const over = (host: Machine, more: Bag = {}) =>
    new Calls({ ...connectionTo(host), perDialTimeout: 5, dialErrorLimit: 1, operationTimeout: 20, ...more });

  const prepare = () => shell(machine, "modprobe ipip; ip netns add n0");

  const everything = () =>
    shell(
      machine,
      "/bin/ip -brief address show; ls /run/netns; /bin/ip -n n0 -brief address show; " +
        "/bin/ip route show table all proto 204; /bin/ip netns exec n0 cat /proc/sys/net/ipv4/ip_forward",
    );

  const held = () =>
    until(async () => (await ip.holds()) || undefined, { for: "a command to be held", seconds: 30 });

  /** The sshd at the other end of the connection by which the held command came. */
  const session = (signal: string) =>
    shell(
      machine,
      `s=$(cat /run/faulty-ip/held); until grep -qx sshd /proc/$s/comm; do s=$(cut -d ' ' -f 4 /proc/$s/stat); done; ` +
        `kill -${signal} $s`,
    );

  function recorded({ half }: Failed): Made {
    if (half === undefined) throw new Error("nothing was recorded");
    return half;
  }

  /** The connection ends, and only later does the host go on with what it was told. */
  async function cutAt(command: string, call: () => Promise<unknown>): Promise<Failed> {
    await ip.holdAt(command);
    const failure = failed(call());
    await held();
    await session("KILL");
    return await failure;
  }

  const closed = (running: string) =>
    [`${label}: the connection was closed`, `while running: ${running}`, LOST].join("\n");

  test.each(rows)(
    "a $type is recorded, and the next update finishes it",
    async ({ type, inputs, at, running }) => {
      const failure = await cutAt(at, () => calls.create(type, inputs));
      expect(failure.message).toBe(closed(running));
      await ip.clear();
      const made = await calls.update(recorded(failure), inputs);
      expect(await calls.read(made)).toMatchObject(await calls.shown(type, inputs));
      await calls.delete(made);
    },
  );

  /** Those that are cut off before they have their mark, or an end of theirs has it. */
  const half = rows.filter(({ type }) => type === "Namespace" || type === "VethPair");
  test.each(half)("a $type is recorded, and can be deleted as it is", async ({ type, inputs, at }) => {
    const failure = await cutAt(at, () => calls.create(type, inputs));
    await ip.clear();
    await calls.delete(recorded(failure));
  });

  test("a host that finishes although nobody hears of it has made the object", async () => {
    const hasty = over(machine, { operationTimeout: 6 });
    await ip.holdAt("link set dev t1 up");
    const call = hasty.create("IpipTunnel", tunnel);
    await held();
    await session("STOP");
    await ip.clear();
    const made = await call;
    expect(made.state).toMatchObject({ name: "t1", addresses: ["10.4.0.1/30"], state: "up" });
    await calls.delete(made);
  });

  test("a host that does not answer in time is not waited for longer", async () => {
    const hasty = over(machine, { operationTimeout: 6 });
    await ip.holdAt("link add name t1");
    const failure = await failed(hasty.create("IpipTunnel", tunnel));
    expect(failure.message).toBe(
      [`${label}: there was no answer within 6 s`, `while running: ${rows[0]?.running}`, LOST].join("\n"),
    );
    // It is not there, yet the host has not been told to forget it.
    expect(await calls.read(recorded(failure))).toBeUndefined();
    await ip.clear();
    await calls.delete(recorded(failure));
  });

  test("an update is recorded as far as it was seen, and the next finishes it", async () => {
    const made = await calls.create("IpipTunnel", tunnel);
    const wanted = { ...tunnel, ttl: 9, addresses: ["10.4.0.5/30"] };
    const failure = await cutAt("address add 10.4.0.5", () => calls.update(made, wanted));
    expect(failure.message).toContain("while running: ip link change name t1 type ipip");
    expect(recorded(failure).state).toMatchObject({ ttl: 9, addresses: ["10.4.0.1/30"] });
    await ip.clear();
    const updated = await calls.update(recorded(failure), wanted);
    expect(updated.state).toMatchObject({ ttl: 9, addresses: ["10.4.0.5/30"] });
    await calls.delete(updated);
  });

  test("a delete is not believed, and the next one finds that it was done", async () => {
    const made = await calls.create("IpipTunnel", tunnel);
    const { message } = await cutAt("link delete", () => calls.delete(made));
    expect(message).toBe(closed("ip link delete dev t1"));
    expect(await calls.read(made)).toMatchObject({ name: "t1" });
    await ip.clear();
    await calls.delete(made);
  });

  test("each of several operations is made or recorded, and none is lost", async () => {
    const inputs = [1, 2, 3, 4].map((n) => ({
      name: `t${n}`,
      local: "10.3.0.1",
      remote: `10.3.1.${n}`,
      mark,
    }));
    await ip.holdAt("link add name t3");
    const all = inputs.map((each) => calls.create("IpipTunnel", each).catch((error: Failed) => error));
    await held();
    await session("KILL");
    const outcomes = await Promise.all(all);
    await ip.clear();
    const halves = outcomes.map((outcome) => ("half" in outcome ? recorded(outcome) : outcome));
    // What came before the break was made, and is known to be.
    expect(outcomes.map((outcome) => "half" in outcome)).toEqual([false, false, true, true]);
    const made = await Promise.all(halves.map((half, i) => calls.update(half, inputs[i] ?? {})));
    expect(made.map(({ state }) => state.state)).toEqual(["up", "up", "up", "up"]);
    await Promise.all(made.map((each) => calls.delete(each)));
  });

  test("a machine without power has lost nothing from the state, and no other machine is touched", async () => {
    const other = over(lab.host("other"));
    const kept = await calls.create("IpipTunnel", { ...tunnel, name: "t2", remote: "10.3.0.9" });
    await ip.holdAt("link set dev t1 up");
    // A machine without power does not say goodbye.
    const failure = failed(over(machine, { operationTimeout: 8 }).create("IpipTunnel", tunnel));
    await held();
    const [elsewhere] = await Promise.all([other.create("IpipTunnel", tunnel), machine.powerOff()]);
    const half = recorded(await failure);
    const down = [calls.read(kept), calls.update(kept, { ...tunnel, name: "t2" }), calls.delete(kept)];
    for (const { message } of await Promise.all(down.map(failed)))
      expect(message).toMatch(
        new RegExp(`^${label}: (there was no answer within 5 s|the connection was reset)\n`),
      );
    expect(await other.read(elsewhere)).toMatchObject({ state: "up" });
    await other.delete(elsewhere);

    await machine.boot();
    ip = await FaultyIp.install(machine);
    await prepare();
    // Now it is known: what the machine had is gone.
    expect(await calls.read(kept)).toBeUndefined();
    expect(await calls.read(half)).toBeUndefined();
    await calls.delete(kept);
    const made = await calls.update(half, tunnel);
    expect(made.state).toMatchObject({ state: "up", addresses: ["10.4.0.1/30"] });
    await calls.delete(made);
  });

  test("a machine that was rebooted has lost its objects, is asked anew, and gets them again", async () => {
    const made = await Promise.all(rows.map(({ type, inputs }) => calls.create(type, inputs)));
    await machine.reboot();
    ip = await FaultyIp.install(machine);
    const found = await Promise.all(made.map((each) => calls.read(each)));
    expect(found).toEqual(rows.map(() => undefined));
    await prepare();
    const again = await Promise.all(made.map((each, i) => calls.update(each, rows[i]?.inputs ?? {})));
    expect(again.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    for (const each of again) await calls.delete(each);
  });
});
