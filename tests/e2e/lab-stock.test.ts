import { Lab, type Machine } from "../../lab/lab";
import { type Bag, Calls, type Made } from "../support/calls";
import { NOTHING, remainsOf } from "../support/remains";
import { connectionTo, shell, snapshot } from "../support/world";

/** Debian's own kernels, of two releases: the lab can all with them, and the provider understands both releases' ip. */

const MODULES =
  "ipip sit ip6_tunnel ip_gre ip6_gre fou fou6 mpls_router mpls_iptunnel nf_tables dummy veth vrf sch_netem";

let lab: Lab;
let a: Machine;
let b: Machine;

beforeAll(async () => {
  lab = await Lab.start({
    hosts: [
      { name: "a", system: "stock" },
      { name: "b", system: "stock-trixie" },
    ],
  });
  a = lab.host("a");
  b = lab.host("b");
});

afterAll(() => lab?.stop());

const onBoth = <T>(work: (here: Machine, there: Machine) => Promise<T>): Promise<T[]> =>
  Promise.all([work(a, b), work(b, a)]);
const runOnBoth = (command: string) => onBoth((machine) => shell(machine, command));

describe("machines with Debian's own kernel", () => {
  test("are of two releases, each with a kernel and an ip of its own, and without failed units", async () => {
    const versions = await runOnBoth("uname -r; ip -V; systemctl --failed --no-legend");
    expect(versions).toEqual([
      expect.stringMatching(/^6\.1\.\d.*-cloud-amd64\nip utility, iproute2-6\.1\..*\n$/),
      expect.stringMatching(/^6\.12\.\d.*-cloud-amd64\nip utility, iproute2-6\.15\..*\n$/),
    ]);
  });

  test("have all modules that tunnels may need", async () => {
    await runOnBoth(`modprobe -a ${MODULES}`);
  });

  test("let plain users in, with sudo, and let them ping", async () => {
    for (const user of ["ops", "admin"])
      expect(await b.run("ping -c 1 -W 5 a", { user })).toMatchObject({ code: 0, stderr: "" });
    expect(await a.run("sudo -n id -u", { user: "ops" })).toEqual({ code: 0, stdout: "0\n", stderr: "" });
  });

  test.each([
    ["fou", "ipproto 4"],
    ["gue", "gue"],
  ])("carry a tunnel in UDP: %s", async (encapsulation, receiver) => {
    await onBoth(async (here, there) => {
      const ends = `local ${here.address} remote ${there.address}`;
      const udp = `encap ${encapsulation} encap-sport auto encap-dport 5555`;
      await shell(
        here,
        `ip fou add port 5555 ${receiver} && ip link add tun0 type ipip mode ipip ${ends} ${udp} && ` +
          `ip address add 10.5.0.${here === a ? 1 : 2}/30 dev tun0 && ip link set tun0 up`,
      );
    });
    const capture = await lab.capture({ filter: "proto 4 or udp port 5555" });
    await shell(a, "ping -c 2 -i 0.2 -W 5 10.5.0.2");
    const packets = await capture.packets();
    expect(packets).toHaveLength(4);
    for (const packet of packets) expect(packet).toMatch(/proto UDP .* 10\.99\.0\.1\d\.5555: UDP, length/);
    await runOnBoth("ip link delete tun0 && ip fou delete port 5555");
  });

  test("are out of reach while all they send is lost, and recover", async () => {
    const reaches = async () => (await a.run("ping -c 1 -W 2 b")).code;
    await b.netem({ lossPercent: 100 });
    expect(await reaches()).toBe(1);
    await b.netem(undefined);
    expect(await reaches()).toBe(0);
  });
});

