import type * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs, Named } from "../resource";
import type { KindName } from "./kinds";

/** Tunnel is one end of a link: the resource of the link's kind. */
export type Tunnel = Named & { readonly effectiveMtu: pulumi.Output<number> };

/** The part of each resource's arguments that says where it is. */
interface Where {
  readonly connection: pulumi.Input<ConnectionArgs>;
  readonly namespace?: pulumi.Input<string> | Named | undefined;
}

interface TunnelArgs extends Where {
  readonly name: string;
  readonly local: pulumi.Input<string>;
  readonly remote: pulumi.Input<string>;
  readonly addresses: pulumi.Input<string>[];
  readonly mtu?: pulumi.Input<number> | undefined;
  readonly ttl?: pulumi.Input<number | "inherit"> | undefined;
  readonly tos?: pulumi.Input<number | string> | undefined;
  readonly pmtudisc?: pulumi.Input<boolean> | undefined;
}

interface RouteArgs extends Where {
  readonly destination: string;
  readonly via: pulumi.Input<string>;
  readonly dev: Named;
  readonly table?: pulumi.Input<number> | undefined;
}

interface SysctlArgs extends Where {
  readonly key: string;
  readonly value: number;
}

type Make<A, R> = new (name: string, args: A, opts?: pulumi.CustomResourceOptions) => R;

/** Parts are the classes that a link makes its resources of. */
export interface Parts {
  readonly kinds: Readonly<Record<KindName, Make<TunnelArgs, Tunnel>>>;
  readonly route: Make<RouteArgs, pulumi.CustomResource>;
  readonly sysctl: Make<SysctlArgs, pulumi.CustomResource>;
}
