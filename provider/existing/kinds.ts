/** The classes of devices by the kinds that the kernel knows them as. */
export const CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ipip: "IpipTunnel",
    sit: "SitTunnel",
    gre: "GreTunnel",
    ip6tnl: "Ip6Tunnel",
    ip6gre: "Ip6GreTunnel",
    veth: "VethPair",
  }),
);
