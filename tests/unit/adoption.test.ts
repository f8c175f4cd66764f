import { CommandFailed, Conflict, IpipError, NotConverged } from "../../provider/errors";
import type { Fields } from "../../provider/state";
import { HalfMade } from "../../provider/subject";
import type { FakeHost } from "../support/fake-host";
import { MARK, MiniEngine } from "../support/mini-engine";
import { playground, samples } from "../support/samples";

/** What stands on a host before a program comes to it, for each type that marks its objects. */
interface Case {
  readonly inputs: Fields;
  /** Makes an object of the same kind and name. */
  readonly same: readonly string[];
  /** Marks that object as another stack's. */
  readonly mark: readonly string[];
  /** Makes something else of the same name, if there can be such a thing. */
  readonly stranger: readonly string[];
  /** The device whose name is taken then. */
  readonly device: string;
}

const tunnel = "type ipip mode ipip local 10.0.0.2 remote 10.0.0.7 ttl inherit tos 0x0 pmtudisc";
const cases: Readonly<Record<string, Case>> = {
  Namespace: {
    inputs: { name: "n1" },
    same: ["ip netns add n1"],
    mark: ["ip -n n1 link set dev lo alias pulumi:other/stack/name"],
    stranger: [],
    device: "",
  },
  VethPair: {
    inputs: { a: { name: "va", namespace: "ns1", addresses: ["192.168.7.1/24"] }, b: { name: "vb" } },
    same: ["ip link add name vb type veth peer name va netns ns1"],
    mark: ["ip", "ip -n ns1"].map(
      (at, end) => `${at} link set dev ${end === 0 ? "vb" : "va"} alias pulumi:other/stack/name`,
    ),
    stranger: ["ip link add name vb type dummy"],
    device: "vb",
  },
  IpipTunnel: {
    inputs: { name: "tun0", local: "10.0.0.1", remote: "10.0.0.9", addresses: ["192.168.7.1/24"] },
    same: [`ip link add name tun0 ${tunnel}`, "ip address add 192.168.7.9/24 dev tun0"],
    mark: ["ip link set dev tun0 alias pulumi:other/stack/name"],
    stranger: ["ip link add name tun0 type dummy"],
    device: "tun0",
  },
  Route: {
    inputs: { destination: "10.50.0.0/24", via: "10.0.0.9" },
    same: ["ip -4 route add blackhole 10.50.0.0/24 table 254 metric 0 proto 3"],
    mark: [],
    stranger: [],
    device: "",
  },
};

const START = playground().toString();

