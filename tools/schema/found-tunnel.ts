import { isDeepStrictEqual } from "node:util";
import type { Api, Property, Structure, Type } from "../api/model";

/** The classes of the kinds of tunnels. */
const KINDS = {
  ipip: "IpipTunnel",
  sit: "SitTunnel",
  ip6tnl: "Ip6Tunnel",
  gre: "GreTunnel",
  ip6gre: "Ip6GreTunnel",
};
/** What of a resource's properties no host tells. */
const UNTOLD = ["connection", "host", "adopt", "allowManagementPath", "persist"];

/** tunnelOfAnyKind is one structure for what languages without unions find: what not all kinds have may be missing. */
export function tunnelOfAnyKind({ resources, structures }: Api): Structure {
  const kinds = Object.values(KINDS).map((name) => {
    const found = resources.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no resource ${name}`);
    return found.outputs.filter((output) => !UNTOLD.includes(output.name));
  });
  const names = new Set(kinds.flatMap((outputs) => outputs.map(({ name }) => name)));
  const properties = [...names].map((name) =>
    merged(
      kinds.map((outputs) => outputs.find((one) => one.name === name)),
      structures,
    ),
  );
  return {
    name: "FoundTunnel",
    given: false,
    doc: "A tunnel as the resource of its kind has it, without what that kind has not.",
    properties: [KIND, ...properties],
  };
}

const KIND: Property = {
  name: "kind",
  doc: "Its kind in the words of ip-link(8), which tells what else there is.",
  optional: false,
  secret: false,
  fixed: false,
  type: {
    kind: "plain",
    text: "string",
    choices: Object.keys(KINDS).map((just) => ({ just })),
  },
};

function merged(all: readonly (Property | undefined)[], structures: readonly Structure[]): Property {
  const present = all.filter((one) => one !== undefined);
  const [first, ...others] = present;
  if (first === undefined) throw new Error("nothing to merge");
  const type = others.reduce((one, other) => either(one, other.type, structures), first.type);
  return {
    ...first,
    type,
    optional: present.length < all.length || present.some(({ optional }) => optional),
  };
}

function either(one: Type, other: Type, structures: readonly Structure[]): Type {
  if (one.kind === "plain" && other.kind === "plain") {
    const more = other.choices.filter(
      (choice) => !one.choices.some((known) => isDeepStrictEqual(known, choice)),
    );
    return { ...one, choices: [...one.choices, ...more] };
  }
  if (!isDeepStrictEqual(shape(one, structures), shape(other, structures))) {
    throw new Error(`a tunnel of any kind can't be both ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
  }
  return one;
}

/** Two structures may have the same properties and different docs. */
function shape(type: Type, structures: readonly Structure[]): unknown {
  if (type.kind === "list") return { list: shape(type.item, structures) };
  if (type.kind !== "structure") return type;
  const properties = structures.find(({ name }) => name === type.name)?.properties ?? [];
  return properties.map((one) => [one.name, one.optional, shape(one.type, structures)]);
}
