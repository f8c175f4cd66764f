import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { familyOf, ipOf } from "../../provider/net";
import type { ComponentArgs, ComponentClass } from "../component";
import { Given } from "../given";
import type { LinkInputs, tunnelLink } from "./args";
import { claimsOf } from "./claims";
import { deviceName } from "./device-name";
import { forward, forwarderOf } from "./forwarding";
import { isGre, kindOf } from "./kinds";
import { type KnownLink, otherOf, SIDES, type SideName } from "./known";
import type { Parts, Probed, Tunnel, TunnelArgs } from "./parts";
import { openerOf, openPort } from "./port";
import { linkProblems } from "./problems";
import { Program } from "./program";
import { at, type Where } from "./shared";
import { topology } from "./topology";

export type LinkArgs = ComponentArgs<z.input<LinkInputs>>;

export interface LinkOutputs {
  /** The end of the tunnel on the host of `a`. */
  readonly a: Tunnel;
  /** The end of the tunnel on the host of `b`. */
  readonly b: Tunnel;
  /** The largest packet in bytes that fits through the tunnel whole both ways: the smaller MTU of the two ends. */
  readonly mtu: pulumi.Output<number>;
  /** Whether the `probe` found that packets come through, small ones and the largest. Undefined without one. */
  readonly works: pulumi.Output<boolean | undefined>;
  /** What the `probe` saw that tells why they don't, as a sentence; empty when all is well. Undefined without one. */
  readonly reason: pulumi.Output<string | undefined>;
  /** The link as text: its kind and MTU, and for each side the underlay's address, device, tunnel address and networks. */
  readonly topology: pulumi.Output<string>;
}

export type LinkClass = ComponentClass<LinkArgs, LinkOutputs>;

/** What is plain in the arguments, in canonical form. */
type Fixed = Pick<z.output<LinkInputs>, "kind" | "a" | "b" | "encap" | "mssClamp" | "probe" | "persist">;

