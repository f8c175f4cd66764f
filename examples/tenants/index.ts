import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, GreTunnel, Namespace, Route } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");

/** Each tenant has a key, which keeps its packets apart: all the rest of them may be the same. */
const tenants = { red: 1, blue: 2 };

/** A tenant's namespace has no way out but the tunnel, whose packets travel in the host's own namespace. */
function tenant(name: keyof typeof tenants, side: "a" | "b") {
  const { underlay, ...own } = config.requireObject<HostConfig>(side);
  const other = config.requireObject<HostConfig>(side === "a" ? "b" : "a");
  const connection = { ...ssh, ...own };
  const [here, there] = side === "a" ? [1, 2] : [2, 1];

  const namespace = new Namespace(`${name}-${side}`, { connection, name });
  const tunnel = new GreTunnel(`${name}-${side}-tunnel`, {
    connection,
    namespace,
    underlayNamespace: "",
    name: "wan",
    local: underlay ?? own.host,
    remote: other.underlay ?? other.host,
    ikey: tenants[name],
    okey: tenants[name],
    addresses: [`10.0.0.${here}/24`],
  });
  new Route(`${name}-${side}-default`, {
    connection,
    namespace,
    destination: "default",
    via: `10.0.0.${there}`,
    dev: tunnel,
  });
}

for (const name of Object.keys(tenants) as (keyof typeof tenants)[]) {
  tenant(name, "a");
  tenant(name, "b");
}

export const tryIt = "on host a: ip netns exec red ping 10.0.0.2; ip netns exec blue ping 10.0.0.2";
