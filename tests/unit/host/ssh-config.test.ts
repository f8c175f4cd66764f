import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../provider/host/connection";
import { Refusal } from "../../../provider/host/refusal";
import { readAlias, type Said } from "../../../provider/host/ssh-config";
import { wayTo } from "../../../provider/host/stop";

const dir = mkdtempSync(join(tmpdir(), "pulumi-ipip-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ME = userInfo().username;
const HOME = homedir();
let files = 0;
function file(...lines: string[]): string {
  const path = join(dir, `config-${++files}`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}
const alias = (lines: readonly string[], said: Said = {}, name = "gw") =>
  readAlias(name, file(...lines), said);

async function refusal(lines: readonly string[], said: Said = {}): Promise<string> {
  const error = await alias(lines, said).catch((cause: unknown) => cause);
  if (!(error instanceof Refusal)) throw new Error(`not refused as expected: ${JSON.stringify(error)}`);
  expect(error.passing).toBe(false);
  return `${error.why}\n${error.advice}`;
}

describe("an alias", () => {
  test("has what its Host lines say, the first of each keyword, and every IdentityFile", async () => {
    const found = await alias([
      "Host other",
      "  HostName 192.0.2.1",
      "Host gw",
      "  hostname 203.0.113.10 # a comment",
      '  IdentityFile "~/my keys/one"',
      "  Port=2222",
      "Host g? !gone",
      "  HostName 192.0.2.2",
      "  User admin",
      "Host *",
      "  IdentityFile ~/.ssh/two",
      "  IdentitiesOnly yes",
      "  HostKeyAlias gw-key",
      "  SendEnv LANG",
    ]);
    expect(found).toMatchObject({
      name: "gw",
      host: "203.0.113.10",
      port: 2222,
      user: "admin",
      identityFiles: ["~/my keys/one", "~/.ssh/two"],
      identitiesOnly: true,
      hostKeyAlias: "gw-key",
      jumps: [],
    });
  });

  test("that no line speaks of is the name of a host, reached as whoever runs Pulumi", async () => {
    expect(await alias(["Host other", "  User admin"])).toMatchObject({
      host: "gw",
      port: undefined,
      user: ME,
      identityFiles: ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"],
      identitiesOnly: false,
      agent: undefined,
      knownHosts: [
        "~/.ssh/known_hosts",
        "~/.ssh/known_hosts2",
        "/etc/ssh/ssh_known_hosts",
        "/etc/ssh/ssh_known_hosts2",
      ],
    });
  });

  test("is not matched by a Host line that denies it", async () => {
    expect((await alias(["Host * !gw", "  User admin"])).user).toBe(ME);
  });

  test("has the known_hosts files that are named, or none of a kind", async () => {
    const { knownHosts } = await alias([
      "UserKnownHostsFile ~/a %d/b-%n",
      "GlobalKnownHostsFile none",
      "Host gw",
    ]);
    expect(knownHosts).toEqual(["~/a", `${HOME}/b-gw`]);
  });

  test("has its tokens and variables put in", async () => {
    process.env.KEYS = "/keys";
    const variable = ["$", "{KEYS}"].join("");
    const found = await alias([
      "Host gw",
      "  HostName %h.example",
      "  User admin",
      "  Port 2222",
      `  IdentityFile ${variable}/%r@%h:%p-%n-%u-100%%`,
      "  IdentityAgent ~/%n.sock",
    ]);
    expect(found.host).toBe("gw.example");
    expect(found.identityFiles).toEqual([`/keys/admin@gw.example:2222-gw-${ME}-100%`]);
    expect(found.agent).toBe("~/gw.sock");
    delete process.env.KEYS;
    expect(await refusal([`IdentityFile ${variable}/x`])).toContain("KEYS, which is not set");
    expect(await refusal(["IdentityFile ~/%j"])).toContain("%j, which is not supported\nThere are %% %d");
  });

  test.each([
    ["none", ""],
    ["SSH_AUTH_SOCK", "/the/usual"],
    ["$ANOTHER", "/another"],
  ])("has the agent that IdentityAgent %s means", async (text, socket) => {
    process.env.SSH_AUTH_SOCK = "/the/usual";
    process.env.ANOTHER = "/another";
    expect((await alias([`IdentityAgent ${text}`])).agent).toBe(socket);
    delete process.env.SSH_AUTH_SOCK;
    delete process.env.ANOTHER;
  });

  test("yields to what the program says, also in what depends on it", async () => {
    const lines = [
      "Host gw",
      "  HostName 192.0.2.1",
      "  Port 2222",
      "  User admin",
      "  IdentityFile ~/%r@%h:%p",
    ];
    expect(await alias(lines, { host: "203.0.113.10", port: 22, user: "root" })).toMatchObject({
      host: "203.0.113.10",
      port: 22,
      user: "root",
      identityFiles: ["~/root@203.0.113.10:22"],
    });
  });
});

describe("Include", () => {
  test("takes in files by pattern, in order, and leaves the Host line above as it was", async () => {
    const folder = join(dir, "conf.d");
    mkdirSync(folder);
    writeFileSync(join(folder, "2.conf"), "User second\nPort 22\n");
    writeFileSync(join(folder, "1.conf"), "Host other\n  Port 1\nHost gw\n  Port 2222\n");
    writeFileSync(join(folder, "not"), "User wrong\n");
    const found = await alias([
      "Host gw",
      `  Include ${folder}/*.conf`,
      "  User late",
      "  HostName 192.0.2.1",
    ]);
    expect(found).toMatchObject({ port: 2222, user: "second", host: "192.0.2.1" });
    const none = await alias(["Host other", `  Include ${folder}/*.conf`]);
    expect(none).toMatchObject({ port: undefined, user: ME });
  });

  test("of what is not there is nothing, and of itself an error", async () => {
    expect((await alias([`Include ${dir}/missing`, "User admin"])).user).toBe("admin");
    const circle = join(dir, "circle");
    writeFileSync(circle, `Include ${circle}\n`);
    expect(await refusal([`Include ${circle}`])).toContain("included too deep, or includes itself");
  });
});

describe("Match", () => {
  test.each([
    ["all", true],
    ["host 192.0.2.*", true],
    ["host gw", false],
    ["originalhost gw,other", true],
    ["!originalhost gw", false],
    ["user admin", true],
    [`localuser ${ME} originalhost g*`, true],
    ["localuser nobody-here", false],
  ])("%s is decided on", async (criteria, counts) => {
    const found = await alias([
      "Host gw",
      "  HostName 192.0.2.1",
      "  User admin",
      `Match ${criteria}`,
      "  Port 2222",
    ]);
    expect(found.port).toBe(counts ? 2222 : undefined);
  });

  test("that can't be decided on is an error where it would matter, and nothing is run", async () => {
    const ran = join(dir, "ran");
    const message = await refusal([`Match exec "touch ${ran}"`, "  User admin"]);
    expect(message).toContain(`"Match exec touch ${ran}" in `);
    expect(message).toContain("Only all, host, originalhost, user and localuser are");
    expect((await alias([`Match exec "touch ${ran}"`, "  ForwardAgent no"])).user).toBe(ME);
    expect((await alias(["Match originalhost other exec true", "  User admin"])).user).toBe(ME);
    expect(() => rmSync(ran)).toThrow("ENOENT");
  });
});

describe("ProxyJump", () => {
  const lines = [
    "Host gw",
    "  HostName 10.0.0.5",
    "  ProxyJump b1,admin@b2:2222,ssh://[fd00::1]:2022",
    "Host b1",
    "  HostName 203.0.113.1",
    "  User jump",
    "  ProxyJump b0",
    "Host b2",
    "  User ignored",
    "  Port 1",
    "  ProxyJump never",
  ];

  test("is a chain of aliases, of which the first one's own ProxyJump counts", async () => {
    const { jumps } = await alias(lines);
    expect(jumps.map(({ user, host, port }) => [user, host, port])).toEqual([
      [ME, "b0", undefined],
      ["jump", "203.0.113.1", undefined],
      ["admin", "b2", 2222],
      [ME, "fd00::1", 2022],
    ]);
  });

  test("yields to a proxy that the program gives, also an empty one", async () => {
    const way = async (more: Record<string, unknown>) =>
      (
        await wayTo(
          Connection.parse({ host: "gw", sshConfigHost: "gw", sshConfigPath: file(...lines), ...more }),
        )
      ).map(({ host, port }) => `${host}:${port}`);
    expect(await way({})).toEqual(["b0:22", "203.0.113.1:22", "b2:2222", "fd00::1:2022", "10.0.0.5:22"]);
    expect(await way({ proxy: [] })).toEqual(["10.0.0.5:22"]);
    expect(await way({ proxy: [{ host: "mine", hostKey: `SHA256:${"A".repeat(43)}` }] })).toEqual([
      "mine:22",
      "10.0.0.5:22",
    ]);
    expect(await way({ host: "198.51.100.7", proxy: [] })).toEqual(["198.51.100.7:22"]);
  });

  test("that goes in a circle, or can't be read, is an error", async () => {
    expect(await refusal(["Host gw", "  ProxyJump b", "Host b", "  ProxyJump gw"])).toContain(
      "ProxyJump goes in a circle: gw through b through gw",
    );
    expect(await refusal(["ProxyJump a b:c"])).toContain("A jump is [USER@]HOST[:PORT]");
  });
});

describe("what is not supported", () => {
  test.each([
    ["ProxyCommand nc %h %p", "Use ProxyJump, or set connection.proxy."],
    ["CanonicalizeHostname yes", "Write out HostName."],
    ["RevokedHostKeys /etc/ssh/revoked", "Put the keys into known_hosts as @revoked."],
    ["Port ssh", "Repair it."],
  ])("%s is an error", async (line, advice) => {
    expect(await refusal([line])).toContain(advice);
    expect((await alias(["Host other", `  ${line}`])).host).toBe("gw");
  });

  test("ProxyCommand is none when it says so, or when another way comes first", async () => {
    expect((await alias(["ProxyCommand none"])).jumps).toEqual([]);
    expect((await alias(["Host gw", "  ProxyJump b", "  ProxyCommand nc"])).jumps).toHaveLength(1);
    expect((await alias(["ProxyCommand nc"], { proxied: true })).jumps).toEqual([]);
  });
});

test("a file that is not there, or can't be read, is named", async () => {
  const missing = join(dir, "missing");
  await expect(readAlias("gw", missing, {})).rejects.toThrow(`there is no ${missing} to look up gw in`);
  await expect(readAlias("gw", dir, {})).rejects.toThrow(`${dir} can't be read as an ssh_config file`);
  expect(await refusal(['IdentityFile "open'])).toContain("can't be read as an ssh_config file");
});
