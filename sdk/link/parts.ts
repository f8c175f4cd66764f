import type * as pulumi from "@pulumi/pulumi";
import type { Family } from "../../provider/net";
import type { ConnectionArgs, Named } from "../resource";
import type { Options } from "./options";

/** Tunnel is one end of a link: the resource of the link's kind. */
export type Tunnel = Named & { readonly effectiveMtu: pulumi.Output<number> };

/** The part of each resource's arguments that says where it is. */
interface Where {
  readonly connection?: pulumi.Input<ConnectionArgs> | undefined;
  readonly host?: pulumi.Input<string> | undefined;
  readonly namespace?: pulumi.Input<string> | Named | undefined;
}

/** What a host can make again when it boots. */
interface Lasting extends Where {
  readonly persist: Options["persist"];
}

export interface TunnelArgs extends Lasting {
  readonly name: string;
  readonly local: pulumi.Input<string>;
  readonly remote: pulumi.Input<string>;
  readonly addresses: pulumi.Input<pulumi.Input<string>[]>;
  readonly mtu?: pulumi.Input<number> | undefined;
  readonly encap?: { readonly type: "fou" | "gue"; readonly dport: number };
}

interface Over4Args extends TunnelArgs {
  readonly ttl?: pulumi.Input<number | "inherit"> | undefined;
  readonly tos?: pulumi.Input<number | string> | undefined;
  readonly pmtudisc?: pulumi.Input<boolean> | undefined;
}

interface Over6Args extends TunnelArgs {
  readonly hoplimit?: pulumi.Input<number | "inherit"> | undefined;
  readonly tclass?: pulumi.Input<number | string> | undefined;
  readonly encaplimit?: pulumi.Input<number | "none"> | undefined;
}

interface ModeArgs {
  readonly mode?: "ipip6" | "ip6ip6" | "any";
}

interface GreArgs {
  readonly ikey?: pulumi.Input<number | string> | undefined;
  readonly okey?: pulumi.Input<number | string> | undefined;
  readonly iseq?: pulumi.Input<boolean> | undefined;
  readonly oseq?: pulumi.Input<boolean> | undefined;
  readonly icsum?: pulumi.Input<boolean> | undefined;
  readonly ocsum?: pulumi.Input<boolean> | undefined;
}

interface RouteArgs extends Lasting {
  readonly destination: string;
  readonly via: pulumi.Input<string>;
  readonly dev: Named;
  readonly table?: pulumi.Input<number> | undefined;
}

interface SysctlArgs extends Lasting {
  readonly key: string;
  readonly value: number;
}

interface PortArgs extends Lasting {
  readonly port: number;
  readonly encap: "fou" | "gue";
  readonly family: Family;
  readonly ipproto?: "ipip" | "ipv6" | "gre" | undefined;
}

interface ClampArgs extends Lasting {
  readonly dev: Named;
  readonly ipv4: "pmtu" | "none";
  readonly ipv6: "pmtu" | "none";
}

interface ProbeArgs extends Where {
  readonly dev: Named;
  readonly target: pulumi.Input<string>;
  readonly required?: pulumi.Input<boolean> | undefined;
  readonly triggers: unknown[];
}

/** Probed is what came of a probe. */
export interface Probed {
  readonly cause: pulumi.Output<string>;
  readonly reason: pulumi.Output<string>;
}

type Make<A, R = pulumi.CustomResource> = new (
  name: string,
  args: A,
  opts?: pulumi.CustomResourceOptions,
) => R;

/** One of another kind, by the same name, replaces it. */
interface MakeTunnel<A> extends Make<A, Tunnel> {
  readonly type: string;
}

/** Parts are the classes that a link makes its resources of. */
export interface Parts {
  /** By the words of ip-link(8). */
  readonly tunnels: {
    readonly ipip: MakeTunnel<Over4Args>;
    readonly sit: MakeTunnel<Over4Args>;
    readonly gre: MakeTunnel<Over4Args & GreArgs>;
    readonly ip6tnl: MakeTunnel<Over6Args & ModeArgs>;
    readonly ip6gre: MakeTunnel<Over6Args & GreArgs>;
  };
  readonly route: Make<RouteArgs>;
  readonly sysctl: Make<SysctlArgs>;
  readonly port: Make<PortArgs>;
  readonly clamp: Make<ClampArgs>;
  readonly probe: Make<ProbeArgs, pulumi.CustomResource & Probed>;
}
