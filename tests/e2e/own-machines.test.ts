import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, ROOT, Stack } from "../../lab/engine";
import { Lab } from "../../lab/lab";
import { expectSuccess } from "../support/example";
import { shell } from "../support/world";

/** The README's second section: the project at the top of the repository, told by `pulumi config` of two machines. */
describe("the top-level project", () => {
  const name = `test-${randomBytes(4).toString("hex")}`;
  const home = join(CACHE, "e2e", name);
  const knownHosts = join(home, "known_hosts");
  let lab: Lab;
  let stack: Stack;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["a", "b"] });
    mkdirSync(home, { recursive: true });
    const lines = lab.machines.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`);
    writeFileSync(knownHosts, lines.join(""));
    stack = await Stack.open({ program: ROOT, home, name });
  });

  afterAll(async () => {
    await lab?.stop();
    rmSync(home, { recursive: true, force: true });
    rmSync(join(ROOT, `Pulumi.${name}.yaml`), { force: true });
  });

  test("joins two machines that it knows from pulumi config, logging in through sudo", async () => {
    const settings: Record<string, string | number> = {
      "ssh.privateKeyPath": lab.host("a").privateKeyPath,
      "ssh.knownHosts": knownHosts,
      "ssh.user": "ops",
      "ssh.become.method": "sudo",
    };
    for (const { name: host, port, address } of lab.machines) {
      settings[`${host}.host`] = "127.0.0.1";
      settings[`${host}.port`] = port;
      settings[`${host}.underlay`] = address;
    }
    for (const [key, value] of Object.entries(settings)) {
      expectSuccess(await stack.pulumi("config", "set", "--path", key, String(value)));
    }
    expectSuccess(await stack.pulumi("up", "--yes", "--skip-preview"));
    await shell(lab.host("a"), "ip netns exec private ping -c 2 -i 0.2 -W 5 10.10.2.2");
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    expect(await shell(lab.host("a"), "ip netns list")).toBe("");
  });
});