/** linkClass makes the class of a link out of those of its parts. */
export function linkClass({ type, inputs }: typeof tunnelLink, parts: Parts): LinkClass {
  const token = `ipip:index:${type}`;

  class Link extends pulumi.ComponentResource {
    readonly a: Tunnel;
    readonly b: Tunnel;
    readonly mtu: pulumi.Output<number>;
    readonly works: pulumi.Output<boolean | undefined>;
    readonly reason: pulumi.Output<string | undefined>;
    readonly topology: pulumi.Output<string>;

    constructor(name: string, args: LinkArgs, opts?: pulumi.ComponentResourceOptions) {
      const program = Program.current();
      const self = {};
      const makers = (side: SideName, known: KnownLink) => ({
        forwarding: forwarderOf(name, side, args[side], known[side]),
        port: openerOf(name, side, args[side], known),
      });
      const given = new Given<KnownLink>(`${type} "${name}"`, inputs, args, (known) => [
        ...linkProblems(known),
        ...program.claim(self, name, claimsOf(name, known, { a: makers("a", known), b: makers("b", known) })),
      ]);
      super(token, name, {}, opts);
      const fixed = given.value as Fixed;
      const { persist } = fixed;
      const where = (side: SideName): Where => ({
        name,
        side,
        given: args[side],
        persist,
        link: this,
        program,
      });
      const ends = { a: endArgs(name, "a", args, fixed, given), b: endArgs(name, "b", args, fixed, given) };
      const end = (side: SideName) => {
        const ports =
          fixed.encap === undefined ? [] : [openPort(parts.port, where(side), fixed.kind, fixed.encap)];
        const Tunnel = parts.tunnels[kindOf(fixed.kind).word];
        // By its other types the engine finds an end of another kind, which has the device, and takes it away first.
        const others = Object.values(parts.tunnels).filter((other) => other !== Tunnel);
        const aliases = others.map((other) => ({ type: other.type }));
        return new Tunnel(`${name}-${side}`, ends[side], { parent: this, dependsOn: ports, aliases });
      };
      this.a = end("a");
      this.b = end("b");
      const ways = SIDES.flatMap((side) => [
        ...this.routes(name, side, args, fixed, given),
        ...forward(parts.sysctl, where(side), fixed[side]),
        ...(fixed.mssClamp ? [this.clamp(name, side, args, fixed)] : []),
      ]);
      this.mtu = pulumi.all([this.a.effectiveMtu, this.b.effectiveMtu]).apply((both) => Math.min(...both));
      const probed = fixed.probe && this.probed(name, args, given, ends, ways);
      this.works = pulumi.output(probed?.cause.apply((cause) => cause === "none"));
      this.reason = pulumi.output(probed?.reason);
      this.topology = this.drawn(name, args, fixed, given);
      const { mtu, works, reason } = this;
      this.registerOutputs({ mtu, works, reason, topology: this.topology });
    }

    private routes(name: string, side: SideName, args: LinkArgs, fixed: Fixed, given: Given<KnownLink>) {
      const other = otherOf(side);
      return [...fixed[other].networks, ...fixed[other].transit].map(
        (destination) =>
          // Named after what it leads to: one that kept its name and changed its destination would take another's place.
          new parts.route(
            `${name}-${side}-to-${destination}`,
            {
              ...at(args[side]),
              destination,
              via: addressesIn(args[other], given).apply((all) => ipFor(destination, all)),
              dev: this[side],
              table: args.table,
              persist: fixed.persist,
            },
            { parent: this },
          ),
      );
    }

    private clamp(name: string, side: SideName, args: LinkArgs, { kind, persist }: Fixed) {
      const size = (family: 4 | 6) => (kindOf(kind).carries.includes(family) ? "pmtu" : "none");
      return new parts.clamp(
        `${name}-${side}-mss`,
        { ...at(args[side]), dev: this[side], ipv4: size(4), ipv6: size(6), persist },
        { parent: this },
      );
    }

    private probed(
      name: string,
      args: LinkArgs,
      given: Given<KnownLink>,
      ends: Readonly<Record<SideName, TunnelArgs>>,
      ways: pulumi.Resource[],
    ): Probed {
      // Whatever a tunnel is told may break it; what its connection is does not, nor what is kept for the next boot.
      const told = ({ connection: _, host: __, namespace: ___, persist: ____, ...rest }: TunnelArgs) => rest;
      return new parts.probe(
        `${name}-probe`,
        {
          ...at(args.a),
          dev: this.a,
          target: addressesIn(args.b, given).apply(([first = ""]) => ipOf(first)),
          required: args.probe?.required,
          triggers: [told(ends.a), told(ends.b), this.a.effectiveMtu, this.b.effectiveMtu],
        },
        { parent: this, dependsOn: [this.a, this.b, ...ways] },
      );
    }

    private drawn(name: string, args: LinkArgs, fixed: Fixed, given: Given<KnownLink>) {
      const ends = SIDES.map((side) => {
        const { underlay, namespace } = args[side];
        return {
          label: side,
          underlay,
          namespace: pulumi.Resource.isInstance(namespace) ? namespace.name : namespace,
          device: this[side].name,
          addresses: addressesIn(args[side], given),
          networks: fixed[side].networks,
        };
      });
      const { kind, encap } = fixed;
      const drawn = encap === undefined ? kind : `${kind} in ${encap.type} (UDP port ${encap.port})`;
      return pulumi
        .all([pulumi.output(ends), this.mtu, given.right])
        .apply(([all, mtu]) => topology({ title: name, kind: drawn, mtu, ends: all }));
    }

    static override isInstance(value: unknown): value is pulumi.ComponentResource {
      return pulumi.Resource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === token;
    }
  }
  return Link as unknown as LinkClass;
}

type LinkSide = LinkArgs["a"];

/** addressesIn lists what a side gives as its addresses, once they are known and right. */
function addressesIn({ address, addresses }: LinkSide, given: Given<KnownLink>): pulumi.Output<string[]> {
  const all = pulumi.output(address === undefined ? addresses : [address]);
  return given.once(all as pulumi.Output<string[] | undefined>).apply((known) => known ?? []);
}

/** ipFor is the address by which a network is reached, of those of the other end. */
function ipFor(network: string, addresses: readonly string[]): string {
  return ipOf(addresses.find((address) => familyOf(address) === familyOf(network)) ?? "");
}

/** endArgs are those of a side's tunnel, as its kind has them. */
function endArgs(
  name: string,
  side: SideName,
  args: LinkArgs,
  { kind, encap, persist, [side]: own }: Fixed,
  given: Given<KnownLink>,
) {
  const { underlay } = args[side];
  const { mtu, ttl, tos, pmtudisc, hoplimit, tclass, encaplimit, key, seq, csum } = args;
  const facts = kindOf(kind);
  return {
    ...at(args[side]),
    name: own.device ?? deviceName(name),
    local: given.once(underlay),
    remote: given.once(args[otherOf(side)].underlay),
    addresses: addressesIn(args[side], given),
    mtu,
    persist,
    ...(facts.mode && { mode: facts.mode }),
    ...(facts.underlay === 4 ? { ttl, tos, pmtudisc } : { hoplimit, tclass, encaplimit }),
    ...(isGre(facts) && { ikey: key, okey: key, iseq: seq, oseq: seq, icsum: csum, ocsum: csum }),
    ...(encap && { encap: { type: encap.type, dport: encap.port } }),
  };
}
