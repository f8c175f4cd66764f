import { createPrivateKey, type KeyObject } from "node:crypto";
import { type ParsedKey, utils } from "ssh2";
import { saidBy } from "./paths";

/** How often ssh-keygen may have been told to stir a passphrase (`-a`, 24 when it is not told): each takes some ms here. */
const MAX_ROUNDS = 2048;

/** privateKeyIn reads a private key in any form that ssh2 or OpenSSL knows: OpenSSH's, PKCS#1, SEC1, PKCS#8. */
export function privateKeyIn(text: string, passphrase: string | undefined): ParsedKey | Error {
  const readable = /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----$/m.test(text)
    ? fromPkcs8(text, passphrase)
    : text;
  if (readable instanceof Error) return readable;
  const rounds = roundsOf(readable);
  if (rounds > MAX_ROUNDS)
    return new Error(
      `its passphrase takes ${rounds} rounds, and ${MAX_ROUNDS} are the most: ssh-keygen -p -a 24 sets another number`,
    );
  // ssh2 gives a list for a file that has several keys, which its types don't say.
  const [key] = [utils.parseKey(readable, passphrase)].flat();
  return key ?? new Error("no key in it");
}

/** roundsOf is how often the passphrase of a key in OpenSSH's form is stirred (OpenSSH's PROTOCOL.key); 0 without one. */
function roundsOf(text: string): number {
  const [, body = ""] = /BEGIN OPENSSH PRIVATE KEY-----\r?\n([\s\S]+)\r?\n-----END OPENSSH/.exec(text) ?? [];
  const bytes = Buffer.from(body, "base64");
  let at = "openssh-key-v1\0".length;
  const next = (): Buffer => {
    const length = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
    const content = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return content;
  };
  const [, kdf, options] = [next(), next(), next()];
  const salt = options.length < 4 ? 0 : options.readUInt32BE(0);
  return kdf.toString() === "bcrypt" && 8 + salt <= options.length ? options.readUInt32BE(4 + salt) : 0;
}

/** ssh2 does not know PKCS#8: the key is brought to the form that it does know. */
function fromPkcs8(text: string, passphrase: string | undefined): string | Error {
  const encrypted = /^-----BEGIN ENCRYPTED/m.test(text);
  if (encrypted && passphrase === undefined) return new Error("encrypted, but no passphrase given");
  let key: KeyObject;
  try {
    key = createPrivateKey({
      key: text.trim(),
      format: "pem",
      ...(passphrase !== undefined && { passphrase }),
    });
  } catch (error) {
    // One in 256 wrong passphrases opens it by its padding, and then OpenSSL says something about what it finds.
    return new Error(encrypted ? "wrong passphrase" : saidBy(error));
  }
  switch (key.asymmetricKeyType) {
    case "rsa":
      return key.export({ type: "pkcs1", format: "pem" }).toString();
    case "ec":
      return key.export({ type: "sec1", format: "pem" }).toString();
    case "ed25519":
      return openSshForm(key);
    default:
      return new Error(`SSH has no keys of type ${key.asymmetricKeyType}`);
  }
}

/** openSshForm writes an Ed25519 key as ssh-keygen does (OpenSSH's PROTOCOL.key); it has no older form. */
function openSshForm(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const [seed, point] = [d, x].map((part) => Buffer.from(part, "base64url"));
  if (seed === undefined || point === undefined) throw new Error("an Ed25519 key without its parts");
  const type = "ssh-ed25519";
  const secret = Buffer.concat([
    // Two numbers that are the same once it is decrypted, and it is not encrypted.
    Buffer.alloc(8),
    ...[type, point, Buffer.concat([seed, point]), ""].map(field),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map(field),
    Buffer.from([0, 0, 0, 1]),
    field(Buffer.concat([type, point].map(field))),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString("base64").replace(/.{70}/g, "$&\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** An SSH string: its length, then its bytes (RFC 4251). */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
