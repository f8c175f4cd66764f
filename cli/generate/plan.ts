import { inSameSubnet, ipOf } from "../../provider/net";
import { type Fields, isFields } from "../../provider/state";
import { deviceKey } from "../marked/object";
import type { Names } from "./names";
import type { Existing } from "./read";

/** Planned is an object as it stands in a program. */
export interface Planned extends Existing {
  /** Of the resource. */
  readonly name: string;
  /** Of the variable, where others speak of the object. */
  readonly variable: string | undefined;
  /** Inputs, by dotted path, that are another object of the program: the words for it. */
  readonly parents: ReadonlyMap<string, string>;
  /** Variables of what must be there before, though no input is it. */
  readonly after: readonly string[];
}

/** The order in which types stand in a program, as far as nothing needs another. */
const ORDER = [
  ...[
    "Namespace",
    "VethPair",
    "IpipTunnel",
    "SitTunnel",
    "Ip6Tunnel",
    "GreTunnel",
    "Ip6GreTunnel",
    "FouPort",
  ],
  ...["Address", "Link", "Sysctl", "Route", "MplsLabelTable", "MplsInput", "MplsRoute", "Rule", "MssClamp"],
];

/** Made is what an object is to others that are in it or on it. */
interface Made {
  readonly node: Node;
  /** Which of its outputs has the name; none where the resource itself stands for it. */
  readonly output?: string;
}

interface Node {
  readonly object: Existing;
  readonly parents: Map<string, Made>;
  readonly after: Node[];
}

/** planned puts objects of one host into an order in which a program can make them, and gives them their names. */
export function planned(objects: readonly Existing[], names: Names): Planned[] {
  const nodes = objects.map((object): Node => ({ object, parents: new Map(), after: [] }));
  const made = new Map(nodes.flatMap(madeBy));
  for (const node of nodes) {
    for (const [path, key] of parentsOf(node.object)) {
      const parent = made.get(key);
      if (parent !== undefined && parent.node !== node) node.parents.set(path, parent);
    }
    node.after.push(...neededBy(node, nodes));
  }
  const ordered = inOrder(nodes);
  const spoken = new Set(ordered.flatMap(needs));
  const variables = new Map<Node, string>();
  for (const node of ordered) if (spoken.has(node)) variables.set(node, names.variable(node.object));
  const variableOf = (node: Node) => variables.get(node) ?? "";
  return ordered.map((node) => ({
    ...node.object,
    name: names.resource(node.object),
    variable: variables.get(node),
    parents: new Map(
      [...node.parents].map(([path, { node: parent, output }]) => [
        path,
        output === undefined ? variableOf(parent) : `${variableOf(parent)}.${output}`,
      ]),
    ),
    after: node.after.map(variableOf),
  }));
}

function needs({ parents, after }: Node): Node[] {
  return [...[...parents.values()].map(({ node }) => node), ...after];
}

function inOrder(nodes: readonly Node[]): Node[] {
  const rank = ({ object }: Node) => ORDER.indexOf(object.type);
  const ordered = new Set<Node>();
  const put = (node: Node, through: readonly Node[]) => {
    if (ordered.has(node) || through.includes(node)) return;
    for (const other of needs(node)) put(other, [...through, node]);
    ordered.add(node);
  };
  for (const node of [...nodes].sort((one, other) => rank(one) - rank(other))) put(node, []);
  return [...ordered];
}

function madeBy(node: Node): [string, Made][] {
  const { type, inputs } = node.object;
  if (type === "Namespace") return [[namespaceKey(inputs.name), { node }]];
  if (type === "VethPair")
    return ["a", "b"].map((end) => [deviceKey(inputs[end] as Fields), { node, output: `${end}.name` }]);
  return type.endsWith("Tunnel") ? [[deviceKey(inputs), { node }]] : [];
}

function namespaceKey(name: unknown): string {
  return `namespace ${name}`;
}

/** parentsOf are the inputs that name a namespace or a device, with the key of what they name. */
function parentsOf({ inputs }: Existing): [string, string][] {
  const { namespace } = inputs;
  const within = (value: unknown, path: readonly string[]): [string, string][] => {
    const key = path.at(-1) ?? "";
    if (typeof value === "object" && value !== null)
      return Object.entries(value).flatMap(([inner, one]) => within(one, [...path, inner]));
    if (/namespace$/i.test(key)) return [[path.join("."), namespaceKey(value)]];
    return key === "dev" ? [[path.join("."), deviceKey({ namespace, name: value })]] : [];
  };
  return within(inputs, []);
}

/** neededBy is what an object needs that none of its inputs is: addresses, the way to a gateway, room for labels. */
function neededBy({ object: { type, inputs } }: Node, nodes: readonly Node[]): Node[] {
  const { namespace } = inputs;
  const beside = (wanted: string) =>
    nodes.filter(({ object }) => object.type === wanted && object.inputs.namespace === namespace);
  if (type === "MplsRoute") return beside("MplsLabelTable");
  if (type !== "Route") return [];
  const ways = [inputs, ...(Array.isArray(inputs.nexthops) ? inputs.nexthops : [])].filter(isFields);
  const devices = ways.map(({ dev }) => dev);
  const gateways = ways.flatMap(({ via }) => (typeof via === "string" ? [via] : []));
  const addresses = beside("Address").filter(
    ({ object: { inputs: one } }) =>
      devices.includes(one.dev) || (inputs.src !== undefined && inputs.src === ipOf(String(one.address))),
  );
  const leading = beside("Route").filter(
    ({ object: { inputs: one } }) =>
      ["via", "nexthops", "table", "type"].every((key) => one[key] === undefined) &&
      one.destination !== inputs.destination &&
      gateways.some((via) => inSameSubnet(via, String(one.destination))),
  );
  return [...addresses, ...leading];
}
