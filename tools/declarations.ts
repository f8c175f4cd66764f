/**
 * declarations.ts: writes dist/sdk/index.d.ts, the types that programs see. The compiler would write them in terms of
 * zod's schemas and without the docs of the properties.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Api, Component, Property, Resource, Structure, Type } from "./api/model";
import { readApi } from "./api/read";

/** declarations is the text of the published types. */
export function declarations({ resources, components, structures }: Api): string {
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
  ].join("\n");
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
  const shown = examples.map((example) => `\n\n@example\n\`\`\`ts\n${example}\n\`\`\``);
  return [
    "",
    doc(`The arguments of ${name}.`),
    `export interface ${name}Args {`,
    ...args.map(argument),
    "}",
    "",
    doc(text + shown.join("")),
    `export declare class ${name} extends pulumi.${base} {`,
    `  constructor(name: string, args: ${name}Args, opts?: pulumi.${base}Options);`,
    doc(`Whether a value is a ${WHAT[base]} of this type, also one of another copy of this package.`, "  "),
    `  static isInstance(value: unknown): value is ${name};`,
    ...members,
    "}",
  ].join("\n");
}

const WHAT = { CustomResource: "resource", ComponentResource: "component" } as const;

function argument(property: Property): string {
  const { name, optional, type, fixed } = property;
  const text = `${fixed ? plainly(type) : given(type)}${optional ? " | undefined" : ""}`;
  return `${doc(argumentDoc(property), "  ")}\n  ${name}${optional ? "?" : ""}: ${text};`;
}

/** argumentDoc is what an editor shows of an argument: its doc, and what its schema and contract say besides. */
function argumentDoc({ doc: text, default: standard, secret, change }: Property): string {
  const more = [
    standard === undefined ? "" : `Default: \`${JSON.stringify(standard)}\`.`,
    secret ? "It is kept as a secret." : "",
    change === "replaces" ? "A change replaces the resource." : "",
  ].filter((sentence) => sentence !== "");
  return more.length === 0 ? text : `${text}\n\n${more.join(" ")}`;
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
  writeFileSync(resolve(__dirname, "../dist/sdk/index.d.ts"), declarations(await readApi()));
}

if (require.main === module) void main();
