import { z } from "zod";

// The user's program loads this file too, so nothing here may pull in the SSH library.

const seconds = () => z.number().positive();

/** How a session of one user becomes that of another, who may change the network. */
const become = z.strictObject({
  /** Program that changes the user: `sudo` or `doas`. It must let the user run `/bin/sh` as the other one. */
  method: z.enum(["sudo", "doas"]),
  /** User to become. */
  user: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'write a user name, like "root"')
    .default("root"),
  /**
   * Password that sudo asks for, as a rule that of the user who logged in. Left out where sudoers says `NOPASSWD`. It
   * travels on standard input, never among a process's arguments. doas takes a password from a terminal only, so
   * with `doas` there can't be one: write `permit nopass` in doas.conf(5).
   */
  password: z
    .string()
    .regex(/^[^\r\n\0]+$/, "a password is one line")
    .optional()
    .meta({ secret: true }),
});

/** Where sshd listens, and as whom to log in, unless something says otherwise. */
export const PORT = 22;
export const USER = "root";

/** Seconds between two questions whether the host is still there, and how many may go unanswered. */
export const KEEP_ALIVE_INTERVAL = 15;
export const KEEP_ALIVE_LIMIT = 3;

/** following marks an input that is left out of the canonical form, and what holds without it. */
function following<S extends z.ZodType>(schema: S, standard: number | string) {
  return schema.optional().meta({ default: standard });
}

const hostName = z
  .string()
  .regex(
    /^[^\s@/[\]-][^\s@/[\]]*$/,
    'write a name or an address alone, like "203.0.113.10"; the user goes into `user`',
  );

const port = z
  .int()
  .min(1, "a port is a number from 1 to 65535")
  .max(65535, "a port is a number from 1 to 65535");

const user = z.string().min(1, "a user name can't be empty");

const path = () => z.string().min(1, "a path can't be empty");

