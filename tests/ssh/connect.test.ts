import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { HostUnreachable } from "../../provider/errors";
import { hostFor } from "../../provider/host/session";
import { onWait } from "../../provider/host/waits";
import { agent } from "../support/ssh-agent";
import {
  CLIENT_KEY,
  ecdsa,
  ed25519,
  fingerprintOf,
  HOST_KEY,
  type ServerOptions,
  SshServer,
} from "../support/ssh-server";
import { addProgram } from "./fake-ip";
import { scratch } from "./scratch";

const SECRET = "correct horse battery staple";
const echo = { steps: [], queries: [{ argv: ["echo", "here"] }] };
const answered = { answers: [{ code: 0, stdout: "here\n", stderr: "" }] };
const folder = scratch();
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

let server: SshServer;
const start = async (options: ServerOptions = {}) => {
  server = await SshServer.start(options);
};
afterEach(() => server.stop());

const connect = (changes: Record<string, unknown> = {}) => hostFor(server.connection(changes)).exchange(echo);

/** The error that a connection ends with. In no form of it may a secret stand. */
async function refusal(changes: Record<string, unknown> = {}): Promise<HostUnreachable> {
  const error = await connect({ dialErrorLimit: 1, ...changes }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof HostUnreachable)) throw new Error(`not refused as expected: ${String(error)}`);
  const forms = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  expect(forms).not.toContain(SECRET);
  expect(forms).not.toContain("PRIVATE KEY");
  expect(error.message).toContain(server.connection(changes).host);
  return error;
}

