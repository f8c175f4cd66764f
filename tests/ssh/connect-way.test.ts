import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { until } from "../../lab/wait";
import { ConnectionLost, HostUnreachable } from "../../provider/errors";
import { Connection } from "../../provider/host/connection";
import { hostFor } from "../../provider/host/session";
import { ed25519, fingerprintOf, type KeyPair, type ServerOptions, SshServer } from "../support/ssh-server";
import { scratch } from "./scratch";

/** Ways to a host that lead through other machines, said in the program or by ssh_config. */

const SECRET = "correct horse battery staple";
const ask = (...argv: string[]) => ({ steps: [], queries: [{ argv }] });
const answered = { answers: [{ code: 0, stdout: "here\n", stderr: "" }] };
const folder = scratch();

/** Machine is a server with a host key and a client's key that no other has. */
interface Machine {
  readonly server: SshServer;
  readonly hostKey: KeyPair;
  readonly clientKey: KeyPair;
}

const machines: Machine[] = [];
async function machine(options: ServerOptions = {}): Promise<Machine> {
  const [hostKey, clientKey] = [ed25519(), ed25519()];
  const server = await SshServer.start({ hostKeys: [hostKey], clientKey, ...options });
  machines.push({ server, hostKey, clientKey });
  return { server, hostKey, clientKey };
}
afterEach(async () => {
  for (const { server } of machines.splice(0)) await server.stop();
});

const hop = ({ server, hostKey, clientKey }: Machine, changes: Record<string, unknown> = {}) => ({
  host: "127.0.0.1",
  port: server.port,
  privateKey: clientKey.private,
  hostKey: hostKey.public,
  ...changes,
});
const nameOf = ({ server }: Machine) => `127.0.0.1:${server.port}`;

async function refusal(connection: Connection): Promise<HostUnreachable> {
  const error = await hostFor(connection)
    .exchange(ask("echo", "here"))
    .catch((cause: unknown) => cause);
  if (!(error instanceof HostUnreachable)) throw new Error(`not refused as expected: ${String(error)}`);
  for (const text of [error.message, JSON.stringify(error)]) {
    expect(text).not.toContain("PRIVATE KEY");
    expect(text).not.toContain(SECRET);
  }
  return error;
}

