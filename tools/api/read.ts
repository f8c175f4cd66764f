import { resolve } from "node:path";
import ts from "typescript";
import { z } from "zod";
import { Configuration } from "../../provider/configuration";
import type { Lookup } from "../../provider/lookups/lookup";
import type { ResourceType } from "../../provider/resource";
import { changeOf, idOf, unwrapped, wholeNumbers } from "./contract";
import type {
  Api,
  Choice,
  Component,
  LookupFunction,
  Member,
  Property,
  Resource,
  Structure,
  Type,
} from "./model";

const ROOT = resolve(__dirname, "../..");

/** readApi reads what `sdk/index.ts` exports. */
export async function readApi(): Promise<Api> {
  const entry = resolve(ROOT, "sdk/index.ts");
  const program = ts.createProgram([entry], compilerOptions());
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(present(program.getSourceFile(entry), entry));
  const exported = checker.getExportsOfModule(present(module, entry));
  const reader = new Reader(checker);
  const resources: Resource[] = [];
  const components: Component[] = [];
  for (const symbol of exported.filter((one) => isClass(one) && one.name !== PROVIDER)) {
    const read = await reader.read(symbol);
    if ("id" in read) resources.push(read);
    else components.push(read);
  }
  const lookups: LookupFunction[] = [];
  for (const symbol of exported.filter(isVariable)) {
    if (!symbol.name.endsWith(OUTPUT)) lookups.push(await reader.readLookup(symbol));
  }
  const configuration = reader.readConfiguration(program);
  const structures = [...reader.structures.values()].map(({ structure }) => structure);
  // What is not understood here would be missing from the published declarations.
  const named = lookups.flatMap(({ name }) => [name, `${name}${OUTPUT}`]);
  const published = [
    "Named",
    "Tunnel",
    FOUND_TUNNEL,
    PROVIDER,
    "ProviderArgs",
    "LookupOptions",
    ...named,
    ...structures.map(({ name }) => name),
  ];
  const strange = exported.filter((symbol) => !isClass(symbol) && !published.includes(symbol.name));
  if (strange.length > 0) {
    throw new Error(`tools/api can't publish ${strange.map(({ name }) => name).join(", ")} of sdk/index.ts`);
  }
  return { resources, components, lookups, configuration, structures };
}

/** What the name of a lookup's form for outputs ends with. */
const OUTPUT = "Output";
/** The class of the provider itself, whose declaration stands in tools/declarations.ts. */
const PROVIDER = "Provider";
/** What is found where the classes of the kinds of tunnels say it. */
const FOUND_TUNNEL = "FoundTunnel";

function isVariable(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Variable) !== 0;
}

function isClass(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Class) !== 0;
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(resolve(ROOT, "tsconfig.json"), ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options;
}

/** Place is where a property stands, for all that has to be known of it besides its type. */
interface Place {
  /** That of a resource; a component has none. */
  readonly contract?: ResourceType;
  readonly resource: string;
  /** Names from the argument down; undefined among what the host tells. */
  readonly path?: readonly string[];
  /** The file whose structures belong to the resource alone. */
  readonly file: string;
}

class Reader {
  readonly structures = new Map<string, { structure: Structure; declaration: ts.Node }>();

  constructor(private readonly checker: ts.TypeChecker) {}

  async read(symbol: ts.Symbol): Promise<Resource | Component> {
    const constant = this.contractOf(symbol);
    const declaration = present(constant.valueDeclaration, `the contract of ${symbol.name}`);
    const file = declaration.getSourceFile().fileName;
    const exported: Record<string, ResourceType | Pick<ResourceType, "type" | "inputs">> = await import(file);
    const contract = present(exported[constant.name], `${constant.name} in ${file}`);
    const type = this.checker.getTypeOfSymbol(constant);
    const inputs = this.member(type, "inputs");
    const place = { resource: symbol.name, file, ...("outputs" in contract && { contract }) };
    const optional = this.optionalArgs(symbol);
    const args = this.properties(contract.inputs, this.side(inputs, "input"), { ...place, path: [] }, true);
    const common = {
      name: symbol.name,
      doc: this.doc(constant),
      examples: this.examples(constant),
      args: args.map((one) => ({ ...one, optional: optional.has(one.name) })),
    };
    if (!("outputs" in contract)) return { ...common, outputs: this.members(symbol) };
    const read = this.properties(contract.inputs, this.side(inputs, "output"), place, false);
    const told = this.side(this.member(type, "outputs"), "output");
    return {
      ...common,
      id: idOf(contract),
      outputs: [...read, ...this.properties(contract.outputs, told, place, false)],
    };
  }

