import { readFile } from "node:fs/promises";
import { type BaseAgent, createAgent, type ParsedKey } from "ssh2";
import { fingerprint } from "./host-key";
import { expandHome } from "./paths";
import { Refusal } from "./refusal";
import type { Stop } from "./stop";

/** agentOf is the agent to log in with, which offers no more keys than it should; undefined without one. */
export async function agentOf(stop: Stop): Promise<BaseAgent | undefined> {
  const { socket, identity, only } = stop.agent;
  if (!socket) return undefined;
  const wanted = identity === undefined ? undefined : await printOf(identity, stop);
  const prints = await Promise.all((only ?? stop.key.files).map(printIn));
  return choosing(createAgent(socket), (keys) => {
    if (wanted !== undefined) return theOne(keys, wanted);
    const named = keys.filter((key) => prints.includes(printed(key)));
    return only === undefined ? [...named, ...keys.filter((key) => !named.includes(key))] : named;
  });
}

/** choosing has an agent offer its keys in another order, or only some of them. */
function choosing(agent: BaseAgent, choose: (keys: readonly ParsedKey[]) => ParsedKey[]): BaseAgent {
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = (done) =>
    all((error, keys = []) => {
      if (error) return done(error);
      try {
        done(null, choose(keys.filter(isParsedKey)));
      } catch (cause) {
        done(cause instanceof Error ? cause : new Error(String(cause)));
      }
    });
  return agent;
}

/** ssh2's agents give nothing else, which its types don't say. */
function isParsedKey(key: unknown): key is ParsedKey {
  return typeof key === "object" && key !== null && "getPublicSSH" in key;
}

function theOne(keys: readonly ParsedKey[], wanted: string): ParsedKey[] {
  const chosen = keys.find((key) => printed(key) === wanted);
  if (chosen !== undefined) return [chosen];
  const has = keys.map((key) => `${printed(key)} (${key.type})`).join(", ");
  throw new Error(`it has no key ${wanted}; it has ${has === "" ? "none" : has}`);
}

/** printOf is the fingerprint of the key that `agentIdentity` names. */
async function printOf(identity: string, stop: Stop): Promise<string> {
  const text = identity.trim();
  if (text.startsWith("SHA256:")) return text;
  const print = printOfLine(text) ?? (await printIn(text));
  if (print !== undefined) return print;
  throw new Refusal(
    `${stop.named("agentIdentity")} names ${text}, where no public key can be read`,
    "Give the path of the .pub file on the machine that runs Pulumi, or the fingerprint that `ssh-add -l` shows.",
    false,
  );
}

/** printIn is the fingerprint of the public key at a path, or beside the private one there. */
async function printIn(path: string): Promise<string | undefined> {
  for (const each of [`${path}.pub`, path]) {
    const text = await readFile(expandHome(each), "utf8").catch(() => "");
    const print = printOfLine(text.trim());
    if (print !== undefined) return print;
  }
  return undefined;
}

function printOfLine(text: string): string | undefined {
  const [, blob] = /^(?:ssh|ecdsa|sk)-\S+\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(text) ?? [];
  return blob === undefined ? undefined : fingerprint(Buffer.from(blob, "base64"));
}

function printed(key: ParsedKey): string {
  return fingerprint(key.getPublicSSH());
}
