import type { Managers } from "./question";

/** Exposed is what another manager of the host's network may take of an object. */
export interface Exposed {
  readonly kind: "route" | "rule" | "address";
  /** The device that it is on; left out where it is on none, or the kernel decides. */
  readonly dev?: string | undefined;
  /** The input that tells it, where the object itself stays: the `addresses` of a device of ours. */
  readonly part?: "addresses";
}

/** Threat is one manager, what it does, and how to make it leave something alone. */
export interface Threat {
  readonly what: string;
  readonly advice: string;
}

/** The name of the files that we advise to make. */
const NAME = "pulumi-ipip";

/**
 * threatsTo tells which managers take something away. `gone` is whether it has gone already: then also one is named that
 * leaves it alone as long as nobody tells it to disconnect.
 */
export function threatsTo(exposed: Exposed, managers: Managers, gone: boolean): Threat[] {
  const found = [networkd(exposed, managers), gone ? networkManager(exposed, managers) : undefined];
  return found
    .filter((threat) => threat !== undefined)
    .map((threat) =>
      managers.netplan
        ? {
            ...threat,
            advice: `${threat.advice}\nnetplan writes the other files here, and leaves this one alone.`,
          }
        : threat,
    );
}

/** What was seen of systemd 252 and 257: without a device of its own it takes nothing away. */
function networkd({ kind, dev, part }: Exposed, { networkd }: Managers): Threat | undefined {
  if (networkd === undefined || networkd.devices.size === 0) return undefined;
  const { devices, routes, rules } = networkd;
  if (kind === "rule") {
    if (!rules) return undefined;
    return {
      what: "systemd-networkd takes away the rules that it has not made, when it starts or sets a device up anew",
      advice: dropIn("ManageForeignRoutingPolicyRules"),
    };
  }
  if (dev !== undefined && !devices.has(dev)) return undefined;
  const of = dev === undefined ? "its devices" : dev;
  if (kind === "route") {
    if (!routes) return undefined;
    return {
      what: `systemd-networkd sets up ${of}, and takes away the routes by it that it has not made, when it starts or sets it up anew`,
      advice: dropIn("ManageForeignRoutes"),
    };
  }
  const what = `systemd-networkd sets up ${of}, and takes away the addresses that its .network file lacks, when it starts or sets it up anew`;
  return part === undefined
    ? {
        what,
        advice: `Put these lines into /etc/systemd/network/FILE.d/${NAME}.conf, FILE being the name of the .network file that \`networkctl status ${of}\` shows, then \`networkctl reload\`:${lines("[Network]", "KeepConfiguration=static")}`,
      }
    : {
        what,
        advice: `Put these lines into /etc/systemd/network/00-${NAME}.network, then \`networkctl reload\` (a ManagerExemption does it):${lines("[Match]", `Name=${of}`, "[Link]", "Unmanaged=yes")}`,
      };
}

/** What is made by hand it only watches, until somebody has it disconnect the device, or all. */
function networkManager({ kind, dev }: Exposed, { networkManager }: Managers): Threat | undefined {
  if (networkManager === undefined || kind === "rule" || dev === undefined) return undefined;
  if (networkManager.leaves.some((pattern) => matches(pattern.trim(), dev))) return undefined;
  return {
    what: `NetworkManager counts ${dev} among its devices, and takes all addresses and routes away from one that it disconnects`,
    advice: `Put these lines into /etc/NetworkManager/conf.d/${NAME}.conf, then \`nmcli general reload conf\` (a ManagerExemption does it):${lines("[keyfile]", `unmanaged-devices+=interface-name:${dev}`)}`,
  };
}

/** Of the many ways to name devices there (NetworkManager.conf(5), "Device List Format") two tell without asking it. */
function matches(pattern: string, dev: string): boolean {
  const glob = pattern === "*" ? pattern : pattern.replace(/^interface-name:=?/, "");
  if (glob === pattern && pattern !== "*") return false;
  const parts = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${parts}$`).test(dev);
}

function dropIn(setting: string): string {
  return `Put these lines into /etc/systemd/networkd.conf.d/${NAME}.conf (a ManagerExemption does it). They count from its next start; what it has taken away by then \`pulumi up --refresh\` makes anew:${lines("[Network]", `${setting}=no`)}`;
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `\n  ${line}`).join("");
}