describe("the provider on both releases", () => {
  const MARK = "pulumi:test/stock/it";
  const TUNNEL = { name: "t1", ttl: 64, tos: "0x10", mtu: 1400, mark: MARK };
  const ROUTE = { dev: "t1", metric: 10, mtu: 1300, mark: MARK };

  /** wanted is what one machine has, by type in the order in which it is made. */
  const wanted = (here: Machine, there: Machine): (readonly [type: string, inputs: Bag])[] => {
    const own = here === a ? 1 : 2;
    const addresses = [`10.5.0.${own}/30`, `fd00:5::${own}/64`];
    return [
      ["IpipTunnel", { ...TUNNEL, local: here.address, remote: there.address, addresses }],
      ["Route", { ...ROUTE, destination: "10.6.0.0/16", src: `10.5.0.${own}` }],
      ["Route", { ...ROUTE, destination: "fd00:6::/48" }],
      ["Sysctl", { key: "net.ipv4.ip_forward", value: "1" }],
    ];
  };

  /** differences are the attributes in which each object is not as it is wanted, and all when it is gone. */
  async function differences(calls: Calls, made: readonly Made[], inputs: readonly Bag[]) {
    const found: string[][] = [];
    for (const [index, each] of made.entries()) {
      const [state = {}, shown] = [await calls.read(each), await calls.shown(each.type, inputs[index] ?? {})];
      found.push(
        Object.keys(shown).filter((key) => JSON.stringify(state[key]) !== JSON.stringify(shown[key])),
      );
    }
    return found;
  }

  const NONE = [[], [], [], []];
  const DRIFT = [
    "ip link change t1 type ipip ttl 17",
    "ip address add 10.5.1.1/30 dev t1",
    "ip link set t1 mtu 1390",
    "ip route delete 10.6.0.0/16",
    "ip -6 route replace fd00:6::/48 dev t1 metric 10 mtu 1290 proto 204",
    "sysctl -qw net.ipv4.ip_forward=0",
  ].join(" && ");

  test("a tunnel, its addresses and its routes are made, drift, are repaired, change and go", async () => {
    await runOnBoth("modprobe ipip");
    const before = await onBoth(snapshot);
    const sides = await onBoth(async (here, there) => {
      const calls = new Calls(connectionTo(here));
      const rows = wanted(here, there);
      const inputs = rows.map(([, each]) => each);
      const made: Made[] = [];
      for (const [type, each] of rows) made.push(await calls.create(type, each));
      expect(await differences(calls, made, inputs)).toEqual(NONE);
      return { calls, inputs, made, here };
    });
    const work = (step: (side: (typeof sides)[number]) => Promise<void>) => Promise.all(sides.map(step));
    const update = async ({ calls, made }: (typeof sides)[number], inputs: readonly Bag[]) => {
      for (const [index, each] of made.entries()) {
        made[index] = await calls.update(each, inputs[index] ?? {});
      }
      expect(await differences(calls, made, inputs)).toEqual(NONE);
    };
    await shell(a, "ping -c 1 -W 5 10.5.0.2");

    await work(async (side) => {
      await shell(side.here, DRIFT);
      const [tunnel, gone, route, sysctl] = await differences(side.calls, side.made, side.inputs);
      expect([tunnel?.sort(), route, sysctl]).toEqual([["addresses", "mtu", "ttl"], ["mtu"], ["value"]]);
      expect(gone).toContain("destination");
      // The engine makes anew what is gone.
      side.made[1] = await side.calls.create("Route", side.inputs[1] ?? {});
      await update(side, side.inputs);
    });
    await shell(a, "ping -c 1 -W 5 10.5.0.2");

    await work((side) =>
      update(
        side,
        side.inputs.map((each, index) => (index < 3 ? { ...each, mtu: 1280 + index } : each)),
      ),
    );
    await shell(b, "ping -c 1 -W 5 10.5.0.1");

    await work(async ({ calls, made }) => {
      for (const each of made.reverse()) await calls.delete(each);
    });
    expect(await onBoth(snapshot)).toEqual(before);
  });
});

test("nothing of a lab is left when it has ended", async () => {
  expect(remainsOf(lab.id)).toMatchObject({ mounts: true, netns: true, folder: true });
  expect(remainsOf(lab.id).processes).not.toEqual([]);
  await lab.stop();
  expect(remainsOf(lab.id)).toEqual(NOTHING);
});
