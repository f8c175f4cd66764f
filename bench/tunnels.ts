/** Tunnel is one of the tunnels that every contender makes: a device with two addresses, and a route. */
export interface Tunnel {
  /** The host that it is on, by its number. */
  readonly host: number;
  readonly name: string;
  readonly local: string;
  readonly remote: string;
  readonly ttl: number;
  readonly addresses: readonly string[];
  /** Left out by those that want no route. */
  readonly destination?: string;
}

/** What all names of devices begin with, so that what a contender left can be told from what was there before. */
export const PREFIX = "bench";

/** The engine's resources that one tunnel is: the device with its addresses, and the route. */
export const RESOURCES_PER_TUNNEL = 2;

const MOST = 2 ** 14;

/** tunnelsOn spreads tunnels over hosts, whose own addresses are given. */
export function tunnelsOn(hosts: readonly string[], count: number, ttl: number): Tunnel[] {
  if (count > MOST) throw new Error(`there are addresses for ${MOST} tunnels`);
  return Array.from({ length: count }, (_, index) => {
    const host = index % hosts.length;
    const [high, low] = [index >> 8, index & 255];
    return {
      host,
      name: `${PREFIX}${index}`,
      local: hosts[host] ?? "",
      remote: `10.100.${high}.${low}`,
      ttl,
      addresses: [
        `10.${50 + (index >> 12)}.${(index >> 4) & 255}.${(index & 15) * 16 + 1}/28`,
        `fd50::${(index + 1).toString(16)}:1/112`,
      ],
      destination: `10.60.${high}.${low}/32`,
    };
  });
}