describe("logging in", () => {
  test("with a key, a key's file, an encrypted key", async () => {
    await start();
    const locked = ed25519(SECRET);
    expect(await connect()).toEqual(answered);
    expect(await connect({ privateKey: undefined, privateKeyPath: file("key", CLIENT_KEY.private) })).toEqual(
      answered,
    );
    await server.stop();
    await start({ clientKey: locked });
    expect(await connect({ privateKeyPassword: SECRET })).toEqual(answered);
  });

  test("with a password", async () => {
    await start({ password: SECRET });
    expect(await connect({ privateKey: undefined, password: SECRET })).toEqual(answered);
  });

  test("with the password when the key is refused", async () => {
    await start({ password: SECRET });
    expect(await connect({ privateKey: ed25519().private, password: SECRET })).toEqual(answered);
  });

  test("with the agent, at a path or the one of SSH_AUTH_SOCK", async () => {
    await start();
    const socket = await agent([ed25519().private, CLIENT_KEY.private]);
    expect(await connect({ privateKey: undefined, agentSocketPath: socket })).toEqual(answered);
    process.env.SSH_AUTH_SOCK = socket;
    expect(await connect({ privateKey: undefined })).toEqual(answered);
    expect(server.connections).toBe(2);
  });

  test("with the password when there is no agent at the path", async () => {
    await start({ password: SECRET });
    const changes = { privateKey: undefined, password: SECRET, agentSocketPath: join(folder, "nobody") };
    expect(await connect(changes)).toEqual(answered);
  });

  test("says what was refused and what the host takes", async () => {
    await start({ password: SECRET });
    const error = await refusal({ privateKey: ed25519().private, user: "admin" });
    expect(error.message).toContain("admin was refused with publickey; it takes publickey, password\nCheck");
    expect(error.retryable).toBe(false);
    const both = await refusal({ privateKey: ed25519().private, password: `not ${SECRET}` });
    expect(both.message).toContain("root was refused with publickey and password");
    const password = await refusal({ privateKey: undefined, password: `not ${SECRET}` });
    expect(password.message).toContain("Check connection.user, and connection.password");
  });

  test("says when the host takes none of what is given", async () => {
    await start({ methods: ["password"] });
    const { message } = await refusal();
    expect(message).toContain("root was refused with nothing that it takes; it takes password");
  });

  test("says why the agent was of no use", async () => {
    await start();
    const { message } = await refusal({ privateKey: undefined, agentSocketPath: join(folder, "nobody") });
    expect(message).toMatch(/refused with the agent's keys.*the agent said: Failed to connect to agent/);
  });

  test("is not tried again when it was refused", async () => {
    await start();
    await refusal({ privateKey: ed25519().private, dialErrorLimit: 5 });
    expect(server.connections).toBe(1);
  });

  test("with nothing at all says what to give", async () => {
    await start();
    delete process.env.SSH_AUTH_SOCK;
    const { message } = await refusal({ privateKey: undefined });
    expect(message).toContain("there is nothing to log in with as root\nSet connection.privateKeyPath");
    expect(server.connections).toBe(0);
  });

  test("with a key that can't be used says what is wrong with it", async () => {
    await start();
    const locked = ed25519(SECRET).private;
    const messages = {
      "has a passphrase": { privateKey: locked },
      "can't be opened with connection.privateKeyPassword": {
        privateKey: locked,
        privateKeyPassword: `${SECRET}!`,
      },
      "can't be read as a private key": { privateKey: `${SECRET} is no key` },
      "is a public key": { privateKey: CLIENT_KEY.public },
      "no such file": { privateKey: undefined, privateKeyPath: join(folder, "missing") },
    };
    for (const [message, changes] of Object.entries(messages)) {
      expect((await refusal(changes)).message).toContain(message);
    }
    expect(server.connections).toBe(0);
  });
});

describe("the host's key", () => {
  const other = ed25519();
  const name = () => `[127.0.0.1]:${server.port}`;
  const knownHosts = (...lines: string[]) => ({
    hostKey: undefined,
    knownHosts: file("known_hosts", lines.join("\n")),
  });

  test("is accepted when it is the key, has the fingerprint, stands in the file, or need not be known", async () => {
    await start();
    expect(await connect({ hostKey: fingerprintOf(HOST_KEY) })).toEqual(answered);
    expect(await connect({ hostKey: undefined, insecureIgnoreHostKey: true })).toEqual(answered);
    expect(await connect(knownHosts("# a comment", "", `${name()} ${HOST_KEY.public}`))).toEqual(answered);
  });

  test("is found under a hashed name", async () => {
    await start();
    const salt = Buffer.from("0123456789abcdefghij");
    const hash = createHmac("sha1", salt).update(name()).digest("base64");
    const line = `|1|${salt.toString("base64")}|${hash} ${HOST_KEY.public}`;
    expect(await connect(knownHosts(line))).toEqual(answered);
  });

  test("is asked for in the kind that is known, whichever the host prefers", async () => {
    const second = ecdsa();
    await start({ hostKeys: [HOST_KEY, second] });
    expect(await connect({ hostKey: second.public })).toEqual(answered);
    expect(await connect({ hostKey: HOST_KEY.public })).toEqual(answered);
    expect(await connect(knownHosts(`${name()} ${second.public}`))).toEqual(answered);
  });

  test("that is another is refused, with both fingerprints and where the expected one is from", async () => {
    await start();
    for (const hostKey of [other.public, fingerprintOf(other)]) {
      const error = await refusal({ hostKey, dialErrorLimit: 5 });
      expect(error.message).toContain(
        `it showed ${fingerprintOf(HOST_KEY)} (ssh-ed25519), but connection.hostKey says ${fingerprintOf(other)}`,
      );
      expect(error.message).toContain(`ssh-keyscan -p ${server.port} 127.0.0.1`);
      expect(error.retryable).toBe(false);
    }
    expect(server.connections).toBe(2);
    const { message } = await refusal(knownHosts(`${name()} ${other.public}`));
    expect(message).toContain(`${join(folder, "known_hosts")} says ${fingerprintOf(other)} (ssh-ed25519)`);
    expect(server.commands).toEqual([]);
  });

  test("that is revoked is refused, although it stands in the file too", async () => {
    await start();
    const { message } = await refusal(
      knownHosts(`@revoked * ${HOST_KEY.public}`, `${name()} ${HOST_KEY.public}`),
    );
    expect(message).toContain(`${fingerprintOf(HOST_KEY)} (ssh-ed25519), which`);
    expect(message).toContain("says is revoked");
  });

  test("that the file lacks is missed before anything is connected", async () => {
    await start();
    const { message } = await refusal(knownHosts(`other.example ${HOST_KEY.public}`));
    expect(message).toContain(
      `has no key of ${name()}\nLog in once with \`ssh -p ${server.port} 127.0.0.1\``,
    );
    const authority = await refusal(knownHosts(`@cert-authority ${name()} ${HOST_KEY.public}`));
    expect(authority.message).toContain("its @cert-authority line is not used");
    const missing = await refusal({ hostKey: undefined, knownHosts: join(folder, "missing") });
    expect(missing.message).toContain("connection.knownHosts can't be read");
    expect(server.connections).toBe(0);
  });

  test("has to be known somehow", async () => {
    await start();
    const { message } = await refusal({ hostKey: undefined });
    expect(message).toContain("nothing says which key the host has");
    expect(server.connections).toBe(0);
  });
});

describe("a host that is not there", () => {
  test("is tried again until it is, and whoever listens hears of each attempt and of the end", async () => {
    await start({ closeFirst: 3 });
    const told: (readonly string[])[] = [];
    onWait((waits) => told.push(waits));
    expect(await connect()).toEqual(answered);
    onWait(() => {});
    expect(server.connections).toBe(4);
    const waits = [2, 3, 4].map((attempt) => [
      `127.0.0.1:${server.port}: attempt ${attempt} of 10, since the host closed the connection before anybody was logged in`,
    ]);
    expect(told).toEqual([...waits, []]);
  });

  test("that used up its attempts gets one more with each call, and all of them once it was there", async () => {
    await start({ closeFirst: 5 });
    const patience = { dialErrorLimit: 3 };
    await refusal(patience);
    expect(server.connections).toBe(3);
    await refusal(patience);
    expect(server.connections).toBe(4);
    await refusal(patience);
    expect(await connect(patience)).toEqual(answered);
    expect(server.connections).toBe(6);
    server.closeNext = 2;
    server.drop();
    expect(await connect(patience)).toEqual(answered);
    expect(server.connections).toBe(9);
  });

  test("is given up after the attempts that were asked for", async () => {
    await start();
    const nobody = createServer().listen(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address() as { port: number };
    nobody.close();
    await once(nobody, "close");
    const error = await refusal({ port, dialErrorLimit: 2 });
    expect(error.message).toMatch(
      /: the connection was refused \(2 tries in \d+ s\)\nIs the machine up, and does its sshd/,
    );
    expect(error.retryable).toBe(true);
  });

  test("is tried once for all who wait for it, and all hear why", async () => {
    await start({ closeFirst: 99 });
    const errors = await Promise.all(Array.from({ length: 5 }, () => refusal({ dialErrorLimit: 2 })));
    expect(new Set(errors.map(({ message }) => message)).size).toBe(1);
    expect(server.connections).toBe(2);
  });

  test("has a name that nobody knows", async () => {
    await start();
    const { message } = await refusal({ host: "no-such-host.invalid" });
    // Without a name server the machine can't tell.
    expect(message).toMatch(/the name no-such-host.invalid is not known|could not be looked up/);
  });

  test("is something else that listens there", async () => {
    await start();
    const web = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await once(web, "listening");
    const { port } = web.address() as { port: number };
    const error = await refusal({ port });
    web.close();
    expect(error.message).toMatch(/no SSH connection came about|closed the connection/);
  });
});

describe("a host that can't be used", () => {
  test("has no ip", async () => {
    await start({ rewrite: (command) => command.replace("command -v ip", "command -v no-such-ip") });
    expect((await refusal()).message).toContain(
      "iproute2 is not installed\nInstall it on 127.0.0.1: `apt install iproute2`",
    );
  });

  test("has an ip that is too old", async () => {
    addProgram(folder, "ip", `echo 'Option "-Numeric" is unknown, try "ip -help".' >&2; exit 255`);
    await start({ bin: folder });
    expect((await refusal()).message).toContain(
      `${join(folder, "ip")} is too old, or is not iproute2's: Option "-Numeric"`,
    );
  });

  test("has an account that may not run a shell", async () => {
    await start({ rewrite: () => "echo This account is currently not available.; exit 1" });
    const error = await refusal({ user: "nobody", dialErrorLimit: 5 });
    expect(error.message).toContain(
      "nobody logged in, but the shell on the host ended; the host said: This account is",
    );
    expect(server.connections).toBe(1);
  });

  test("runs something else that never ends", async () => {
    await start({ rewrite: () => "echo Welcome to the menu; cat" });
    const { message } = await refusal({ perDialTimeout: 3 });
    expect(message).toContain("no shell answered within 3 s; the host said: Welcome to the menu");
  });

  test("opens no session", async () => {
    await start({ maxSessions: 0 });
    const { message } = await refusal({ dialErrorLimit: 5 });
    expect(message).toContain("no shell could be opened");
    expect(message).toContain("MaxSessions");
    expect(server.connections).toBe(1);
  });
});
