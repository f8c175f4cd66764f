/**
 * declarations.ts: writes dist/sdk/index.d.ts, the types that programs see. The compiler would write them in terms of
 * zod's schemas and without the docs of the properties.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Api, Component, LookupFunction, Property, Resource, Structure, Type } from "./api/model";
import { readApi } from "./api/read";
import { argumentDoc } from "./api/words";

/** declarations is the text of the published types. */
export function declarations({ resources, components, lookups, configuration, structures }: Api): string {
  return [
    "// Made by tools/declarations.ts from provider/resources and sdk.",
    'import * as pulumi from "@pulumi/pulumi";',
    "",
    doc("A resource whose object others are in or on; it may be given wherever its name may."),
    "export type Named = pulumi.CustomResource & { readonly name: pulumi.Output<string> };",
    doc("One end of a link: the resource of the link's kind."),
    "export type Tunnel = Named & { readonly effectiveMtu: pulumi.Output<number> };",
    ...structures.map(structureText),
    ...resources.map(resourceText),
    ...components.map(componentText),
    "",
    doc("Configuration of the provider, for all resources that it is given to."),
    "export interface ProviderArgs {",
    ...configuration.map((one) => argument(one)),
    "}",
    PROVIDER,
    FOUND_TUNNEL,
    ...lookups.map(lookupText),
    "",
  ].join("\n");
}

const PROVIDER = `
/**
 * The provider with a configuration of its own, to be given to resources as \`opts.provider\`. Without one they take the
 * stack's configuration, \`ipip:hosts\`.
 *
 * @example
 * \`\`\`ts
 * const berlin = new Provider("berlin", { hosts: { gw: { host: "203.0.113.10", knownHosts: "~/.ssh/known_hosts" } } });
 * new Namespace("blue", { host: "gw", name: "blue" }, { provider: berlin });
 * \`\`\`
 */
export declare class Provider extends pulumi.ProviderResource {
  constructor(name: string, args?: ProviderArgs, opts?: pulumi.ResourceOptions);
}`;

const FOUND_TUNNEL = `
/** What is read of a resource of a class, without what no host tells. */
type Read<R> = { readonly [K in keyof Omit<R, keyof pulumi.CustomResource | "connection" | "host" | "adopt" | "allowManagementPath" | "persist">]: R[K] extends pulumi.Output<infer V> ? V : never };
/** A tunnel as its class has it, told by its kind. */
export type FoundTunnel =
  | ({ readonly kind: "ipip" } & Read<IpipTunnel>)
  | ({ readonly kind: "sit" } & Read<SitTunnel>)
  | ({ readonly kind: "ip6tnl" } & Read<Ip6Tunnel>)
  | ({ readonly kind: "gre" } & Read<GreTunnel>)
  | ({ readonly kind: "ip6gre" } & Read<Ip6GreTunnel>);
/** Options of the lookups that take outputs. */
export interface LookupOptions {
  /** Resources that must be there before the host is asked; of a component, those that it makes. */
  readonly dependsOn?: pulumi.Input<pulumi.Input<pulumi.CustomResource>[]> | undefined;
}`;

/** A lookup takes plain values; its other form takes outputs, and resources in place of their names. */
function lookupText({ name, doc: text, examples, args, found, several }: LookupFunction): string {
  const types = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const result = `${found}${several ? "[]" : ""}`;
  const shown = docWith(text, examples);
  return [
    "",
    doc(`The arguments of ${name}.`),
    `export interface ${types}Args {`,
    ...args.map((one) => argument(one, askedFor(one.type))),
    "}",
    doc(`The arguments of ${name}Output.`),
    `export interface ${types}OutputArgs {`,
    ...args.map((one) => argument(one)),
    "}",
    shown,
    `export declare function ${name}(args: ${types}Args): Promise<${result}>;`,
    shown,
    `export declare function ${name}Output(args: ${types}OutputArgs, opts?: LookupOptions): pulumi.Output<${result}>;`,
  ].join("\n");
}

function askedFor(type: Type): string {
  return type.kind === "structure" ? `pulumi.Unwrap<${type.name}>` : plainly(type);
}

