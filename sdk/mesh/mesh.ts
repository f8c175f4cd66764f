import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ComponentArgs, ComponentClass } from "../component";
import { Given } from "../given";
import { deviceName } from "../link/device-name";
import type { LinkClass } from "../link/link";
import { optionsIn } from "../link/options";
import type { MeshInputs, tunnelMesh } from "./args";
import { type Planned, type PlannedEnd, planMesh, poolsOf } from "./plan";
import { type KnownMesh, meshProblems } from "./problems";

export type MeshArgs = ComponentArgs<z.input<MeshInputs>>;

type MeshSite = MeshArgs["sites"][number];

export interface MeshOutputs {
  /** The links, each a `TunnelLink`, ordered by the ids of their sites. */
  readonly links: readonly TunnelLink[];
  /** The largest packet in bytes that fits whole through every tunnel. */
  readonly mtu: pulumi.Output<number>;
  /** Whether the `probe` of each link found that packets come through. Undefined without one. */
  readonly works: pulumi.Output<boolean | undefined>;
  /** What the probes saw that tells why they don't, a line for each such link. Undefined without one. */
  readonly reason: pulumi.Output<string | undefined>;
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
    readonly works: pulumi.Output<boolean | undefined>;
    readonly reason: pulumi.Output<string | undefined>;
    readonly topology: pulumi.Output<string>;

    constructor(name: string, args: MeshArgs, opts?: pulumi.ComponentResourceOptions) {
      const given = new Given<KnownMesh>(`${type} "${name}"`, inputs, args, meshProblems);
      super(token, name, {}, opts);
      const { hubs, sites, prefixLength, ...fixed } = given.value as z.output<MeshInputs>;
      const planned = planMesh({ hubs, sites, prefixLength, pools: poolsOf(fixed) });
      this.links = planned.map((one) => this.join(name, args, one));
      const mtus = this.links.map(({ mtu }) => mtu);
      this.mtu = pulumi.all(mtus).apply((all) => Math.min(...all));
      const outcomes = pulumi.all(this.links.map(({ works }) => works));
      const probed = fixed.probe !== undefined;
      this.works = outcomes.apply((all) => (probed ? all.every((works) => works === true) : undefined));
      const reasons = pulumi.all(this.links.map(({ reason }) => reason));
      const names = planned.map(({ a, b }) => linkName(name, a, b));
      this.reason = reasons.apply((all) => (probed ? lines(all, names) : undefined));
      const drawn = pulumi.all(this.links.map(({ topology }) => topology));
      this.topology = pulumi.all([drawn, given.right]).apply(([all]) => all.join("\n"));
      const { mtu, works, reason, topology } = this;
      this.registerOutputs({ mtu, works, reason, topology });
    }

    private join(name: string, args: MeshArgs, { a, b }: Planned): TunnelLink {
      const side = (own: Planned["a"], other: Planned["a"]) => {
        const { connection, host, namespace, underlay, networks, forwarding } = args.sites[
          own.index
        ] as MeshSite;
        const { addresses, transit } = own;
        const device = deviceName(`${name}-${other.name}`);
        return { connection, host, namespace, underlay, networks, forwarding, addresses, transit, device };
      };
      const ends = { a: side(a, b), b: side(b, a) };
      return new Link(linkName(name, a, b), { ...ends, ...optionsIn(args) }, { parent: this });
    }

    static override isInstance(value: unknown): value is pulumi.ComponentResource {
      return pulumi.Resource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === token;
    }
  }
  return Mesh as unknown as MeshClass;
}

function linkName(mesh: string, a: PlannedEnd, b: PlannedEnd): string {
  return `${mesh}-${a.name}~${b.name}`;
}

/** lines tells of the links that have something to tell. */
function lines(reasons: readonly (string | undefined)[], names: readonly string[]): string {
  return reasons.flatMap((reason, index) => (reason ? [`${names[index]}: ${reason}`] : [])).join("\n");
}
