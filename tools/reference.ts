import type { Api, Component, LookupFunction, Property, Resource, Structure, Type } from "./api/model";
import { table } from "./table";

const INTRODUCTION = `<!-- Made by \`npm run docs\` from the docs of the schemas in provider/. Change them there. -->
# Reference

Every resource takes \`new Resource(name, args, opts)\`, as all of Pulumi's do, and lives in the host's kernel: the host
needs sshd, a POSIX shell and iproute2, and for an MssClamp nftables. \`TunnelLink\` and \`TunnelMesh\` are components,
which make resources of the others. The functions at the end look up what is on a host, whoever made it.

- **Type**: an argument may also be an output of another resource, or a promise. Where it says *or a resource*, give the
  resource that makes the object (\`namespace: ns\`) or the object's name (\`namespace: "blue"\`).
- **Default**: what holds when the argument is left out. With none, the host decides, and what it decides is no drift.
- **On change**: *in place* changes the object that is there. *Replaces* removes it and makes another, in this order
  where both can't be there at once. *Depends*: the meaning says on what.
- **plain**: an argument that can't be an output, since names are made of it; what is within it may be, where it does
  not say so.
- Every argument of a resource can also be read as an output of the resource, in canonical form: \`ttl: "inherit"\` reads \`0\`.`;

/** reference is the text of docs/reference.md. */
export function reference({ resources, components, lookups, structures }: Api): string {
  const given = structures.filter((structure) => structure.given);
  // A structure of one resource stands beside it, one of them all at the end.
  const classes = [...resources, ...components];
  const ownerOf = ({ name }: Structure) => classes.find((one) => name.startsWith(one.name));
  const shared = given.filter((structure) => ownerOf(structure) === undefined);
  const parts = classes.flatMap((one) => [
    "id" in one ? resourceText(one, structures) : componentText(one),
    ...given.filter((structure) => ownerOf(structure) === one).map((own) => structureText(own, "###")),
  ]);
  const found = structures.filter(({ name }) => lookups.some((one) => one.found === name));
  const contents = [...classes, ...shared, ...lookups, ...found]
    .map(({ name }) => `- [${name}](#${name.toLowerCase()})`)
    .join("\n");
  const rest = [
    ...shared.map((one) => structureText(one, "##")),
    LOOKUPS,
    ...lookups.map(lookupText),
    ...found.map((one) => foundText(one, structures)),
  ];
  return `${[INTRODUCTION, contents, ...parts, ...rest].join("\n\n")}\n`;
}

const LOOKUPS = `## Lookups

Each looks at a host when it is called, in a preview too, and changes nothing. \`getX(args)\` takes plain values and gives a
promise; \`getXOutput(args, opts)\` takes outputs too, and resources in place of their names, and gives an output, which is a
secret when anything it was given is one. Where what it takes is not known yet, as in a preview of what is still to be made, nothing
is asked. \`opts.dependsOn\` lists resources that must be there first. What lists gives an empty list where nothing fits; what
looks for one thing fails when that is not there, and so does either when the namespace is not.`;

function lookupText({ name, doc, examples, args, found, several }: LookupFunction): string {
  const result = found === "FoundTunnel" ? "`FoundTunnel`" : `[${found}](#${found.toLowerCase()})`;
  return [
    `## ${name}`,
    doc,
    ...examples.map((example) => `\`\`\`ts\n${example}\n\`\`\``),
    argumentTable(args),
    several ? `It gives a list of ${result}.` : `It gives a ${result}.`,
  ].join("\n\n");
}

function foundText({ name, properties }: Structure, structures: readonly Structure[]): string {
  const rows = properties.flatMap((property) => outputRows(property, structures, ""));
  return [`## ${name}`, table(["Property", "Type", "Meaning"], rows)].join("\n\n");
}

function resourceText(resource: Resource, structures: readonly Structure[]): string {
  const { id, args, outputs } = resource;
  const told = outputs.filter((output) => !args.some((arg) => arg.name === output.name));
  const rows = told.flatMap((output) => outputRows(output, structures, ""));
  const itsId = `Its id is \`${id}\`, with the port after the host (\`HOST:2222\`) where it is not 22.`;
  return [classText(resource, rows), itsId].join("\n\n");
}

function componentText(component: Component): string {
  return classText(
    component,
    component.outputs.map((output) => [`\`${output.name}\``, `\`${output.text}\``, output.doc]),
  );
}

function classText({ name, doc, examples, args }: Resource | Component, outputs: string[][]): string {
  return [
    `## ${name}`,
    doc,
    ...examples.map((example) => `\`\`\`ts\n${example}\n\`\`\``),
    "### Arguments",
    argumentTable(args),
    "### Outputs",
    table(["Output", "Type", "Meaning"], outputs),
  ].join("\n\n");
}

function structureText({ name, doc, properties }: Structure, heading: string): string {
  return [`${heading} ${name}`, doc, argumentTable(properties)].join("\n\n");
}

function argumentTable(args: readonly Property[]): string {
  // Of a component its resources decide what a change does.
  const changes = args.some(({ change }) => change !== undefined);
  return table(
    ["Argument", "Type", "Default", ...(changes ? ["On change"] : []), "Meaning"],
    args.map((arg) => [
      `\`${arg.name}\``,
      `${typeText(arg.type)}${arg.fixed ? ", plain" : ""}`,
      arg.optional ? defaultText(arg) : "*required*",
      ...(changes ? [arg.change ?? ""] : []),
      arg.secret ? `${arg.doc} *Secret.*` : arg.doc,
    ]),
  );
}

function defaultText({ default: standard }: Property): string {
  return standard === undefined ? "" : `\`${JSON.stringify(standard)}\``;
}

/** An object is told by what is in it. */
function outputRows(
  { name, type, optional, doc }: Property,
  structures: readonly Structure[],
  within: string,
): string[][] {
  const path = within + name;
  const [item, each] = type.kind === "list" ? [type.item, "[]"] : [type, ""];
  const structure = item.kind === "structure" && structures.find((one) => one.name === item.name);
  const may = optional ? " or none" : "";
  const what = each === "" ? "object" : "list of objects";
  const own = [`\`${path}\``, structure ? `${what}${may}` : `${typeText(type)}${may}`, doc];
  const inner = structure
    ? structure.properties.flatMap((one) => outputRows(one, structures, `${path}${each}.`))
    : [];
  return [own, ...inner];
}

function typeText(type: Type): string {
  switch (type.kind) {
    case "plain":
      return `\`${type.text}\``;
    case "list":
      return type.item.kind === "plain" ? `\`${type.item.text}[]\`` : `list of ${typeText(type.item)}`;
    case "map":
      return `map of ${typeText(type.item)}`;
    case "structure":
      return `[${type.name}](#${type.name.toLowerCase()})`;
    case "parent":
      return "`string` or a resource";
  }
}
