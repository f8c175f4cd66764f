import { Lab, type Machine } from "../../lab/lab";
import type { SystemName } from "../../lab/system";
import { type Bag, Calls, type Made } from "../support/calls";
import { expectSuccess } from "../support/example";
import { connectionTo, shell, snapshot, type Workplace, workplace } from "../support/world";

/** What `persist: "systemd"` makes outlives a reboot, with no engine run, on both of the lab's kernels. */

const PING = "ip netns exec private ping -c 2 -i 0.2 -W 5 10.10.2.2";
/** How many reboots in a row: `make reboots REBOOTS=10`. */
const REBOOTS = Number(process.env.REBOOTS ?? 1);
/** Waits for the service where it is still at work; one that has failed would be run again, and then says so. */
const SERVED = "systemctl start pulumi-ipip.service && systemctl is-active pulumi-ipip.service";
/** What a service sees that orders itself after the network is online. */
const WITNESS = `cat >/etc/systemd/system/witness.service <<'end'
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'set -C; { ip route get 10.10.2.2; ip route get 10.10.1.2; } >/run/witness'
[Install]
WantedBy=multi-user.target
end
systemctl --quiet enable witness.service`;
/** All that the hosts keep for their next boot, as one list. */
const KEPT = `find /etc/pulumi-ipip /run/pulumi-ipip-made $(find /etc/systemd/system -name "pulumi-ipip*") \\( -type f -o -type l \\)`;

const all: readonly (readonly [name: string, systems: readonly [SystemName, SystemName]])[] = [
  ["the quick kernel", ["uml", "uml"]],
  ["Debian's own kernels", ["stock", "stock-trixie"]],
];

/** One of each, and both releases of Debian, is what `make test` has time for. */
const mixed: typeof all = [["both kernels", ["uml", "stock-trixie"]]];
const kernels = process.env.REBOOTS === undefined ? mixed : all;

/** Some limits depend on the memory that a machine finds at boot. */
async function lasting(machine: Machine): Promise<object> {
  const { sysctls, ...rest } = await snapshot(machine);
  return { ...rest, forwarding: (sysctls as string[]).filter((line) => line.includes("ip_forward")) };
}

