import fc from "fast-check";
import type { Contract } from "../../provider/resource";
import { route } from "../../provider/resources/route";
import type { Fields } from "../../provider/state";
import { FakeHost } from "./fake-host";
import { MiniEngine } from "./mini-engine";
import { samples } from "./samples";

/** Stacks of objects of all types that can stand beside each other, on the ground of the samples. */

/** Member is one resource of a stack: what programs may ask of it, and what may be done to it by hand. */
interface Member {
  readonly name: string;
  readonly contract: Contract;
  readonly inputs: fc.Arbitrary<Fields>;
  byHand(inputs: Fields): string[];
}

/** What happens to a stack: programs that ask for something else of some members, and what is done to some by hand. */
export interface Round {
  readonly programs: Readonly<Record<string, Fields>>;
  readonly hands: readonly { readonly member: string; readonly which: number }[];
}

export interface Stack {
  /** What the first program asks for, of each member. */
  readonly first: Readonly<Record<string, Fields>>;
  readonly rounds: readonly Round[];
}

function member(type: string, change: (inputs: Fields) => Fields = (inputs) => inputs): Member {
  const sample = samples[type];
  if (sample === undefined) throw new Error(`there is no sample of ${type}`);
  const engine = new MiniEngine(sample.contract, new FakeHost());
  return {
    name: type,
    contract: sample.contract,
    inputs: sample.inputs.map(change).filter((inputs) => engine.isValid(inputs)),
    byHand: (inputs) => sample.byHand(inputs),
  };
}

/**
 * A tunnel of a kind has names of its own, and is up and in the host's namespace where a route goes through it. The lab's
 * quick kernel can't put one into UDP.
 */
const tunnel = (type: string, routed: boolean) =>
  member(type, ({ name, encap: _, ...inputs }) => ({
    ...inputs,
    name: `${String(name).replace("tun", type.slice(0, 7).toLowerCase())}`,
    ...(routed && { name: THROUGH, namespace: undefined, up: true }),
  }));

const THROUGH = "through0";

/** A route through a tunnel goes whenever the tunnel does. */
const routeThrough: Member = {
  name: "the route through GreTunnel",
  contract: route,
  inputs: fc.record({
    destination: fc.constant("10.60.0.0/24"),
    dev: fc.constant(THROUGH),
    mtu: fc.constantFrom(undefined, 1200),
  }),
  byHand: () => [
    "ip route delete 10.60.0.0/24",
    `ip route replace 10.60.0.0/24 dev ${THROUGH} proto 204 mtu 900`,
  ],
};

const NAMESPACE = "n1";
const inHost = ({ namespace: _, ...inputs }: Fields) => inputs;

/** MEMBERS are all that a stack may have, in the order in which they are made. */
export const MEMBERS: readonly Member[] = [
  member("Namespace", (inputs) => ({ ...inputs, name: NAMESPACE })),
  // Another end in the namespace of the stack goes with it.
  member("VethPair", ({ a, b }) => ({ a, b: { ...(b as Fields), namespace: NAMESPACE } })),
  // Labels of the stack's routes must stay below.
  member("MplsLabelTable", ({ platformLabels, ...inputs }) => ({
    ...inputs,
    platformLabels: Number(platformLabels) + 1000,
  })),
  member("MplsInput"),
  member("Link"),
  member("Address", (inputs) => ({ ...inputs, dev: "lo" })),
  tunnel("IpipTunnel", false),
  tunnel("SitTunnel", false),
  tunnel("GreTunnel", true),
  routeThrough,
  tunnel("Ip6Tunnel", false),
  tunnel("Ip6GreTunnel", false),
  member("Route"),
  member("MplsRoute"),
  // A rule among those of the host itself could cut it off.
  member("Rule", (inputs) => ({ ...inputs, namespace: "ns1" })),
  member("FouPort"),
  member("Sysctl", inHost),
];
const GROUNDS = [
  ["the route through GreTunnel", "GreTunnel"],
  ["VethPair", "Namespace"],
] as const;

/** stacks are of some of the members, and those that these stand on. */
export const stacks: fc.Arbitrary<Stack> = fc
  .subarray([...MEMBERS], { minLength: 4, maxLength: 8 })
  .chain((some) => {
    const names = new Set(some.map(({ name }) => name));
    for (const [above, below] of GROUNDS) if (names.has(above)) names.add(below);
    const members = MEMBERS.filter(({ name }) => names.has(name));
    const programs = (of: readonly Member[]) =>
      fc.record(Object.fromEntries(of.map(({ name, inputs }) => [name, inputs])));
    const round = fc.record({
      programs: fc.subarray(members).chain(programs),
      hands: fc.array(fc.record({ member: fc.constantFrom(...names), which: fc.nat({ max: 99 }) }), {
        maxLength: 3,
      }),
    });
    return fc.record({
      first: programs(members),
      rounds: fc.array(round, { minLength: 1, maxLength: 3 }),
    });
  });
