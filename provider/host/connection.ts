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

/**
 * How to reach a host over SSH, and how the host proves who it is. Named and shaped as in `@pulumi/command`, and
 * stricter: one of `hostKey`, `knownHosts` and `insecureIgnoreHostKey` is required. The host needs an sshd, a POSIX
 * shell and iproute2 5.3 or newer, and nothing else.
 */
export const Connection = z.strictObject({
  /** Name or address of the host: `203.0.113.10`, `fd00::10` or `gw.example.com`. The user goes into `user`. */
  host: z
    .string()
    .regex(
      /^[^\s@/[\]-][^\s@/[\]]*$/,
      'write a name or an address alone, like "203.0.113.10"; the user goes into `user`',
    ),
  /** TCP port of its sshd, 1 to 65535. */
  port: z
    .int()
    .min(1, "a port is a number from 1 to 65535")
    .max(65535, "a port is a number from 1 to 65535")
    .default(22),
  /** User to log in as. One who is not root needs `become` to change the network. */
  user: z.string().min(1, "a user name can't be empty").default("root"),
  /** Password to log in with. */
  password: z.string().min(1, "a password can't be empty").optional().meta({ secret: true }),
  /**
   * Text of the private key to log in with, in OpenSSH or PEM form. It goes into Pulumi's state, which
   * `privateKeyPath` or an agent keeps it out of.
   */
  privateKey: z.string().min(1, "a key can't be empty").optional().meta({ secret: true }),
  /**
   * Path of the private key's file on the machine that runs Pulumi, read anew at each connect. `~/` is the home folder
   * of whoever runs Pulumi.
   */
  privateKeyPath: z.string().min(1, "a path can't be empty").optional(),
  /** Passphrase of the private key. */
  privateKeyPassword: z.string().min(1, "a passphrase can't be empty").optional().meta({ secret: true }),
  /**
   * Socket of the SSH agent to log in with, on the machine that runs Pulumi. Left out, it is `$SSH_AUTH_SOCK` when
   * neither a password nor a key is given.
   */
  agentSocketPath: z.string().min(1, "a path can't be empty").optional(),
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
   * Path of a known_hosts file (sshd(8)) on the machine that runs Pulumi, `~/.ssh/known_hosts` for example, that has
   * the host's key.
   */
  knownHosts: z.string().min(1, "a path can't be empty").optional(),
  /** `true` trusts any host that answers, so that anyone on the way can read and change everything. */
  insecureIgnoreHostKey: z.boolean().default(false),
  /** Seconds that one attempt to connect and log in may take. */
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
  /** Seconds that one round trip to the host may take, connecting included. */
  operationTimeout: seconds().default(300),
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

/** Connection is how to reach a host in canonical form: what was left out is absent. */
export type Connection = z.output<typeof Connection>;

export interface ConnectionProblem {
  readonly path: string[];
  readonly message: string;
}

/** Known is what is known of a connection: a key whose value is not known yet is missing, one left out is undefined. */
type Known = { readonly [K in keyof Connection]?: Connection[K] | undefined };

/** connectionProblems finds what is wrong between several keys. What is not known yet is taken to be right. */
export function connectionProblems(connection: Known): ConnectionProblem[] {
  const missing = (key: keyof Connection) =>
    key in connection && (connection[key] === undefined || connection[key] === false);
  const given = (key: keyof Connection) => key in connection && !missing(key);
  const problems: ConnectionProblem[] = [];
  const report = (path: string[], message: string) => problems.push({ path, message });

  const proofs = ["hostKey", "knownHosts", "insecureIgnoreHostKey"] as const;
  if (proofs.every(missing)) {
    report(
      ["hostKey"],
      `the host must prove who it is: set hostKey to a line of \`ssh-keyscan ${connection.host ?? "HOST"}\` that you have ` +
        'compared with the host, or knownHosts to "~/.ssh/known_hosts" after a first `ssh` to it; ' +
        "insecureIgnoreHostKey: true would trust anyone",
    );
  }
  const [proof, ...others] = proofs.filter(given);
  for (const other of others) report([other], `give ${proof} or ${other}, not both`);

  if (given("privateKey") && given("privateKeyPath")) {
    report(["privateKeyPath"], "give privateKey or privateKeyPath, not both");
  }
  if (given("privateKeyPassword") && missing("privateKey") && missing("privateKeyPath")) {
    report(["privateKeyPassword"], "there is no key for this passphrase: set privateKey or privateKeyPath");
  }
  if (connection.become?.method === "doas" && connection.become.password !== undefined) {
    report(
      ["become", "password"],
      `doas takes a password from a terminal only: write \`permit nopass ${connection.user ?? "USER"}\` in doas.conf`,
    );
  }
  return problems;
}

/** canonicalHostKey gives a fingerprint as it is, a key as `type base64`, and undefined for anything else. */
function canonicalHostKey(text: string): string | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length === 1) return /^SHA256:[A-Za-z0-9+/]{43}$/.test(words[0] ?? "") ? words[0] : undefined;
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
