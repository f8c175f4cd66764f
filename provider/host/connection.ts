import { z } from "zod";

/**
 * How to reach a host. Named and shaped as in `@pulumi/command`, and stricter: the host has to prove who it is.
 * The user's program loads this file too, so nothing here may pull in the SSH library.
 */

const seconds = () => z.number().positive();

const become = z.strictObject({
  method: z.enum(["sudo", "doas"]).meta({
    description: "The program that changes the user: `sudo` or `doas`.",
  }),
  user: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'write a user name, like "root"')
    .default("root")
    .meta({ description: "The user to become. Default: `root`." }),
  password: z
    .string()
    .regex(/^[^\r\n\0]+$/, "a password is one line")
    .optional()
    .meta({
      description:
        "The password that sudo asks for, which is usually that of the user who logged in. Leave it out where sudoers " +
        "says `NOPASSWD`. It travels on standard input only. doas takes a password from a terminal only, so it can't be " +
        "used with `doas`: write `nopass` in doas.conf.",
      secret: true,
    }),
});

/** Connection is the schema of the `connection` of every resource, and its canonical form: what was left out is absent. */
export const Connection = z.strictObject({
  host: z
    .string()
    .regex(
      /^[^\s@/[\]-][^\s@/[\]]*$/,
      'write a name or an address alone, like "203.0.113.10"; the user goes into `user`',
    )
    .meta({ description: "Name or address of the host, `203.0.113.10` or `fd00::10` or `gw.example.com`." }),
  port: z
    .int()
    .min(1, "a port is a number from 1 to 65535")
    .max(65535, "a port is a number from 1 to 65535")
    .default(22)
    .meta({ description: "TCP port of its sshd. Default: `22`." }),
  user: z.string().min(1, "a user name can't be empty").default("root").meta({
    description:
      "The user to log in as. One who is not root needs `become` to change the network. Default: `root`.",
  }),
  password: z
    .string()
    .min(1, "a password can't be empty")
    .optional()
    .meta({ description: "Password to log in with.", secret: true }),
  privateKey: z
    .string()
    .min(1, "a key can't be empty")
    .optional()
    .meta({
      description:
        "Text of the private key to log in with, in OpenSSH or PEM form. It is kept in Pulumi's state as a secret; " +
        "`privateKeyPath` or an agent keeps it out of the state.",
      secret: true,
    }),
  privateKeyPath: z.string().min(1, "a path can't be empty").optional().meta({
    description:
      "Path of the private key's file on the machine that runs Pulumi, read at each connect. `~/` is your home folder.",
  }),
  privateKeyPassword: z
    .string()
    .min(1, "a passphrase can't be empty")
    .optional()
    .meta({ description: "Passphrase of the private key.", secret: true }),
  agentSocketPath: z.string().min(1, "a path can't be empty").optional().meta({
    description:
      "Socket of the SSH agent to log in with. Default: `$SSH_AUTH_SOCK` when neither a password nor a key is given.",
  }),
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
    .optional()
    .meta({
      description:
        "The host's public key: a line as `ssh-keyscan` prints it, `ssh-ed25519 AAAA…`, or a fingerprint, `SHA256:…`. " +
        "One of `hostKey`, `knownHosts` and `insecureIgnoreHostKey` is required.",
    }),
  knownHosts: z
    .string()
    .min(1, "a path can't be empty")
    .optional()
    .meta({
      description:
        "Path of a known_hosts file on the machine that runs Pulumi, `~/.ssh/known_hosts` for example, that has the " +
        "host's key.",
    }),
  insecureIgnoreHostKey: z.boolean().default(false).meta({
    description:
      "`true` trusts any host that answers, so that anyone on the way can read and change everything. Default: `false`.",
  }),
  perDialTimeout: seconds().default(15).meta({
    description: "Seconds that one attempt to connect and log in may take. Default: `15`.",
  }),
  dialErrorLimit: z
    .int()
    .refine(
      (limit) => limit === -1 || limit >= 1,
      "give the number of attempts, 1 or more, or -1 for no limit",
    )
    .default(10)
    .meta({
      description:
        "How many attempts to connect may fail before an operation does; `-1` sets no limit other than " +
        "`operationTimeout`. Only a network that fails is tried again, never a wrong key. Default: `10`.",
    }),
  operationTimeout: seconds().default(300).meta({
    description: "Seconds that one round trip to the host may take, connecting included. Default: `300`.",
  }),
  become: become.optional().meta({
    description: "Run as another user, through sudo or doas, when `user` is not root.",
  }),
});

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
