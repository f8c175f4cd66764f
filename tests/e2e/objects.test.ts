import { Lab } from "../../lab/lab";
import { handlers } from "../../provider";
import { Calls, failed, type Made } from "../support/calls";
import { connectionTo, shell } from "../support/world";

/**
 * Rules, addresses and settings of devices that are not ours, on a real kernel: set, read back without a difference;
 * changed by hand, found to be just that difference, and repaired; changed in the program; removed, with all around them
 * as it was.
 */

type Bag = Record<string, unknown>;

interface Row {
  readonly type: string;
  readonly inputs: Bag;
  /** What somebody may do by hand, and the attributes in which that shows; none when the object is gone. */
  readonly drift: readonly (readonly [command: string, attributes: readonly string[]])[];
  /** Other values, each alone, that the program may ask for in place. */
  readonly changes: readonly Bag[];
}

const mark = "pulumi:test/objects/it";
const n1 = { namespace: "n1" };

const rows: Readonly<Record<string, Row>> = {
  "a rule with everything": {
    type: "Rule",
    inputs: {
      ...{
        mark,
        priority: 1000,
        from: "10.6.0.0/16",
        to: "10.7.0.1",
        iif: "d1",
        oif: "gone0",
        fwmark: "0x10/0xff",
      },
      ...{ tos: "0x10", ipproto: "udp", sport: 53, dport: "1000-2000", uidrange: "5-9", table: 100 },
      ...{ suppressPrefixLength: 0, suppressIfgroup: 7 },
    },
    drift: [
      ["ip rule delete priority 1000", []],
      [
        "ip rule delete priority 1000 && ip rule add priority 1000 from 10.6.0.0/16 table 100",
        ["to", "iif", "oif"],
      ],
    ],
    changes: [
      ...[{ from: "10.6.1.0/24" }, { from: "all" }, { to: "all" }, { iif: "any" }, { oif: "lo" }, { tos: 0 }],
      ...[
        { fwmark: 0 },
        { fwmark: "any" },
        { ipproto: "tcp" },
        { sport: "any" },
        { dport: 1000 },
        { uidrange: 5 },
      ],
      ...[{ table: "main" }, { not: true }, { suppressPrefixLength: "none" }, { suppressIfgroup: "none" }],
      { table: undefined, suppressPrefixLength: "none", suppressIfgroup: "none", l3mdev: true },
      { table: undefined, suppressPrefixLength: "none", suppressIfgroup: "none", action: "prohibit" },
    ],
  },
  "a short rule": {
    type: "Rule",
    inputs: { mark, priority: 1000, from: "10.6.0.0/16", table: 100 },
    drift: [
      ["ip rule add priority 1000 from 10.6.0.1 table 101 protocol 204", ["mark"]],
      ...Object.entries({
        table: "from 10.6.0.0/16 table 101 protocol 204",
        from: "from 10.8.0.0/16 table 100 protocol 204",
        to: "from 10.6.0.0/16 to 10.7.0.1 table 100 protocol 204",
        tos: "from 10.6.0.0/16 tos 0x8 table 100 protocol 204",
        fwmark: "from 10.6.0.0/16 fwmark 7 table 100 protocol 204",
        iif: "from 10.6.0.0/16 iif lo table 100 protocol 204",
        dport: "from 10.6.0.0/16 dport 22 table 100 protocol 204",
        uidrange: "from 10.6.0.0/16 uidrange 0-0 table 100 protocol 204",
        not: "not from 10.6.0.0/16 table 100 protocol 204",
        mark: "from 10.6.0.0/16 table 100",
      }).map(
        ([attribute, words]) =>
          [`ip rule delete priority 1000 && ip rule add priority 1000 ${words}`, [attribute]] as const,
      ),
    ],
    changes: [{ action: "blackhole", table: undefined }],
  },
  "a rule of IPv6, in a namespace": {
    type: "Rule",
    inputs: { ...n1, mark, priority: 1000, family: "inet6", iif: "lo", table: 100 },
    drift: [
      ["ip -n n1 -6 rule delete priority 1000", []],
      [
        "ip -n n1 -6 rule delete priority 1000 && ip -n n1 -6 rule add priority 1000 iif lo prohibit protocol 204",
        ["action", "table"],
      ],
    ],
    changes: [{ from: "fd00:6::/48" }, { to: "fd00:6::1" }, { tos: 252 }],
  },
  "an address of lo": {
    type: "Address",
    inputs: { dev: "lo", address: "10.255.0.1/32" },
    drift: [
      ["ip address delete 10.255.0.1/32 dev lo", []],
      ["ip address change 10.255.0.1/32 dev lo preferred_lft 0", ["preferredLft"]],
      ["ip address change 10.255.0.1/32 dev lo valid_lft 1000 preferred_lft 500", ["preferredLft"]],
    ],
    changes: [{ preferredLft: 0 }],
  },
  "an address with everything": {
    type: "Address",
    inputs: {
      ...{
        dev: "d1",
        address: "10.4.0.1/30",
        peer: "10.4.0.2",
        broadcast: "10.4.0.3",
        label: "d1:x",
        scope: "link",
      },
      ...{ noprefixroute: true, preferredLft: 0 },
    },
    drift: [
      [
        "ip address delete 10.4.0.1 peer 10.4.0.2/30 dev d1 && ip address add 10.4.0.1 peer 10.4.0.2/30 dev d1",
        ["broadcast", "label", "scope", "noprefixroute", "preferredLft"],
      ],
      [
        "ip address delete 10.4.0.1 peer 10.4.0.2/30 dev d1 && ip address add 10.4.0.1/30 broadcast 10.4.0.3 dev d1 label d1:x scope link noprefixroute preferred_lft 0",
        ["peer"],
      ],
    ],
    changes: [{ preferredLft: "forever" }],
  },
  "an address of IPv6, in a namespace": {
    type: "Address",
    inputs: { ...n1, dev: "lo", address: "fd00:4::1/64" },
    drift: [
      ["ip -n n1 address delete fd00:4::1/64 dev lo", []],
      ["ip -n n1 address change fd00:4::1/64 dev lo noprefixroute", ["noprefixroute"]],
      [
        "ip -n n1 address delete fd00:4::1/64 dev lo && ip -n n1 address add fd00:4::1/80 dev lo",
        ["address"],
      ],
    ],
    changes: [{ preferredLft: 0 }, { nodad: true }],
  },
  "settings of a device": {
    type: "Link",
    inputs: { dev: "d2", mtu: 9000, up: true, txqlen: 500, alias: "to the rack", group: 7 },
    drift: [
      ["ip link set d2 mtu 1400", ["mtu"]],
      ["ip link set d2 down", ["up"]],
      ["ip link set d2 txqueuelen 0", ["txqlen"]],
      ["ip link set d2 alias other", ["alias"]],
      ["ip link set d2 group 8", ["group"]],
    ],
    changes: [
      { mtu: undefined, txqlen: 0 },
      { alias: "", group: "default" },
      { up: false },
      { up: undefined },
    ],
  },
  "settings of lo in a namespace": {
    type: "Link",
    inputs: { ...n1, dev: "lo", mtu: 1500, group: 7 },
    drift: [["ip -n n1 link set lo mtu 1400 group 9", ["mtu", "group"]]],
    changes: [{ group: undefined }],
  },
};

