import { createHmac } from "node:crypto";
import { type HostKeyType, isHostKeyType } from "./connection";
import { matchesList } from "./patterns";

/** A known_hosts file as OpenSSH writes it: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */

export interface HostKey {
  readonly type: HostKeyType;
  readonly blob: Buffer;
}

export interface KnownKeys {
  readonly keys: readonly HostKey[];
  /** Keys that must never be accepted, of whatever host. */
  readonly revoked: readonly Buffer[];
  /** Whether an authority vouches for the host: certificates are not checked, so that counts for nothing. */
  readonly authorities: boolean;
}

interface Line {
  readonly marker: string | undefined;
  readonly names: string;
  readonly type: string;
  readonly blob: Buffer;
}

/** knownName is how a known_hosts file calls a host. */
export function knownName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** knownKeys finds what a known_hosts file says about a host. */
export function knownKeys(file: string, host: string, port: number): KnownKeys {
  const lines = file.split("\n").flatMap(parseLine);
  const withPort = linesFor(lines, knownName(host, port));
  const all = linesFor(lines, knownName(host, port), host);
  // As OpenSSH does, a key that is known for the host serves any of its ports that has none of its own.
  const found = withPort.some(({ marker }) => marker === undefined) ? withPort : all;
  return {
    keys: found.flatMap(({ marker, type, blob }) =>
      marker === undefined && isHostKeyType(type) ? [{ type, blob }] : [],
    ),
    revoked: all.filter(({ marker }) => marker === "@revoked").map(({ blob }) => blob),
    authorities: all.some(({ marker }) => marker === "@cert-authority"),
  };
}

function parseLine(text: string): Line[] {
  const words = text.trim().split(/\s+/);
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [names, type, blob] = words;
  if (names === undefined || names.startsWith("#") || type === undefined || blob === undefined) return [];
  return [{ marker, names, type, blob: Buffer.from(blob, "base64") }];
}

function linesFor(lines: readonly Line[], ...wanted: readonly string[]): Line[] {
  return lines.filter(({ names }) => wanted.some((name) => matches(names, name.toLowerCase())));
}

function matches(names: string, name: string): boolean {
  if (names.startsWith("|1|")) return matchesHash(names, name);
  return matchesList(names.toLowerCase().split(","), name);
}

/** A hashed name: `|1|salt|HMAC-SHA1 of the name with that salt`, both in base64. */
function matchesHash(hashed: string, name: string): boolean {
  const [, , salt = "", hash = ""] = hashed.split("|");
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}
