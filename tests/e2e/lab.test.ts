import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ADMIN_PASSWORD, Lab, type Machine } from "../../lab/lab";
import { IMAGES } from "../../lab/paths";
import { type Ran, run } from "../../lab/process";
import { allRecords, type LabRecord, pidFile } from "../../lab/record";
import { until } from "../../lab/wait";
import { NOTHING, remainsOf } from "../support/remains";
import { shell } from "../support/world";

const root = resolve(__dirname, "../..");

/** cli is the lab's command of a clone. */
const cli = (clone: string, ...args: string[]) => ["--import", "tsx", join(clone, "lab", "cli.ts"), ...args];

/** labCommand gives the outcome of a lab's command of a clone. */
const labCommand = (clone: string, ...args: string[]) =>
  run([process.execPath, ...cli(clone, ...args)], { cwd: clone });

/** anotherClone is a second copy of the lab with a folder of labs of its own; a blank in its path is the hard case. */
function anotherClone(): string {
  const clone = mkdtempSync(join(tmpdir(), "another clone "));
  cpSync(join(root, "lab"), join(clone, "lab"), { recursive: true });
  for (const name of ["package.json", "tsconfig.json", "node_modules"])
    symlinkSync(join(root, name), join(clone, name));
  return clone;
}

function shareImages(clone: string): void {
  const images = join(clone, ".cache", "lab");
  mkdirSync(images, { recursive: true });
  for (const name of readdirSync(IMAGES)) symlinkSync(join(IMAGES, name), join(images, name));
}

/** A lab of which only the pieces are left: its owner was killed while its machine booted. */
async function abandonLab(): Promise<string> {
  const owner = spawn(process.execPath, cli(root, "start", "victim"), { cwd: root, stdio: "ignore" });
  const isBooting = ({ id, owner: by }: LabRecord) =>
    by?.pid === owner.pid && existsSync(pidFile(id, "victim"));
  const id = await until(() => allRecords().find(isBooting)?.id, {
    for: "a machine of the other process to boot",
    seconds: 60,
  });
  owner.kill("SIGKILL");
  await once(owner, "exit");
  return id;
}

/** sshTo logs in from outside as anybody would, with a known_hosts file that holds just this one key. */
async function sshTo(machine: Machine, user: string, text: string, hostKey = machine.hostKey): Promise<Ran> {
  return run([...client(machine, hostKey), "-o", "BatchMode=yes", `${user}@127.0.0.1`, text]);
}

async function sshWithPassword(machine: Machine, user: string, password: string, text: string): Promise<Ran> {
  const helper = join(scratch, randomUUID());
  writeFileSync(helper, `#!/bin/sh\necho '${password}'\n`, { mode: 0o700 });
  const asking = ["env", `SSH_ASKPASS=${helper}`, "SSH_ASKPASS_REQUIRE=force"];
  const options = ["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"];
  return run([...asking, ...client(machine, machine.hostKey), ...options, `${user}@127.0.0.1`, text]);
}

function client(machine: Machine, hostKey: string): string[] {
  const knownHosts = join(scratch, randomUUID());
  writeFileSync(knownHosts, `[127.0.0.1]:${machine.port} ${hostKey}\n`);
  const strict = ["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${knownHosts}`];
  const key = ["-o", "IdentitiesOnly=yes", "-i", machine.privateKeyPath];
  return ["ssh", "-F", "none", ...strict, ...key, "-o", "ConnectTimeout=5", "-p", String(machine.port)];
}

/** roundTrips are the times, in milliseconds, of the answered pings among five. */
async function roundTrips(from: Machine, to: Machine): Promise<number[]> {
  const { stdout } = await from.run(`ping -n -c 5 -i 0.2 -W 1 ${to.address}`);
  return [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
}

const bootId = (machine: Machine) => shell(machine, "cat /proc/sys/kernel/random/boot_id");

let scratch: string;
let abandoned: string;
let lab: Lab;
let a: Machine;
let b: Machine;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "lab-test-"));
  abandoned = await abandonLab();
  expect(remainsOf(abandoned)).toMatchObject({ mounts: true, netns: true, folder: true });
  expect(remainsOf(abandoned).processes).not.toEqual([]);
  lab = await Lab.start({ hosts: ["a", "b"] });
  a = lab.host("a");
  b = lab.host("b");
});

