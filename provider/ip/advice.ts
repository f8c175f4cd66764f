/** What to do about what the kernel or iproute2 says. Advice only: nothing is ever decided by these words. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /Operation not permitted|Permission denied/i,
    "Changing the network needs CAP_NET_ADMIN: log in as root, or set connection.become to use sudo or doas.",
  ],
  [
    /File exists/,
    "An object with the same name or key is there already; for a tunnel also one with the same local, remote and dev.",
  ],
  [
    /Nexthop has invalid gateway|Network is unreachable/,
    "The gateway must be reachable through a device that is up; set `onlink` if it is reachable without a route to it.",
  ],
  [
    /Cannot find device/,
    "The device is not in this namespace: make it first, or let this resource depend on it.",
  ],
  [/Device for nexthop is not up|Network is down/, "The device must be up before a route can use it."],
  [/Invalid prefsrc address/, "`src` must be an address of this namespace: give it to a device first."],
  [/Read-only file system/, "/proc/sys is read-only there, as in most containers."],
];

/** advise says what to do about an answer, when that is known. */
export function advise(stderr: string): string | undefined {
  return ADVICE.find(([pattern]) => pattern.test(stderr))?.[1];
}