  /** `export const getRoutes = lookup(routesLookup);` */
  async readLookup(symbol: ts.Symbol): Promise<LookupFunction> {
    const call = (symbol.valueDeclaration as ts.VariableDeclaration).initializer;
    const constant = this.original(this.argumentOf(call, `lookup(…) behind ${symbol.name} in sdk/index.ts`));
    const declaration = present(constant.valueDeclaration, `the lookup ${symbol.name}`);
    const file = declaration.getSourceFile().fileName;
    const exported: Record<string, Lookup> = await import(file);
    const definition = present(exported[constant.name], `${constant.name} in ${file}`);
    const type = this.checker.getTypeOfSymbol(constant);
    const place = { resource: symbol.name, file };
    const args = this.side(this.member(type, "args"), "input");
    return {
      name: symbol.name,
      doc: this.doc(constant),
      examples: this.examples(constant),
      args: this.properties(definition.args, args, { ...place, path: [] }, true),
      found:
        definition.item === undefined ? FOUND_TUNNEL : this.foundIn(definition.item, exported, declaration),
      several: definition.several,
    };
  }

  readConfiguration(program: ts.Program): Property[] {
    const file = resolve(ROOT, "provider/configuration.ts");
    const module = this.checker.getSymbolAtLocation(present(program.getSourceFile(file), file));
    const exported = this.checker.getExportsOfModule(present(module, file));
    const constant = present(
      exported.find(({ name }) => name === "Configuration"),
      `Configuration in ${file}`,
    );
    const type = this.side(this.checker.getTypeOfSymbol(constant), "input");
    return this.properties(Configuration, type, { resource: PROVIDER, file, path: [] }, true);
  }

  /** What a lookup finds is a structure that is called as the constant with its schema. */
  private foundIn(item: z.ZodObject, exported: Record<string, unknown>, at: ts.Node): string {
    const [name = ""] = Object.entries(exported).find(([, value]) => value === item) ?? [];
    const module = present(this.checker.getSymbolAtLocation(at.getSourceFile()), "the module of a lookup");
    const symbol = present(
      this.checker.getExportsOfModule(module).find((one) => one.name === name),
      `exported schema of what is found in ${at.getSourceFile().fileName}`,
    );
    if (!this.structures.has(name)) {
      const type = this.side(this.checker.getTypeOfSymbol(symbol), "output");
      const place = { resource: "", file: at.getSourceFile().fileName };
      const structure = { name, given: false, doc: this.doc(symbol), properties: [] as Property[] };
      this.structures.set(name, { structure, declaration: present(symbol.valueDeclaration, name) });
      structure.properties.push(...this.properties(item, type, place, false));
    }
    return name;
  }

  private examples(constant: ts.Symbol): string[] {
    return constant
      .getJsDocTags(this.checker)
      .filter(({ name }) => name === "example")
      .map(({ text }) => ts.displayPartsToString(text));
  }

  /** What a component has besides what Pulumi's own class has. */
  private members(symbol: ts.Symbol): Member[] {
    const properties = this.checker.getDeclaredTypeOfSymbol(symbol).getProperties();
    return properties.flatMap((property) => {
      const [declaration] = property.declarations ?? [];
      if (declaration === undefined || !ts.isPropertySignature(declaration)) return [];
      const text = present(declaration.type, `the type of ${property.name}`).getText();
      return [{ name: property.name, doc: this.doc(property), text }];
    });
  }

