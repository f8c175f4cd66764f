import { homedir, hostname, userInfo } from "node:os";
import { PORT, USER } from "./connection";
import { matchesList } from "./patterns";
import { Refusal } from "./refusal";
import { type Block, isBlock, readSshConfig, type Setting } from "./ssh-config-file";

/** Where ssh(1) looks, in this order. */
const FILES = ["~/.ssh/config", "/etc/ssh/ssh_config"];

/** Keys that ssh(1) tries when no `IdentityFile` is named, and the files that it knows hosts from. */
const IDENTITIES = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];
const USER_KNOWN_HOSTS = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
const GLOBAL_KNOWN_HOSTS = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/** Keywords that would lead elsewhere, or keep a key from being trusted, and what to do instead. */
const UNSUPPORTED: Readonly<Record<string, { readonly unless: RegExp; readonly advice: string }>> = {
  proxycommand: { unless: /^none$/i, advice: "Use ProxyJump, or set connection.proxy." },
  canonicalizehostname: { unless: /^no$/i, advice: "Write out HostName." },
  revokedhostkeys: { unless: /^none$/i, advice: "Put the keys into known_hosts as @revoked." },
};

const HEEDED = [
  "hostname",
  "port",
  "user",
  "identityfile",
  "identitiesonly",
  "identityagent",
  "proxyjump",
  "userknownhostsfile",
  "globalknownhostsfile",
  "hostkeyalias",
  ...Object.keys(UNSUPPORTED),
];

/** Alias is what the files of ssh_config say of one. */
export interface Alias {
  readonly name: string;
  /** The file that messages speak of. */
  readonly file: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** The agent's socket, empty for none; undefined when nothing is said. */
  readonly agent: string | undefined;
  readonly knownHosts: readonly string[];
  readonly hostKeyAlias: string | undefined;
  /** Machines to go through, the first one first. */
  readonly jumps: readonly Alias[];
}

/** Said is what the program says itself; it wins over the files. */
export interface Said {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** Whether it says what to go through. */
  readonly proxied?: boolean;
}

/** readAlias looks an alias up as ssh(1) does. It fails with a Refusal. */
export async function readAlias(name: string, path: string | undefined, said: Said): Promise<Alias> {
  const files = path === undefined ? FILES : [path];
  const blocks = (await Promise.all(files.map((file) => readSshConfig(file)))).filter(
    (block) => block !== undefined,
  );
  const [file = ""] = files;
  if (blocks.length > 0) return new Lookup(blocks, file).alias(name, said, []);
  throw new Refusal(
    `there is no ${files.join(" or ")} to look up ${name} in`,
    "connection.sshConfigPath names another file, on the machine that runs Pulumi.",
    false,
  );
}

class Lookup {
  constructor(
    private readonly blocks: readonly Block[],
    private readonly file: string,
  ) {}

  /** `through` is the aliases that are reached through this one. */
  alias(name: string, said: Said, through: readonly string[]): Alias {
    if (through.includes(name)) {
      const circle = [...through, name].join(" through ");
      throw new Refusal(`ProxyJump goes in a circle: ${circle}`, `Repair it in ${this.file}.`, false);
    }
    const localUser = whoRuns();
    const found = new Found(name, said, localUser);
    for (const block of this.blocks) found.take(block);
    const host = said.host ?? withTokens(found.text("hostname") ?? name, { "%": "%", h: name }, "HostName");
    const port = said.port ?? found.port();
    const user = said.user ?? found.text("user") ?? localUser;
    const hostKeyAlias = found.text("hostkeyalias");
    const tokens: Tokens = {
      "%": "%",
      d: homedir(),
      h: host,
      i: String(process.getuid?.() ?? ""),
      k: hostKeyAlias ?? name,
      L: hostname().split(".")[0] ?? "",
      l: hostname(),
      n: name,
      p: String(port ?? PORT),
      r: user,
      u: localUser,
    };
    const path = (text: string, keyword: string) => withTokens(withVariables(text, keyword), tokens, keyword);
    const paths = (keyword: string, standard: readonly string[]) => {
      const words = found.first(keyword)?.words ?? standard;
      return words.filter((word) => !/^none$/i.test(word)).map((word) => path(word, keyword));
    };
    const identities = found.all("identityfile").flatMap(({ words }) => words);
    const agent = found.text("identityagent");
    return {
      name,
      file: this.file,
      host,
      port,
      user,
      identityFiles: (identities.length === 0 ? IDENTITIES : identities)
        .filter((file) => !/^none$/i.test(file))
        .map((file) => path(file, "IdentityFile")),
      identitiesOnly: /^(yes|true)$/i.test(found.text("identitiesonly") ?? ""),
      agent: agent && this.agent(agent, (text) => path(text, "IdentityAgent")),
      knownHosts: [
        ...paths("userknownhostsfile", USER_KNOWN_HOSTS),
        ...paths("globalknownhostsfile", GLOBAL_KNOWN_HOSTS),
      ],
      hostKeyAlias,
      jumps: said.proxied === true ? [] : this.jumps(found, [...through, name]),
    };
  }

  private agent(text: string, path: (text: string) => string): string {
    if (/^none$/i.test(text)) return "";
    if (text === "SSH_AUTH_SOCK") return process.env.SSH_AUTH_SOCK ?? "";
    const variable = /^\$(\w+)$/.exec(text)?.[1];
    return variable === undefined ? path(text) : (process.env[variable] ?? "");
  }

