import type { Command } from "../host/host";

/** What is written for a manager of the host's network so that it leaves something alone, and how it learns of that. */

export const MANAGERS = ["systemd-networkd", "NetworkManager"] as const;
export type ManagerName = (typeof MANAGERS)[number];

/** Exempt is what a manager leaves alone. */
export interface Exempt {
  readonly mark: string;
  /** Names of devices, with the wildcards `*` and `?`. */
  readonly devices: readonly string[];
  /** Whether routes and rules that it has not made are left alone too. */
  readonly routing: boolean;
}

/** Part is one of a manager's files. */
interface Part {
  path(name: string): string;
  /** Its text; undefined where it has nothing to say. */
  write(exempt: Exempt): string | undefined;
  /** What a text exempts, as far as it can be told. */
  read(text: string): Partial<Exempt>;
}

interface Manager {
  /** A folder that is there wherever the manager is. */
  readonly home: string;
  /** A folder of files that need not be there, and so goes with the last of them. */
  readonly folder?: string;
  readonly parts: readonly Part[];
  /** What succeeds when it runs, and what has it read its files: texts for a shell. */
  readonly runs: string;
  readonly learn: string;
}

const ROUTING = "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n";
const INTERFACE = "interface-name:";

export const managers: Readonly<Record<ManagerName, Manager>> = {
  "systemd-networkd": {
    home: "/etc/systemd/network",
    folder: "/etc/systemd/networkd.conf.d",
    parts: [
      {
        path: (name) => `/etc/systemd/networkd.conf.d/${name}.conf`,
        write: ({ mark, routing }) => (routing ? `# ${mark}\n${ROUTING}` : undefined),
        read: (text) => ({ routing: text.includes(ROUTING) }),
      },
      {
        // Of those that match a device the first by name decides (systemd.network(5)).
        path: (name) => `/etc/systemd/network/00-${name}.network`,
        write: ({ mark, devices }) =>
          devices.length === 0
            ? undefined
            : `# ${mark}\n[Match]\nName=${devices.join(" ")}\n[Link]\nUnmanaged=yes\n`,
        read: (text) => ({ devices: said(text, "Name=").split(" ") }),
      },
    ],
    runs: "systemctl --quiet is-active systemd-networkd.service",
    learn: "networkctl reload",
  },
  NetworkManager: {
    home: "/etc/NetworkManager/conf.d",
    parts: [
      {
        path: (name) => `/etc/NetworkManager/conf.d/${name}.conf`,
        // The sign adds to what other files say (NetworkManager.conf(5)).
        write: ({ mark, devices }) =>
          `# ${mark}\n[keyfile]\nunmanaged-devices+=${devices.map((one) => INTERFACE + one).join(";")}\n`,
        read: (text) => ({
          devices: said(text, "unmanaged-devices+=")
            .split(";")
            .map((one) => one.replace(INTERFACE, "")),
        }),
      },
    ],
    runs: "nmcli general status >/dev/null 2>&1",
    learn: "nmcli general reload conf",
  },
};

/** write puts one file there. systemd-networkd is no root, and must be able to read it whatever the umask. */
export function write(path: string, text: string): Command {
  return { argv: ["install", "-D", "-m", "644", "/dev/stdin", path], stdin: text };
}

/** reload has a manager that runs read its files anew, once those that are named are gone. */
export function reload(name: ManagerName, gone: readonly string[]): Command {
  const { runs, learn, folder } = managers[name];
  const tidy =
    folder === undefined ? [] : [`[ ! -d ${folder} ] || rmdir --ignore-fail-on-non-empty ${folder}`];
  const text = ['rm -f -- "$@"', ...tidy, `if ${runs}; then ${learn}; fi`].join("\n");
  return { argv: ["sh", "-c", text, "sh", ...gone] };
}

function said(text: string, key: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.startsWith(key))
      ?.slice(key.length) ?? ""
  );
}

/** reloads tells whom a command has read its files anew. */
export function reloads({ argv }: Command): ManagerName | undefined {
  return MANAGERS.find((name) => argv[0] === "sh" && argv[2] === reload(name, []).argv[2]);
}

/** exemptIn is what files exempt; undefined when there is none. `texts` are by path. */
export function exemptIn(
  manager: ManagerName,
  name: string,
  texts: ReadonlyMap<string, string>,
): Exempt | undefined {
  if (texts.size === 0) return undefined;
  const { parts } = managers[manager];
  const read = parts.map((part) => part.read(texts.get(part.path(name)) ?? ""));
  const [first = ""] = texts.values();
  const mark = said(first, "# ");
  const found = Object.assign({ devices: [], routing: false }, { mark }, ...read) as Exempt;
  const devices = found.devices.filter((one) => one !== "");
  const exempt = { ...found, devices };
  const asWritten = parts.every((part) => part.write(exempt) === texts.get(part.path(name)));
  return asWritten ? exempt : { ...exempt, mark: "changed by hand" };
}
