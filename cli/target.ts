import { existsSync, readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { Connection } from "../provider/host/connection";
import { expandHome } from "../provider/host/paths";
import { labelOf } from "../provider/host/stop";
import type { Services } from "../provider/index";
import { ANY_MARK } from "../provider/mark";
import { secretsIn } from "../provider/secrets";
import { type Fields, isFields } from "../provider/state";
import { messageOf, Trouble } from "./errors";

/** Where a host is that no state tells, and how to log in there. */

/** LoginOptions are what ConnectionArgs has but for its secrets, which come in a file alone. */
export interface LoginOptions {
  readonly connection?: string;
  readonly privateKeyPath?: string;
  readonly agentSocketPath?: string;
  readonly agentIdentity?: string;
  readonly hostKey?: string;
  readonly knownHosts?: string;
  readonly insecureIgnoreHostKey?: true;
  readonly sshConfigPath?: string;
  readonly proxy: readonly string[];
  readonly become?: string;
  readonly becomeUser?: string;
}

/** Target is a host to log in to. */
export interface Target {
  /** How it is called in messages. */
  readonly label: string;
  readonly connection: Connection;
  /** The secrets in it. */
  readonly hidden: readonly string[];
  /** The connection as a program says it, with the secrets still in it. */
  readonly said: Fields;
  /** Where in it secrets are, by dotted path, and under which key of its configuration a program has each. */
  readonly secrets: readonly { readonly path: string; readonly config: string }[];
}

/** Where ssh(1) looks for an alias; without any of them there is none to look up. */
const SSH_CONFIG = ["~/.ssh/config", "/etc/ssh/ssh_config"];
const KNOWN_HOSTS = "~/.ssh/known_hosts";

/** targetsOf are the hosts that are named, or the one that a file says how to reach. */
export function targetsOf(
  destinations: readonly string[],
  options: LoginOptions,
  services: Services,
): Target[] {
  const named = destinations.length === 0 && options.connection !== undefined ? [undefined] : destinations;
  return named.map((one) => targetOf(one, options, services));
}

/** targetOf makes a target of `[user@]host[:port]` and options, or of a file with a connection. */
function targetOf(destination: string | undefined, options: LoginOptions, services: Services): Target {
  const said = { ...fromFile(options.connection), ...fromOptions(destination, options) };
  // A namespace takes nothing but a connection and a name.
  const { inputs, problems } = checked(said, services);
  const wrong = problems.map(({ path, message }) => `${path.slice(1).join(".") || "connection"}: ${message}`);
  if (wrong.length > 0) throw new Trouble(`the host can't be reached like this: ${wrong.join("; ")}`);
  const connection = inputs.connection as Connection;
  const hidden = secretsIn(Connection, said);
  return { label: labelOf(connection), connection, hidden, said, secrets: secretsAt(said, [], hidden) };
}

function checked(connection: Fields, services: Services) {
  const service = services.Namespace;
  if (service === undefined) throw new Error("there is no Namespace");
  return service.check({ connection, name: "any", mark: ANY_MARK });
}

/** fromFile reads a file with a connection, or standard input. */
function fromFile(path: string | undefined): Fields {
  if (path === undefined) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(path === "-" ? 0 : path, "utf8"));
    if (isFields(value)) return value;
  } catch (error) {
    throw new Trouble(`the connection in ${path} can't be read: ${messageOf(error)}`);
  }
  throw new Trouble(`the connection in ${path} is no JSON object with \`host\` and the like`);
}

function fromOptions(destination: string | undefined, options: LoginOptions): Fields {
  const { connection, proxy, become, becomeUser, ...login } = options;
  const proof = {
    ...(options.hostKey !== undefined && { hostKey: options.hostKey }),
    ...(options.knownHosts !== undefined && { knownHosts: options.knownHosts }),
    ...(options.insecureIgnoreHostKey && { insecureIgnoreHostKey: true }),
  };
  const proven = Object.keys(proof).length > 0;
  const { privateKeyPath, agentSocketPath, agentIdentity } = login;
  const key = pickGiven({ privateKeyPath, agentSocketPath, agentIdentity });
  const hops = proxy.map((hop) => ({
    ...partsOf(hop),
    ...key,
    ...(proven ? proof : { knownHosts: KNOWN_HOSTS }),
  }));
  return {
    ...(destination !== undefined &&
      placeOf(destination, proven || connection !== undefined, login.sshConfigPath)),
    ...key,
    ...proof,
    ...(hops.length > 0 && { proxy: hops }),
    ...(become !== undefined && {
      become: { method: become, ...(becomeUser !== undefined && { user: becomeUser }) },
    }),
  };
}

/** placeOf is a destination as ssh(1) takes it, when nothing says how the host proves who it is. */
function placeOf(destination: string, proven: boolean, sshConfigPath: string | undefined): Fields {
  const { host, ...place } = partsOf(destination);
  if (sshConfigPath !== undefined) return { sshConfigHost: host, ...place, sshConfigPath };
  if (proven) return { host, ...place };
  const configured = SSH_CONFIG.some((path) => existsSync(expandHome(path)));
  return configured ? { sshConfigHost: host, ...place } : { host, ...place, knownHosts: KNOWN_HOSTS };
}

function partsOf(destination: string): { host: string; port?: number; user?: string } {
  const [, user, rest = ""] = /^(?:ssh:\/\/)?(?:([^@]+)@)?(.*)$/.exec(destination) ?? [];
  const [, address, name, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(rest) ?? [];
  const host = isIPv6(rest) ? rest : (address ?? name);
  if (host === undefined)
    throw new Trouble(
      `"${destination}" is no host: write [USER@]HOST[:PORT], an IPv6 address with a port as [ADDRESS]:PORT`,
    );
  return {
    host,
    ...(port !== undefined && { port: Number(port) }),
    ...(user !== undefined && { user }),
  };
}

function pickGiven(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** secretsAt finds the secrets in a connection, wherever else their text stands in it too. */
function secretsAt(value: unknown, path: readonly string[], hidden: readonly string[]): Target["secrets"] {
  if (typeof value === "string" && hidden.includes(value)) {
    const config = path
      .map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
      .join("");
    return [{ path: path.join("."), config }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretsAt(inner, [...path, key], hidden));
}