  /** `class IpipTunnel extends resource(ipipTunnel) {}`: the constant between the brackets. */
  private contractOf({ name, valueDeclaration }: ts.Symbol): ts.Symbol {
    const [clause] = (valueDeclaration as ts.ClassDeclaration).heritageClauses ?? [];
    const call = clause?.types[0]?.expression;
    return this.original(this.argumentOf(call, `resource(…) behind ${name} in sdk/index.ts`));
  }

  private argumentOf(call: ts.Expression | undefined, what: string): ts.Symbol {
    const argument = call && ts.isCallExpression(call) ? call.arguments[0] : undefined;
    return present(argument && this.checker.getSymbolAtLocation(argument), what);
  }

  /** The SDK fills in some arguments that the contract itself requires. */
  private optionalArgs(symbol: ts.Symbol): Set<string> {
    const [signature] = this.checker.getTypeOfSymbol(symbol).getConstructSignatures();
    const args = present(signature?.parameters[1], `the arguments of ${symbol.name}`);
    const optional = this.checker.getTypeOfSymbol(args).getProperties().filter(isOptional);
    return new Set(optional.map(({ name }) => name));
  }

  private properties(schema: z.ZodObject, type: ts.Type, place: Place, given: boolean): Property[] {
    return Object.entries(schema.shape).map(([name, inner]) => {
      const symbol = present(type.getProperty(name), `${place.resource}: the type of ${name}`);
      const at = { ...place, ...(place.path && { path: [...place.path, name] }) };
      const { schema: core, default: value, secret } = unwrapped(inner as z.ZodType);
      return {
        name,
        doc: this.doc(symbol),
        optional: isOptional(symbol),
        type: this.typeOf(symbol, core, at, given),
        secret,
        fixed: this.fixedIn(this.checker.getTypeOfSymbol(symbol)) !== undefined,
        ...(at.path && { default: value }),
        ...(at.path && at.contract && { change: changeOf(at.contract, at.path) }),
      };
    });
  }

