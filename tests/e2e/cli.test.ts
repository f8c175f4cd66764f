import { execFile } from "node:child_process";
import { join } from "node:path";
import { ROOT, type Run } from "../../lab/engine";
import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { shell } from "../support/world";

/** The command `pulumi-ipip` with the real engine's state and a real machine, as a job runs it: without a terminal. */

const PASSWORD = "open sesame";
/** As if the host were to make at its next boot what no stack has. */
const BOOT_FILE = "/etc/pulumi-ipip/boot/100009-IpipTunnel-0123456789abcdef";
const program: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue", persist: "systemd" } },
  tunnel: {
    type: "IpipTunnel",
    args: { namespace: made("blue"), name: "t1", local: "10.0.0.1", remote: "10.0.0.2", mtu: 1400 },
  },
};

describe("pulumi-ipip", () => {
  let lab: Lab;
  let machine: Machine;
  let place: Program;
  let host: string;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    host = `127.0.0.1:${machine.port}`;
    place = await Program.on(machine);
    // Nobody is asked for it, but the state has it.
    place.declare(program, { password: PASSWORD });
    expectCode(await place.up(), Code.ok);
  });

  afterAll(async () => {
    await lab?.stop();
    place?.close();
  });

  /** cli runs the command, which never says a secret. */
  async function cli(args: readonly string[], stdin = ""): Promise<Run> {
    const command = [join(ROOT, "dist/cli/main.js"), ...args];
    const run = await new Promise<Run>((resolve) => {
      const child = execFile(process.execPath, command, { env: place.stack.env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
      child.stdin?.end(stdin);
    });
    expect(run.stdout + run.stderr).not.toContain(PASSWORD);
    return run;
  }
  const here = () => [`--cwd=${place.stack.program}`, "--stack=dev"];

  test("finds no drift where there is none, and says nothing beside it", async () => {
    expect(await cli(["drift", ...here()])).toEqual({
      code: 0,
      stdout: "2 objects on 1 host: 2 as asked for\n",
      stderr: "",
    });
  });

  test("shows what of ours is on the host, with its resource", async () => {
    const text = expectCode(await cli(["show", ...here()]), 0);
    expect(text).toMatch(
      new RegExp(`^object  ${host}  namespace blue .*/dev blue +pulumi:.*/dev/blue$`, "m"),
    );
    expect(text).toMatch(/ tunnel t1 in namespace blue .*\/dev tunnel /);
    expect(text).toMatch(/ boot file of namespace blue .*\/dev blue /);
    expect(text).toMatch(/^3 objects$/m);
  });

  test("names what was changed by hand in each format, and leaves it", async () => {
    await shell(machine, "ip -n blue link set t1 mtu 1300");
    const texts: Record<string, string> = {};
    for (const format of ["table", "json", "junit", "github"]) {
      const { code, stdout, stderr } = await cli(["drift", ...here(), "--format", format]);
      expect([format, code, stderr]).toEqual([format, 2, ""]);
      texts[format] = stdout;
    }
    expect(texts.table).toMatch(
      new RegExp(`^drift  ${host}  tunnel t1 in namespace blue  mtu +1400 +1300$`, "m"),
    );
    expect(JSON.parse(texts.json ?? "")).toMatchObject({
      exitCode: 2,
      objects: [{}, { name: "tunnel", differences: [{ attribute: "mtu", wanted: "1400", found: "1300" }] }],
    });
    expect(texts.junit).toContain('<failure type="drift" message="mtu: wanted 1400, found 1300">');
    expect(texts.github).toContain("::tunnel t1 in namespace blue: mtu: wanted 1400, found 1300\n");
    expect(await shell(machine, "ip -n blue link show t1")).toContain("mtu 1300");
    await shell(machine, "ip -n blue link set t1 mtu 1400");
  });

  test("takes a state from standard input, and says when its secrets are sealed", async () => {
    const clear = await place.stack.pulumi("stack", "export", "--show-secrets");
    expect(expectCode(await cli(["drift", "--state", "-"], clear.stdout), 0)).toContain("2 as asked for");
    const sealed = await place.stack.pulumi("stack", "export");
    expect(expectCode(await cli(["drift", "--state", "-"], sealed.stdout), 1)).toContain("--show-secrets");
  });

  test("finds an orphan, shows what removes it, and removes it when it is told to", async () => {
    expectCode(await cli(["orphans", ...here()]), 0);
    const project = (await place.stack.resources())[0]?.urn.split("::")[1];
    await shell(machine, "ip link add t9 type ipip local 10.0.0.1 remote 10.0.0.9");
    await shell(machine, `ip link set t9 alias pulumi:${project}/dev/forgotten`);
    await shell(machine, "ip route add blackhole 10.99.0.0/16 proto 204");
    await shell(machine, `echo '# tunnel t9 pulumi:${project}/dev/forgotten' >${BOOT_FILE}`);
    const found = await cli(["orphans", ...here()]);
    expect(found.code).toBe(2);
    expect(found.stdout).toMatch(
      new RegExp(`^orphan  ${host}  tunnel t9 +pulumi:${project}/dev/forgotten$`, "m"),
    );
    expect(found.stdout).toMatch(/^orphan .* boot file of tunnel t9 /m);
    expect(found.stdout).not.toContain("namespace blue");
    expect(found.stdout).toMatch(/^orphan .* route 10\.99\.0\.0\/16 .* protocol 204$/m);

    const asked = await cli(["orphans", ...here(), "--remove"]);
    expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining("  # ip link delete dev t9\n")]);
    await shell(machine, `ip link show t9; cat ${BOOT_FILE}`);

    const own = await cli(["orphans", ...here(), "--remove", "--yes"]);
    expect([own.code, own.stderr]).toEqual([2, expect.stringContaining(`removed  ${host}  tunnel t9\n`)]);
    expect(own.stderr).toContain(`removed  ${host}  boot file of tunnel t9\n`);
    expect(await shell(machine, "sed -n 1p /etc/pulumi-ipip/boot/*")).toMatch(/^# namespace blue .*\n$/);
    const all = await cli(["orphans", ...here(), "--remove", "--yes", "--owner", "any"]);
    expect([all.code, all.stderr]).toEqual([0, expect.stringContaining("removed")]);
    expect((await machine.run("ip link show t9")).code).not.toBe(0);
    expect(await shell(machine, "ip route show proto 204")).toBe("");
    expect(await shell(machine, "ip -n blue link show t1")).toContain("t1");
  });

  test("says that a host is down, and calls it trouble", async () => {
    await shell(machine, "systemctl stop ssh");
    const { code, stdout } = await cli(["drift", ...here()]);
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining(`trouble  ${host}  2 objects\n  | ${host}: `),
    ]);
    expect(stdout).toMatch(/2 could not be looked at\n$/);
  });
});
