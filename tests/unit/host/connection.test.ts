import { Connection, completed, connectionProblems } from "../../../provider/host/connection";
import { parseInputs } from "../../../provider/unknown";

const blob = Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.alloc(36, 7),
]).toString("base64");
const KEY = `ssh-ed25519 ${blob}`;
const FINGERPRINT = `SHA256:${"A".repeat(43)}`;

const messages = (value: unknown) => {
  const { error } = Connection.safeParse(value);
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
};

/** What rules between keys look at: what is left out is undefined. */
const known = (value: Record<string, unknown>) => parseInputs(Connection, value).known as Partial<Connection>;

test("defaults are filled in, and what is left out stays away", () => {
  expect(Connection.parse({ host: "gw", become: { method: "sudo" } })).toEqual({
    host: "gw",
    insecureIgnoreHostKey: false,
    perDialTimeout: 15,
    dialErrorLimit: 10,
    operationTimeout: 300,
    become: { method: "sudo", user: "root" },
  });
});

test("port and user have defaults where no alias may name others, and an alias is the host's name", () => {
  expect(completed(known({ host: "gw" }))).toEqual({ port: 22, user: "root" });
  expect(completed(known({ host: "gw", port: 2222, user: "admin" }))).toEqual({});
  expect(completed(known({ sshConfigHost: "gw" }))).toEqual({ host: "gw" });
  expect(completed(known({ sshConfigHost: "gw", host: "203.0.113.10" }))).toEqual({});
  expect(completed({ host: "gw", port: undefined, user: undefined })).toEqual({});
});

test("the canonical form is a form that users may write", () => {
  const canonical = Connection.parse({
    host: "gw",
    hostKey: `gw ${KEY} comment`,
    become: { method: "doas" },
  });
  expect(Connection.parse(canonical)).toEqual(canonical);
});

describe("a host key", () => {
  test.each([
    ["as in a .pub file", `${KEY} root@gw`],
    ["as ssh-keyscan prints it", `gw ${KEY}\n`],
    ["as in known_hosts, with a port", `[gw]:2222 ${KEY} comment`],
    ["alone", KEY],
  ])("%s becomes type and key", (_where, text) => {
    expect(Connection.parse({ host: "gw", hostKey: text }).hostKey).toBe(KEY);
  });

  test("may be a fingerprint", () => {
    expect(Connection.parse({ host: "gw", hostKey: ` ${FINGERPRINT}\n` }).hostKey).toBe(FINGERPRINT);
  });

  test.each([
    "",
    "AAAA",
    blob,
    "ssh-ed25519",
    "ssh-ed25519 AAAA",
    `ssh-rsa ${blob}`,
    "MD5:00:11",
    "SHA256:short",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
  ])("%j is none, and it is said what one looks like", (text) => {
    expect(messages({ host: "gw", hostKey: text })).toEqual([
      expect.stringContaining("hostKey: a host key looks like"),
    ]);
  });
});

test.each([
  [{ host: "root@gw" }, "host: write a name or an address alone"],
  [{ host: "ssh://gw" }, "host:"],
  [{ host: "gw 2" }, "host:"],
  [{ host: "-oProxyCommand" }, "host:"],
  [{ host: "gw", port: 0 }, "port: a port is a number from 1 to 65535"],
  [{ host: "gw", port: 70000 }, "port:"],
  [{ host: "gw", dialErrorLimit: 0 }, "dialErrorLimit: give the number of attempts"],
  [{ host: "gw", operationTimeout: 0 }, "operationTimeout:"],
  [{ host: "gw", become: { method: "su" } }, "become.method:"],
  [{ host: "gw", become: { method: "sudo", password: "a\nb" } }, "become.password: a password is one line"],
  [{ host: "gw", become: { method: "sudo", user: "root;id" } }, "become.user: write a user name"],
  [{ host: "gw", keepAliveInterval: -1 }, "keepAliveInterval: give seconds, or 0"],
  [{ host: "gw", keepAliveErrorLimit: 0 }, "keepAliveErrorLimit: give a number, 1 or more"],
  [{ host: "gw", agentIdentity: "SHA256:short" }, "agentIdentity: write "],
  [{ host: "gw", agentIdentity: "ssh-ed25519 ?" }, "agentIdentity: write "],
  [{ host: "gw", agentIdentity: "-----BEGIN OPENSSH PRIVATE KEY-----" }, "agentIdentity: write "],
  [{ host: "gw", knownHosts: [] }, "knownHosts: give "],
  [{ host: "gw", knownHosts: [""] }, "knownHosts.0: a path can't be empty"],
  [{ sshConfigHost: "admin@gw" }, "sshConfigHost: write the alias alone"],
  [{ sshConfigHost: "*.example" }, "sshConfigHost: write the alias alone"],
  [{ sshConfigHost: "gw", sshConfigPath: "" }, "sshConfigPath: a path can't be empty"],
  [{ host: "gw", proxy: [{}] }, "proxy.0.host: "],
  [{ host: "gw", proxy: [{ host: "b", port: 0 }] }, "proxy.0.port: a port is a number"],
  [{ host: "gw", proxy: [{ host: "b", become: {} }] }, 'proxy.0: Unrecognized key: "become"'],
  [{ host: "gw", privatekey: "x" }, ': Unrecognized key: "privatekey"'],
])("%j is refused", (value, message) => {
  expect(messages(value)).toEqual([expect.stringContaining(message)]);
});