describe("proxy", () => {
  test("leads through each machine to the next, each with its own credentials and key", async () => {
    const [first, second, host] = [
      await machine({ forwards: true, password: SECRET, methods: ["password"] }),
      await machine({ forwards: true }),
      await machine(),
    ];
    const proxy = [hop(first, { privateKey: undefined, password: SECRET }), hop(second)];
    const { exchange, label } = hostFor(host.server.connection({ proxy }));
    expect(await exchange(ask("echo", "here"))).toEqual(answered);
    expect(label).toBe(nameOf(host));
    expect(first.server.forwarded).toEqual([nameOf(second)]);
    expect(second.server.forwarded).toEqual([nameOf(host)]);
    expect([first, second, host].map(({ server }) => server.connections)).toEqual([1, 1, 1]);
    // Only the host itself is asked to run anything.
    expect([first, second].flatMap(({ server }) => server.commands)).toEqual([]);
  });

  test("says which hop refuses, and which of the inputs to look at", async () => {
    const [first, second, host] = [
      await machine({ forwards: true }),
      await machine({ forwards: true }),
      await machine(),
    ];
    const another = ed25519();
    const login = await refusal(
      host.server.connection({
        proxy: [hop(first), hop(second, { privateKey: another.private, user: "jump" })],
      }),
    );
    expect(login.message).toBe(
      `${nameOf(host)}: the hop ${nameOf(second)}: jump was refused with publickey; it takes publickey, password\n` +
        "Check connection.proxy[1].user, and that the key is in ~/.ssh/authorized_keys of jump on the host.",
    );
    const key = await refusal(host.server.connection({ proxy: [hop(first, { hostKey: another.public })] }));
    expect(key.message).toContain(
      `${nameOf(host)}: the hop ${nameOf(first)}: the host's key is not the one expected: it showed ` +
        `${fingerprintOf(first.hostKey)} (ssh-ed25519), but connection.proxy[0].hostKey says ${fingerprintOf(another)}`,
    );
    expect(host.server.connections).toBe(0);
  });

  test("says that what the last hop leads to is not the host that was meant", async () => {
    const [first, host] = [await machine({ forwards: true }), await machine()];
    const { message } = await refusal(
      host.server.connection({ proxy: [hop(first)], hostKey: first.hostKey.public }),
    );
    expect(message).toContain(`${nameOf(host)}: the host's key is not the one expected`);
    expect(message).toContain(`connection.hostKey says ${fingerprintOf(first.hostKey)}`);
  });

  test("says what a hop must allow, and does not ask it again", async () => {
    const [first, host] = [await machine(), await machine()];
    const error = await refusal(host.server.connection({ proxy: [hop(first)] }));
    expect(error.message).toContain(
      `the hop ${nameOf(first)} does not let connections to ${nameOf(host)} pass`,
    );
    expect(error.message).toContain("AllowTcpForwarding");
    expect(error.retryable).toBe(false);
    expect(first.server.connections).toBe(1);
  });

  test("is tried again when a hop finds nobody at the other end", async () => {
    const first = await machine({ forwards: true });
    const nobody = createServer().listen(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address() as { port: number };
    nobody.close();
    await once(nobody, "close");
    const connection = first.server.connection({ port, proxy: [hop(first)], dialErrorLimit: 2 });
    const { message } = await refusal(connection);
    expect(message).toContain(`the hop ${nameOf(first)} can't connect to 127.0.0.1:${port}`);
    expect(message).toContain("(2 tries in");
    expect(first.server.connections).toBe(2);
  });

  test("is given up after its time when nobody at the other end says a word", async () => {
    const first = await machine({ forwards: true });
    const mute = createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as { port: number };
    const patience = { perDialTimeout: 0.5, dialErrorLimit: 1 };
    const { message } = await refusal(first.server.connection({ port, proxy: [hop(first)], ...patience }));
    expect(message).toContain("there was no answer within 0.5 s");
    await until(() => first.server.open === 0 || undefined, { for: "connections to close", seconds: 20 });
    mute.close();
  });

  test("that breaks is a connection that is lost, with the hop's name", async () => {
    const [first, host] = [await machine({ forwards: true }), await machine()];
    const { exchange } = hostFor(host.server.connection({ proxy: [hop(first)] }));
    await exchange(ask("true"));
    const lost = exchange({ steps: [{ argv: ["sleep", "60"] }], queries: [] }).catch(
      (error: unknown) => error,
    );
    await until(() => host.server.input.includes("sleep") || undefined, {
      for: "the program to run",
      seconds: 20,
    });
    first.server.drop();
    const error = await lost;
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(String(error)).toContain(`the hop ${nameOf(first)} was lost`);
    expect(await exchange(ask("echo", "here"))).toEqual(answered);
    expect(first.server.connections).toBe(2);
  });

  test("ends with the session, every hop of it", async () => {
    const [first, second, host] = [
      await machine({ forwards: true }),
      await machine({ forwards: true }),
      await machine(),
    ];
    const proxy = [hop(first), hop(second)];
    const connection = host.server.connection({ proxy });
    await hostFor(connection).exchange(ask("true"));
    const { exchange } = hostFor({ ...connection, operationTimeout: 1 });
    await expect(exchange({ steps: [{ argv: ["sleep", "60"] }], queries: [] })).rejects.toThrow(
      "no answer within 1 s",
    );
    await until(() => [first, second, host].every(({ server }) => server.open === 0) || undefined, {
      for: "connections to close",
      seconds: 20,
    });
  });
});

describe("an alias of ssh_config", () => {
  /** written is a configuration by which all these machines are reached, with their keys and known_hosts files. */
  const written = (parts: Record<string, Machine>, ...more: string[]) => {
    const lines = Object.entries(parts).flatMap(([name, { server, hostKey, clientKey }]) => {
      writeFileSync(join(folder, `${name}-key`), clientKey.private);
      writeFileSync(join(folder, `${name}-hosts`), `[127.0.0.1]:${server.port} ${hostKey.public}\n`);
      return [
        `Host ${name}`,
        "  HostName 127.0.0.1",
        `  Port ${server.port}`,
        `  IdentityFile ${join(folder, `${name}-key`)}`,
        `  UserKnownHostsFile ${join(folder, "missing")} ${join(folder, `${name}-hosts`)}`,
      ];
    });
    const path = join(folder, "config");
    writeFileSync(path, [...lines, ...more].join("\n"));
    return path;
  };
  const by = (sshConfigHost: string, sshConfigPath: string, changes: Record<string, unknown> = {}) =>
    Connection.parse({ host: sshConfigHost, sshConfigHost, sshConfigPath, dialErrorLimit: 1, ...changes });

  test("says all that is needed, through jumps that are aliases too", async () => {
    const [jump, gw] = [await machine({ forwards: true }), await machine()];
    const path = written({ jump, gw }, "Host gw", "  ProxyJump jump");
    const { exchange, label } = hostFor(by("gw", path));
    expect(await exchange(ask("echo", "here"))).toEqual(answered);
    expect(label).toBe("gw");
    expect(jump.server.forwarded).toEqual([nameOf(gw)]);
  });

  test("is read anew when it has to connect again", async () => {
    const [before, after] = [await machine(), await machine()];
    const connection = by("gw", written({ gw: before }));
    expect(await hostFor(connection).exchange(ask("echo", "here"))).toEqual(answered);
    written({ gw: after });
    before.server.drop();
    await until(() => before.server.open === 0 || undefined, { for: "connections to close", seconds: 20 });
    expect(await hostFor(connection).exchange(ask("echo", "here"))).toEqual(answered);
    expect(after.server.connections).toBe(1);
  });

  test("yields to what the program says", async () => {
    const gw = await machine();
    const path = written({ gw }, "Host gw", "  ProxyJump nowhere.invalid");
    const wrong = ed25519();
    const said = { proxy: [], hostKey: gw.hostKey.public };
    expect(await hostFor(by("gw", path, said)).exchange(ask("echo", "here"))).toEqual(answered);
    const { message } = await refusal(by("gw", path, { ...said, privateKey: wrong.private, user: "admin" }));
    expect(message).toContain("gw: admin was refused with publickey");
    expect(message).toContain("Check connection.user");
  });

  test("is named in messages by the keyword and the file", async () => {
    const gw = await machine({ clientKey: ed25519() });
    const path = written({ gw });
    const login = await refusal(by("gw", path));
    expect(login.message).toContain(`Check User of gw in ${path}`);
    writeFileSync(join(folder, "gw-hosts"), `[127.0.0.1]:${gw.server.port} ${ed25519().public}\n`);
    const { message } = await refusal(by("gw", path));
    expect(message).toContain("the host's key is not the one expected");
    expect(message).toContain(`${join(folder, "gw-hosts")} says SHA256:`);
    writeFileSync(join(folder, "gw-hosts"), "");
    const unknown = await refusal(by("gw", path));
    expect(unknown.message).toContain(`have no key of [127.0.0.1]:${gw.server.port}`);
  });

  test("says of a key that it has a passphrase, when nothing else is left", async () => {
    const gw = await machine();
    const path = written({ gw });
    writeFileSync(join(folder, "gw-key"), ed25519(SECRET).private);
    delete process.env.SSH_AUTH_SOCK;
    const { message } = await refusal(by("gw", path));
    expect(message).toContain(`there is nothing to log in with as`);
    expect(message).toContain(`the key ${join(folder, "gw-key")} has a passphrase`);
  });
});
