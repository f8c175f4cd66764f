import * as pulumi from "@pulumi/pulumi";
import {
  Address,
  type ConnectionArgs,
  GreTunnel,
  Ip6GreTunnel,
  Ip6Tunnel,
  IpipTunnel,
  MplsInput,
  MplsLabelTable,
  MplsRoute,
  Route,
  SitTunnel,
} from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");
const tos = config.getNumber("tos") ?? 0;
const key = config.getNumber("key") ?? 7;
const ipip6 = config.get("ipip6") ?? "ipip6";

/** One end of a tunnel of each kind. `own` and `other` end the addresses of this host and of the other. */
function host(name: "a" | "b", own: number, other: number) {
  const { underlay, ...reached } = config.requireObject<HostConfig>(name);
  const far = config.requireObject<HostConfig>(name === "a" ? "b" : "a");
  const connection = { ...ssh, ...reached };
  const over4 = { connection, local: underlay ?? reached.host, remote: far.underlay ?? far.host, tos };

  // IPv4 in IPv4, and MPLS in IPv4: the kernel has one such device between two addresses, so one takes both.
  const ipip = new IpipTunnel(`${name}-ipip`, {
    ...over4,
    name: "ipip1",
    mode: "any",
    addresses: [`192.168.51.${own}/30`],
  });

  // IPv6 in IPv4. The tunnels below go through this one, as they would through a network that has IPv6.
  const addresses = ["fd99:a", "fd99:b", "fd99:c", "fd99:d"].map((subnet) => `${subnet}::${own}/64`);
  const sit = new SitTunnel(`${name}-sit`, { ...over4, name: "sit1", addresses });
  const over6 = (subnet: string) => ({
    connection,
    local: `${subnet}::${own}`,
    remote: `${subnet}::${other}`,
    dev: sit,
    tclass: tos,
  });

  // IPv4 in IPv6, and IPv6 in IPv6.
  new Ip6Tunnel(`${name}-ipip6`, {
    ...over6("fd99:a"),
    name: ipip6,
    mode: "ipip6",
    addresses: [`192.168.52.${own}/30`],
  });
  new Ip6Tunnel(`${name}-ip6ip6`, {
    ...over6("fd99:b"),
    name: "ip6ip6",
    mode: "ip6ip6",
    addresses: [`fd52::${own}/64`],
  });

  // MPLS in IPv6, beside IPv4 and IPv6.
  const any6 = new Ip6Tunnel(`${name}-any6`, {
    ...over6("fd99:d"),
    name: "any6",
    mode: "any",
    addresses: [`192.168.55.${own}/30`],
  });

  // GRE in IPv4, with a key, and GRE in IPv6, with checksums. Both carry IPv4 and IPv6.
  new GreTunnel(`${name}-gre`, {
    ...over4,
    name: "gre1",
    ikey: key,
    okey: key,
    addresses: [`192.168.53.${own}/30`, `fd53::${own}/64`],
  });
  new Ip6GreTunnel(`${name}-gre6`, {
    ...over6("fd99:c"),
    name: "gre6",
    icsum: true,
    ocsum: true,
    addresses: [`192.168.54.${own}/30`, `fd54::${own}/64`],
  });

  // By label alone: packets to an address of the other host get a label on the way out, which the other host takes off.
  const labels = new MplsLabelTable(`${name}-labels`, { connection, platformLabels: 1000 });
  const labelled = (tunnel: IpipTunnel | Ip6Tunnel, subnet: string, base: number, gateway: string) => {
    const what = `${name}-${base}`;
    const address = new Address(`${what}-address`, { connection, dev: "lo", address: `${subnet}.${own}/32` });
    new MplsInput(`${what}-input`, { connection, dev: tunnel });
    new MplsRoute(`${what}-pop`, { connection, label: base + own, dev: "lo" }, { dependsOn: labels });
    new Route(
      `${what}-push`,
      {
        connection,
        destination: `${subnet}.${other}`,
        via: `${gateway}.${other}`,
        dev: tunnel,
        src: `${subnet}.${own}`,
        encap: { mpls: [base + other] },
      },
      { dependsOn: address },
    );
  };
  labelled(ipip, "10.71.0", 100, "192.168.51");
  labelled(any6, "10.72.0", 200, "192.168.55");
}

host("a", 1, 2);
host("b", 2, 1);