describe("what is on devices that are not ours", () => {
  let lab: Lab;
  let calls: Calls;
  const run = (command: string) => shell(lab.host("machine"), command);

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    calls = new Calls(connectionTo(lab.host("machine")));
    await run("ip netns add n1; ip -n n1 link set lo up");
    // With addresses of their own udev gives them no other ones, from which the IPv6 ones would follow once they went down.
    await run("ip link add d1 address 02:00:00:00:00:01 type dummy; ip link set d1 up");
    await run("ip link add d2 address 02:00:00:00:00:02 type dummy; ip link set d2 up");
    await run("ip address add 10.5.1.1/24 dev d2");
    await run("ip address add 10.5.0.1/24 dev d1; ip address add fd00:5::1/64 dev d1 nodad");
  });

  afterAll(() => lab?.stop());

  /** What a refresh shows to differ from the program; undefined where the object is gone. */
  async function differing(made: Made, inputs: Bag): Promise<readonly string[] | undefined> {
    const found = await calls.read(made);
    if (found === undefined) return undefined;
    const desired = await calls.shown(made.type, inputs);
    const news = { ...desired, __provider: "text" };
    const diff = await handlers[made.type]?.diff(made.id, { ...found, __provider: "text" }, news);
    const keys = Object.keys(desired).filter(
      (key) => JSON.stringify(found[key]) !== JSON.stringify(desired[key]),
    );
    expect([keys, diff?.changes]).toEqual([keys, keys.length === 0 ? false : undefined]);
    return keys;
  }

  describe.each(Object.entries(rows))("%s", (_, { type, inputs, drift, changes }) => {
    let before: string;
    let made: Made;

    beforeAll(async () => {
      before = await everything();
      made = await calls.create(type, inputs);
    });

    test("reads back what was asked for", async () => {
      expect(await differing(made, inputs)).toEqual([]);
    });

    test.each(drift)("by hand: %s", async (command, attributes) => {
      await run(command);
      const found = await differing(made, inputs);
      if (attributes.length === 0) expect(found).toBeUndefined();
      else expect(found).toEqual(expect.arrayContaining([...attributes]));
      if (attributes.length === 1) expect(found).toEqual(attributes);
      made = await calls.update(made, inputs);
      expect(await differing(made, inputs)).toEqual([]);
    });

    test("becomes what the program asks for, one thing after another", async () => {
      for (const change of [...changes, {}]) {
        const wanted = { ...inputs, ...change };
        made = await calls.update(made, wanted);
        expect([change, await differing(made, wanted)]).toEqual([change, []]);
      }
    });

    test("is removed, and all else is as it was", async () => {
      await calls.delete(made);
      expect(await everything()).toBe(before);
    });
  });

  test("the first address of a subnet goes without the others, and without the routes that they have", async () => {
    await run("sysctl -q net.ipv4.conf.d1.promote_secondaries=0");
    const made = await calls.create("Address", { dev: "d1", address: "10.8.0.1/24" });
    await run(
      "ip address add 10.8.0.2/24 broadcast + dev d1 label d1:dhcp valid_lft 5000 preferred_lft 4000",
    );
    await run("ip route add 10.9.0.0/16 via 10.8.0.9 src 10.8.0.2");
    await calls.delete(made);
    expect(await run("ip address show dev d1 label d1:dhcp")).toMatch(
      "inet 10.8.0.2/24 brd 10.8.0.255 scope global dynamic d1:dhcp",
    );
    expect(await run("ip route show 10.9.0.0/16")).toMatch("via 10.8.0.9 dev d1 src 10.8.0.2");
    expect(await run("sysctl -n net.ipv4.conf.d1.promote_secondaries; ip address show to 10.8.0.1")).toBe(
      "0\n",
    );
    await run("ip address delete 10.8.0.2/24 dev d1");
  });

  test("an address that is there already is left to whoever made it, and with adopt taken over", async () => {
    const { message } = await failed(calls.create("Address", { dev: "d1", address: "10.5.0.1/24" }));
    expect(message).toMatch(
      /address 10\.5\.0\.1\/24 on d1 is there already, and nothing tells whose it is.*\n.*adopt: true/,
    );
    const before = await run("ip address show dev d1");
    const made = await calls.create("Address", { dev: "d1", address: "10.5.0.1/24", adopt: true });
    expect(await run("ip address show dev d1")).toBe(before);
    await calls.delete(made);
    expect(await run("ip address show dev d1")).not.toContain("10.5.0.1");
    await run("ip address add 10.5.0.1/24 dev d1");
  });

  test("a rule that is there already is left to whoever made it, and with adopt taken over", async () => {
    await run("ip rule add priority 500 from 10.6.0.0/16 table 7");
    const inputs = { mark, priority: 500, from: "10.6.0.0/16", table: 8 };
    const { message } = await failed(calls.create("Rule", inputs));
    expect(message).toMatch(/rule 500 \(inet\) is there already, and it was not made by Pulumi.*table 7/);
    const made = await calls.create("Rule", { ...inputs, adopt: true });
    expect(await run("ip -details rule show priority 500")).toBe(
      "500:\tfrom 10.6.0.0/16 lookup 8 proto 204\n",
    );
    await calls.delete(made);
    expect(await run("ip rule show priority 500")).toBe("");
  });

  test("a device that is not there can't be set, and gets no address", async () => {
    for (const [type, inputs] of [
      ["Link", { dev: "gone0", mtu: 1400 }],
      ["Address", { dev: "gone0", address: "10.1.0.1/24" }],
    ] as const) {
      const { message, half } = await failed(calls.create(type, inputs));
      expect(message).toMatch(/Cannot find device "gone0"\n.*make it first/);
      expect(half).toBeUndefined();
    }
  });

  /** All that these can touch, as text. */
  const everything = () =>
    run(
      "ip -details address; ip -details rule; ip -details -6 rule; ip route show table all; ip -6 route show table all; " +
        "sysctl net.ipv4.conf | grep promote; ip -details -n n1 address; ip -details -n n1 -6 rule",
    );
});