  /** The first jump is reached as its own lines say; each of the others through the one before. */
  private jumps(found: Found, through: readonly string[]): Alias[] {
    const text = found.text("proxyjump") ?? "none";
    if (/^none$/i.test(text)) return [];
    return text.split(",").flatMap((word, index) => {
      const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?\/?$/.exec(word.trim());
      if (parts === null) {
        const why = `"ProxyJump ${text}" of ${found.name} in ${this.file} can't be read`;
        throw new Refusal(why, "A jump is [USER@]HOST[:PORT], several are parted by commas.", false);
      }
      const [, user, address, name, port] = parts;
      const said = { user, port: port === undefined ? undefined : Number(port), proxied: index > 0 };
      const jump = this.alias(address ?? name ?? "", said, through);
      return [...jump.jumps, jump];
    });
  }
}

/** Found gathers the settings that count for one alias, in the order in which they stand. */
class Found {
  private readonly settings: Setting[] = [];

  constructor(
    readonly name: string,
    private readonly said: Said,
    private readonly localUser: string,
  ) {}

  take(block: Block): void {
    for (const item of block.items) {
      if (!isBlock(item)) this.add(item);
      else if (item.keyword === "include") this.take(item);
      else if (item.keyword === "host") {
        if (matchesList(lower(item.words), this.name.toLowerCase())) this.take(item);
      } else if (this.matches(item)) this.take(item);
    }
  }

  first(keyword: string): Setting | undefined {
    return this.settings.find((setting) => setting.keyword === keyword.toLowerCase());
  }

  all(keyword: string): Setting[] {
    return this.settings.filter((setting) => setting.keyword === keyword);
  }

  text(keyword: string): string | undefined {
    return this.first(keyword)?.words.join(" ");
  }

  port(): number | undefined {
    const text = this.text("port");
    if (text === undefined) return undefined;
    const port = Number(text);
    if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
    const file = this.first("port")?.file;
    throw new Refusal(`"Port ${text}" of ${this.name} in ${file} is no port`, "Repair it.", false);
  }

  private add(setting: Setting): void {
    const { keyword, words, file } = setting;
    const unsupported = Object.hasOwn(UNSUPPORTED, keyword) ? UNSUPPORTED[keyword] : undefined;
    // Of the two ways through other machines the first that is named counts, and what the program says before both.
    const moot =
      keyword === "proxycommand" && (this.said.proxied === true || this.first("proxyjump") !== undefined);
    if (unsupported !== undefined && this.first(keyword) === undefined && !moot) {
      const text = words.join(" ");
      if (!unsupported.unless.test(text)) {
        const why = `${file} has "${keyword} ${text}" for ${this.name}, which is not supported`;
        throw new Refusal(why, unsupported.advice, false);
      }
    }
    this.settings.push(setting);
  }

  /** matches decides on a `Match` line. One that it can't decide on must have nothing to say that counts. */
  private matches(block: Block): boolean {
    const { words, file } = block;
    for (let index = 0; index < words.length; index++) {
      const criterion = words[index]?.toLowerCase() ?? "";
      if (criterion === "all") continue;
      const negated = criterion.startsWith("!");
      const value = this.valueOf(negated ? criterion.slice(1) : criterion);
      if (value === undefined) {
        if (!hasHeeded(block)) return false;
        const why = `"Match ${words.join(" ")}" in ${file} can't be decided on`;
        const advice =
          "Only all, host, originalhost, user and localuser are: write what is in it below a Host line.";
        throw new Refusal(why, advice, false);
      }
      const patterns = (words[++index] ?? "").toLowerCase().split(",");
      if (matchesList(patterns, value.toLowerCase()) === negated) return false;
    }
    return true;
  }

  private valueOf(criterion: string): string | undefined {
    const { host, user } = this.said;
    switch (criterion) {
      case "host":
        return host ?? (this.text("hostname") ?? this.name).replaceAll("%h", this.name);
      case "originalhost":
        return this.name;
      case "user":
        return user ?? this.text("user") ?? this.localUser;
      case "localuser":
        return this.localUser;
      default:
        return undefined;
    }
  }
}

/** Who runs Pulumi; a container may run it as a number that has no name. */
function whoRuns(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? USER;
  }
}

function hasHeeded(block: Block): boolean {
  return block.items.some((item) => (isBlock(item) ? hasHeeded(item) : HEEDED.includes(item.keyword)));
}

function lower(words: readonly string[]): string[] {
  return words.map((word) => word.toLowerCase());
}

type Tokens = Readonly<Record<string, string>>;

/** withTokens puts in what `%h` and the like stand for: ssh_config(5), TOKENS. */
function withTokens(text: string, tokens: Tokens, keyword: string): string {
  return text.replace(/%(.?)/g, (token, letter: string) => {
    const value = tokens[letter];
    if (value !== undefined) return value;
    const known = Object.keys(tokens)
      .map((each) => `%${each}`)
      .join(" ");
    throw new Refusal(
      `${keyword} "${text}" has ${token}, which is not supported`,
      `There are ${known}.`,
      false,
    );
  });
}

/** withVariables puts in the values of environment variables, written as `${NAME}`. */
function withVariables(text: string, keyword: string): string {
  return text.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
    const value = process.env[name];
    if (value !== undefined) return value;
    const why = `${keyword} "${text}" names the environment variable ${name}, which is not set`;
    throw new Refusal(why, "Set it where Pulumi runs.", false);
  });
}
