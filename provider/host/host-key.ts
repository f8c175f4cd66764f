import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { type Connection, type HostKeyType, isHostKeyType } from "./connection";
import { type HostKey, knownKeys } from "./known-hosts";
import { expandHome } from "./paths";
import { Refusal } from "./refusal";

/** HostProof is how a host is told from one that only pretends to be it. */
export interface HostProof {
  /** Signature algorithms, those of the keys that are known first: a host has several keys and shows one. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** What is wrong with the key that the host showed; undefined when it is the right one. */
  verify(shown: Buffer): Refusal | undefined;
}

const ALGORITHMS: Record<HostKeyType, readonly ServerHostKeyAlgorithm[]> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/** hostProof reads what a connection says about the host's key. */
export async function hostProof(connection: Connection): Promise<HostProof> {
  const { hostKey, knownHosts } = connection;
  if (knownHosts !== undefined) return await proofByFile(connection, knownHosts);
  if (hostKey !== undefined) return proofByKey(connection, hostKey);
  if (connection.insecureIgnoreHostKey) return { algorithms: preferring([]), verify: () => undefined };
  throw new Refusal(
    "nothing says which key the host has",
    "Set connection.hostKey or connection.knownHosts, so that the host can prove who it is.",
    false,
  );
}

function proofByKey(connection: Connection, hostKey: string): HostProof {
  const [type, blob] = hostKey.split(" ");
  const expected = blob === undefined ? hostKey : fingerprint(Buffer.from(blob, "base64"));
  return {
    algorithms: preferring(isHostKeyType(type) ? [type] : []),
    verify: (shown) =>
      fingerprint(shown) === expected
        ? undefined
        : mismatch(connection, shown, `connection.hostKey says ${expected}`),
  };
}

async function proofByFile(connection: Connection, path: string): Promise<HostProof> {
  const { host, port } = connection;
  const file = await readKnownHosts(path);
  const { keys, revoked, authorities } = knownKeys(file, host, port);
  const name = port === 22 ? host : `[${host}]:${port}`;
  if (keys.length === 0) {
    const note = authorities ? " (its @cert-authority line is not used: give the host's own key)" : "";
    throw new Refusal(
      `${path} has no key of ${name}${note}`,
      `Log in once with \`ssh ${port === 22 ? "" : `-p ${port} `}${host}\` and compare the fingerprint, or set connection.hostKey.`,
      false,
    );
  }
  return {
    algorithms: preferring(keys.map(({ type }) => type)),
    verify: (shown) => {
      if (revoked.some((key) => key.equals(shown))) {
        return new Refusal(
          `the host showed the key ${described(shown)}, which ${path} says is revoked`,
          "Whoever has that key can pretend to be the host: do not connect before it has a new one.",
          false,
        );
      }
      if (keys.some(({ blob }) => blob.equals(shown))) return undefined;
      const expected = keys.map((key) => `${fingerprint(key.blob)} (${key.type})`).join(" or ");
      return mismatch(connection, shown, `${path} says ${expected}`);
    },
  };
}

async function readKnownHosts(path: string): Promise<string> {
  try {
    return await readFile(expandHome(path), "utf8");
  } catch (error) {
    throw new Refusal(
      `connection.knownHosts can't be read: ${error instanceof Error ? error.message : String(error)}`,
      "Give the path of a known_hosts file on the machine that runs Pulumi.",
      false,
    );
  }
}

function mismatch({ host, port }: Connection, shown: Buffer, expected: string): Refusal {
  return new Refusal(
    `the host's key is not the one expected: it showed ${described(shown)}, but ${expected}`,
    "If the machine was installed anew, or this is another of its keys, compare the fingerprint on the machine itself " +
      "(`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`) and take over the new one " +
      `(\`ssh-keyscan${port === 22 ? "" : ` -p ${port}`} ${host}\`). If not, somebody may be listening in.`,
    false,
  );
}

function preferring(types: readonly HostKeyType[]): ServerHostKeyAlgorithm[] {
  const all = Object.keys(ALGORITHMS).filter(isHostKeyType);
  return [...new Set([...types, ...all])].flatMap((type) => ALGORITHMS[type]);
}

function described(blob: Buffer): string {
  return `${fingerprint(blob)} (${blob.toString("latin1", 4, 4 + blob.readUInt32BE(0))})`;
}

/** fingerprint is a key's digest as OpenSSH prints it. */
export function fingerprint(blob: HostKey["blob"]): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
