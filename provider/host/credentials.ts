import { readFile } from "node:fs/promises";
import { type AnyAuthMethod, type ParsedKey, utils } from "ssh2";
import type { Connection } from "./connection";
import { expandHome } from "./paths";
import { Refusal } from "./refusal";

/** credentials lists the ways to log in, in the order in which they are tried. */
export async function credentials(connection: Connection): Promise<AnyAuthMethod[]> {
  const { user: username, password } = connection;
  const key = await privateKey(connection);
  const given = key !== undefined || password !== undefined;
  const agent = connection.agentSocketPath ?? (given ? undefined : process.env.SSH_AUTH_SOCK);
  const methods: AnyAuthMethod[] = [];
  if (key !== undefined) methods.push({ type: "publickey", username, key });
  if (agent) methods.push({ type: "agent", username, agent: expandHome(agent) });
  if (password !== undefined) methods.push({ type: "password", username, password });
  if (methods.length > 0) return methods;
  throw new Refusal(
    `there is nothing to log in with as ${username}`,
    "Set connection.privateKeyPath, privateKey or password, or start an SSH agent (SSH_AUTH_SOCK is not set).",
    false,
  );
}

async function privateKey(connection: Connection): Promise<ParsedKey | undefined> {
  const text = connection.privateKey ?? (await keyFile(connection.privateKeyPath));
  if (text === undefined) return undefined;
  const where =
    connection.privateKeyPath === undefined
      ? "connection.privateKey"
      : `the key ${connection.privateKeyPath}`;
  // ssh2 gives a list for a file that has several keys, which its types don't say.
  const [key] = [utils.parseKey(text, connection.privateKeyPassword)].flat();
  if (key === undefined || key instanceof Error) throw unreadable(where, key?.message ?? "no key in it");
  if (key.isPrivateKey()) return key;
  throw new Refusal(
    `${where} is a public key`,
    "Give the private one: its file has no .pub at the end.",
    false,
  );
}

async function keyFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(expandHome(path), "utf8");
  } catch (error) {
    throw new Refusal(
      `connection.privateKeyPath can't be read: ${error instanceof Error ? error.message : String(error)}`,
      "Give the path of a private key on the machine that runs Pulumi.",
      false,
    );
  }
}

function unreadable(where: string, why: string): Refusal {
  if (/no passphrase given/.test(why)) {
    return new Refusal(
      `${where} has a passphrase`,
      "Set connection.privateKeyPassword, or use an agent.",
      false,
    );
  }
  if (/passphrase/i.test(why)) {
    return new Refusal(
      `${where} can't be opened with connection.privateKeyPassword`,
      "Check the passphrase.",
      false,
    );
  }
  return new Refusal(
    `${where} can't be read as a private key: ${why}`,
    "Give a key in OpenSSH or PEM form, with all its lines, from BEGIN to END.",
    false,
  );
}
