import { Lab } from "../../lab/lab";
import type { Bag, Failed, Made } from "../support/calls";
import { ADD, MARK, Trial, TUNNEL } from "../support/trial";

/** What is in the way on a host, and what its kernel declines: it is named, and nothing of the attempt stays. */

describe("a host that declines", () => {
  let lab: Lab;
  let trial: Trial;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    trial = new Trial(lab.host("machine"));
    await trial.run("modprobe ipip");
  });
  beforeEach(() => trial.begin());
  afterEach(() => trial.end());
  afterAll(() => lab?.stop());

  describe("with something in the way", () => {
    interface Row {
      readonly what: string;
      readonly type: string;
      readonly inputs: Bag;
      readonly setUp: string;
      readonly message: readonly string[];
      readonly tearDown: string;
      /** Whether adopt takes it over. */
      readonly adopt: boolean;
    }
    const TAKE = "Choose another name, remove it by hand, or set `adopt: true` to take it over.";
    const REMOVE = "Choose another name, remove it by hand, or set `adopt: true` to have it removed.";
    const ENDS = "The kernel allows one tunnel of a kind between two addresses: use that one, or other ends.";
    const BARE = "type ipip mode ipip local 10.3.0.1 remote 10.3.0.2";
    const rows: readonly Row[] = [
      {
        what: "a device of another kind",
        type: "IpipTunnel",
        inputs: TUNNEL,
        setUp: "ip link add t1 type dummy",
        message: ["the name t1 is taken by a dummy", REMOVE],
        tearDown: "ip link delete t1",
        adopt: true,
      },
      {
        what: "a tunnel that takes more than IPv4",
        type: "IpipTunnel",
        inputs: TUNNEL,
        setUp:
          "ip link add t1 type ipip mode any local 10.3.0.1 remote 10.3.0.7 && ip link set t1 alias by-hand",
        message: [
          "tunnel t1 is there already, and it was not made by Pulumi: name t1, external false, mode any, " +
            "local 10.3.0.1, remote 10.3.0.7, ttl 0, tos 0, pmtudisc true, fwmark 0, mtu 1480, up false, multicast false",
          TAKE,
        ],
        tearDown: "ip link delete t1",
        adopt: true,
      },
      {
        what: "a tunnel made by hand",
        type: "IpipTunnel",
        inputs: TUNNEL,
        setUp: `ip link add t1 ${BARE} ttl 9`,
        message: [
          "tunnel t1 is there already, and it was not made by Pulumi: name t1, external false, mode ipip, " +
            "local 10.3.0.1, remote 10.3.0.2, ttl 9, tos 0, pmtudisc true, fwmark 0, mtu 1480, up false, multicast false",
          TAKE,
        ],
        tearDown: "ip link delete t1",
        adopt: true,
      },
      {
        what: "another stack's namespace",
        type: "Namespace",
        inputs: { name: "n1", mark: MARK },
        setUp: "ip netns add n1 && ip -n n1 link set lo alias pulumi:shop/prod/edge",
        message: [
          "namespace n1 is there already, and it belongs to pulumi:shop/prod/edge: name n1, loopback false",
          TAKE,
        ],
        tearDown: "ip netns delete n1",
        adopt: true,
      },
      {
        what: "a route made by hand",
        type: "Route",
        inputs: { destination: "10.9.0.0/16", via: "10.99.0.1", mark: MARK },
        setUp: "ip route add 10.9.0.0/16 via 10.99.0.7",
        message: [
          "route 10.9.0.0/16 (table 254, metric 0) is there already, and it was not made by Pulumi: destination 10.9.0.0/16, " +
            "metric 0, table 254, via 10.99.0.7, dev eth0, onlink false, scope global, type unicast",
          TAKE,
        ],
        tearDown: "ip route delete 10.9.0.0/16",
        adopt: true,
      },
      {
        what: "one end of another kind",
        type: "VethPair",
        inputs: { a: { name: "v1" }, b: { name: "v2" }, mark: MARK },
        setUp: "ip link add v2 type bridge",
        message: ["the name v2 is taken by a bridge", REMOVE],
        tearDown: "ip link delete v2",
        adopt: true,
      },
      {
        what: "another tunnel with the same ends",
        type: "IpipTunnel",
        inputs: TUNNEL,
        setUp: `ip link add old ${BARE}`,
        message: ["the tunnel old already joins 10.3.0.1 to 10.3.0.2", ENDS],
        tearDown: "ip link delete old",
        adopt: false,
      },
      {
        what: "another tunnel with the same ends on the same device",
        type: "IpipTunnel",
        inputs: { ...TUNNEL, dev: "eth0" },
        setUp: `ip link add old ${BARE} dev eth0`,
        message: ["the tunnel old already joins 10.3.0.1 to 10.3.0.2 over eth0", ENDS],
        tearDown: "ip link delete old",
        adopt: false,
      },
    ];

    test.each(rows)(
      "$what is named, and stays as it is",
      async ({ type, inputs, setUp, message, tearDown, adopt }) => {
        await trial.run(setUp);
        const inTheWay = await trial.everything();
        const said = await trial.refusal(trial.create(inputs, type));
        expect(said).toEqual(message);
        expect(await trial.everything()).toBe(inTheWay);
        if (adopt) await trial.works({ ...inputs, adopt: true }, type);
        else {
          await trial.refusal(trial.create({ ...inputs, adopt: true }, type));
          await trial.run(tearDown);
          await trial.works(inputs, type);
        }
      },
    );

    test("a tunnel that is moved onto the ends of another stays where it is, and the other is named", async () => {
      await trial.run(`ip link add old ${BARE}`);
      const made = await trial.create({ ...TUNNEL, remote: "10.3.0.7" });
      const said = await trial.refusal(trial.calls.update(made, TUNNEL));
      expect(said[0]).toMatch(/^`ip link change name t1 type ipip .*` failed with exit code N$/);
      expect(said.slice(1)).toEqual([
        "  RTNETLINK answers: File exists",
        `the tunnel old already joins 10.3.0.1 to 10.3.0.2`,
        ENDS,
      ]);
      expect(await trial.calls.read(made)).toMatchObject({ remote: "10.3.0.7" });
      await trial.calls.delete(made);
      await trial.run("ip link delete old");
    });

    test("of two tunnels with the same ends, made at once, one is made and the other names it", async () => {
      const calls = ["t1", "t2"].map((name) => trial.create({ ...TUNNEL, name }));
      const outcomes = await Promise.allSettled(calls);
      // The kernel decides which.
      const firstWon = outcomes[0]?.status === "fulfilled";
      const winner = firstWon ? "t1" : "t2";
      const [made, declined] = firstWon ? calls : [...calls].reverse();
      expect(await trial.refusal(declined as Promise<Made>)).toEqual([
        `the tunnel ${winner} already joins 10.3.0.1 to 10.3.0.2`,
        ENDS,
      ]);
      await trial.calls.delete(await (made as Promise<Made>));
    });

    test("what another stack has marked meanwhile is neither changed nor removed, nor ours after a refresh", async () => {
      const made = await trial.create(TUNNEL);
      await trial.run("ip link set t1 alias pulumi:shop/prod/edge");
      const theirs = await trial.everything();
      const message = [
        `tunnel t1 belongs to pulumi:shop/prod/edge now, not to this stack`,
        "Remove it from one of the two programs, or set `adopt: true` to take it over.",
      ];
      expect(await trial.refusal(trial.calls.update(made, { ...TUNNEL, ttl: 9 }))).toEqual(message);
      expect(await trial.refusal(trial.calls.delete(made))).toEqual(message);
      expect(await trial.calls.read(made)).toBeUndefined();
      expect(await trial.everything()).toBe(theirs);
      const taken = await trial.calls.update(made, { ...TUNNEL, adopt: true });
      await trial.calls.delete(taken);
    });
  });

  describe("with a kernel that declines", () => {
    interface Row {
      readonly what: string;
      readonly type: string;
      readonly inputs: Bag;
      readonly cause?: string;
      readonly message: readonly string[];
      /** What takes the cause away. */
      readonly cure: string;
      readonly after?: string;
    }
    const rows: readonly Row[] = [
      {
        what: "an IPv6 address where IPv6 is disabled",
        type: "IpipTunnel",
        inputs: { ...TUNNEL, addresses: ["10.4.0.1/30", "fd00::1/64"] },
        cause: "sysctl -w net.ipv6.conf.default.disable_ipv6=1",
        message: [
          "`ip address add fd00::1/64 dev t1` failed with exit code N",
          "  RTNETLINK answers: Permission denied",
          "IPv6 is disabled there: look at the sysctls net.ipv6.conf.*.disable_ipv6.",
        ],
        cure: "sysctl -w net.ipv6.conf.default.disable_ipv6=0",
      },
      {
        what: "a gateway out of reach",
        type: "Route",
        inputs: { destination: "10.9.0.0/16", via: "10.77.0.1", mark: MARK },
        message: [
          "`ip -4 route add unicast 10.9.0.0/16 via 10.77.0.1 table 254 proto 204` failed with exit code N",
          "  Error: Nexthop has invalid gateway.",
          "The gateway must be reachable through a device that is up; set `onlink` if it is reachable without a route to it.",
        ],
        cure: "ip address add 10.77.0.7/24 dev eth0",
        after: "ip address delete 10.77.0.7/24 dev eth0",
      },
      {
        what: "a device that is not there",
        type: "Route",
        inputs: { destination: "10.9.0.0/16", dev: "d1", mark: MARK },
        message: [
          "`ip -4 route add unicast 10.9.0.0/16 dev d1 table 254 proto 204` failed with exit code N",
          '  Cannot find device "d1"',
          "The device is not in this namespace: make it first, or let this resource depend on it.",
        ],
        cure: "ip link add d1 type dummy && ip link set d1 up",
        after: "ip link delete d1",
      },
      {
        what: "a device that is down",
        type: "Route",
        inputs: { destination: "10.9.0.0/16", dev: "d1", mark: MARK },
        cause: "ip link add d1 type dummy",
        message: [
          "`ip -4 route add unicast 10.9.0.0/16 dev d1 table 254 proto 204` failed with exit code N",
          "  Error: Device for nexthop is not up.",
          "The device must be up before a route can use it.",
        ],
        cure: "ip link set d1 up",
        after: "ip link delete d1",
      },
      {
        what: "a namespace that is not there",
        type: "IpipTunnel",
        inputs: { ...TUNNEL, namespace: "n1" },
        message: [
          `\`${ADD.replace("ip ", "ip -n n1 ")}\` failed with exit code N`,
          '  Cannot open network namespace "n1": No such file or directory',
          "There is no such namespace: make it with a `Namespace` and give that resource as `namespace`.",
        ],
        cure: "ip netns add n1",
        after: "ip netns delete n1",
      },
      {
        what: "a namespace whose file leads nowhere",
        type: "Namespace",
        inputs: { name: "n1", mark: MARK },
        cause: "mkdir -p /run/netns && touch /run/netns/n1",
        message: [
          "`ip -n n1 -json -details address show` failed with exit code N",
          '  setting the network namespace "n1" failed: Invalid argument',
          "The file of that name in /run/netns leads to no namespace any more: remove it with `ip netns delete`.",
        ],
        cure: "ip netns delete n1",
      },
      {
        what: "a sysctl that is not there",
        type: "Sysctl",
        inputs: { key: "net.ipv4.conf.d1.forwarding", value: 1 },
        message: [
          "`tee /proc/sys/net/ipv4/conf/d1/forwarding <<< 1` failed with exit code N",
          "  tee: /proc/sys/net/ipv4/conf/d1/forwarding: No such file or directory",
          "The kernel has no such parameter: check `key`; those of a device, or of a module, are there only as long as it is.",
        ],
        cure: "ip link add d1 type dummy",
        after: "ip link delete d1",
      },
      {
        what: "a value that is none",
        type: "Sysctl",
        inputs: { key: "net.ipv4.ip_forward", value: "many" },
        message: [
          "`tee /proc/sys/net/ipv4/ip_forward <<< many` failed with exit code N",
          "  tee: /proc/sys/net/ipv4/ip_forward: Invalid argument",
          "The kernel does not take this `value` for that `key`.",
        ],
        cure: "",
      },
    ];

    test.each(rows)(
      "$what: nothing stays, and it works when the cause is gone",
      async ({ type, inputs, cause, message, cure, after }) => {
        if (cause !== undefined) await trial.run(cause);
        expect(await trial.refusal(trial.create(inputs, type))).toEqual(message);
        if (cure === "") return;
        await trial.run(cure);
        await trial.works(inputs, type);
        if (after !== undefined) await trial.run(after);
      },
    );
  });

  test("several failures at once are each their own, and what can be made is made", async () => {
    await trial.run("ip link add taken type dummy");
    const all: readonly (readonly [type: string, inputs: Bag, outcome: string])[] = [
      ["IpipTunnel", { ...TUNNEL, name: "taken" }, "the name taken is taken by a dummy"],
      ["IpipTunnel", TUNNEL, "made"],
      ["Route", { destination: "10.9.0.0/16", via: "10.77.0.1", mark: MARK }, "Nexthop has invalid gateway"],
      ["Namespace", { name: "n1", mark: MARK }, "made"],
      ["Sysctl", { key: "net.ipv4.ip_forward", value: "many" }, "Invalid argument"],
      ["Route", { destination: "10.8.0.0/16", via: "10.99.0.1", mark: MARK }, "made"],
      ["VethPair", { a: { name: "v1" }, b: { name: "v2", namespace: "nowhere" }, mark: MARK }, "nowhere"],
      ["VethPair", { a: { name: "v3" }, b: { name: "v4" }, mark: MARK }, "made"],
    ];
    const outcomes = await Promise.all(
      all.map(([type, inputs]) => trial.create(inputs, type).catch((error: Failed) => error)),
    );
    expect(outcomes.map((outcome) => ("state" in outcome ? "made" : outcome.message))).toEqual(
      all.map(([, , outcome]) => expect.stringContaining(outcome)),
    );
    for (const outcome of outcomes) {
      if ("state" in outcome) await trial.calls.delete(outcome);
      else expect(outcome.half).toBeUndefined();
    }
    await trial.run("ip link delete taken");
  });
});
