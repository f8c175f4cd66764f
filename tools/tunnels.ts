import type { z } from "zod";
import type { Contract } from "../provider/resource";
import { greKind, greTunnel } from "../provider/resources/gre-tunnel";
import { ip6GreKind, ip6GreTunnel } from "../provider/resources/ip6-gre-tunnel";
import { ip6Kind, ip6Tunnel } from "../provider/resources/ip6-tunnel";
import { ipipKind, ipipTunnel } from "../provider/resources/ipip-tunnel";
import { sitKind, sitTunnel } from "../provider/resources/sit-tunnel";
import type { Kind } from "../provider/tunnel/contract";
import { changeOf, unwrapped } from "./api/contract";
import { table } from "./table";

/** TUNNELS are the kinds of tunnels and their contracts, in the order of the table. */
export const TUNNELS: readonly { readonly kind: Kind; readonly contract: Contract }[] = [
  { kind: ipipKind, contract: ipipTunnel as unknown as Contract },
  { kind: sitKind, contract: sitTunnel as unknown as Contract },
  { kind: greKind, contract: greTunnel as unknown as Contract },
  { kind: ip6Kind, contract: ip6Tunnel as unknown as Contract },
  { kind: ip6GreKind, contract: ip6GreTunnel as unknown as Contract },
];

const INTRODUCTION = `<!-- Made by \`npm run docs\` from the schemas in provider/. Change them there. -->
# Tunnels: which kind takes what

Every attribute of the five kinds of tunnels. An example says how a program gives it, how the state has it (the canonical
form, in which values are compared), and what ip(8) is told. Below each kind stand the default and what a change does:
*in place*, *replaces* the device, or *depends* on what the [reference](reference.md) says there, with the meaning of
each. No default means that the host decides. Where there is a dash, check refuses the attribute and names those that
there are.

What iproute2 offers beside these: \`6rd-reset\` is \`sixRd\` left out; \`ipip\` prints those of 6rd in its help, but they do
nothing there; \`sit\` prints \`external\`, which the kernel does not have for it; those of ERSPAN are of another kind of
device. Its \`key\`, \`seq\` and \`csum\` are each two of these, for either direction.
`;

interface Example {
  readonly value: unknown;
  /** What ip(8) is told; left out where the kind's own attribute says it. */
  readonly told?: string;
}

/** One for each attribute, in the order of the table. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  name: { value: "tun0", told: "name tun0" },
  namespace: { value: "blue", told: "-n blue" },
  mode: { value: "any" },
  local: { value: "any" },
  remote: { value: "any" },
  dev: { value: "eth0", told: "dev eth0" },
  underlayNamespace: { value: "red", told: "link-netns red" },
  ttl: { value: "inherit" },
  tos: { value: "0x10" },
  pmtudisc: { value: false },
  ignoreDf: { value: true },
  hoplimit: { value: "inherit" },
  tclass: { value: "0x10" },
  flowlabel: { value: "0x12345" },
  encaplimit: { value: "none" },
  allowLocalremote: { value: true },
  dscpInherit: { value: true },
  fwmark: { value: "0x10" },
  isatap: { value: true },
  sixRd: { value: { prefix: "2001:DB8::/32", relayPrefix: "10.0.0.0/8" } },
  ikey: { value: "10.0.0.1" },
  okey: { value: 42 },
  iseq: { value: true },
  oseq: { value: true },
  icsum: { value: true },
  ocsum: { value: true },
  external: { value: true },
  encap: { value: { type: "gue", dport: 6080 } },
  mtu: { value: "auto", told: "mtu 1480" },
  addresses: { value: ["192.168.50.1/30"], told: "address add 192.168.50.1/30 dev tun0" },
  multicast: { value: true, told: "link set dev tun0 multicast on" },
  up: { value: true, told: "link set dev tun0 up" },
};

/** Those that say nothing of a device, of which the reference tells. */
const COMMON = ["connection", "host", "persist", "adopt", "allowManagementPath", "mark"];

/** tunnelTable is the text of docs/tunnels.md. */
export function tunnelTable(): string {
  const names = new Set(TUNNELS.flatMap(({ contract }) => Object.keys(contract.inputs.shape)));
  const untold = [...names].filter((name) => !COMMON.includes(name) && !(name in EXAMPLES));
  if (untold.length > 0) throw new Error(`tools/tunnels.ts has no example of ${untold.join(", ")}`);
  const rows = Object.entries(EXAMPLES).map(([name, { value, told }]) => [
    `\`${name}\``,
    code(value),
    code(canonical(name, value)),
    `\`${told ?? wordsOf(name, value).join(" ")}\``,
    ...TUNNELS.map(({ contract }) => cell(contract, name)),
  ]);
  const header = ["Attribute", "Example", "In the state", "ip(8)"];
  return `${INTRODUCTION}\n${table([...header, ...TUNNELS.map(({ contract }) => contract.type)], rows)}\n`;
}

/** takerOf is the first kind that has an attribute. */
function takerOf(name: string) {
  const found = TUNNELS.find(({ contract }) => name in contract.inputs.shape);
  if (found === undefined) throw new Error(`no tunnel has ${name}`);
  return found;
}

function canonical(name: string, value: unknown): unknown {
  return (takerOf(name).contract.inputs.shape[name] as z.ZodType).parse(value);
}

function wordsOf(name: string, value: unknown): string[] {
  const attribute = takerOf(name).kind.attributes.find(({ key }) => key === name);
  if (attribute === undefined) throw new Error(`tools/tunnels.ts does not say what ip(8) is told of ${name}`);
  return attribute.words(canonical(name, value));
}

function cell(contract: Contract, name: string): string {
  const schema = contract.inputs.shape[name] as z.ZodType | undefined;
  if (schema === undefined) return "–";
  const { default: standard } = unwrapped(schema);
  const change = changeOf(contract, [name]);
  if (!isOptional(schema)) return `required, ${change}`;
  return standard === undefined ? change : `${code(standard)}, ${change}`;
}

function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

/** Objects as programs write them, without what is off. */
function code(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `\`${JSON.stringify(value)}\``;
  const said = Object.entries(value).filter(([, inner]) => inner !== false && inner !== 0);
  return `\`{ ${said.map(([key, inner]) => `${key}: ${JSON.stringify(inner)}`).join(", ")} }\``;
}
