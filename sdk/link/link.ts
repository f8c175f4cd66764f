import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { ipOf } from "../../provider/net";
import type { ComponentArgs, ComponentClass } from "../component";
import { Given } from "../given";
import type { LinkInputs, tunnelLink } from "./args";
import { claimsOf } from "./claims";
import { deviceName } from "./device-name";
import { forward, forwardersOf } from "./forwarding";
import { type KnownLink, otherOf, SIDES, type SideName } from "./known";
import type { Parts, Tunnel } from "./parts";
import { linkProblems } from "./problems";
import { Program } from "./program";
import { topology } from "./topology";

export type LinkArgs = ComponentArgs<z.input<LinkInputs>>;

export interface LinkOutputs {
  /** The end of the tunnel on the host of `a`. */
  readonly a: Tunnel;
  /** The end of the tunnel on the host of `b`. */
  readonly b: Tunnel;
  /** The largest packet in bytes that fits through the tunnel whole both ways: the smaller MTU of the two ends. */
  readonly mtu: pulumi.Output<number>;
  /** The link as text: its kind and MTU, and for each side the underlay's address, device, tunnel address and networks. */
  readonly topology: pulumi.Output<string>;
}

export type LinkClass = ComponentClass<LinkArgs, LinkOutputs>;

/** What is plain in the arguments, in canonical form. */
type Fixed = Pick<z.output<LinkInputs>, "kind" | "a" | "b">;

/** linkClass makes the class of a link out of those of its parts. */
export function linkClass({ type, inputs }: typeof tunnelLink, parts: Parts): LinkClass {
  const token = `ipip:index:${type}`;

  class Link extends pulumi.ComponentResource {
    readonly a: Tunnel;
    readonly b: Tunnel;
    readonly mtu: pulumi.Output<number>;
    readonly topology: pulumi.Output<string>;

    constructor(name: string, args: LinkArgs, opts?: pulumi.ComponentResourceOptions) {
      const program = Program.current();
      const self = {};
      const given = new Given<KnownLink>(`${type} "${name}"`, inputs, args, (known) => [
        ...linkProblems(known),
        ...program.claim(self, name, claimsOf(name, known, forwardersOf(name, args, known))),
      ]);
      super(token, name, {}, opts);
      const fixed = given.value as Fixed;
      const end = (side: SideName) => this.end(name, side, args, fixed, given);
      this.a = end("a");
      this.b = end("b");
      for (const side of SIDES) {
        this.routes(name, side, args, fixed, given);
        forward(program, parts.sysctl, { name, side, given: args[side], fixed: fixed[side], link: this });
      }
      this.mtu = pulumi.all([this.a.effectiveMtu, this.b.effectiveMtu]).apply((both) => Math.min(...both));
      this.topology = this.drawn(name, args, fixed, given);
      this.registerOutputs({ mtu: this.mtu, topology: this.topology });
    }

    private end(
      name: string,
      side: SideName,
      args: LinkArgs,
      { kind, [side]: own }: Fixed,
      given: Given<KnownLink>,
    ) {
      const { connection, namespace, underlay, address } = args[side];
      const { mtu, ttl, tos, pmtudisc } = args;
      return new parts.kinds[kind](
        `${name}-${side}`,
        {
          connection,
          namespace,
          name: own.device ?? deviceName(name),
          local: given.once(underlay),
          remote: given.once(args[otherOf(side)].underlay),
          addresses: [given.once(address)],
          mtu,
          ttl,
          tos,
          pmtudisc,
        },
        { parent: this },
      );
    }

    private routes(name: string, side: SideName, args: LinkArgs, fixed: Fixed, given: Given<KnownLink>) {
      const { connection, namespace } = args[side];
      const other = otherOf(side);
      for (const destination of [...fixed[other].networks, ...fixed[other].transit]) {
        // Named after what it leads to: one that kept its name and changed its destination would take another's place.
        new parts.route(
          `${name}-${side}-to-${destination}`,
          {
            connection,
            namespace,
            destination,
            via: given.once(args[other].address).apply(ipOf),
            dev: this[side],
            table: args.table,
          },
          { parent: this },
        );
      }
    }

    private drawn(name: string, args: LinkArgs, fixed: Fixed, given: Given<KnownLink>) {
      const ends = SIDES.map((side) => {
        const { underlay, address, namespace } = args[side];
        return {
          label: side,
          underlay,
          namespace: pulumi.Resource.isInstance(namespace) ? namespace.name : namespace,
          device: this[side].name,
          address,
          networks: fixed[side].networks,
        };
      });
      return pulumi
        .all([pulumi.output(ends), this.mtu, given.right])
        .apply(([all, mtu]) => topology({ title: name, kind: fixed.kind, mtu, ends: all }));
    }

    static override isInstance(value: unknown): value is pulumi.ComponentResource {
      return pulumi.Resource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === token;
    }
  }
  return Link as unknown as LinkClass;
}
