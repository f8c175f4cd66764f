import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostUnreachable } from "../../provider/errors";
import { privateKeyIn } from "../../provider/host/private-key";
import { hostFor } from "../../provider/host/session";
import { agent } from "../support/ssh-agent";
import {
  CLIENT_KEY,
  ed25519,
  fingerprintOf,
  type KeyPair,
  type ServerOptions,
  SshServer,
} from "../support/ssh-server";
import { scratch } from "./scratch";

/** Ways to log in that a host or a program may insist on. */

const SECRET = "correct horse battery staple";
const echo = { steps: [], queries: [{ argv: ["echo", "here"] }] };
const answered = { answers: [{ code: 0, stdout: "here\n", stderr: "" }] };
const folder = scratch();

let server: SshServer;
const start = async (options: ServerOptions = {}) => {
  server = await SshServer.start(options);
};
afterEach(() => server.stop());

const connect = (changes: Record<string, unknown> = {}) => hostFor(server.connection(changes)).exchange(echo);
async function refusal(changes: Record<string, unknown>): Promise<string> {
  const error = await connect({ dialErrorLimit: 1, ...changes }).catch((cause: unknown) => cause);
  if (!(error instanceof HostUnreachable)) throw new Error(`not refused as expected: ${String(error)}`);
  expect(error.message).not.toContain(SECRET);
  return error.message;
}

describe("a host that asks itself", () => {
  const question = { prompt: "Password: ", echo: false, answer: SECRET };
  const asked = { privateKey: undefined, password: SECRET };

  test("is answered with the password, also when it takes nothing else", async () => {
    await start({ methods: ["keyboard-interactive"], questions: [question] });
    expect(await connect(asked)).toEqual(answered);
    expect(server.answered).toEqual([SECRET]);
  });

  test("does not hear the password when the answer would show on a screen", async () => {
    await start({ methods: ["keyboard-interactive"], questions: [{ ...question, echo: true }] });
    const message = await refusal(asked);
    expect(message).toContain("root was refused with keyboard-interactive; it takes keyboard-interactive");
    expect(message).toContain('it asked "Password:", which nobody is there to answer');
    expect(server.answered).toEqual([""]);
  });

  test("does not hear it a second time, when it asks for something else", async () => {
    const code = { prompt: "Verification code: ", echo: false, answer: "123456" };
    await start({ methods: ["keyboard-interactive"], questions: [question, code] });
    expect(await refusal(asked)).toContain('it asked "Verification code:"');
    expect(server.answered).toEqual([SECRET, ""]);
  });

  test("says that the password is wrong, and where it is from", async () => {
    await start({ methods: ["keyboard-interactive"], questions: [{ ...question, answer: "another" }] });
    expect(await refusal(asked)).toContain("Check connection.user, and connection.password");
  });
});

describe("a host that wants two proofs", () => {
  test("gets a key and then a password", async () => {
    await start({ sequence: ["publickey", "password"], password: SECRET });
    expect(await connect({ password: SECRET })).toEqual(answered);
  });

  test("gets them in its own order", async () => {
    const questions = [{ prompt: "Password: ", echo: false, answer: SECRET }];
    await start({ sequence: ["keyboard-interactive", "publickey"], questions });
    expect(await connect({ password: SECRET })).toEqual(answered);
  });
});

