import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { type HostKeyType, isHostKeyType } from "./connection";
import { type HostKey, knownKeys, knownName } from "./known-hosts";
import { expandHome, isMissing, saidBy } from "./paths";
import { Refusal } from "./refusal";
import type { Stop } from "./stop";

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

/** hostProof reads what is said about the key of one stop. It fails with a Refusal. */
export async function hostProof(stop: Stop): Promise<HostProof> {
  const { hostKey, files, insecure } = stop.proof;
  if (files.length > 0) return await proofByFiles(stop, files);
  if (hostKey !== undefined) return proofByKey(stop, hostKey);
  if (insecure) return { algorithms: preferring([]), verify: () => undefined };
  throw new Refusal(
    "nothing says which key the host has",
    `Set ${stop.named("hostKey")} or ${stop.named("knownHosts")}, so that the host can prove who it is.`,
    false,
  );
}

function proofByKey(stop: Stop, hostKey: string): HostProof {
  const [type, blob] = hostKey.split(" ");
  const expected = blob === undefined ? hostKey : fingerprint(Buffer.from(blob, "base64"));
  return {
    algorithms: preferring(isHostKeyType(type) ? [type] : []),
    verify: (shown) =>
      fingerprint(shown) === expected
        ? undefined
        : mismatch(stop, shown, `${stop.named("hostKey")} says ${expected}`),
  };
}

async function proofByFiles(stop: Stop, files: readonly string[]): Promise<HostProof> {
  const { host, port } = stop;
  const name = stop.proof.name ?? knownName(host, port);
  const said = await Promise.all(
    files.map(async (path) => {
      const file = await readKnownHosts(stop, path);
      const known = stop.proof.name === undefined ? knownKeys(file, host, port) : knownKeys(file, name, 22);
      return { path, ...known };
    }),
  );
  const keys = said.flatMap((one) => one.keys);
  const all = files.join(" and ");
  if (keys.length === 0) {
    const authorities = said.some((one) => one.authorities);
    const note = authorities ? " (its @cert-authority line is not used: give the host's own key)" : "";
    throw new Refusal(
      `${all} ${files.length === 1 ? "has" : "have"} no key of ${name}${note}`,
      `Log in once with \`ssh ${port === 22 ? "" : `-p ${port} `}${host}\` and compare the fingerprint, or set ${stop.named("hostKey")}.`,
      false,
    );
  }
  return {
    algorithms: preferring(keys.map(({ type }) => type)),
    verify: (shown) => {
      const revoking = said.find(({ revoked }) => revoked.some((key) => key.equals(shown)));
      if (revoking !== undefined) {
        return new Refusal(
          `the host showed the key ${described(shown)}, which ${revoking.path} says is revoked`,
          "Whoever has that key can pretend to be the host: do not connect before it has a new one.",
          false,
        );
      }
      if (keys.some(({ blob }) => blob.equals(shown))) return undefined;
      const expected = said
        .filter((one) => one.keys.length > 0)
        .map((one) => {
          const own = one.keys.map((key) => `${fingerprint(key.blob)} (${key.type})`);
          return `${one.path} says ${own.join(" or ")}`;
        });
      return mismatch(stop, shown, expected.join(", and "));
    },
  };
}

async function readKnownHosts(stop: Stop, path: string): Promise<string> {
  try {
    return await readFile(expandHome(path), "utf8");
  } catch (error) {
    const missing = isMissing(error);
    if (missing && stop.proof.optional) return "";
    throw new Refusal(
      `${stop.named("knownHosts")} can't be read: ${saidBy(error)}`,
      "Give the path of a known_hosts file on the machine that runs Pulumi.",
      false,
    );
  }
}

function mismatch({ host, port }: Stop, shown: Buffer, expected: string): Refusal {
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
