import { commandLine, type Failure } from "../host/host";

/** What to do about what the kernel or iproute2 says. Advice only: nothing is ever decided by these words. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    // Without the right to change the network the kernel says "not permitted"; these words are about IPv6 alone.
    /RTNETLINK answers: Permission denied|IPv6 is disabled/,
    "IPv6 is disabled there: look at the sysctls net.ipv6.conf.*.disable_ipv6.",
  ],
  [
    /Operation not permitted|Permission denied/i,
    "Changing the network needs CAP_NET_ADMIN: log in as root, or set connection.become to use sudo or doas.",
  ],
  [
    /File exists/,
    "An object with the same name or key is there already; for a tunnel also one with the same local, remote and dev.",
  ],
  [
    /Nexthop has invalid gateway|Network is unreachable|No route to host/,
    "The gateway must be reachable through a device that is up; set `onlink` if it is reachable without a route to it.",
  ],
  [
    /Cannot find device/,
    "The device is not in this namespace: make it first, or let this resource depend on it.",
  ],
  [
    /configured maximum in platform_labels/,
    "Make an `MplsLabelTable` whose `platformLabels` is larger than the label, and let this resource depend on it.",
  ],
  [
    /lwt encapsulation type not supported/,
    "`encap` needs the kernel module mpls_iptunnel (CONFIG_MPLS_IPTUNNEL): try `modprobe mpls_iptunnel` on the host.",
  ],
  [
    /\/proc\/sys\/net\/mpls\/conf\/.*: No such file or directory/,
    "There is no such device in this namespace, or it can't carry MPLS: make it first, or let this resource depend on it.",
  ],
  [/Device for nexthop is not up|Network is down/, "The device must be up before a route can use it."],
  [/Invalid prefsrc address/, "`src` must be an address of this namespace: give it to a device first."],
  [
    /Cannot open network namespace/,
    "There is no such namespace: make it with a `Namespace` and give that resource as `namespace`.",
  ],
  [
    /setting the network namespace .* failed: Invalid argument/,
    "The file of that name in /run/netns leads to no namespace any more: remove it with `ip netns delete`.",
  ],
  [
    /\bip: (command )?not found/,
    "iproute2 is not installed on the host: `apt install iproute2` or `dnf install iproute`.",
  ],
  [
    /\/proc\/sys\/.*: No such file or directory/,
    "The kernel has no such parameter: check `key`; those of a device, or of a module, are there only as long as it is.",
  ],
  [/\/proc\/sys\/.*: Invalid argument/, "The kernel does not take this `value` for that `key`."],
  [
    /Address already in use/,
    "Something has that UDP port: `ip fou show` lists those for FOU and GUE, `ss -lunp` those of programs. Choose another `port`.",
  ],
  [
    /Cannot assign requested address/,
    "The address is not there: give it to a device of this namespace first.",
  ],
  [
    /\bnft: (command )?not found|exec of "nft" failed/,
    "nftables is not installed on the host: `apt install nftables` or `dnf install nftables`.",
  ],
  [
    /Could not process rule: (Operation|Protocol) not supported/,
    "The kernel lacks the family inet of nftables: one of your own needs CONFIG_NF_TABLES_INET.",
  ],
  [
    /cache initialization failed/,
    "The kernel seems to lack its module nf_tables, and `nft` could not have it loaded: `modprobe nf_tables` says why.",
  ],
  [/Read-only file system/, "/proc/sys is read-only there, as in most containers."],
];

/** advise says what to do about an answer, when that is known. */
export function advise(stderr: string): string | undefined {
  return ADVICE.find(([pattern]) => pattern.test(stderr))?.[1];
}

/** adviseOption says it where only the command tells what the answer is about. */
export function adviseOption({ step, answer }: Failure): string | undefined {
  return / encap (fou|gue) /.test(commandLine(step)) && /Invalid argument/.test(answer.stderr)
    ? "The kernel may lack encapsulation of tunnels in UDP: one of your own needs CONFIG_NET_FOU_IP_TUNNELS."
    : undefined;
}

/** The modules that a first step may lack, each with the option that a kernel is built with to have it. */
const KERNEL_OPTIONS = {
  fou: "CONFIG_NET_FOU",
  fou6: "CONFIG_IPV6_FOU",
  ipip: "CONFIG_NET_IPIP",
  sit: "CONFIG_IPV6_SIT",
  ip6_tunnel: "CONFIG_IPV6_TUNNEL",
  ip_gre: "CONFIG_NET_IPGRE",
  ip6_gre: "CONFIG_IPV6_GRE",
  mpls_router: "CONFIG_MPLS_ROUTING",
  veth: "CONFIG_VETH",
} as const;

/** Module is a kernel module that a resource needs. */
export type Module = keyof typeof KERNEL_OPTIONS;

/** What keeps modprobe from loading a module that may well be there. */
const HINDRANCES: readonly (readonly [RegExp, string])[] = [
  [
    /Error running install command/,
    "A line of /etc/modprobe.d on the host forbids it: `grep -r install /etc/modprobe.d`.",
  ],
  [/modprobe: (command )?not found/, "Install kmod, the package that modprobe is in."],
  [
    /Operation not permitted/,
    "Loading a module needs root, and a kernel that still allows it (sysctl kernel.modules_disabled): have it loaded when the machine boots, by a line in /etc/modules-load.d.",
  ],
];

/** adviseModule says what to do when a step failed, and modprobe could not load the module it may lack. */
export function adviseModule({ step, answer: { stderr } }: Failure): string {
  const module = step.argv[1] as Module;
  const said = stderr.trim();
  const hindrance = HINDRANCES.find(([pattern]) => pattern.test(said))?.[1];
  const missing =
    "After an upgrade of the kernel, reboot. Otherwise install its other modules: linux-modules-extra-$(uname -r) on " +
    "Ubuntu, kernel-modules-extra on Fedora, the stock linux-image instead of a cut-down one on Debian; " +
    `a kernel of your own needs ${KERNEL_OPTIONS[module]}.`;
  return [
    `The kernel seems to lack its module ${module}, and \`modprobe ${module}\` could not load it: ${said}`,
    hindrance ?? missing,
  ].join("\n");
}