describe("an agent with many keys", () => {
  const keys: readonly KeyPair[] = [ed25519(), ed25519(), ed25519(), CLIENT_KEY];
  const socketOf = () => agent(keys.map((key) => key.private));

  test("is hung up on by a host that counts them, with what to do", async () => {
    await start({ maxAuthTries: 3 });
    const message = await refusal({ privateKey: undefined, agentSocketPath: await socketOf() });
    expect(message).toMatch(/closed the connection|refused with the agent's keys/);
  });

  test("offers only the one that is named: by fingerprint, by text, by its file, by the private one's file", async () => {
    await start({ maxAuthTries: 1 });
    const agentSocketPath = await socketOf();
    const path = join(folder, "chosen");
    writeFileSync(`${path}.pub`, `${CLIENT_KEY.public} me@here\n`);
    const names = [fingerprintOf(CLIENT_KEY), `${CLIENT_KEY.public} me@here`, `${path}.pub`, path];
    for (const agentIdentity of names) {
      expect(await connect({ privateKey: undefined, agentSocketPath, agentIdentity })).toEqual(answered);
    }
    expect(new Set(server.offered)).toEqual(new Set([fingerprintOf(CLIENT_KEY)]));
  });

  test("is the one of SSH_AUTH_SOCK when only a key of it is named", async () => {
    await start({ maxAuthTries: 1 });
    process.env.SSH_AUTH_SOCK = await socketOf();
    const agentIdentity = fingerprintOf(CLIENT_KEY);
    expect(await connect({ privateKey: undefined, agentIdentity })).toEqual(answered);
    delete process.env.SSH_AUTH_SOCK;
  });

  test("says which keys it has when it lacks the one that is named", async () => {
    await start();
    const missing = ed25519();
    const message = await refusal({
      privateKey: undefined,
      agentSocketPath: await agent([CLIENT_KEY.private]),
      agentIdentity: fingerprintOf(missing),
    });
    expect(message).toContain(
      `the agent said: it has no key ${fingerprintOf(missing)}; it has ${fingerprintOf(CLIENT_KEY)} (ssh-ed25519)`,
    );
    expect(server.offered).toEqual([]);
  });

  test("is not asked when no public key can be read where one is named", async () => {
    await start();
    const agentIdentity = join(folder, "missing.pub");
    const message = await refusal({
      privateKey: undefined,
      agentSocketPath: await socketOf(),
      agentIdentity,
    });
    expect(message).toContain("connection.agentIdentity names");
    expect(server.connections).toBe(0);
  });
});

describe("a private key", () => {
  let names = 0;
  /** made is a key as ssh-keygen and OpenSSL write it. */
  const made = (type: string, form: string, passphrase = ""): KeyPair => {
    const path = join(folder, `made-${++names}`);
    const bits = type === "rsa" ? ["-b", "2048"] : [];
    execFileSync("ssh-keygen", ["-q", "-t", type, ...bits, "-m", form, "-N", passphrase, "-f", path]);
    return { private: readFileSync(path, "utf8"), public: readFileSync(`${path}.pub`, "utf8").trim() };
  };

  test.each([
    ["rsa", "RFC4716", "OPENSSH PRIVATE KEY"],
    ["rsa", "PEM", "RSA PRIVATE KEY"],
    ["rsa", "PKCS8", "PRIVATE KEY"],
    ["ecdsa", "PEM", "EC PRIVATE KEY"],
    ["ecdsa", "PKCS8", "PRIVATE KEY"],
    ["ed25519", "RFC4716", "OPENSSH PRIVATE KEY"],
  ])("of type %s in the form %s lets us in, with a passphrase and without", async (type, form, begin) => {
    const open = made(type, form);
    expect(open.private).toContain(`-----BEGIN ${begin}-----`);
    await start({ clientKey: open });
    expect(await connect()).toEqual(answered);
    await server.stop();
    const locked = made(type, form, SECRET);
    await start({ clientKey: locked });
    expect(await connect({ privateKeyPassword: SECRET })).toEqual(answered);
    expect(await refusal({})).toContain("connection.privateKey has a passphrase");
    expect(await refusal({ privateKeyPassword: "wrong" })).toContain(
      "connection.privateKey can't be opened with connection.privateKeyPassword",
    );
  });

  test("of type ed25519 in OpenSSL's own form lets us in", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const converted = privateKeyIn(text, undefined);
    if (converted instanceof Error) throw converted;
    await start({
      clientKey: { private: text, public: `ssh-ed25519 ${converted.getPublicSSH().toString("base64")}` },
    });
    expect(await connect()).toEqual(answered);
    // The public half is the one that OpenSSL knows.
    const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    expect(converted.getPublicSSH().subarray(-32)).toEqual(der.subarray(-32));
  });
});
