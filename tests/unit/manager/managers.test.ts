import { threatsTo } from "../../../provider/manager/exposed";
import { type Managers, managersIn } from "../../../provider/manager/question";

/** A host with systemd-networkd, as Debian 13 answers. */
const NETWORKD = [
  "runs systemd-network",
  "networkd   1 lo   loopback carrier     unmanaged",
  "networkd   2 eth0 ether    routable    configured",
  "networkd   3 d0   ether    degraded    configuring",
  "networkd   4 tun0 tunnel   routable    unmanaged",
  "networkd   5 new0 tunnel   routable    pending",
];
const NM = ["runs NetworkManager", "leaves interface-name:v*,mac:02:00:00:00:00:01,interface-name:=tun0"];

function told(...lines: readonly string[]): Managers {
  const managers = managersIn({ code: 0, stdout: lines.map((line) => `${line}\n`).join(""), stderr: "" });
  if (managers === undefined) throw new Error("the answer tells nothing");
  return managers;
}

const foreign = (...settings: readonly string[]) => {
  const { routes, rules } = told(...NETWORKD, ...settings.map((one) => `set ${one}`)).networkd ?? {};
  return { routes, rules };
};

describe("what a host answers", () => {
  test("tells nobody where nobody runs, and nothing where it could not tell", () => {
    expect(told()).toEqual({ netplan: false });
    expect(managersIn({ code: 127, stdout: "", stderr: "sh: not found" })).toBeUndefined();
  });

  test("tells the devices that systemd-networkd sets up", () => {
    expect([...(told(...NETWORKD, "netplan").networkd?.devices ?? [])]).toEqual(["eth0", "d0"]);
  });

  const main = "/etc/systemd/networkd.conf:ManageForeignRoutes";
  const dropIn = (name: string) => `/etc/systemd/networkd.conf.d/${name}.conf:ManageForeignRoutes`;
  test.each<[boolean, string[]]>([
    [true, []],
    [false, [`${main}=no`]],
    [false, [`${main} = Off `]],
    [true, [`${main}=no`, `${dropIn("a")}=yes`]],
    [false, [`${dropIn("b")}=no`, `${dropIn("a")}=yes`]],
    [false, [`/run/systemd/networkd.conf.d/z.conf:ManageForeignRoutes=false`, `${dropIn("a")}=yes`]],
    [true, [`/usr/lib/systemd/networkd.conf:ManageForeignRoutes=no`, `${main}=1`]],
  ])("tells whether it takes routes (%s) by the file that decides: %j", (routes, settings) => {
    expect(foreign(...settings)).toEqual({ routes, rules: true });
  });

  test("tells that of rules apart", () => {
    const setting = "/etc/systemd/networkd.conf.d/x.conf:ManageForeignRoutingPolicyRules=no";
    expect(foreign(setting)).toEqual({ routes: true, rules: false });
  });
});

describe("a threat", () => {
  const kinds = (exposed: Parameters<typeof threatsTo>[0], managers: Managers, gone = true) =>
    threatsTo(exposed, managers, gone).map(({ what }) => /^\S+/.exec(what)?.[0]);
  const idle = told("runs systemd-network", "networkd   1 lo loopback carrier unmanaged");

  test.each<[string, Parameters<typeof threatsTo>[0], Managers, string[]]>([
    [
      "a route by a device of its own",
      { kind: "route", dev: "eth0" },
      told(...NETWORKD),
      ["systemd-networkd"],
    ],
    ["a route by a device that it leaves alone", { kind: "route", dev: "tun0" }, told(...NETWORKD), []],
    ["a route by whatever device", { kind: "route" }, told(...NETWORKD), ["systemd-networkd"]],
    ["a rule", { kind: "rule" }, told(...NETWORKD), ["systemd-networkd"]],
    [
      "an address on one of its devices",
      { kind: "address", dev: "d0" },
      told(...NETWORKD),
      ["systemd-networkd"],
    ],
    ["a rule where it has no device", { kind: "rule" }, idle, []],
    ["a rule of NetworkManager's", { kind: "rule" }, told(...NM), []],
    ["an address on a device", { kind: "address", dev: "tun1" }, told(...NM), ["NetworkManager"]],
    ["an address on a device that it is told of", { kind: "address", dev: "tun0" }, told(...NM), []],
    ["an address on a device like one that it is told of", { kind: "address", dev: "v9" }, told(...NM), []],
  ])("to %s", (_, exposed, managers, found) => {
    expect(kinds(exposed, managers)).toEqual(found);
  });

  test("by NetworkManager is none before anything has gone", () => {
    expect(kinds({ kind: "address", dev: "tun1" }, told(...NM), false)).toEqual([]);
  });

  test("says that netplan leaves the file", () => {
    const [threat] = threatsTo({ kind: "rule" }, told(...NETWORKD, "netplan"), false);
    expect(threat?.advice).toMatch(/ManageForeignRoutingPolicyRules=no\nnetplan writes the other files/);
  });
});