  private typeOf(symbol: ts.Symbol, schema: z.ZodType, place: Place, given: boolean): Type {
    const own = this.checker.getTypeOfSymbol(symbol);
    const type = this.fixedIn(own) ?? this.checker.getNonNullableType(own);
    if (type.aliasSymbol?.name === "Parent") return { kind: "parent" };
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as ts.TypeReference);
      const element = schema instanceof z.ZodArray ? (schema.element as z.ZodType) : schema;
      return { kind: "list", item: this.valueOf(symbol, element, present(item, symbol.name), place, given) };
    }
    if (schema instanceof z.ZodRecord) {
      const item = present(type.getStringIndexType(), `the type of what is in ${symbol.name}`);
      return {
        kind: "map",
        item: this.valueOf(symbol, schema.valueType as z.ZodType, item, place, given),
      };
    }
    return this.valueOf(symbol, schema, type, place, given);
  }

  /** The type in `Fixed<T>`, by which a component says that an argument can't be an output. */
  private fixedIn(type: ts.Type): ts.Type | undefined {
    const core = this.checker.getNonNullableType(type);
    if (core.symbol?.name !== "Fixed") return undefined;
    return this.checker.getTypeArguments(core as ts.TypeReference)[0];
  }

  private valueOf(symbol: ts.Symbol, schema: z.ZodType, type: ts.Type, place: Place, given: boolean): Type {
    if (!(schema instanceof z.ZodObject)) {
      return { kind: "plain", text: this.text(type), choices: this.choices(type, wholeNumbers(schema)) };
    }
    return { kind: "structure", name: this.structure(symbol, schema, type, place, given) };
  }

  /** structure reads an object within, and gives its name: that of the constant that holds its schema. */
  private structure(
    symbol: ts.Symbol,
    schema: z.ZodObject,
    type: ts.Type,
    place: Place,
    given: boolean,
  ): string {
    const property = present(symbol.declarations?.[0], symbol.name);
    const constant = this.constantOf(property);
    const declaration = constant?.valueDeclaration ?? property;
    const own = declaration.getSourceFile().fileName === place.file ? place.resource : "";
    const base = constant?.name ?? symbol.name;
    const name = `${own}${base.charAt(0).toUpperCase()}${base.slice(1)}${given ? "Args" : ""}`;
    const known = this.structures.get(name);
    if (known !== undefined && known.declaration !== declaration) {
      throw new Error(`two structures are called ${name}`);
    }
    if (known === undefined) {
      const doc = docOn(constant?.valueDeclaration) || this.doc(symbol);
      // Named before those within it, so that a reader meets them in this order.
      const structure = { name, given, doc, properties: [] as Property[] };
      this.structures.set(name, { structure, declaration });
      structure.properties.push(...this.properties(schema, type, place, given));
    }
    return name;
  }

  /**
   * The constant that a property's schema begins with: `become` in `become.optional()` and in `fixedly(become)`; of a
   * map, that of what is in it.
   */
  private constantOf(property: ts.Node): ts.Symbol | undefined {
    if (!ts.isPropertyAssignment(property)) return undefined;
    let expression: ts.Expression = property.initializer;
    while (ts.isCallExpression(expression) || ts.isPropertyAccessExpression(expression)) {
      const [inner] = ts.isCallExpression(expression) ? expression.arguments : [];
      const item = itemOfMap(expression);
      // A function of ours, `fixedly(side)`, has the schema between its brackets.
      expression = item ?? (ts.isIdentifier(expression.expression) && inner ? inner : expression.expression);
    }
    const symbol = this.checker.getSymbolAtLocation(expression);
    const constant = symbol && this.original(symbol);
    const declaration = constant?.valueDeclaration;
    return declaration && ts.isVariableDeclaration(declaration) ? constant : undefined;
  }

  private original(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** The members of a union in an order of their own, for the compiler's changes with what it read before. */
  private text(type: ts.Type): string {
    const text = this.checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
    return text.includes(" | ") ? text.split(" | ").sort().join(" | ") : text;
  }

  /** In the order of `text`, and for its reason. */
  private choices(type: ts.Type, whole: boolean): Choice[] {
    const members = type.isUnion() ? type.types : [type];
    const written = members
      .map((member) => [this.checker.typeToString(member), this.choice(member, whole)] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    // To the compiler `boolean` is `false | true`.
    return [
      ...new Map(written.map(([text, choice]) => [choice === "boolean" ? choice : text, choice])).values(),
    ];
  }

  private choice(type: ts.Type, whole: boolean): Choice {
    if (type.isStringLiteral() || type.isNumberLiteral()) return { just: type.value };
    if (type.flags & ts.TypeFlags.BooleanLike) return "boolean";
    if (type.flags & ts.TypeFlags.Number) return whole ? "integer" : "number";
    if (type.flags & ts.TypeFlags.String) return "string";
    if (type.flags & ts.TypeFlags.Unknown) return "any";
    const text = this.checker.typeToString(type);
    if (text === "string[]") return "strings";
    throw new Error(`tools/api can't tell other languages of the type ${text}`);
  }

  private doc(symbol: ts.Symbol): string {
    return ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).trim();
  }

  /** What a schema takes, or what it gives. */
  private side(schema: ts.Type, side: "input" | "output"): ts.Type {
    return this.member(this.member(schema, "_zod"), side);
  }

  private member(type: ts.Type, name: string): ts.Type {
    const symbol = present(type.getProperty(name), `${name} of ${this.checker.typeToString(type)}`);
    return this.checker.getTypeOfSymbol(symbol);
  }
}

/** `Connection` in `z.record(z.string(), Connection)`. */
function itemOfMap(expression: ts.Expression): ts.Expression | undefined {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression))
    return undefined;
  return expression.expression.name.text === "record" ? expression.arguments[1] : undefined;
}

/** A constant and a type may share a name, and each has a doc. */
function docOn(declaration: ts.Node | undefined): string {
  const docs = declaration === undefined ? [] : ts.getJSDocCommentsAndTags(declaration).filter(ts.isJSDoc);
  return docs
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "")
    .join("\n")
    .trim();
}

function isOptional(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Optional) !== 0;
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}