afterAll(async () => {
  await lab?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe("a machine", () => {
  test.each(["root", "ops", "admin"])(
    "lets %s in with the lab's key and is known by its host key",
    async (user) => {
      expect(await sshTo(a, user, "id -un")).toEqual({ code: 0, stdout: `${user}\n`, stderr: "" });
    },
  );

  test("is not taken for another one", async () => {
    expect(b.hostKey).toMatch(/^ssh-ed25519 \S+$/);
    expect(b.hostKey).not.toBe(a.hostKey);
    const mistaken = await sshTo(a, "root", "true", b.hostKey);
    expect(mistaken.code).toBe(255);
    expect(mistaken.stderr).toContain("Host key verification failed");
  });

  test("takes a password from admin, the right one only, and from nobody else", async () => {
    const [right, wrong, others] = await Promise.all([
      sshWithPassword(a, "admin", ADMIN_PASSWORD, "id -un"),
      sshWithPassword(a, "admin", "wrong", "id -un"),
      sshWithPassword(a, "ops", ADMIN_PASSWORD, "id -un"),
    ]);
    expect(right).toEqual({ code: 0, stdout: "admin\n", stderr: "" });
    expect(wrong).toMatchObject({ code: 255, stdout: "" });
    expect(others).toMatchObject({ code: 255, stdout: "" });
  });

  test("lets ops become root without a password, and admin with the right one", async () => {
    const isRoot = { code: 0, stdout: "0\n", stderr: "" };
    const sudo = (password: string) =>
      a.run("sudo -S -p '' id -u", { user: "admin", stdin: `${password}\n` });
    const [ops, without, right, wrong] = await Promise.all([
      a.run("sudo -n id -u", { user: "ops" }),
      a.run("sudo -n id -u", { user: "admin" }),
      sudo(ADMIN_PASSWORD),
      sudo("wrong"),
    ]);
    expect(ops).toEqual(isRoot);
    expect(right).toEqual(isRoot);
    expect(without).toMatchObject({ code: 1, stdout: "" });
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
  });

  test("gives back what a command said, in whatever bytes, and how it ended", async () => {
    const stdin = "grüße, “世界”\n".repeat(20_000);
    expect(await a.run("cat; echo no >&2; exit 7", { stdin })).toEqual({
      code: 7,
      stdout: stdin,
      stderr: "no\n",
    });
    // 255 is also what ssh itself ends with.
    expect(await a.run("exit 255")).toMatchObject({ code: 255 });
  });

  test("runs more commands at once than one connection has sessions", async () => {
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    const answers = await Promise.all(numbers.map((number) => a.run(`echo ${number}`)));
    expect(answers.map(({ stdout }) => Number(stdout))).toEqual(numbers);
  });

  test("reaches the other by name, as a plain user too", async () => {
    expect(await a.run("ping -c 1 -W 5 b", { user: "ops" })).toMatchObject({ code: 0, stderr: "" });
    expect(await b.run("ping -c 1 -W 5 a", { user: "admin" })).toMatchObject({ code: 0, stderr: "" });
  });

  test("is a system without failed units, and loads tunnel modules only when they are needed", async () => {
    expect(await shell(a, "systemctl --failed --no-legend")).toBe("");
    expect(await shell(a, "cat /proc/modules")).not.toMatch(/^(ipip|sit|ip_gre|ip6_tunnel|tunnel4) /m);
    await shell(a, "modprobe ipip");
    await shell(b, "ip link add tun0 type ipip mode ipip local 10.99.0.12 remote 10.99.0.11");
    for (const machine of lab.machines) expect(await shell(machine, "cat /proc/modules")).toMatch(/^ipip /m);
  });
});

describe("the network", () => {
  test("shows each packet with its outer and its inner addresses, and none that came before or is of another kind", async () => {
    await shell(a, "ip link add tun0 type ipip mode ipip local 10.99.0.11 remote 10.99.0.12");
    for (const [machine, address] of [
      [a, "10.5.0.1/30"],
      [b, "10.5.0.2/30"],
    ] as const) {
      await shell(machine, `ip address add ${address} dev tun0 && ip link set tun0 up`);
    }
    await shell(a, "ping -c 1 -W 5 10.5.0.2");
    const captures = await Promise.all([
      lab.capture({ filter: "proto 4" }),
      lab.capture({ host: "b", filter: "proto 4 and src host 10.99.0.11" }),
    ]);
    await shell(a, "ping -c 2 -i 0.2 -W 5 10.5.0.2; ping -c 1 b");
    const [all, towardsB] = await Promise.all(captures.map((capture) => capture.packets()));
    expect(all).toHaveLength(4);
    expect(towardsB).toHaveLength(2);
    for (const line of towardsB ?? []) {
      expect(line).toMatch(
        /proto IPIP \(4\), length 104\) 10\.99\.0\.11 > 10\.99\.0\.12: .* 10\.5\.0\.1 > 10\.5\.0\.2: ICMP echo request/,
      );
    }

    await Promise.all(captures.map((capture) => capture.stop()));
    await shell(a, "ping -c 1 -W 5 10.5.0.2");
    const [first] = captures;
    expect(await first?.packets()).toEqual(all);
  });

  test("says what is wrong with a filter", async () => {
    await expect(lab.capture({ filter: "proto nonsense" })).rejects.toThrow("nonsense");
    expect(() => lab.capture({ host: "nobody", filter: "" })).toThrow(
      "there is no machine nobody; there are a, b",
    );
  });

  test("delays packets, loses them all, and recovers", async () => {
    await a.netem({ delayMs: 100 });
    const delayed = await roundTrips(a, b);
    expect(delayed).toHaveLength(5);
    expect(Math.min(...delayed)).toBeGreaterThanOrEqual(100);

    await a.netem({ lossPercent: 100 });
    expect(await roundTrips(b, a)).toEqual([]);

    await a.netem(undefined);
    expect(await roundTrips(b, a)).toHaveLength(5);
  });
});

describe("going down", () => {
  test("a frozen machine is silent, and thawed goes on as if nothing had been", async () => {
    const before = await bootId(b);
    b.freeze();
    expect(await roundTrips(a, b)).toEqual([]);
    expect(await sshTo(b, "root", "true")).toMatchObject({ code: 255 });
    b.thaw();
    expect(await bootId(b)).toBe(before);
  });

  test("a machine without power is gone, and one that is shut down wrote everything to its disk before", async () => {
    const before = await bootId(b);
    await shell(b, "echo kept >/root/note && sync");
    await shell(a, "echo unsynced >/root/note");
    await b.powerOff();
    expect(await roundTrips(a, b)).toEqual([]);
    expect((await sshTo(b, "root", "true")).code).toBe(255);
    await expect(b.reboot()).rejects.toThrow("machine b is not running");
    await expect(b.run("true")).rejects.toThrow("machine b is not running");
    await a.stop();
    expect(lab.machines.map(({ running }) => running)).toEqual([false, false]);

    await Promise.all([a.boot(), b.boot()]);
    expect(await bootId(b)).not.toBe(before);
    expect(await sshTo(b, "ops", "cat /etc/hostname")).toMatchObject({ code: 0, stdout: "b\n" });
    expect(await shell(b, "cat /root/note")).toBe("kept\n");
    expect(await shell(a, "cat /root/note")).toBe("unsynced\n");
    expect((await b.run("ip link show tun0")).code).toBe(1);
    await expect(b.boot()).rejects.toThrow("machine b is running already");
  });

  test("a reboot brings a machine back, whoever asked for it", async () => {
    const before = await bootId(a);
    await shell(a, "echo kept >/root/note");
    const others = bootAgain(b);
    await a.reboot();
    await others;
    expect(await bootId(a)).not.toBe(before);
    expect(await shell(a, "cat /root/note")).toBe("kept\n");
    expect(await sshTo(a, "ops", "true")).toMatchObject({ code: 0 });
  });

  /** bootAgain restarts a machine from within, as somebody who is logged in would. */
  async function bootAgain(machine: Machine): Promise<void> {
    const before = await bootId(machine);
    await machine.run("systemctl reboot").catch(() => undefined);
    const answered = async () => (await sshTo(machine, "root", "cat /proc/sys/kernel/random/boot_id")).stdout;
    await until(async () => ![before, ""].includes(await answered()) || undefined, {
      for: `${machine.name} to come back`,
      seconds: 120,
      explain: () => readFileSync(machine.console, "utf8"),
    });
  }
});

describe("labs", () => {
  test("a lab whose owner was killed while it booted is gone after the next start", () => {
    expect(remainsOf(abandoned)).toEqual(NOTHING);
  });

  test("another clone's lab runs beside this one, outlives the command that started it, and ends alone", async () => {
    const clone = anotherClone();
    try {
      expect(await labCommand(clone, "clean")).toEqual({ code: 0, stdout: "", stderr: "" });
      shareImages(clone);

      const started = await labCommand(clone, "start", "a", "--keep");
      expect(started).toMatchObject({ code: 0, stderr: "" });
      const id = /^lab (\w+), kept/m.exec(started.stdout)?.[1] ?? "";
      const remains = () => remainsOf(id, join(clone, ".cache", "labs", id));
      expect(remains()).toMatchObject({ mounts: true, netns: true, folder: true });
      expect(remains().processes).not.toEqual([]);

      expect(await labCommand(clone, "list")).toMatchObject({
        stdout: expect.stringMatching(/^ {2}a .*127.0.0.1.* on$/m),
      });
      expect(
        await labCommand(
          clone,
          "ssh",
          "ops@a",
          "--",
          "sudo cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d ' ' -f 1-2; exit 3",
        ),
      ).toMatchObject({ code: 3, stdout: expect.not.stringContaining(a.hostKey) });
      expect(await labCommand(clone, "netem", "a", "--delay", "20ms", "--loss", "1%")).toMatchObject({
        code: 0,
      });
      expect(await labCommand(clone, "ssh", "a", "--", "tc qdisc show dev eth0")).toMatchObject({
        stdout: expect.stringContaining("delay 20ms loss 1%"),
      });
      expect(await labCommand(clone, "clean")).toEqual({ code: 0, stdout: `ended lab ${id}\n`, stderr: "" });
      expect(remains()).toEqual(NOTHING);
      expect(await a.run("true")).toMatchObject({ code: 0 });
    } finally {
      await labCommand(clone, "clean");
      rmSync(clone, { recursive: true });
    }
  });

  test("another process finds a lab by its id", async () => {
    expect(await Lab.open(lab.id).host("b").run("hostname")).toMatchObject({ stdout: "b\n" });
    expect(() => Lab.open("nonsense")).toThrow("there is no lab nonsense");
  });

  test("a start without root or with unfit names says so and makes nothing", async () => {
    const own = () => allRecords().filter(({ owner }) => owner?.pid === process.pid).length;
    const before = own();
    const uid = jest.spyOn(process, "getuid").mockReturnValue(1000);
    await expect(Lab.start({ hosts: ["a"] })).rejects.toThrow("the lab needs root");
    uid.mockRestore();
    await expect(Lab.start({ hosts: ["a", "a"] })).rejects.toThrow("a name of its own");
    await expect(Lab.start({ hosts: ["a b"] })).rejects.toThrow("a b cannot be a machine's name");
    expect(own()).toBe(before);
  });

  test("nothing of a lab is left when it has ended", async () => {
    await lab.capture({ filter: "" });
    expect(remainsOf(lab.id)).toMatchObject({ mounts: true, netns: true, folder: true });
    expect(remainsOf(lab.id).processes).not.toEqual([]);
    await lab.stop();
    expect(remainsOf(lab.id)).toEqual(NOTHING);
    // Stopping it once more does no harm.
    await lab.stop();
  });
});
