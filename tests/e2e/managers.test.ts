import { Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { type Bag, Calls } from "../support/calls";
import { STOCK } from "../support/kernels";
import { connectionTo, shell, snapshot } from "../support/world";

/**
 * Other managers of a machine's network, of two releases: what they take of our objects, that we say who it was, and that
 * an exemption has them leave it. What they are told never cuts off the device that SSH comes by, which they set up too.
 */

const mark = "pulumi:test/managers/it";
const ROUTE = { mark, destination: "10.9.0.0/16", dev: "eth0" };
const RULE = { mark, priority: 300, to: "10.9.9.0/24", table: 77 };
const ends = { local: "any", remote: "10.99.0.99" };
const TUNNEL = { mark, name: "tun0", ...ends, addresses: ["10.7.1.1/30"], up: true };
/** Drop-ins, and the folders that they are in. */
const FILES = "find /etc/systemd /etc/NetworkManager | sort";

/** A machine, and who calls for it. */
interface Side {
  readonly machine: Machine;
  readonly calls: Calls;
  /** What was said of it to the person at the engine. */
  warnings(): string[];
}

let lab: Lab;
let sides: Side[];
const said: string[] = [];

const onEach = <T>(work: (side: Side) => Promise<T>) => Promise.all(sides.map(work));

/** settled waits until systemd-networkd, since it was started, has set eth0 up, and so has taken away what it takes. */
async function settled(machine: Machine): Promise<void> {
  // The state alone may still be that from before it was started.
  const asked =
    "journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID systemd-networkd) | " +
    "grep -q 'eth0: Configuring with' && networkctl list --no-legend --no-pager eth0";
  const configured = async () => (await machine.run(asked)).stdout.includes(" configured") || undefined;
  await until(configured, { for: `${machine.name} to have eth0 configured`, seconds: 60 });
}

beforeAll(async () => {
  jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  lab = await Lab.start({ hosts: STOCK });
  sides = lab.machines.map((machine) => ({
    machine,
    calls: new Calls(connectionTo(machine)),
    warnings: () => said.filter((text) => text.includes(`:${machine.port}:`)),
  }));
  await onEach(({ machine }) => shell(machine, "modprobe ipip"));
});

afterAll(async () => {
  jest.restoreAllMocks();
  await lab?.stop();
});

describe("systemd-networkd", () => {
  let before: unknown[];
  const restart = async ({ machine }: Side) => {
    await shell(machine, "systemctl restart systemd-networkd");
    await settled(machine);
  };
  const seen = ({ machine }: Side) => Promise.all([snapshot(machine), shell(machine, FILES)]);

  beforeAll(async () => {
    await onEach(async ({ machine }) => {
      const lines = ["[Match]", "Name=eth0", "[Network]", `Address=${machine.address}/24`, "IPv6AcceptRA=no"];
      // Without it systemd 252 takes even this address away for a moment, and all that hangs on it.
      if (machine.system === "stock") lines.push("KeepConfiguration=static");
      const text = lines.join("\\n");
      await shell(
        machine,
        `printf '${text}\\n' >/etc/systemd/network/10-eth0.network && ` +
          "systemctl unmask --quiet systemd-networkd && systemctl start systemd-networkd",
      );
      await settled(machine);
    });
    before = await onEach(seen);
  });

  test("takes a route and a rule away, of which we warn before and tell after", async () => {
    await onEach(async (side) => {
      const { calls, warnings } = side;
      const made = [await calls.create("Route", ROUTE), await calls.create("Rule", RULE)];
      expect(warnings()).toEqual([
        expect.stringMatching(/route 10\.9\.0\.0\/16 .* may not stay: systemd-networkd sets up eth0/),
        expect.stringMatching(/rule 300 .* may not stay: systemd-networkd takes away the rules/),
      ]);
      await restart(side);
      for (const one of made) expect(await calls.read(one)).toBeUndefined();
      const [, , route = "", rule = "", ...more] = warnings();
      expect(more).toEqual([]);
      expect(route).toMatch(
        /route 10\.9\.0\.0\/16 .* may have been taken away: systemd-networkd sets up eth0/,
      );
      expect(route).toContain("/etc/systemd/networkd.conf.d/pulumi-ipip.conf");
      expect(route).toContain("ManageForeignRoutes=no");
      expect(rule).toContain("ManageForeignRoutingPolicyRules=no");
    });
    expect(await onEach(seen)).toEqual(before);
  });

  test("leaves them alone, and a tunnel too, as long as there is an exemption", async () => {
    await onEach(async (side) => {
      const { machine, calls, warnings } = side;
      const inputs = { mark, manager: "systemd-networkd", devices: ["tun*"] };
      const exemption = await calls.create("ManagerExemption", inputs);
      const [route, rule] = [await calls.create("Route", ROUTE), await calls.create("Rule", RULE)];
      // As a file with `Name=*` does, which many machines have.
      await shell(
        machine,
        "printf '[Match]\\nName=tun0\\n' >/etc/systemd/network/99-tun.network && networkctl reload",
      );
      const tunnel = await calls.create("IpipTunnel", TUNNEL);
      await restart(side);
      expect(await calls.read(route)).toEqual(without(route.state));
      expect(await calls.read(rule)).toEqual(without(rule.state));
      expect(await calls.read(tunnel)).toMatchObject({ addresses: TUNNEL.addresses });
      // A file that somebody has changed is drift, and is put right.
      await shell(machine, "echo Unmanaged=no >>/etc/systemd/network/00-pulumi-ipip.network");
      expect(await calls.read(exemption)).toMatchObject({ mark: "changed by hand" });
      const again = await calls.update(exemption, inputs);
      expect(await calls.read(again)).toMatchObject({ mark, devices: ["tun*"] });

      await calls.delete(again);
      const bare = async () =>
        !(await shell(machine, "ip address show dev tun0")).includes("10.7.1.1") || undefined;
      await until(bare, { for: "tun0 to lose its address", seconds: 60 });
      expect(await calls.read(tunnel)).toMatchObject({ addresses: [] });
      expect(warnings().at(-1)).toMatch(/addresses of tunnel tun0 may .* systemd-networkd sets up tun0/);
      expect(warnings().at(-1)).toContain("Unmanaged=yes");
      for (const made of [tunnel, rule, route]) await calls.delete(made);
      await shell(machine, "rm /etc/systemd/network/99-tun.network && networkctl reload");
    });
    expect(await onEach(seen)).toEqual(before);
  });
});

describe("NetworkManager", () => {
  const disconnect = "nmcli device disconnect tun1";
  const state = async ({ machine }: Side) =>
    /^tun1:(.*)$/m.exec(await shell(machine, "nmcli -t -f DEVICE,STATE device"))?.[1];

  beforeAll(() =>
    onEach(({ machine }) =>
      shell(
        machine,
        "systemctl stop systemd-networkd.socket systemd-networkd && systemctl start NetworkManager",
      ),
    ),
  );

  test("takes a tunnel's addresses, of which we tell, and leaves them alone where there is an exemption", async () => {
    await onEach(async (side) => {
      const { machine, calls, warnings } = side;
      const files = await shell(machine, FILES);
      const tunnel = await calls.create("IpipTunnel", { ...TUNNEL, name: "tun1" });
      const known = async () => (await state(side))?.startsWith("connected") || undefined;
      await until(known, { for: "NetworkManager to take the tunnel", seconds: 60 });
      await shell(machine, disconnect);
      expect(await calls.read(tunnel)).toMatchObject({ addresses: [] });
      expect(warnings().at(-1)).toMatch(/addresses of tunnel tun1 may .* NetworkManager counts tun1/);
      expect(warnings().at(-1)).toContain("unmanaged-devices+=interface-name:tun1");

      const inputs = { mark, manager: "NetworkManager", devices: ["tun*"] };
      const exemption = await calls.create("ManagerExemption", inputs);
      expect(await state(side)).toBe("unmanaged");
      const again = await calls.update(tunnel, { ...TUNNEL, name: "tun1" });
      expect((await machine.run(disconnect)).stderr).toContain("This device is not active");
      expect(await calls.read(again)).toMatchObject({ addresses: TUNNEL.addresses });
      await calls.delete(again);
      await calls.delete(exemption);
      expect(await shell(machine, FILES)).toBe(files);
    });
  });
});

const without = ({ __provider: _, ...state }: Bag) => state;
