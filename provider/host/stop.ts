import { type Connection, type Hop, PORT, USER } from "./connection";
import { expandHome } from "./paths";
import { type Alias, readAlias } from "./ssh-config";

/** Stop is one machine on the way to a host, the host itself being the last, with all that is needed to log in there. */
export interface Stop {
  /** How it is called in messages. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly perDialTimeout: number;
  readonly password?: string | undefined;
  readonly key: Key;
  readonly agent: AgentUse;
  readonly proof: Proof;
  /** How messages call what says this or that of it: `connection.user`. */
  named(key: keyof Hop): string;
}

/** Key is the private keys to log in with. */
export interface Key {
  readonly text?: string | undefined;
  readonly files: readonly string[];
  readonly passphrase?: string | undefined;
  /** Whether files may be missing or have a passphrase that nobody gave, as those that ssh_config names. */
  readonly optional: boolean;
}

export interface AgentUse {
  /** Socket; undefined for no agent. */
  readonly socket?: string | undefined;
  /** The one key to offer, as the program names it. */
  readonly identity?: string | undefined;
  /** Offers no more than the keys of these files. */
  readonly only?: readonly string[] | undefined;
}

/** Proof is what says which key a machine has. */
export interface Proof {
  readonly hostKey?: string | undefined;
  readonly files: readonly string[];
  /** Whether files may be missing, as those that ssh_config names. */
  readonly optional: boolean;
  /** The name in the files where it is another than host and port. */
  readonly name?: string | undefined;
  readonly insecure: boolean;
}

/** labelOf is how a host is called in messages. */
export function labelOf({ host, port = PORT }: Pick<Connection, "host" | "port">): string {
  if (port === PORT) return host;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** wayTo lists the machines to log in to, one through the other. It reads ssh_config anew, and fails with a Refusal. */
export async function wayTo(connection: Connection): Promise<Stop[]> {
  const { host, sshConfigHost, sshConfigPath, perDialTimeout } = connection;
  const says = (key: string) => `connection.${key}`;
  const hops = connection.proxy?.map((hop, index) =>
    stopOf(hop, perDialTimeout, (key) => `connection.proxy[${index}].${key}`),
  );
  if (sshConfigHost === undefined) return [...(hops ?? []), stopOf(connection, perDialTimeout, says)];
  const alias = await readAlias(sshConfigHost, sshConfigPath, {
    // The alias is a name for itself, and the file says where that is.
    host: host === sshConfigHost ? undefined : host,
    port: connection.port,
    user: connection.user,
    proxied: hops !== undefined,
  });
  const jumps = alias.jumps.map((jump) => aliasStop(jump, perDialTimeout));
  const filed = (key: keyof Hop) =>
    connection[key] === undefined || (key === "host" && host === sshConfigHost)
      ? keywordFor(key, alias)
      : says(key);
  return [...(hops ?? jumps), stopOf(connection, perDialTimeout, filed, alias)];
}

/** stopOf is a machine as the program describes it; what it leaves out, an alias may say. */
function stopOf(
  login: Omit<Hop, "port" | "user"> & { port?: number | undefined; user?: string | undefined },
  perDialTimeout: number,
  named: Stop["named"],
  alias?: Alias,
): Stop {
  const { password, privateKey: text, privateKeyPath, agentIdentity: identity, hostKey, knownHosts } = login;
  const given = text !== undefined || privateKeyPath !== undefined;
  const files = privateKeyPath !== undefined ? [privateKeyPath] : given ? [] : (alias?.identityFiles ?? []);
  const insecure = login.insecureIgnoreHostKey;
  const proven = hostKey !== undefined || knownHosts !== undefined || insecure;
  const agentLeft = identity !== undefined || (!given && password === undefined);
  const standard = alias?.agent ?? process.env.SSH_AUTH_SOCK;
  const socket = login.agentSocketPath ?? (agentLeft ? standard : undefined);
  return {
    label: labelOf(login),
    host: alias?.host ?? login.host,
    port: alias?.port ?? login.port ?? PORT,
    user: alias?.user ?? login.user ?? USER,
    perDialTimeout,
    password,
    key: { text, files, passphrase: login.privateKeyPassword, optional: !given },
    agent: {
      socket: socket && expandHome(socket),
      identity,
      only: !given && identity === undefined && alias?.identitiesOnly ? files : undefined,
    },
    proof: {
      hostKey,
      files: proven ? [knownHosts ?? []].flat() : (alias?.knownHosts ?? []),
      optional: !proven,
      name: alias?.hostKeyAlias,
      insecure,
    },
    named,
  };
}

/** The keywords of ssh_config that stand for what a program may say. */
const KEYWORDS: { readonly [K in keyof Hop]?: string } = {
  host: "HostName",
  port: "Port",
  user: "User",
  privateKeyPath: "IdentityFile",
  agentSocketPath: "IdentityAgent",
  knownHosts: "UserKnownHostsFile",
};

function keywordFor(key: keyof Hop, { name, file }: Alias): string {
  const keyword = KEYWORDS[key];
  return keyword === undefined ? `connection.${key}` : `${keyword} of ${name} in ${file}`;
}

function aliasStop(alias: Alias, perDialTimeout: number): Stop {
  const named = (key: keyof Hop) => keywordFor(key, alias);
  return stopOf({ host: alias.name, insecureIgnoreHostKey: false }, perDialTimeout, named, alias);
}
