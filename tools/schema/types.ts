import { isDeepStrictEqual } from "node:util";
import type { Choice, Property, Structure, Type } from "../api/model";
import type { EnumSpec, ObjectSpec, Properties, PropertySpec, TypeSpec } from "./spec";
import { inNames, inputDoc, outputDoc } from "./words";

/** Names of enumerations that are not those of their owner and their argument, which several may share. */
const SHARED: Readonly<Record<string, string>> = {
  persist: "Persist",
  GetTunnelsKind: "TunnelKind",
};

/** Whether a program gives a value, or reads it. */
export type Side = "given" | "found";

/** Types are those that properties refer to, each written down when it is first met. */
export class Types {
  readonly specs: Record<string, ObjectSpec | EnumSpec> = {};
  private readonly structures: ReadonlyMap<string, Structure>;

  constructor(structures: readonly Structure[]) {
    this.structures = new Map(structures.map((one) => [one.name, one]));
  }

  /** properties are those of a resource, a function or an object called `owner`. */
  properties(owner: string, all: readonly Property[], side: Side): Properties {
    return Object.fromEntries(all.map((one) => [one.name, this.property(owner, one, side)]));
  }

  private property(owner: string, property: Property, side: Side): PropertySpec {
    const choices = choicesOf(property.type);
    return {
      ...this.type(property.type, side, `${upper(owner)}${upper(property.name)}`, property),
      description: side === "given" ? inputDoc(property, choices) : outputDoc(property, choices),
      ...(property.secret && { secret: true }),
      ...(side === "given" && property.change === "replaces" && { willReplaceOnChanges: true }),
    };
  }

  private type(type: Type, side: Side, name: string, property: Property): TypeSpec {
    switch (type.kind) {
      case "list":
        return { type: "array", items: this.type(type.item, side, name, property) };
      case "map":
        return { type: "object", additionalProperties: this.type(type.item, side, name, property) };
      case "structure":
        return { $ref: this.structure(type.name) };
      case "parent":
        return { type: "string" };
      case "plain":
        return this.plain(type.choices, side, name, property);
    }
  }

  /** What is read may be a word that no program may give, so only what is given has an enumeration as its type. */
  private plain(choices: readonly Choice[], side: Side, name: string, property: Property): TypeSpec {
    const words = choices.flatMap((choice) =>
      typeof choice === "object" && typeof choice.just === "string" ? [choice.just] : [],
    );
    if (side === "given" && words.length === choices.length && words.length > 1) {
      return { $ref: this.enumeration(SHARED[property.name] ?? SHARED[name] ?? name, words, property) };
    }
    const [first, ...more] = distinct(choices.map(simple));
    if (first === undefined) throw new Error(`${name} has no type`);
    return more.length === 0 ? first : { oneOf: [first, ...more] };
  }

  /** structure is one type for both sides, that of what is given where programs give it. */
  structure(name: string): string {
    const plain = name.replace(/Args$/, "");
    this.specs[token(plain)] ??= this.object(plain);
    return refTo(plain);
  }

  private object(name: string): ObjectSpec {
    const [given, found] = [this.structures.get(`${name}Args`), this.structures.get(name)];
    const one = given ?? found;
    if (one === undefined) throw new Error(`there is no structure ${name}`);
    if (given !== undefined && found !== undefined) refuseOthers(given, found);
    return {
      type: "object",
      ...(one.doc !== "" && { description: inNames(one.doc) }),
      properties: this.properties(name, one.properties, one.given ? "given" : "found"),
      ...required(one.properties),
    };
  }

  private enumeration(name: string, words: readonly string[], { doc }: Property): string {
    const spec = {
      type: "string",
      description: inNames(doc),
      enum: words.map((value) => ({ value })),
    } as const;
    const known = this.specs[token(name)];
    if (known !== undefined && !("enum" in known && isDeepStrictEqual(known.enum, spec.enum))) {
      throw new Error(`two types are called ${name}`);
    }
    this.specs[token(name)] ??= spec;
    return refTo(name);
  }
}

/** What is read must be among what may be given: both have one type. */
function refuseOthers(given: Structure, found: Structure): void {
  for (const property of found.properties) {
    const same = given.properties.find(({ name }) => name === property.name);
    const allowed = same === undefined ? [] : distinct(choicesOf(same.type).map(simple));
    const read = distinct(choicesOf(property.type).map(simple));
    if (
      same?.type.kind === undefined ||
      !read.every((one) => allowed.some((other) => isDeepStrictEqual(one, other)))
    ) {
      throw new Error(`${found.name}.${property.name} can be read, but not given`);
    }
  }
}

function choicesOf(type: Type): readonly Choice[] {
  if (type.kind === "list" || type.kind === "map") return choicesOf(type.item);
  if (type.kind === "parent") return ["string"];
  return type.kind === "plain" ? type.choices : [];
}

function simple(choice: Choice): TypeSpec {
  if (typeof choice === "object") return { type: typeof choice.just === "number" ? "integer" : "string" };
  if (choice === "any") return { $ref: "pulumi.json#/Any" };
  if (choice === "strings") return { type: "array", items: { type: "string" } };
  return { type: choice };
}

function distinct(types: readonly TypeSpec[]): TypeSpec[] {
  return [...new Map(types.map((one) => [JSON.stringify(one), one])).values()];
}

/** required are those that must be there, as the schema says it. */
export function required(properties: readonly Property[]): { readonly required?: readonly string[] } {
  const names = properties.filter(({ optional }) => !optional).map(({ name }) => name);
  return names.length === 0 ? {} : { required: names };
}

/** token is the name by which the engine knows a resource, a function or a type. */
export function token(name: string): string {
  return `ipip:index:${name}`;
}

function refTo(name: string): string {
  return `#/types/${token(name)}`;
}

export function upper(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
