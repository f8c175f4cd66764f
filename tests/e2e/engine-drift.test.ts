import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, DOORS, expectCode, made, Program } from "../support/declared";
import { doorsFor } from "../support/doors";
import { shell } from "../support/world";

/** What the engine makes of a host that somebody else has changed, command by command, with the exit codes for CI. */

const tunnel: Declared = {
  type: "IpipTunnel",
  args: {
    namespace: made("blue"),
    name: "t1",
    local: "10.0.0.1",
    remote: "10.0.0.2",
    mtu: 1400,
    addresses: ["192.168.50.1/30"],
  },
};
const program: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue" } },
  forwarding: { type: "Sysctl", args: { namespace: made("blue"), key: "net.ipv4.ip_forward", value: 1 } },
  tunnel,
  route: {
    type: "Route",
    args: { namespace: made("blue"), destination: "10.9.0.0/16", via: "192.168.50.2", dev: made("tunnel") },
  },
};
const DRIFT = "ip -n blue link set t1 mtu 1300";

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["machine"] });
  machine = lab.host("machine");
});

afterAll(() => lab?.stop());

describe.each(doorsFor())("drift, through %s", (door) => {
  let place: Program;

  beforeAll(async () => {
    place = await Program.on(machine);
    place.door = DOORS[door];
    place.declare(program);
    expectCode(await place.up(), Code.ok);
  });

  afterAll(() => place?.close());

  const mtu = async () => (await shell(machine, "ip netns exec blue cat /sys/class/net/t1/mtu")).trim();
  const recorded = async () =>
    (await place.stack.resources()).map(({ urn, id, inputs, outputs }) => ({ urn, id, inputs, outputs }));
  const previewOfRefresh = (...args: string[]) =>
    place.stack.pulumi("refresh", "--preview-only", "--expect-no-changes", ...args);

  test("without any, no command expects a change", async () => {
    expectCode(await place.preview(), Code.ok);
    expectCode(await previewOfRefresh(), Code.ok);
    expectCode(await place.preview("--refresh"), Code.ok);
    expectCode(await place.up("--refresh", "--expect-no-changes"), Code.ok);
  });

  test("a preview that doesn't look at the host doesn't see it", async () => {
    await shell(machine, DRIFT);
    expectCode(await place.preview(), Code.ok);
  });

  test("a preview of a refresh names exactly what drifted", async () => {
    const text = expectCode(await previewOfRefresh("--diff"), Code.changes);
    expect(text.match(/^ *[-+~] \w+ *: .*/gm)?.map((line) => line.trim())).toEqual(["~ mtu: 1400 => 1300"]);
    expect(text).toMatch(/~ 1 to update\s+4 unchanged/);
  });

  test("a preview with a refresh shows the repair, and writes nothing", async () => {
    const before = await recorded();
    const text = expectCode(await place.preview("--refresh", "--diff"), Code.changes);
    expect(text).toMatch(/~ mtu: 1300 => 1400/);
    expect(await recorded()).toEqual(before);
    expect(await mtu()).toBe("1300");
  });

  test("an up with a refresh repairs it", async () => {
    const text = expectCode(await place.up("--refresh"), Code.ok);
    expect(text).toMatch(/tunnel updated .*\[diff: ~mtu\]/);
    expect(await mtu()).toBe("1400");
  });

  test("a refresh alone takes it into the state, where preview finds it and up repairs it", async () => {
    await shell(machine, DRIFT);
    expectCode(await place.refresh(), Code.ok);
    expect((await place.find("tunnel"))?.inputs).toMatchObject({ mtu: 1300 });
    expect(await mtu()).toBe("1300");
    expectCode(await place.preview(), Code.changes);
    const text = expectCode(await place.up(), Code.ok);
    expect(text).toMatch(/~ 1 updated\s+4 unchanged/);
    expect(await mtu()).toBe("1400");
  });

  test("replaceOnChanges is heeded: what drifted is then made anew", async () => {
    await shell(machine, DRIFT);
    place.declare({ ...program, tunnel: { ...tunnel, options: { replaceOnChanges: ["mtu"] } } });
    const text = expectCode(await place.up("--refresh"), Code.ok);
    expect(text).toMatch(/tunnel (created|replaced) .*\[diff: ~mtu\]/);
    expect(await mtu()).toBe("1400");
    place.declare(program);
  });

  test("what is gone is shown as deleted, and made again by an up with a refresh", async () => {
    await shell(machine, "ip -n blue route delete 10.9.0.0/16");
    const text = expectCode(await previewOfRefresh(), Code.changes);
    expect(text).toMatch(/- .*Route route delete/);
    expect(text).toMatch(/- 1 to delete\s+4 unchanged/);
    expect(expectCode(await place.up("--refresh", "--run-program"), Code.ok)).toMatch(/route created/);
    expect(await shell(machine, "ip -n blue route show 10.9.0.0/16")).toContain("192.168.50.2");
  });

  test("a refresh alone forgets what is gone, and the next up makes it", async () => {
    // All of it: the kernel takes what is inside along.
    await shell(machine, "ip netns delete blue");
    expectCode(await place.refresh(), Code.ok);
    expect(await place.names()).toEqual([]);
    expect(expectCode(await place.preview(), Code.changes)).toMatch(/\+ 4 to create/);
    expectCode(await place.up(), Code.ok);
    expectCode(await place.preview("--refresh"), Code.ok);
  });

  test("a host that refuses connections is an error, and nothing of it is forgotten", async () => {
    const before = await recorded();
    await shell(machine, "systemctl stop ssh");
    const runs = [await place.refresh(), await place.up("--refresh")];
    await shell(machine, "systemctl start ssh");
    for (const run of runs) expect(expectCode(run, Code.error)).toContain(`127.0.0.1:${machine.port}`);
    expect(await recorded()).toEqual(before);
  });

  test("nor is it when the host does not answer at all", async () => {
    const before = await recorded();
    machine.freeze();
    const run = await place.refresh();
    machine.thaw();
    expect(expectCode(run, Code.error)).toContain(`127.0.0.1:${machine.port}`);
    expect(await recorded()).toEqual(before);
    expectCode(await place.preview("--refresh"), Code.ok);
  });

  test("destroy leaves nothing", async () => {
    expectCode(await place.destroy(), Code.ok);
    expect(await shell(machine, "ip netns list")).toBe("");
  });
});
