import { readdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import SSHConfig, { type Directive, LineType, type Section } from "ssh-config";
import { expandHome, isMissing, saidBy } from "./paths";
import { matchesPattern } from "./patterns";
import { Refusal } from "./refusal";

/** What ssh_config(5) allows of files that include files. */
const MAX_DEPTH = 16;

/** Setting is one keyword of an ssh_config file, in small letters, with its words. */
export interface Setting {
  readonly keyword: string;
  readonly words: readonly string[];
  readonly file: string;
}

/** Block is what stands below a `Host` or `Match` line, or in a file that is included there. */
export interface Block extends Setting {
  readonly items: readonly (Setting | Block)[];
}

export function isBlock(item: Setting | Block): item is Block {
  return "items" in item;
}

/**
 * readSshConfig reads a file and those that it includes; undefined when it is not there. An `Include` is a block of its
 * own for each file, for it leaves the `Host` line that it stands below as it was.
 */
export async function readSshConfig(path: string, depth = 0): Promise<Block | undefined> {
  if (depth > MAX_DEPTH) throw refused(path, "it is included too deep, or includes itself");
  let text: string;
  try {
    text = await readFile(expandHome(path), "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw refused(path, saidBy(error));
  }
  let lines: SSHConfig;
  try {
    lines = SSHConfig.parse(text);
  } catch (error) {
    throw refused(path, saidBy(error));
  }
  return { keyword: "include", words: [path], file: path, items: await itemsOf(lines, path, depth) };
}

async function itemsOf(lines: SSHConfig, file: string, depth: number): Promise<(Setting | Block)[]> {
  const items: (Setting | Block)[] = [];
  for (const line of lines) {
    if (line.type !== LineType.DIRECTIVE) continue;
    const keyword = line.param.toLowerCase();
    const setting = { keyword, words: wordsOf(line), file };
    if ("config" in line) items.push({ ...setting, items: await itemsOf(line.config, file, depth) });
    else if (keyword !== "include") items.push(setting);
    else {
      for (const pattern of setting.words) {
        const included = await Promise.all(
          (await filesLike(pattern, file)).map((path) => readSshConfig(path, depth + 1)),
        );
        items.push(...included.filter((block) => block !== undefined));
      }
    }
  }
  return items;
}

function wordsOf({ value }: Directive | Section): string[] {
  return typeof value === "string" ? [value] : value.map(({ val }) => val);
}

/** filesLike lists the files that an `Include` means, in the order of their names. */
async function filesLike(pattern: string, from: string): Promise<string[]> {
  const path = expandHome(pattern);
  const base = from.startsWith("/etc/ssh/") ? "/etc/ssh" : expandHome("~/.ssh");
  return await expand(isAbsolute(path) ? path : join(base, path));
}

async function expand(pattern: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return [pattern];
  const folders = await expand(dirname(pattern));
  const name = pattern.slice(dirname(pattern).length).replace(/^[/\\]/, "");
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      const matching = names.filter((each) => matchesPattern(name, each) && !each.startsWith("."));
      return matching.sort().map((each) => join(folder, each));
    }),
  );
  return found.flat();
}

function refused(path: string, why: string): Refusal {
  return new Refusal(
    `${path} can't be read as an ssh_config file: ${why}`,
    "Repair it, or leave out connection.sshConfigHost and say all in the program.",
    false,
  );
}
