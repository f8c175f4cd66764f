import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ComponentArgs, ComponentClass } from "../component";
import { Given } from "../given";
import { deviceName } from "../link/device-name";
import type { LinkClass } from "../link/link";
import type { MeshInputs, tunnelMesh } from "./args";
import { type Planned, planMesh } from "./plan";
import { type KnownMesh, meshProblems } from "./problems";

export type MeshArgs = ComponentArgs<z.input<MeshInputs>>;

type MeshSite = MeshArgs["sites"][number];

export interface MeshOutputs {
  /** The links, each a `TunnelLink`, ordered by the ids of their sites. */
  readonly links: readonly TunnelLink[];
  /** The largest packet in bytes that fits whole through every tunnel. */
  readonly mtu: pulumi.Output<number>;
  /** The mesh as text: that of each of its links. */
  readonly topology: pulumi.Output<string>;
}

type TunnelLink = InstanceType<LinkClass>;

export type MeshClass = ComponentClass<MeshArgs, MeshOutputs>;

/** meshClass makes the class of a mesh out of that of its links. */
export function meshClass({ type, inputs }: typeof tunnelMesh, Link: LinkClass): MeshClass {
  const token = `ipip:index:${type}`;

  class Mesh extends pulumi.ComponentResource {
    readonly links: readonly TunnelLink[];
    readonly mtu: pulumi.Output<number>;
    readonly topology: pulumi.Output<string>;

    constructor(name: string, args: MeshArgs, opts?: pulumi.ComponentResourceOptions) {
      const given = new Given<KnownMesh>(`${type} "${name}"`, inputs, args, meshProblems);
      super(token, name, {}, opts);
      const { hubs, ...fixed } = given.value as z.output<MeshInputs>;
      this.links = planMesh({ hubs, ...fixed }).map((planned) => this.join(name, args, planned));
      const mtus = this.links.map(({ mtu }) => mtu);
      this.mtu = pulumi.all(mtus).apply((all) => Math.min(...all));
      const drawn = pulumi.all(this.links.map(({ topology }) => topology));
      this.topology = pulumi.all([drawn, given.right]).apply(([all]) => all.join("\n"));
      this.registerOutputs({ mtu: this.mtu, topology: this.topology });
    }

    private join(name: string, args: MeshArgs, { a, b }: Planned): TunnelLink {
      const { sites, kind, mtu, ttl, tos, pmtudisc, table } = args;
      const side = (own: Planned["a"], other: Planned["a"]) => {
        const { connection, namespace, underlay, networks, forwarding } = sites[own.index] as MeshSite;
        const { address, transit } = own;
        const device = deviceName(`${name}-${other.name}`);
        return { connection, namespace, underlay, networks, forwarding, address, transit, device };
      };
      return new Link(
        `${name}-${a.name}~${b.name}`,
        { a: side(a, b), b: side(b, a), kind, mtu, ttl, tos, pmtudisc, table },
        { parent: this },
      );
    }

    static override isInstance(value: unknown): value is pulumi.ComponentResource {
      return pulumi.Resource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === token;
    }
  }
  return Mesh as unknown as MeshClass;
}