function docWith(text: string, examples: readonly string[]): string {
  return doc(text + examples.map((example) => `\n\n@example\n\`\`\`ts\n${example}\n\`\`\``).join(""));
}

function structureText(structure: Structure): string {
  const { name, given, properties } = structure;
  const lines = properties.map((property) => (given ? argument(property) : value(property)));
  return ["", doc(structure.doc), `export interface ${name} {`, ...lines, "}"].join("\n");
}

function resourceText(resource: Resource): string {
  return classText(resource, "CustomResource", resource.outputs.map(output));
}

function componentText(component: Component): string {
  const members = component.outputs.map(
    ({ name, doc: text, text: type }) => `${doc(text, "  ")}\n  readonly ${name}: ${type};`,
  );
  return classText(component, "ComponentResource", members);
}

function classText(
  { name, doc: text, examples, args }: Resource | Component,
  base: "CustomResource" | "ComponentResource",
  members: readonly string[],
): string {
  return [
    "",
    doc(`The arguments of ${name}.`),
    `export interface ${name}Args {`,
    ...args.map((one) => argument(one)),
    "}",
    "",
    docWith(text, examples),
    `export declare class ${name} extends pulumi.${base} {`,
    `  constructor(name: string, args: ${name}Args, opts?: pulumi.${base}Options);`,
    doc(`Whether a value is a ${WHAT[base]} of this type, also one of another copy of this package.`, "  "),
    `  static isInstance(value: unknown): value is ${name};`,
    ...members,
    "}",
  ].join("\n");
}

const WHAT = { CustomResource: "resource", ComponentResource: "component" } as const;

function argument(property: Property, words?: string): string {
  const { name, optional, type, fixed } = property;
  const text = `${words ?? (fixed ? plainly(type) : given(type))}${optional ? " | undefined" : ""}`;
  return `${doc(argumentDoc(property), "  ")}\n  ${name}${optional ? "?" : ""}: ${text};`;
}

function value(property: Property): string {
  const { name, optional, type, doc: text } = property;
  const shown = `${read(type)}${optional ? " | undefined" : ""}`;
  return `${doc(text, "  ")}\n  readonly ${name}${optional ? "?" : ""}: ${shown};`;
}

/** An output is there even when its value is undefined. */
function output({ name, optional, type, doc: text }: Property): string {
  const shown = `pulumi.Output<${read(type)}${optional ? " | undefined" : ""}>`;
  return `${doc(text, "  ")}\n  readonly ${name}: ${shown};`;
}

function given(type: Type): string {
  switch (type.kind) {
    case "plain":
      return `pulumi.Input<${type.text}>`;
    case "list":
      return `pulumi.Input<${given(type.item)}[]>`;
    case "map":
      return `pulumi.Input<Record<string, ${given(type.item)}>>`;
    case "structure":
      return `pulumi.Input<${type.name}>`;
    case "parent":
      return "pulumi.Input<string> | Named";
  }
}

/** plainly is the type of an argument that can't be an output; what is within may be. */
function plainly(type: Type): string {
  return type.kind === "list" ? `readonly ${plainly(type.item)}[]` : read(type);
}

function read(type: Type): string {
  switch (type.kind) {
    case "plain":
      return type.text;
    case "list":
      return `${read(type.item)}[]`;
    case "map":
      return `Record<string, ${read(type.item)}>`;
    case "structure":
      return type.name;
    case "parent":
      return "string";
  }
}

function doc(text: string, indent = ""): string {
  const lines = text.replaceAll("*/", "*\\/").split("\n");
  const [first, ...more] = lines;
  if (more.length === 0) return `${indent}/** ${first} */`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join("\n");
}

async function main(): Promise<void> {
  const written = (name: string, text: string) =>
    writeFileSync(resolve(__dirname, "../dist/sdk", name), text);
  written("index.d.ts", declarations(await readApi()));
  // The same by the other door.
  written("plugin.d.ts", 'export * from "./index";\n');
}

if (require.main === module) void main();