/** How to log in to a machine, and how it proves who it is: the same for a host and for each hop on the way to it. */
const login = {
  /** Password to log in with. It also answers a host that asks for it itself (keyboard-interactive, RFC 4256). */
  password: z.string().min(1, "a password can't be empty").optional().meta({ secret: true }),
  /**
   * Text of the private key to log in with, in OpenSSH or PEM form (PKCS#1, SEC1, PKCS#8). It goes into Pulumi's
   * state, which `privateKeyPath` or an agent keeps it out of. OpenSSH certificates are not supported: the key itself
   * must be in the host's authorized_keys.
   */
  privateKey: z.string().min(1, "a key can't be empty").optional().meta({ secret: true }),
  /**
   * Path of the private key's file on the machine that runs Pulumi, read anew at each connect. `~/` is the home folder
   * of whoever runs Pulumi.
   */
  privateKeyPath: path().optional(),
  /** Passphrase of the private key. */
  privateKeyPassword: z.string().min(1, "a passphrase can't be empty").optional().meta({ secret: true }),
  /**
   * Socket of the SSH agent to log in with, on the machine that runs Pulumi. Left out, it is `$SSH_AUTH_SOCK` when
   * neither a password nor a key is given, or `agentIdentity` is.
   */
  agentSocketPath: path().optional(),
  /**
   * The one key of the agent to log in with: its fingerprint, `SHA256:…`, as `ssh-add -l` shows it, the public key,
   * `ssh-ed25519 AAAA…`, or the path of the file that has it, `~/.ssh/id_ed25519.pub`. Left out, all are offered, one
   * after another, and a host hangs up on an agent with more keys than its `MaxAuthTries` (sshd_config(5)), 6 as a rule.
   */
  agentIdentity: z
    .string()
    .refine(
      namesKey,
      'write "SHA256:…" (from `ssh-add -l`), a public key like "ssh-ed25519 AAAA…", or the path of its file',
    )
    .optional(),
  /**
   * Public key of the host: a line as ssh-keyscan(1) prints it, `ssh-ed25519 AAAA…`, or a fingerprint, `SHA256:…`, as
   * `ssh-keygen -lf` shows it.
   */
  hostKey: z
    .string()
    .transform((text, ctx) => {
      const key = canonicalHostKey(text);
      if (key !== undefined) return key;
      const message =
        'a host key looks like "ssh-ed25519 AAAAC3Nz…" (a line of `ssh-keyscan HOST`) or "SHA256:…" (from `ssh-keygen -lf`)';
      ctx.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .optional(),
  /**
   * Path of a known_hosts file (sshd(8)) on the machine that runs Pulumi, `~/.ssh/known_hosts` for example, or a list
   * of them, that has the host's key. Hashed names, patterns and `@revoked` count; `@cert-authority` does not, for
   * certificates of hosts are not supported.
   */
  knownHosts: z
    .union([path(), path().array().min(1, "give at least one file")], {
      error: "give the path of a known_hosts file, or a list of paths",
    })
    .optional(),
  /** `true` trusts any host that answers, so that anyone on the way can read and change everything. */
  insecureIgnoreHostKey: z.boolean().default(false),
};

/**
 * A machine that connections to the host go through, such as a bastion. Its sshd must let them pass
 * (`AllowTcpForwarding`, sshd_config(5)).
 */
const hop = z.strictObject({
  /** Name or address of the hop, as the hop before it knows it. */
  host: hostName,
  /** TCP port of its sshd, 1 to 65535. */
  port: port.default(PORT),
  /** User to log in as; any who may pass connections on will do. */
  user: user.default(USER),
  ...login,
});

/**
 * How to reach a host over SSH, and how the host proves who it is. Named and shaped as in `@pulumi/command`, and
 * stricter: one of `hostKey`, `knownHosts`, `insecureIgnoreHostKey` and, for what its files say, `sshConfigHost` is
 * required. The host needs an sshd, a POSIX shell and iproute2 5.3 or newer; only an MssClamp needs more.
 */
export const Connection = z.strictObject({
  /**
   * Name or address of the host: `203.0.113.10`, `fd00::10` or `gw.example.com`. The user goes into `user`. Required
   * unless there is `sshConfigHost`, whose alias it is when left out.
   */
  host: named(hostName),
  /** TCP port of its sshd, 1 to 65535. With `sshConfigHost`, left out, it is what the file says. */
  port: following(port, PORT),
  /**
   * User to log in as. One who is not root needs `become` to change the network. With `sshConfigHost`, left out, it is
   * what the file says, or whoever runs Pulumi, as with ssh(1).
   */
  user: following(user, USER),
  ...login,
  /**
   * Machines to go through, from the first to the last before the host, each with its own log-in and host key. With
   * `sshConfigHost`, left out, it is what the file says (`ProxyJump`); `[]` goes straight to the host.
   */
  proxy: hop.array().optional(),
  /**
   * Alias from the files of ssh_config(5), on the machine that runs Pulumi, by which to reach the host as `ssh ALIAS`
   * does: `~/.ssh/config`, then `/etc/ssh/ssh_config`, read anew at each connect. What is said here wins over what
   * stands there. Heeded are `HostName`, `Port`, `User`, `IdentityFile`, `IdentitiesOnly`, `IdentityAgent`, `ProxyJump`,
   * `UserKnownHostsFile`, `GlobalKnownHostsFile` and `HostKeyAlias`, in `Host`, `Match` (`all`, `host`, `originalhost`,
   * `user`, `localuser`) and included files, with their tokens (`%h`). What would lead elsewhere and is not supported is
   * an error: `ProxyCommand`, `CanonicalizeHostname`, `RevokedHostKeys`, another `Match`. The host must prove
   * who it is, whatever `StrictHostKeyChecking` says.
   */
  sshConfigHost: z
    .string()
    .regex(/^[^\s@/[\]*?!-][^\s@/[\]*?!]*$/, 'write the alias alone, as after `ssh`, like "gw"')
    .optional(),
  /** Path of the one file to read `sshConfigHost` from instead, as with `ssh -F`. */
  sshConfigPath: path().optional(),
  /** Seconds that one attempt to connect and log in may take, for each hop and for the host. */
  perDialTimeout: seconds().default(15),
  /**
   * How many attempts to connect may fail in a row before an operation does, 1 or more; `-1` sets no limit other than
   * `operationTimeout`. Only a network that fails is tried again, never a wrong key. Once all attempts have failed,
   * each further operation makes one more, until the host answers or has been left alone for a minute.
   */
  dialErrorLimit: z
    .int()
    .refine(
      (limit) => limit === -1 || limit >= 1,
      "give the number of attempts, 1 or more, or -1 for no limit",
    )
    .default(10),
  /**
   * Seconds that one round trip to the host may take, connecting included, and waiting for the host's lock while another
   * run changes it.
   */
  operationTimeout: seconds().default(300),
  /**
   * Seconds after which a host takes a change back that may cut the way by which it is reached, unless a new connection
   * has come about by then: whole seconds, at least `perDialTimeout`. It must leave time for some attempts to connect.
   * Left out, it is four times `perDialTimeout`.
   */
  undoTimeout: z.int().min(1, "give whole seconds, 1 or more").optional(),
  /**
   * Seconds between two questions to the host whether it is still there; `0` never asks, and then a host that froze is
   * noticed after `operationTimeout`.
   */
  keepAliveInterval: following(z.number().nonnegative("give seconds, or 0 not to ask"), KEEP_ALIVE_INTERVAL),
  /** How many such questions in a row may go unanswered, 1 or more, before the connection counts as lost. */
  keepAliveErrorLimit: following(z.int().min(1, "give a number, 1 or more"), KEEP_ALIVE_LIMIT),
  /**
   * What a delete does when nothing answers where the host should be, after all attempts. Left out, or `fail`, it fails
   * and the object stays in the state. `forget` takes the object out of the state without having removed it from the
   * host, and warns of it: for a host that will never come back. A host that answers and refuses the key, shows another
   * host key or fails at a command is never forgotten, and neither is one that nothing can be known of, as without a
   * name server. A destroy goes by what the last `up` has put into the state; the environment variable
   * `PULUMI_IPIP_ON_UNREACHABLE`, `fail` or `forget`, rules over it.
   */
  onUnreachable: z.enum(["fail", "forget"]).optional(),
  /** Runs as another user, through sudo or doas, where `user` is not root. */
  become: become.optional(),
});

/** undoAfter is the seconds after which a host takes back what may have cut it off. */
export function undoAfter({ undoTimeout, perDialTimeout }: Connection): number {
  return undoTimeout ?? Math.ceil(4 * perDialTimeout);
}

/** Connection is how to reach a host in canonical form: what was left out is absent. */
export type Connection = z.output<typeof Connection>;

/** Hop is a machine on the way in canonical form. */
export type Hop = z.output<typeof hop>;

/** named marks an input that a program may leave out and that is then filled in, so that the canonical form always has it. */
export function named<S extends z.ZodType>(schema: S): z.ZodDefault<S> {
  return schema.optional() as unknown as z.ZodDefault<S>;
}

export interface ConnectionProblem {
  readonly path: (string | number)[];
  readonly message: string;
}

/** Partly is what is known of an object: a key whose value is not known yet is missing, one left out is undefined. */
type Partly<T> = { readonly [K in keyof T]?: T[K] | undefined };
type Known = Partly<Connection>;

/** completed fills in what follows from other keys. What depends on a key that is not known yet stays as it is. */
export function completed(known: Known): Known {
  if (!("sshConfigHost" in known)) return {};
  const { sshConfigHost: alias } = known;
  if (alias !== undefined) return left(known, "host") ? { host: alias } : {};
  return { ...(left(known, "port") && { port: PORT }), ...(left(known, "user") && { user: USER }) };
}

/** left tells whether a key is known to be left out. */
function left<T extends object>(known: T, key: keyof T): boolean {
  return key in known && known[key] === undefined;
}

/** connectionProblems finds what is wrong between several keys. What is not known yet is taken to be right. */
export function connectionProblems(connection: Known): ConnectionProblem[] {
  const { proxy, become, undoTimeout, perDialTimeout } = connection;
  const problems: ConnectionProblem[] = [];
  const report = (path: string[], message: string) => problems.push({ path, message });
  if (left(connection, "host") && left(connection, "sshConfigHost")) report(["host"], "is required");
  // With an alias the files of ssh_config name those that have the host's key.
  problems.push(...loginProblems(connection, !left(connection, "sshConfigHost")));
  const hops = Array.isArray(proxy) ? proxy : [];
  for (const [index, hop] of hops.entries()) {
    const within = loginProblems(hop, false);
    problems.push(...within.map(({ path, message }) => ({ path: ["proxy", index, ...path], message })));
  }
  if (connection.sshConfigPath !== undefined && left(connection, "sshConfigHost")) {
    report(["sshConfigPath"], "there is nothing to look up in this file: set sshConfigHost");
  }
  if (undoTimeout !== undefined && perDialTimeout !== undefined && undoTimeout < perDialTimeout) {
    report(
      ["undoTimeout"],
      `leaves no time for one attempt to connect: give ${Math.ceil(perDialTimeout)} or more`,
    );
  }
  if (become?.method === "doas" && become.password !== undefined) {
    report(
      ["become", "password"],
      `doas takes a password from a terminal only: write \`permit nopass ${connection.user ?? "USER"}\` in doas.conf`,
    );
  }
  return problems;
}

function loginProblems(known: Partly<Hop>, proven: boolean): ConnectionProblem[] {
  const missing = (key: keyof Hop) => key in known && (known[key] === undefined || known[key] === false);
  const given = (key: keyof Hop) => key in known && !missing(key);
  const problems: ConnectionProblem[] = [];
  const report = (path: string[], message: string) => problems.push({ path, message });

  const proofs = ["hostKey", "knownHosts", "insecureIgnoreHostKey"] as const;
  if (!proven && proofs.every(missing)) {
    report(
      ["hostKey"],
      `the host must prove who it is: set hostKey to a line of \`ssh-keyscan ${known.host ?? "HOST"}\` that you have ` +
        'compared with the host, or knownHosts to "~/.ssh/known_hosts" after a first `ssh` to it; ' +
        "insecureIgnoreHostKey: true would trust anyone",
    );
  }
  const [proof, ...others] = proofs.filter(given);
  for (const other of others) report([other], `give ${proof} or ${other}, not both`);

  if (given("privateKey") && given("privateKeyPath")) {
    report(["privateKeyPath"], "give privateKey or privateKeyPath, not both");
  }
  if (given("privateKeyPassword") && missing("privateKey") && missing("privateKeyPath") && !proven) {
    report(["privateKeyPassword"], "there is no key for this passphrase: set privateKey or privateKeyPath");
  }
  return problems;
}

/** namesKey tells the three ways to name an agent's key from what is none: a path may be nearly anything. */
function namesKey(text: string): boolean {
  const [first = "", blob] = text.trim().split(/\s+/);
  if (first.startsWith("SHA256:")) return FINGERPRINT.test(first);
  if (/^(ssh|ecdsa|sk)-/.test(first) && blob !== undefined) return /^[A-Za-z0-9+/]+=*$/.test(blob);
  return first !== "" && !/^(MD5:|-----)/.test(first);
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** canonicalHostKey gives a fingerprint as it is, a key as `type base64`, and undefined for anything else. */
function canonicalHostKey(text: string): string | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length === 1) return FINGERPRINT.test(words[0] ?? "") ? words[0] : undefined;
  // A line of ssh-keyscan or known_hosts has the host's name first.
  const [type, blob] = isHostKeyType(words[0]) ? words : words.slice(1);
  if (!isHostKeyType(type) || blob === undefined) return undefined;
  const name = Buffer.from(blob, "base64")
    .subarray(4, 4 + type.length)
    .toString("latin1");
  return name === type ? `${type} ${blob}` : undefined;
}

const HOST_KEY_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
] as const;

/** HostKeyType: the kinds of host keys that can be checked. */
export type HostKeyType = (typeof HOST_KEY_TYPES)[number];

/** isHostKeyType tells the kinds of host keys that can be checked from others (certificates, hardware keys). */
export function isHostKeyType(text: string | undefined): text is HostKeyType {
  return HOST_KEY_TYPES.some((type) => type === text);
}