describe.each(kernels)("on %s", (_name, [first, second]) => {
  let lab: Lab;
  let place: Workplace;
  let before: unknown[];

  beforeAll(async () => {
    lab = await Lab.start({
      hosts: [
        { name: "a", system: first },
        { name: "b", system: second },
      ],
    });
    place = await workplace("examples/two-hosts");
    before = await onBoth(lasting);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  const onBoth = <T>(work: (machine: ReturnType<Lab["host"]>) => Promise<T>): Promise<T[]> =>
    Promise.all([lab.host("a"), lab.host("b")].map(work));
  const configure = (more: Record<string, unknown> = { persist: "systemd" }) =>
    place.stack.configure({
      a: { ...connectionTo(lab.host("a")), underlay: lab.host("a").address },
      b: { ...connectionTo(lab.host("b")), underlay: lab.host("b").address },
      ...more,
    });
  const up = () => place.stack.pulumi("up", "--yes", "--skip-preview");
  const refreshed = () => place.stack.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff");

  test("after each reboot the link works, and there is nothing to refresh", async () => {
    configure();
    await onBoth((machine) => shell(machine, WITNESS));
    expectSuccess(await up());
    await shell(lab.host("a"), PING);
    for (let reboots = 0; reboots < REBOOTS; reboots++) {
      await onBoth((machine) => machine.reboot());
      await onBoth((machine) => shell(machine, SERVED));
      for (const seen of await onBoth((machine) =>
        shell(machine, "systemctl start witness; cat /run/witness"),
      ))
        expect(seen).toMatch(/dev tun0.*dev private0|dev private0.*dev tun0/s);
      await shell(lab.host("a"), PING);
      expectSuccess(await refreshed());
    }
    expectSuccess(await place.stack.pulumi("preview", "--expect-no-changes"));
  });

  test("a service that is started again changes nothing", async () => {
    const there = await onBoth(snapshot);
    await onBoth((machine) => shell(machine, "systemctl restart pulumi-ipip.service"));
    expect(await onBoth(snapshot)).toEqual(there);
  });

  test("destroy takes the service and its files away too", async () => {
    expectSuccess(await place.stack.pulumi("destroy", "--yes", "--skip-preview"));
    expect(await onBoth((machine) => shell(machine, `${KEPT} 2>/dev/null || true`))).toEqual(["", ""]);
    expect(await onBoth(lasting)).toEqual(before);
  });
});

describe("what is kept for the next boot", () => {
  let lab: Lab;
  let machine: Machine;
  let calls: Calls;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["a"] });
    machine = lab.host("a");
    calls = new Calls(connectionTo(machine));
  });

  afterAll(() => lab?.stop());

  const kept = () => shell(machine, `${KEPT} -exec cksum {} + 2>/dev/null || true`);
  const mark = "pulumi:test/persist/it";
  const persist = "systemd";
  const tunnel = { mark, persist, name: "tun0", local: "10.99.0.11", remote: "10.99.0.12" };

  test("after a power cut all types are as they were, whatever the host has chosen for them", async () => {
    const made: Made[] = [];
    const make = async (type: string, inputs: Bag) =>
      made.push(await calls.create(type, { persist, ...inputs }));
    await make("Namespace", { mark, name: "n1" });
    await make("VethPair", { mark, a: { name: "v0" }, b: { name: "v1", namespace: "n1" } });
    await make("IpipTunnel", { ...tunnel, mtu: "auto", addresses: ["10.5.0.1/30"] });
    await make("Address", { dev: "v0", address: "10.6.0.1/24" });
    await make("Sysctl", { namespace: "n1", key: "net.ipv4.ip_forward", value: 1 });
    await make("Rule", { mark, priority: 500, from: "10.6.0.0/24", table: 77 });
    await make("Route", { mark, destination: "10.7.0.0/16", dev: "tun0", table: 77 });
    await make("Link", { dev: "v0", txqlen: 77 });
    const seen = () => Promise.all(made.map((one) => calls.read(one)));
    const before = await seen();
    await machine.powerOff();
    await machine.boot();
    await shell(machine, SERVED);
    expect(await seen()).toEqual(before);
    for (const one of made.reverse()) await calls.delete(one);
    expect(await kept()).toBe("");
  });

  test("what is missing or was changed is drift, and is mended", async () => {
    const made = await calls.create("IpipTunnel", tunnel);
    const file = (await shell(machine, "echo /etc/pulumi-ipip/boot/*")).trim();
    const before = await kept();
    for (const change of [
      `rm ${file}`,
      `sed -i s/ttl/hoplimit/ ${file}`,
      "echo : >>/etc/pulumi-ipip/restore",
      "systemctl disable pulumi-ipip.service",
      "rm /etc/systemd/system/pulumi-ipip.service",
    ]) {
      await shell(machine, change);
      const found = await calls.read(made);
      expect([change, found]).toEqual([change, { ...made.state, __provider: undefined, persist: "none" }]);
      const mended = await calls.update({ ...made, state: { ...found } }, tunnel);
      expect(mended.state).toEqual(made.state);
      expect(await kept()).toBe(before);
    }
    // Also when a refresh has put the drift into the state.
    await shell(machine, `sed -i s/ttl/hoplimit/ ${file}`);
    await calls.delete({ ...made, state: { ...(await calls.read(made)) } });
    expect(await kept()).toBe("");
  });

  test("an object that is gone and that the host would make again is not forgotten", async () => {
    const made = await calls.create("IpipTunnel", tunnel);
    await shell(machine, "ip link delete tun0");
    const found = await calls.read(made);
    expect(found).toMatchObject({ name: "tun0", persist });
    expect(found).not.toHaveProperty("ifindex");
    const gone = { ...made, state: { ...found } };
    // A destroy takes the file with it; so does one that knows nothing of the loss.
    await calls.delete(gone);
    expect(await kept()).toBe("");
    await calls.create("IpipTunnel", tunnel);
    await shell(machine, "ip link delete tun0");
    const again = await calls.update(gone, tunnel);
    expect(again.state).toEqual({ ...made.state, ifindex: again.state.ifindex });
    await shell(machine, "ip link delete tun0");
    await calls.delete(again);
    expect(await kept()).toBe("");
  });

  test("what is no longer to outlive a reboot leaves the host's files, and stays itself", async () => {
    const made = await calls.create("IpipTunnel", tunnel);
    const released = await calls.update(made, { ...tunnel, persist: "none" });
    const { persisted: _, ...rest } = made.state;
    expect(released.state).toEqual({ ...rest, persist: "none" });
    expect(await kept()).toBe("");
    await calls.delete(released);
  });

  test("what the host can't make at boot is told by the service, and takes nothing else with it", async () => {
    const [first, second] = [
      await calls.create("IpipTunnel", tunnel),
      await calls.create("IpipTunnel", { ...tunnel, name: "tun1", remote: "10.99.0.13" }),
    ];
    await shell(machine, "sed -i s/10.99.0.12/10.99.0.13/ /etc/pulumi-ipip/boot/100001-*");
    // It need not be patient for us.
    await shell(machine, "sed -i 's/-lt 60/-lt 1/' /etc/pulumi-ipip/restore");
    await machine.reboot();
    await shell(machine, "systemctl start network-online.target");
    await shell(
      machine,
      "systemctl is-active --quiet network-online.target; ip link show tun0; ! ip link show tun1",
    );
    const said = await shell(machine, "journalctl -q -o cat -u pulumi-ipip.service");
    expect(said).toContain(`not made: tunnel tun1 ${mark}\nRTNETLINK answers: File exists`);
    await calls.delete(first);
    await calls.delete(second);
    expect(await kept()).toBe("");
  });
});
