import type { Answer, Command } from "../host/host";

/**
 * What other programs set devices and routes up on a host. It is asked of the processes themselves, of the session's own
 * network namespace alone: a file tells only who is installed, and a daemon in a container sees no device of ours. The shell
 * starts no process where there is nobody.
 */
const TEXT = `
for comm in /proc/[0-9]*/comm; do
  read -r name <"$comm" || continue
  case $name in systemd-network | NetworkManager) ;; *) continue ;; esac
  [ /proc/self/ns/net -ef "\${comm%comm}ns/net" ] || continue
  echo "runs $name"
  case $name in
    systemd-network)
      networkctl list --no-legend --no-pager | sed 's/^/networkd /'
      for top in /usr/lib /run /etc; do
        grep -Hs '^ManageForeign' $top/systemd/networkd.conf $top/systemd/networkd.conf.d/*.conf
      done | sed 's/^/set /' ;;
    NetworkManager) NetworkManager --print-config | sed -n 's/^unmanaged-devices=/leaves /p' ;;
  esac
done 2>/dev/null
for file in /etc/netplan/*.yaml; do [ -e "$file" ] && echo netplan && break; done
:
`;

export const question: Command = { argv: ["sh", "-c", TEXT] };

/** Managers are the other programs that set devices and routes up on a host. */
export interface Managers {
  readonly networkd?: {
    /** The devices that it sets up. */
    readonly devices: ReadonlySet<string>;
    /** Whether it takes away routes that it has not made. */
    readonly routes: boolean;
    /** The same of rules. */
    readonly rules: boolean;
  };
  /** NetworkManager, by the devices that it is told to leave alone (`unmanaged-devices`, NetworkManager.conf(5)). */
  readonly networkManager?: { readonly leaves: readonly string[] };
  /** Whether netplan writes their configuration. */
  readonly netplan: boolean;
}

/** What `networkctl list` says of the set-up of a device that networkd changes (networkctl(1)). */
const SETS_UP = ["configuring", "configured", "failed"];

/** managersIn reads the answer to the question; undefined where the host could not tell. */
export function managersIn({ code, stdout }: Answer): Managers | undefined {
  if (code !== 0) return undefined;
  const lines = stdout.split("\n");
  const told = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const running = told("runs");
  const settings = told("set");
  return {
    ...(running.includes("systemd-network") && {
      networkd: {
        devices: new Set(
          told("networkd").flatMap((line) => {
            const [, device = "", , , setup = ""] = line.trim().split(/\s+/);
            return SETS_UP.includes(setup) ? [device] : [];
          }),
        ),
        routes: manages("ManageForeignRoutes", settings),
        rules: manages("ManageForeignRoutingPolicyRules", settings),
      },
    }),
    ...(running.includes("NetworkManager") && {
      networkManager: { leaves: told("leaves").flatMap((line) => line.split(/[,;]/)) },
    }),
    netplan: lines.includes("netplan"),
  };
}

/**
 * manages tells how a setting of networkd.conf(5) stands when it starts next: of all files of drop-ins the last by name
 * decides, else the main one; /etc comes before /run, and that before /usr/lib.
 */
function manages(key: string, settings: readonly string[]): boolean {
  const said = settings.flatMap((line) => {
    const [, file = "", name, value = ""] = /^([^:]+):(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const dropIn = /\.conf\.d\/([^/]+)$/.exec(file)?.[1] ?? "";
    return name === key ? [{ dropIn, value }] : [];
  });
  const last = said.reduce<(typeof said)[number] | undefined>(
    (winner, one) => (winner === undefined || one.dropIn >= winner.dropIn ? one : winner),
    undefined,
  );
  return !/^(no|n|false|f|off|0)$/i.test(last?.value ?? "yes");
}
