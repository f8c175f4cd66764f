import { readFile } from "node:fs/promises";
import type { AnyAuthMethod, KeyboardInteractiveAuthMethod, ParsedKey } from "ssh2";
import { agentOf } from "./agent";
import { expandHome, isMissing, saidBy } from "./paths";
import { privateKeyIn } from "./private-key";
import { Refusal } from "./refusal";
import type { Stop } from "./stop";

/** Credentials is what there is to log in with. */
export interface Credentials {
  /** The ways to log in, in the order in which they are tried. */
  readonly methods: readonly AnyAuthMethod[];
  /** What could not be used, for the message when all else is refused; more comes while logging in. */
  readonly notes: string[];
}

/** credentials gathers what there is to log in with at one stop. It fails with a Refusal. */
export async function credentials(stop: Stop): Promise<Credentials> {
  const { user: username, password } = stop;
  const notes: string[] = [];
  const keys = await privateKeys(stop, notes);
  const agent = await agentOf(stop);
  const methods: AnyAuthMethod[] = keys.map((key) => ({ type: "publickey", username, key }));
  if (agent !== undefined) methods.push({ type: "agent", username, agent });
  if (password !== undefined) {
    methods.push({ type: "password", username, password }, answering(username, password, notes));
  }
  if (methods.length > 0) return { methods, notes };
  const unset = process.env.SSH_AUTH_SOCK ? "" : " (SSH_AUTH_SOCK is not set)";
  throw new Refusal(
    [`there is nothing to log in with as ${username}`, ...notes].join("; "),
    `Set ${stop.named("privateKeyPath")}, privateKey or password, or start an SSH agent${unset}.`,
    false,
  );
}

/**
 * answering gives the password to a host that asks for it itself. A question whose answer shows on the screen is not
 * one for a password, and after the first answer the next question is for something else: a code, a new password.
 */
function answering(username: string, password: string, notes: string[]): KeyboardInteractiveAuthMethod {
  let given = false;
  return {
    type: "keyboard-interactive",
    username,
    prompt: (_name, _instructions, _language, prompts, finish) => {
      const answers = prompts.map(({ prompt, echo }) => {
        if (echo !== true && !given) {
          given = true;
          return password;
        }
        notes.push(`it asked "${prompt.trim()}", which nobody is there to answer`);
        return "";
      });
      finish(answers);
    },
  };
}

async function privateKeys(stop: Stop, notes: string[]): Promise<ParsedKey[]> {
  const { text, files, passphrase, optional } = stop.key;
  const keys: ParsedKey[] = [];
  if (text !== undefined) keys.push(keyIn(text, passphrase, stop.named("privateKey"), stop));
  for (const path of files) {
    try {
      keys.push(keyIn(await keyFile(path, stop), passphrase, `the key ${path}`, stop));
    } catch (error) {
      if (!(error instanceof Refusal) || !optional) throw error;
      if (!(error instanceof NoSuchFile)) notes.push(error.why);
    }
  }
  return keys;
}

/** NoSuchFile: a key that is not there, which is no trouble where it need not be. */
class NoSuchFile extends Refusal {}

async function keyFile(path: string, stop: Stop): Promise<string> {
  try {
    return await readFile(expandHome(path), "utf8");
  } catch (error) {
    const missing = isMissing(error);
    throw new (missing ? NoSuchFile : Refusal)(
      `${stop.named("privateKeyPath")} can't be read: ${saidBy(error)}`,
      "Give the path of a private key on the machine that runs Pulumi.",
      false,
    );
  }
}

function keyIn(text: string, passphrase: string | undefined, where: string, stop: Stop): ParsedKey {
  const key = privateKeyIn(text, passphrase);
  if (key instanceof Error) throw unreadable(where, key.message, stop);
  if (key.isPrivateKey()) return key;
  throw new Refusal(
    `${where} is a public key`,
    "Give the private one: its file has no .pub at the end.",
    false,
  );
}

function unreadable(where: string, why: string, stop: Stop): Refusal {
  const input = stop.named("privateKeyPassword");
  if (/no passphrase given/.test(why)) {
    return new Refusal(`${where} has a passphrase`, `Set ${input}, or use an agent.`, false);
  }
  if (/passphrase/i.test(why)) {
    return new Refusal(`${where} can't be opened with ${input}`, "Check the passphrase.", false);
  }
  return new Refusal(
    `${where} can't be read as a private key: ${why}`,
    "Give a key in OpenSSH or PEM form, with all its lines, from BEGIN to END.",
    false,
  );
}