test.each(["gw", "gw.example", "203.0.113.10", "fd00::10", "fe80::1%eth0", "gw_1"])(
  "%s is a host",
  (host) => {
    expect(messages({ host })).toEqual([]);
  },
);

describe("what is wrong between keys", () => {
  const problems = (value: Record<string, unknown>) => {
    const host = "sshConfigHost" in value ? {} : { host: "gw" };
    return connectionProblems(known({ ...host, ...value })).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  };

  test.each([
    { hostKey: KEY },
    { knownHosts: "~/.ssh/known_hosts" },
    { insecureIgnoreHostKey: true },
    { hostKey: KEY, insecureIgnoreHostKey: false },
    { hostKey: KEY, privateKey: "x", privateKeyPassword: "y", password: "z" },
    { hostKey: KEY, privateKeyPath: "x", privateKeyPassword: "y" },
    { hostKey: KEY, become: { method: "sudo", password: "x" } },
    { sshConfigHost: "gw" },
    { sshConfigHost: "gw", sshConfigPath: "x", privateKeyPassword: "for the file's IdentityFile" },
    { hostKey: KEY, proxy: [] },
    { hostKey: KEY, proxy: [{ host: "b", hostKey: KEY }] },
    { hostKey: KEY, knownHosts: undefined, agentIdentity: FINGERPRINT },
    { knownHosts: ["x", "y"], agentIdentity: "~/.ssh/id_ed25519.pub" },
  ])("is nothing in %j", (value) => {
    expect(problems(value)).toEqual([]);
  });

  test("a host that need not prove who it is, with what to do about it", () => {
    expect(problems({})).toEqual([
      expect.stringMatching(/^hostKey: .*`ssh-keyscan gw`.*knownHosts.*insecureIgnoreHostKey/),
    ]);
  });

  test.each([
    [{ hostKey: KEY, knownHosts: "x" }, "knownHosts: give hostKey or knownHosts, not both"],
    [
      { hostKey: KEY, insecureIgnoreHostKey: true },
      "insecureIgnoreHostKey: give hostKey or insecureIgnoreHostKey, not both",
    ],
    [
      { hostKey: KEY, privateKey: "x", privateKeyPath: "y" },
      "privateKeyPath: give privateKey or privateKeyPath, not both",
    ],
    [{ hostKey: KEY, privateKeyPassword: "x" }, "privateKeyPassword: there is no key for this passphrase"],
    [
      { hostKey: KEY, become: { method: "doas", password: "x" } },
      "become.password: doas takes a password from a terminal only",
    ],
  ])("%j", (value, message) => {
    expect(problems(value)).toEqual([expect.stringContaining(message)]);
  });

  test("of a hop are told by its place", () => {
    const proxy = [
      { host: "b1", hostKey: KEY },
      { host: "b2", privateKeyPassword: "x" },
    ];
    expect(problems({ hostKey: KEY, proxy })).toEqual([
      expect.stringMatching(/^proxy\.1\.hostKey: .*`ssh-keyscan b2`/),
      expect.stringMatching(/^proxy\.1\.privateKeyPassword: there is no key/),
    ]);
  });

  test("a host without a name, and a file that nothing is looked up in", () => {
    expect(connectionProblems(known({ hostKey: KEY }))).toEqual([{ path: ["host"], message: "is required" }]);
    expect(problems({ hostKey: KEY, sshConfigPath: "x" })).toEqual([
      "sshConfigPath: there is nothing to look up in this file: set sshConfigHost",
    ]);
  });

  test("is nothing that may be right once all is known", () => {
    expect(connectionProblems({ host: undefined, hostKey: undefined })).toEqual([]);
    expect(connectionProblems({ host: "gw", knownHosts: undefined, insecureIgnoreHostKey: false })).toEqual(
      [],
    );
    expect(connectionProblems({ privateKeyPassword: "x", privateKey: undefined })).toEqual([]);
    expect(connectionProblems({})).toEqual([]);
  });
});

test("secret are exactly the keys that let somebody in", () => {
  const secrets = (shape: object, path = ""): string[] =>
    Object.entries(shape).flatMap(([key, schema]) => {
      const core = schema.unwrap?.();
      const inner = (core?.element ?? core)?.shape as object | undefined;
      return [
        ...(schema.meta()?.secret === true ? [path + key] : []),
        ...(inner ? secrets(inner, `${path}${key}.`) : []),
      ];
    });
  expect(secrets(Connection.shape)).toEqual([
    "password",
    "privateKey",
    "privateKeyPassword",
    "proxy.password",
    "proxy.privateKey",
    "proxy.privateKeyPassword",
    "become.password",
  ]);
});
