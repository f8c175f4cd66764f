import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../lab/engine";
import { ADMIN_PASSWORD, Lab, type Machine } from "../../lab/lab";
import { until } from "../../lab/wait";
import { onWait } from "../../provider/host/waits";
import { type Bag, Calls, failed, type Made } from "../support/calls";
import { connectionTo, shell } from "../support/world";

/** What keeps a program from reaching a machine, from logging in, and from becoming root there. */

const tunnel = {
  name: "t1",
  local: "10.3.0.1",
  remote: "10.3.0.2",
  addresses: ["10.4.0.1/30"],
  mark: "pulumi:test/faults/t1",
};

describe("on the way to root on a host", () => {
  let lab: Lab;
  let machine: Machine;
  let label: string;
  let dir: string;
  let good: Calls;
  let there: Made;

  beforeAll(async () => {
    mkdirSync(join(CACHE, "e2e"), { recursive: true });
    dir = mkdtempSync(join(CACHE, "e2e", "login-"));
    lab = await Lab.start({ hosts: ["machine"] });
    machine = lab.host("machine");
    label = `127.0.0.1:${machine.port}`;
    good = calls({});
    there = await good.create("IpipTunnel", { ...tunnel, name: "t0", remote: "10.3.0.9", addresses: [] });
  });

  afterAll(async () => {
    await lab?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const calls = (more: Bag) =>
    new Calls({ ...connectionTo(machine), dialErrorLimit: 1, operationTimeout: 60, ...more });

  /** A session of its own: what is reached already would not be dialled again. */
  const anew = (more: Bag) => {
    const privateKeyPath = join(mkdtempSync(join(dir, "key-")), "id");
    copyFileSync(machine.privateKeyPath, privateKeyPath);
    return calls({ privateKeyPath, ...more });
  };

  const devices = () => shell(machine, "ip -brief address show");
  const message = (...lines: readonly string[]) => lines.join("\n");

  /** What creating the tunnel fails with; nothing of it is left, nor to be recorded. */
  async function failure(bad: Calls): Promise<string> {
    const { message, half } = await failed(bad.create("IpipTunnel", tunnel));
    expect(half).toBeUndefined();
    return message;
  }

  /** Every call says the same, none takes the object for gone, and the host is left alone. */
  async function refused(bad: Calls): Promise<string> {
    const before = await devices();
    const over = await bad.reaching(there);
    const message = await failure(bad);
    for (const call of [
      () => bad.read(over),
      () => bad.update(over, { ...tunnel, name: "t0", ttl: 9 }),
      () => bad.delete(over),
    ])
      expect(await failed(call())).toMatchObject({ message, half: undefined });
    expect(await devices()).toBe(before);
    return message;
  }

  /** What was refused goes well once the cause is gone, with the very same connection. */
  async function accepted(connection: Calls): Promise<void> {
    const made = await connection.create("IpipTunnel", tunnel);
    expect(await devices()).toContain("10.4.0.1/30");
    expect(await connection.read(made)).toMatchObject({ name: "t1", state: "up" });
    await connection.delete(made);
    expect(await devices()).not.toContain("10.4.0.1/30");
  }

  const keyPair = (name: string) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(dir, name)]);
    return { path: join(dir, name), line: readFileSync(join(dir, `${name}.pub`), "utf8").trim() };
  };
  const fingerprint = (file: string) => /SHA256:\S+/.exec(file)?.[0] ?? "";

  test("a key that the host does not know is refused, until the host is told of it", async () => {
    const key = keyPair("stranger");
    const stranger = calls({ privateKeyPath: key.path });
    expect(await refused(stranger)).toBe(
      message(
        `${label}: root was refused with publickey; it takes publickey, password`,
        "Check connection.user, and that the key is in ~/.ssh/authorized_keys of root on the host.",
      ),
    );
    await shell(machine, `mkdir -p ~/.ssh; echo '${key.line}' >>~/.ssh/authorized_keys`);
    await accepted(stranger);
  });

  test("a wrong password is refused, and never shown", async () => {
    const guess = calls({ user: "admin", privateKeyPath: undefined, password: "Tr0ub4dor" });
    expect(await failure(guess)).toBe(
      message(
        `${label}: admin was refused with password; it takes publickey, password`,
        "Check connection.user, and connection.password, and PasswordAuthentication and PermitRootLogin in its sshd_config.",
      ),
    );
  });

  test("a host that shows another key is not trusted, and both fingerprints are named", async () => {
    const other = keyPair("impostor");
    const expected = fingerprint(
      execFileSync("ssh-keygen", ["-lf", `${other.path}.pub`], { encoding: "utf8" }),
    );
    const shown = fingerprint(await shell(machine, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"));
    const advice =
      "If the machine was installed anew, or this is another of its keys, compare the fingerprint on the machine itself " +
      "(`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`) and take over the new one " +
      `(\`ssh-keyscan -p ${machine.port} 127.0.0.1\`). If not, somebody may be listening in.`;
    const why = `${label}: the host's key is not the one expected: it showed ${shown} (ssh-ed25519), but`;
    expect(await failure(calls({ hostKey: other.line }))).toBe(
      message(`${why} connection.hostKey says ${expected}`, advice),
    );

    const knownHosts = join(dir, "known_hosts");
    const known = calls({ hostKey: undefined, knownHosts });
    writeFileSync(knownHosts, `[127.0.0.1]:${machine.port} ${other.line}\n`);
    expect(await failure(known)).toBe(message(`${why} ${knownHosts} says ${expected} (ssh-ed25519)`, advice));
    writeFileSync(knownHosts, `[127.0.0.1]:${machine.port} ${machine.hostKey}\n`);
    await accepted(known);
  });

  test("without a host key nobody is even asked", async () => {
    const problem =
      "connection.hostKey: the host must prove who it is: set hostKey to a line of `ssh-keyscan 127.0.0.1` that you have " +
      'compared with the host, or knownHosts to "~/.ssh/known_hosts" after a first `ssh` to it; ' +
      "insecureIgnoreHostKey: true would trust anyone";
    expect(await calls({ hostKey: undefined }).problems("IpipTunnel", tunnel)).toEqual([problem]);
  });

  test("a port that nobody listens on is named, and how often it was tried", async () => {
    const text = await failure(calls({ port: 1, dialErrorLimit: 2 }));
    expect(text).toMatch(
      /^127\.0\.0\.1:1: the connection was refused \(2 tries in \d+ s\)\nIs the machine up, and does its sshd listen on port 1\?$/,
    );
  });

  test("a host whose sshd is stopped is not a host without objects", async () => {
    const down = anew({});
    await shell(machine, "systemctl stop ssh");
    expect(await refused(down)).toBe(
      message(
        `${label}: the connection was reset`,
        `Is the machine up, and does its sshd listen on port ${machine.port}?`,
      ),
    );
    await shell(machine, "systemctl start ssh");
    await accepted(down);
  });

  test("a call that waits for a host goes on when the host is there", async () => {
    const told: (readonly string[])[] = [];
    onWait((waits) => told.push(waits));
    await shell(machine, "systemctl stop ssh");
    const patient = accepted(anew({ dialErrorLimit: -1 }));
    await until(() => told.length > 2 || undefined, { for: "three failed attempts", seconds: 30 });
    await shell(machine, "systemctl start ssh");
    await patient;
    onWait(() => {});
    expect(told[1]).toEqual([`${label}: attempt 3, since the connection was reset`]);
    expect(told.at(-1)).toEqual([]);
  });

  test("a machine that hangs does not answer in time, over a new connection or an old one", async () => {
    const fresh = anew({ perDialTimeout: 4 });
    const old = calls({ operationTimeout: 4 });
    const [overFresh, overOld] = [await fresh.reaching(there), await old.reaching(there)];
    await old.read(overOld);
    machine.freeze();
    const failures = await Promise.all([failed(fresh.read(overFresh)), failed(old.read(overOld))]);
    machine.thaw();
    expect(failures.map(({ message }) => message)).toEqual([
      message(
        `${label}: there was no answer within 4 s`,
        `Is the machine up, and does its sshd listen on port ${machine.port}?`,
      ),
      message(
        `${label}: there was no answer within 4 s`,
        "while running: ip -json -details address show",
        "It was only asked, so nothing has changed.",
      ),
    ]);
    await accepted(fresh);
    expect(await old.read(overOld)).toMatchObject({ name: "t0" });
  });

  describe("with sudo or doas", () => {
    const guest = "guest";
    beforeAll(() =>
      shell(machine, `useradd --create-home --shell /bin/bash ${guest}; echo ${guest}:s3same | chpasswd`),
    );

    test("a user with sudo and no password to type needs none", async () => {
      await accepted(calls({ user: "ops", become: { method: "sudo" } }));
    });

    test("sudo that wants a password is told apart from sudo that got the wrong one", async () => {
      const asks = await failure(calls({ user: "admin", become: { method: "sudo" } }));
      expect(asks).toBe(
        message(
          `${label}: sudo asks for the password of admin`,
          "Set connection.become.password, or let admin do so without: admin ALL=(root) NOPASSWD: /bin/sh",
        ),
      );
      const wrong = calls({ user: "admin", become: { method: "sudo", password: "Tr0ub4dor" } });
      expect(await failure(wrong)).toBe(
        message(`${label}: sudo did not take connection.become.password`, "It asks for that of admin."),
      );
    });

    test("the right password makes root of a user, and is in no process's arguments or environment", async () => {
      const admin = calls({ user: "admin", become: { method: "sudo", password: ADMIN_PASSWORD } });
      await accepted(admin);
      const processes = await shell(
        machine,
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '",
      );
      // The session is open, with the shell that sudo has started.
      expect(processes).toContain("sudo -S -p");
      expect(processes).not.toContain(ADMIN_PASSWORD);
    });

    test("a user without the right learns the line of sudoers that gives it, and it does", async () => {
      const password = calls({ user: guest, become: { method: "sudo", password: "s3same" } });
      const line = `${guest} ALL=(root) NOPASSWD: /bin/sh`;
      expect(await failure(password)).toBe(
        message(
          `${label}: ${guest} logged in, but the shell on the host ended; the host said: guest is not in the sudoers file.`,
          `${guest} needs the right to run /bin/sh as root: a line of sudoers, ${line}`,
        ),
      );
      await shell(machine, `echo '${line}' >/etc/sudoers.d/guest`);
      await accepted(calls({ user: guest, become: { method: "sudo" } }));
    });

    test("a user without the right learns the line of doas.conf that gives it, and it does", async () => {
      const doas = calls({ user: guest, become: { method: "doas" } });
      await shell(machine, "rm -f /etc/doas.conf");
      const text = await failure(doas);
      const line = `permit nopass ${guest} as root cmd /bin/sh`;
      expect(text).toMatch(
        new RegExp(`^${label}: ${guest} logged in, but the shell on the host ended; the host said: doas: `),
      );
      expect(text).toContain(
        `\n${guest} needs the right to run /bin/sh as root: a line of doas.conf, ${line}`,
      );
      await shell(machine, `echo '${line}' >/etc/doas.conf`);
      await accepted(doas);
    });

    test("a host without doas is not taken for one that forbids it", async () => {
      await shell(machine, "mv /usr/bin/doas /usr/bin/doas.away");
      const text = await failure(anew({ user: "ops", become: { method: "doas" } }));
      await shell(machine, "mv /usr/bin/doas.away /usr/bin/doas");
      expect(text).toBe(
        message(
          `${label}: ops logged in, but the shell on the host ended; the host said: bash: line 1: exec: doas: not found`,
          "Install doas, or set connection.become.method to what the host has.",
        ),
      );
    });
  });

  describe("as a user without any right", () => {
    const CAPABILITY =
      "Changing the network needs CAP_NET_ADMIN: log in as root, or set connection.become to use sudo or doas.";
    const mark = "pulumi:test/faults/plain";
    const rows: readonly (readonly [type: string, inputs: Bag, command: string, answer: string])[] = [
      [
        "IpipTunnel",
        tunnel,
        "ip link add name t1 type ipip mode ipip local 10.3.0.1 remote 10.3.0.2 ttl inherit tos 0x0 pmtudisc",
        "RTNETLINK answers: Operation not permitted",
      ],
      ["Namespace", { name: "n1", mark }, "ip netns add n1", "mkdir /run/netns failed: Permission denied"],
      [
        "VethPair",
        { a: { name: "v1" }, b: { name: "v2" }, mark },
        "ip link add name v1 type veth peer name v2",
        "RTNETLINK answers: Operation not permitted",
      ],
      [
        "Route",
        { destination: "10.9.0.0/16", via: "10.99.0.1", mark },
        "ip -4 route add unicast 10.9.0.0/16 via 10.99.0.1 table 254 proto 204",
        "RTNETLINK answers: Operation not permitted",
      ],
      [
        "Sysctl",
        { key: "net.ipv4.ip_forward", value: 1 },
        "start a timer on the host",
        "mkdir: cannot create directory '/run/pulumi-ipip-undo-N': Permission denied",
      ],
    ];

    test.each(rows)("a %s is not made", async (type, inputs, command, answer) => {
      const { message: text, half } = await failed(calls({ user: "ops" }).create(type, inputs));
      expect(text.replace(/exit code \d+/, "exit code N").replace(/undo-\w+/, "undo-N")).toBe(
        message(`${label}: \`${command}\` failed with exit code N`, `  ${answer}`, CAPABILITY),
      );
      expect(half).toBeUndefined();
    });

    test("what is in a namespace can't be seen, which is not its absence", async () => {
      await shell(machine, "ip netns add n1");
      const made = await good.create("IpipTunnel", { ...tunnel, namespace: "n1" });
      const plain = calls({ user: "ops" });
      const over = await plain.reaching(made);
      for (const call of [plain.read(over), plain.delete(over)]) {
        expect((await failed(call)).message.replace(/exit code \d+/, "exit code N")).toBe(
          message(
            `${label}: \`ip -n n1 -json -details address show\` failed with exit code N`,
            '  setting the network namespace "n1" failed: Operation not permitted',
            CAPABILITY,
          ),
        );
      }
      expect(await good.read(made)).toMatchObject({ name: "t1" });
      await good.delete(made);
      await shell(machine, "ip netns delete n1");
    });
  });
});
