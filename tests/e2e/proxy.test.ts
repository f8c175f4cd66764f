import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../lab/engine";
import { ADMIN_PASSWORD, Lab, type Machine } from "../../lab/lab";
import { type Bag, Calls, failed } from "../support/calls";
import { connectionTo, shell } from "../support/world";

/** The way to a machine that only another one reaches, which only a third one reaches, all with OpenSSH's sshd. */
describe("through other machines", () => {
  let lab: Lab;
  let first: Machine;
  let second: Machine;
  let target: Machine;
  let dir: string;

  beforeAll(async () => {
    mkdirSync(join(CACHE, "e2e"), { recursive: true });
    dir = mkdtempSync(join(CACHE, "e2e", "proxy-"));
    lab = await Lab.start({ hosts: ["first", "second", "target"] });
    [first, second, target] = ["first", "second", "target"].map((name) => lab.host(name)) as [
      Machine,
      Machine,
      Machine,
    ];
  });

  afterAll(async () => {
    await lab?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const tunnel = {
    name: "t1",
    local: "10.3.0.1",
    remote: "10.3.0.2",
    addresses: ["10.4.0.1/30"],
    mark: "pulumi:test/proxy/t1",
  };

  /** A machine by the address that the others know it by. */
  const within = ({ address: host, hostKey, privateKeyPath }: Machine) => ({ host, hostKey, privateKeyPath });

  /** Each hop has a log-in of its own, and the host another one. */
  const chain = (): Bag => ({
    ...within(target),
    user: "ops",
    become: { method: "sudo" },
    proxy: [
      connectionTo(first),
      { ...within(second), privateKeyPath: undefined, user: "admin", password: ADMIN_PASSWORD },
    ],
    dialErrorLimit: 1,
  });

  /** The addresses from which somebody is logged in to a machine, but for this one. */
  const callers = async (machine: Machine) =>
    (await shell(machine, "ss -Htn state established sport = :22")).match(/10\.99\.\d+\.\d+(?=:\d+\s*$)/gm) ??
    [];

  test("a tunnel is made, read, changed and removed, each machine being reached from the one before", async () => {
    const calls = new Calls(chain());
    const made = await calls.create("IpipTunnel", tunnel);
    expect(await callers(target)).toContain(second.address);
    expect(await callers(second)).toContain(first.address);
    expect(await callers(target)).not.toContain(first.address);
    expect(await calls.read(made)).toMatchObject({ name: "t1", state: "up" });
    const changed = await calls.update(made, { ...tunnel, ttl: 9 });
    expect(await shell(target, "ip -details tunnel show t1")).toContain("ttl 9");
    await calls.delete(changed);
    expect(await shell(target, "ip -brief link show")).not.toContain("t1");
  });

  test("an alias of ssh_config leads there by its ProxyJump", async () => {
    const known = join(dir, "known_hosts");
    const lines = [
      `[127.0.0.1]:${first.port} ${first.hostKey}`,
      `${second.address} ${second.hostKey}`,
      `${target.address} ${target.hostKey}`,
    ];
    writeFileSync(known, `${lines.join("\n")}\n`);
    const sshConfigPath = join(dir, "ssh_config");
    const text = `
Host *
  IdentityFile ${first.privateKeyPath}
  UserKnownHostsFile ${known}
Host outer
  HostName 127.0.0.1
  Port ${first.port}
  User root
Host inner
  HostName ${second.address}
  User ops
Host site-*
  HostName ${target.address}
  User root
  ProxyJump outer,inner
`;
    writeFileSync(sshConfigPath, text);
    const calls = new Calls({ sshConfigHost: "site-7", sshConfigPath, dialErrorLimit: 1 });
    const made = await calls.create("IpipTunnel", tunnel);
    expect(await shell(target, "ip -brief link show")).toContain("t1");
    expect(await callers(target)).toContain(second.address);
    await calls.delete(made);
  });

  test("a machine that lets no connection pass is named, and so is one whose key is another", async () => {
    const impostor = new Calls({
      ...chain(),
      proxy: [connectionTo(first), { ...within(second), hostKey: target.hostKey }],
    });
    const foreign = (await failed(impostor.create("IpipTunnel", tunnel))).message;
    expect(foreign).toContain(second.address);
    expect(foreign.match(/SHA256:/g)).toHaveLength(2);
    const over = new Calls({ ...chain(), user: "root", become: undefined });
    await shell(second, "echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/0.conf; systemctl reload ssh");
    const { message } = await failed(over.create("IpipTunnel", tunnel));
    await shell(second, "rm /etc/ssh/sshd_config.d/0.conf; systemctl reload ssh");
    expect(message).toContain(
      `the hop ${second.address} does not let connections to ${target.address}:22 pass`,
    );
    expect(message).toContain("AllowTcpForwarding");
    const made = await over.create("IpipTunnel", tunnel);
    await over.delete(made);
  });
});