function on(host: FakeHost, type: string): MiniEngine {
  const sample = samples[type];
  if (sample === undefined) throw new Error(`there is no sample of ${type}`);
  return new MiniEngine(sample.contract, host);
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function clean(type: string, inputs: Fields): Promise<string> {
  const host = playground();
  await on(host, type).up(inputs);
  return host.toString();
}

const unmarked = (state: string) => state.replaceAll(/ alias \S+/g, "");

describe.each(Object.entries(cases))("%s", (type, { inputs, same, mark, stranger, device }) => {
  test("an object that is there already is left alone, and the message tells what it is", async () => {
    const host = playground();
    host.byHand(...same);
    const before = host.toString();
    const engine = on(host, type);
    const error = await failure(engine.up(inputs));
    expect(error).toBeInstanceOf(Conflict);
    expect(String(error)).toMatch(/is there already, and it was not made by Pulumi.*\n.*adopt: true/);
    expect(host.toString()).toBe(before);
    // Where Linux refuses to make what is there, that was tried.
    expect(host.steps.length).toBeLessThanOrEqual(1);
    expect(engine.state).toBeUndefined();
  });

  test("with adopt the same object becomes as asked for, and goes when it is deleted", async () => {
    const host = playground();
    host.byHand(...same);
    const engine = on(host, type);
    await engine.up({ ...inputs, adopt: true });
    expect(host.toString()).toBe(await clean(type, inputs));
    expect(await engine.up({ ...inputs, adopt: true })).toBe("unchanged");
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("what an interrupted run of our own left is taken over without being told to", async () => {
    const host = playground();
    await on(host, type).up(inputs);
    const before = host.toString();
    const engine = on(host, type);
    await engine.up(inputs);
    expect(host.toString()).toBe(before);
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("an adoption that fails is known to the state if it has changed the object, and only then", async () => {
    const steps = playground();
    steps.byHand(...same);
    await on(steps, type).up({ ...inputs, adopt: true });
    for (const [step] of steps.steps.entries()) {
      const host = playground();
      host.byHand(...same);
      const before = host.toString();
      const engine = on(host, type);
      host.breaks({ kind: "refuse", step });
      expect(await failure(engine.up({ ...inputs, adopt: true }))).toBeInstanceOf(Error);
      if (host.toString() === before) expect(engine.state).toBeUndefined();
      // A mark on one end alone is on neither, and changes nothing.
      if (engine.state === undefined) expect(unmarked(host.toString())).toBe(unmarked(before));
      host.mended();
      await engine.up({ ...inputs, adopt: true });
      expect(host.toString()).toBe(await clean(type, inputs));
    }
  });

  if (mark.length > 0) {
    test("an object of another stack is neither taken, nor changed, nor removed", async () => {
      const host = playground();
      host.byHand(...same, ...mark);
      const error = await failure(on(host, type).up(inputs));
      expect(error).toBeInstanceOf(Conflict);
      expect(String(error)).toContain("it belongs to pulumi:other/stack/name");

      const marked = playground();
      const engine = on(marked, type);
      await engine.up(inputs);
      marked.byHand(...mark);
      const before = marked.toString();
      for (const work of [() => engine.updateAgain(inputs), () => engine.destroy()]) {
        const refused = await failure(work());
        expect(refused).toBeInstanceOf(Conflict);
        expect(String(refused)).toContain("belongs to pulumi:other/stack/name now, not to this stack");
      }
      expect(marked.toString()).toBe(before);
    });

    test("an object that another stack has made in the place of ours is gone to a refresh, and stays", async () => {
      const host = playground();
      const engine = on(host, type);
      await engine.up(inputs);
      host.byHand(...mark);
      const before = host.toString();
      await engine.refresh();
      expect(engine.state).toBeUndefined();
      expect(String(await failure(engine.up(inputs)))).toContain("it belongs to pulumi:other/stack/name");
      await engine.destroy();
      expect(host.toString()).toBe(before);
    });

    test("an object that was not marked yet when the connection was lost is ours", async () => {
      const host = playground();
      const engine = on(host, type);
      host.breaks({ kind: "lose", step: 1, done: false, host: "back" });
      expect(await failure(engine.up(inputs))).toBeInstanceOf(HalfMade);
      host.mended();
      // The host goes on.
      host.byHand(...mark.map((line) => line.replace("pulumi:other/stack/name", MARK)));
      await engine.destroy();
      expect(host.toString()).toBe(START);
    });

    test("an object of ours that a refresh saw without its mark stays ours when it has it", async () => {
      const host = playground();
      const engine = on(host, type);
      await engine.up(inputs);
      const marking = (alias: string) => mark.map((line) => line.replace("pulumi:other/stack/name", alias));
      host.byHand(...marking("nobody's"));
      await engine.refresh();
      expect(engine.differs(inputs)).toContain("mark");
      // So it is when the refresh came while the host was still at work on a script of ours.
      host.byHand(...marking(MARK));
      await engine.refresh();
      expect(engine.differs(inputs)).toEqual([]);
      host.byHand(...marking("nobody's"));
      await engine.refresh();
      host.byHand(...marking(MARK));
      await engine.destroy();
      expect(host.toString()).toBe(START);
    });

    test("with adopt it changes hands", async () => {
      const host = playground();
      host.byHand(...same, ...mark);
      await on(host, type).up({ ...inputs, adopt: true });
      expect(host.toString()).toBe(await clean(type, inputs));
    });
  }

  if (stranger.length > 0) {
    test("a device of another kind is in the way, and goes only with adopt", async () => {
      const host = playground();
      host.byHand(...stranger);
      const before = host.toString();
      const error = await failure(on(host, type).up(inputs));
      expect(error).toBeInstanceOf(Conflict);
      expect(String(error)).toMatch(new RegExp(`the name ${device}.* is taken by a dummy`));
      expect(host.toString()).toBe(before);

      await on(host, type).up({ ...inputs, adopt: true });
      expect(host.toString()).toBe(await clean(type, inputs));
    });

    test("a device that cannot be cleared away is an error, and nothing is made", async () => {
      const host = playground();
      host.byHand(...stranger);
      const before = host.toString();
      const engine = on(host, type);
      host.breaks({ kind: "refuse", step: 0, stderr: "RTNETLINK answers: Operation not supported\n" });
      expect(await failure(engine.up({ ...inputs, adopt: true }))).toBeInstanceOf(CommandFailed);
      expect(host.toString()).toBe(before);
      expect(engine.state).toBeUndefined();
    });
  }

  test("an object that somebody makes while we are at work is not ours to remove", async () => {
    const host = playground();
    const engine = on(host, type);
    host.meddle = () => {
      host.meddle = undefined;
      host.byHand(...same);
    };
    const error = await failure(engine.up(inputs));
    expect(error).toBeInstanceOf(IpipError);
    expect(engine.state).toBeUndefined();
    const expected = playground();
    expected.byHand(...same);
    expect(host.toString()).toBe(expected.toString());
  });

  describe("when the line breaks before anybody has seen whether it was made", () => {
    /** The host goes away at the first step, which it has done or not; then it is there again. */
    async function cut(prepare: readonly string[], done: boolean) {
      const host = playground();
      host.byHand(...prepare);
      const engine = on(host, type);
      host.breaks({ kind: "lose", step: 0, done, host: "away" });
      expect(await failure(engine.up(inputs))).toBeInstanceOf(Error);
      host.mended();
      return { host, engine, before: host.toString() };
    }

    test("a stranger's object is not taken for ours afterwards: not by up, refresh or destroy", async () => {
      for (const way of ["up", "refresh", "destroy"] as const) {
        const { host, engine, before } = await cut(same, false);
        if (way === "up" && engine.state !== undefined)
          expect(await failure(engine.up(inputs))).toBeInstanceOf(Conflict);
        if (way === "refresh") await engine.refresh();
        await engine.destroy();
        expect([way, host.toString()]).toEqual([way, before]);
      }
    });

    test("what was made after all is ours: up finishes it, refresh sees it, and destroy removes it", async () => {
      for (const way of ["up", "refresh", "destroy"] as const) {
        const { host, engine } = await cut([], true);
        if (way === "refresh") await engine.refresh();
        if (way === "up") await engine.up(inputs);
        if (way === "up") expect(host.toString()).toBe(await clean(type, inputs));
        await engine.destroy();
        expect([way, host.toString()]).toEqual([way, START]);
      }
    });
  });

  test("an object that somebody removes while we delete it is deleted", async () => {
    const host = playground();
    const engine = on(host, type);
    await engine.up(inputs);
    host.meddle = (line) => {
      host.meddle = undefined;
      host.byHand(line);
    };
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });
});

describe("IpipTunnel", () => {
  const { inputs = {} } = cases.IpipTunnel ?? {};

  test.each(["ipip", "any"])("another tunnel between the same ends, of mode %s, is named", async (mode) => {
    const host = playground();
    host.byHand(
      `ip link add name old type ipip mode ${mode} local 10.0.0.1 remote 10.0.0.9 ttl 7 tos 0x0 pmtudisc`,
    );
    const before = host.toString();
    const error = await failure(on(host, "IpipTunnel").up(inputs));
    expect(error).toBeInstanceOf(Conflict);
    expect(String(error)).toContain("the tunnel old already joins 10.0.0.1 to 10.0.0.9");
    expect(host.toString()).toBe(before);
  });

  test("a tunnel between the same ends over another device is no rival", async () => {
    const host = playground();
    host.byHand(
      "ip link add name old type ipip mode ipip local 10.0.0.1 remote 10.0.0.9 ttl 7 tos 0x0 pmtudisc dev u0",
    );
    await expect(on(host, "IpipTunnel").up(inputs)).resolves.toBe("created");
  });

  test("the module is loaded when the kernel lacks it", async () => {
    const host = playground([]);
    expect(await on(host, "IpipTunnel").up(inputs)).toBe("created");
    expect(host.steps).toContain("modprobe ipip");
  });

  test.each([
    ["IpipTunnel", "fou", inputs],
    ["Ip6Tunnel", "fou6", { name: "tun6", remote: "fd00::9" }],
  ])("encapsulation of an %s has %s loaded, whether it is new or changed", async (type, module, plain) => {
    const encap = { type: "fou", dport: 5555 };
    const host = playground([]);
    expect(await on(host, type).up({ ...plain, encap })).toBe("created");
    expect(host.steps).toContain(`modprobe ${module}`);
    const other = playground([]);
    const engine = on(other, type);
    expect(await engine.up(plain)).toBe("created");
    expect(other.steps).not.toContain(`modprobe ${module}`);
    expect(await engine.up({ ...plain, encap })).toBe("updated");
    expect(other.steps).toContain(`modprobe ${module}`);
  });

  test("encapsulation that the kernel can't do at all is named", async () => {
    const host = playground();
    const engine = on(host, "IpipTunnel");
    host.breaks({ kind: "refuse", step: 0, stderr: "RTNETLINK answers: Invalid argument" });
    const error = await failure(engine.up({ ...inputs, encap: { type: "gue", dport: 5555 } }));
    expect(String(error)).toMatch(/Invalid argument[\s\S]*CONFIG_NET_FOU_IP_TUNNELS/);
  });

  test("a module that cannot be loaded is named, with the package and the kernel option that bring it", async () => {
    const host = playground([]);
    host.loadable = [];
    const engine = on(host, "IpipTunnel");
    const error = await failure(engine.up(inputs));
    expect(error).toBeInstanceOf(CommandFailed);
    expect(String(error)).toMatch(
      /Unknown device type[\s\S]*modprobe ipip[\s\S]*linux-modules-extra[\s\S]*CONFIG_NET_IPIP/,
    );
    expect(engine.state).toBeUndefined();
  });

  test("a value that does not hold is named, and what was made is removed", async () => {
    const host = playground();
    const engine = on(host, "IpipTunnel");
    host.meddle = (line) => {
      // Somebody else on the host, like a network manager, who has another opinion.
      if (line === "ip link set dev tun0 up") host.byHand("ip link set dev tun0 mtu 1300");
    };
    const error = await failure(engine.up({ ...inputs, mtu: 1400 }));
    expect(error).toBeInstanceOf(NotConverged);
    expect(String(error)).toContain("mtu: asked for 1400, found 1300");
    expect(host.toString()).toBe(START);
    expect(engine.state).toBeUndefined();
  });

  test("a value that does not hold in an update is named, and the object is put back as it was", async () => {
    const host = playground();
    const engine = on(host, "IpipTunnel");
    await engine.up({ ...inputs, mtu: 1400 });
    const [before, state] = [host.toString(), engine.state];
    host.meddle = (line) => {
      if (line.includes("mtu 1350")) host.byHand("ip link set dev tun0 down");
    };
    const error = await failure(engine.up({ ...inputs, mtu: 1350 }));
    expect(error).toBeInstanceOf(NotConverged);
    expect(String(error)).toContain("up: asked for true, found false");
    expect(host.toString()).toBe(before);
    expect(engine.state).toEqual(state);
  });

  test("what can't be put back either is recorded as it is", async () => {
    const host = playground();
    const engine = on(host, "IpipTunnel");
    await engine.up({ ...inputs, mtu: 1400 });
    host.meddle = (line) => {
      if (line.includes("mtu 1350")) host.byHand("ip link set dev tun0 down");
      if (line === "ip link set dev tun0 up") host.byHand("ip link set dev tun0 mtu 1300");
    };
    const error = await failure(engine.up({ ...inputs, mtu: 1350 }));
    expect(error).toBeInstanceOf(HalfMade);
    expect((error as HalfMade).reason).toBeInstanceOf(NotConverged);
    expect(engine.state?.outputs).toMatchObject({ up: true, mtu: 1300, mark: MARK });
    host.meddle = undefined;
    await engine.up({ ...inputs, mtu: 1350 });
    expect(engine.state?.outputs).toMatchObject({ up: true, mtu: 1350 });
  });
});

describe("VethPair", () => {
  const { inputs = {} } = cases.VethPair ?? {};

  test("an end that leads elsewhere now is not taken for ours, and stays", async () => {
    const host = playground();
    const engine = on(host, "VethPair");
    await engine.up(inputs);
    host.byHand(
      "ip link delete dev vb",
      "ip link add name vb type veth peer name x1",
      "ip -n ns1 link add name va type veth peer name x2",
    );
    const before = host.toString();
    expect(await failure(engine.up({ ...inputs, b: { name: "vb", mtu: 1400 } }))).toBeInstanceOf(Conflict);
    expect(host.toString()).toBe(before);
  });
});

describe("Namespace", () => {
  test("one with a pair of ours inside, of which each end takes the other along, can be deleted", async () => {
    const host = playground();
    const engine = on(host, "Namespace");
    await engine.up({ name: "n1" });
    await on(host, "VethPair").up({ a: { name: "va", namespace: "n1" }, b: { name: "vb", namespace: "n1" } });
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("one whose content is deleted at the same moment, by its own resource, is deleted", async () => {
    const host = playground();
    const engine = on(host, "Namespace");
    await engine.up({ name: "n1" });
    await on(host, "VethPair").up({ a: { name: "va", namespace: "n1" }, b: { name: "vb" } });
    host.meddle = (line) => {
      host.meddle = undefined;
      host.byHand(line);
    };
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });
});

describe("Sysctl", () => {
  const inputs = { key: "net.ipv4.ip_forward", value: 1 };

  test("the earlier value comes back, whatever happened since", async () => {
    const host = playground();
    const engine = on(host, "Sysctl");
    await engine.up(inputs);
    await engine.up({ ...inputs, value: 2 });
    host.byHand("tee /proc/sys/net/ipv4/ip_forward <<< 5");
    await engine.refresh();
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("the earlier value comes back also when the answer to setting it was lost", async () => {
    const host = playground();
    const engine = on(host, "Sysctl");
    host.breaks({ kind: "lose", step: 0, done: true, host: "away" });
    await failure(engine.up(inputs));
    host.mended();
    await engine.up(inputs);
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("a value that the kernel does not take is an error, and leaves nothing", async () => {
    const host = playground();
    const engine = on(host, "Sysctl");
    const error = await failure(engine.up({ ...inputs, value: "yes" }));
    expect(error).toBeInstanceOf(CommandFailed);
    expect(String(error)).toContain("Invalid argument");
    expect(engine.state).toBeUndefined();
  });

  test("a value that the kernel spells in another way is named", async () => {
    const host = playground();
    const error = await failure(on(host, "Sysctl").up({ ...inputs, value: "01" }));
    expect(String(error)).toContain('value: asked for "01", found "1"');
  });

  test("one that is not there is an error that names its file", async () => {
    const error = await failure(on(playground(), "Sysctl").up({ key: "net.ipv4.nothing", value: 1 }));
    expect(error).toBeInstanceOf(CommandFailed);
    expect(String(error)).toContain("tee: /proc/sys/net/ipv4/nothing: No such file or directory");
  });
});

test("a route of another stack, whose protocol is ours too, is not taken unless it is just as asked for", async () => {
  const host = playground();
  const other = { destination: "10.50.0.0/24", via: "10.0.0.8" };
  await on(host, "Route").up(other);
  const before = host.toString();
  const error = await failure(on(host, "Route").up({ ...other, via: "10.0.0.9" }));
  expect(error).toBeInstanceOf(Conflict);
  expect(String(error)).toMatch(/is there already, and another program of ours made it.*via 10\.0\.0\.8/);
  expect(host.toString()).toBe(before);
});

describe("FouPort", () => {
  const inputs = { port: 5555, ipproto: "ipip" };

  test("the module is loaded when the kernel lacks it", async () => {
    const host = playground([]);
    const engine = on(host, "FouPort");
    expect(await engine.up(inputs)).toBe("created");
    expect(host.steps).toContain("modprobe fou");
  });

  test("a module that cannot be loaded is named, with the kernel option that brings it", async () => {
    const host = playground([]);
    host.loadable = [];
    const error = await failure(on(host, "FouPort").up(inputs));
    expect(String(error)).toMatch(
      /`ip fou add port 5555 ipproto 4` failed[\s\S]*module fou[\s\S]*CONFIG_NET_FOU/,
    );
  });

  test("one that is there just as asked for is taken to be ours", async () => {
    const host = playground();
    host.byHand("ip fou add port 5555 ipproto 4");
    const engine = on(host, "FouPort");
    expect(await engine.up(inputs)).toBe("created");
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });

  test("one for something else is left alone unless it is to be adopted", async () => {
    const host = playground();
    host.byHand("ip fou add port 5555 gue");
    const before = host.toString();
    const error = await failure(on(host, "FouPort").up(inputs));
    expect(error).toBeInstanceOf(Conflict);
    expect(String(error)).toMatch(
      /FOU port 5555 family 4 is there already, and nothing tells whose it is: .*encap gue/,
    );
    expect(host.toString()).toBe(before);
    const engine = on(host, "FouPort");
    await engine.up({ ...inputs, adopt: true });
    expect(host.toString()).toBe(await clean("FouPort", inputs));
  });

  test("those of single addresses are in the way of one of all unless they are to be adopted", async () => {
    const host = playground();
    host.byHand("ip fou add port 5555 local 10.0.0.1 gue", "ip fou add port 5555 local 10.0.0.2 gue");
    const before = host.toString();
    const engine = on(host, "FouPort");
    const error = await failure(engine.up(inputs));
    expect(error).toBeInstanceOf(Conflict);
    expect(String(error)).toMatch(/FOU port 5555 family 4 local 10\.0\.0\.2 is there already\n.*adopt: true/);
    expect(host.toString()).toBe(before);
    await engine.up({ ...inputs, adopt: true });
    expect(host.toString()).toBe(await clean("FouPort", inputs));
  });

  test("what is left of one whose device is gone goes too", async () => {
    const host = playground();
    host.byHand("ip link add name d0 type dummy", "ip address add 10.7.0.1/24 dev d0");
    const engine = on(host, "FouPort");
    await engine.up({ ...inputs, local: "10.7.0.1", dev: "d0" });
    host.byHand("ip link delete dev d0");
    await engine.refresh();
    expect(engine.differs({ ...inputs, local: "10.7.0.1", dev: "d0" })).toEqual(["dev"]);
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });
});

describe("MssClamp", () => {
  const inputs = { dev: "u0" };

  test("a table of its name that is there already is left alone unless it is to be adopted", async () => {
    const host = playground();
    host.byHand("nft create table inet pulumi_ipip_mss_u0");
    const before = host.toString();
    const engine = on(host, "MssClamp");
    const error = await failure(engine.up(inputs));
    expect(error).toBeInstanceOf(Conflict);
    expect(String(error)).toMatch(/MSS clamp of u0 is there already, and it was not made by Pulumi/);
    expect(host.toString()).toBe(before);
    await engine.up({ ...inputs, adopt: true });
    expect(host.toString()).toBe(await clean("MssClamp", inputs));
  });

  test("that of an interrupted run of our own is gone on with", async () => {
    const host = playground();
    await on(host, "MssClamp").up(inputs);
    const engine = on(host, "MssClamp");
    await engine.up({ ...inputs, ipv4: 1400 });
    expect(host.toString()).toBe(await clean("MssClamp", { ...inputs, ipv4: 1400 }));
    await engine.destroy();
    expect(host.toString()).toBe(START);
  });
});
