import { contracts, handlers } from "../../provider";
import { resultOf, subjectOf } from "../../provider/plugin/results";
import * as sdk from "../../sdk";
import type { Api } from "../../tools/api/model";
import { readApi } from "../../tools/api/read";
import { schemaText } from "../../tools/schema";
import type { ObjectSpec, PackageSpec, PropertySpec, TypeSpec } from "../../tools/schema/spec";

let api: Api;
let schema: PackageSpec;
beforeAll(async () => {
  api = await readApi();
  schema = JSON.parse(schemaText(api)) as PackageSpec;
}, 120_000);

const resource = (name: string) => schema.resources[`ipip:index:${name}`];
const object = (name: string) => schema.types[`ipip:index:${name}`] as ObjectSpec;
const called = (all: object) => Object.keys(all).map((token) => token.replace(/^ipip:index:/, ""));

/** Everything in a part of the schema that says a type. */
function specsIn(part: unknown): TypeSpec[] {
  if (typeof part !== "object" || part === null) return [];
  const own = "$ref" in part || "type" in part || "oneOf" in part ? [part as TypeSpec] : [];
  return [...own, ...Object.values(part).flatMap(specsIn)];
}

function propertiesIn(part: unknown): PropertySpec[] {
  return specsIn(part).filter((spec): spec is PropertySpec => "description" in spec);
}

test("every resource and lookup of the package is there, and no component", () => {
  expect(called(schema.resources).sort()).toEqual(Object.keys(handlers).sort());
  const lookups = Object.keys(sdk).filter((name) => /^get/.test(name) && !name.endsWith("Output"));
  expect(called(schema.functions).sort()).toEqual(lookups.sort());
});

test("a resource has every argument of its contract, and can be read for all of them", () => {
  for (const [name, { inputs, outputs }] of Object.entries(contracts)) {
    const { inputProperties = {}, properties = {} } = resource(name) ?? {};
    const args = Object.keys(inputs.shape).sort();
    expect([name, Object.keys(inputProperties).sort()]).toEqual([name, args]);
    const read = [...new Set([...args, ...Object.keys(outputs.shape)])].sort();
    expect([name, Object.keys(properties).sort()]).toEqual([name, read]);
  }
});

test("every property says what it is, and what it refers to is there", () => {
  const specs = specsIn(schema);
  const refs = new Set(specs.flatMap(({ $ref }) => ($ref?.startsWith("#") ? [$ref] : [])));
  // Nothing more either, which an SDK would have for nobody.
  expect([...refs].sort()).toEqual(
    called(schema.types)
      .map((name) => `#/types/ipip:index:${name}`)
      .sort(),
  );
  const all = [...Object.values(schema.resources), ...Object.values(schema.functions)];
  for (const { description } of [...all, ...propertiesIn(schema)]) expect(description).toMatch(/[.)]$/);
});

test("what can be left out here and there is required nowhere", () => {
  expect(resource("IpipTunnel")?.requiredInputs).toEqual(["name"]);
  expect(resource("Namespace")?.required).toEqual(["name", "loopback", "persist", "adopt", "mark", "path"]);
  expect(schema.functions["ipip:index:getRoutes"]?.inputs.required).toBeUndefined();
});

test("secrets are marked, and of the provider's hosts all", () => {
  const secret = (name: string) =>
    Object.entries(object(name).properties).flatMap(([key, one]) => (one.secret ? [key] : []));
  expect(secret("Hop")).toEqual(["password", "privateKey", "privateKeyPassword"]);
  expect(secret("Become")).toEqual(["password"]);
  expect(secret("Connection")).toEqual(secret("Hop"));
  expect(schema.config.variables.hosts?.secret).toBe(true);
  expect(schema.provider.inputProperties.hosts?.secret).toBe(true);
});

test("unions are written down: words alone as an enumeration of what may be given, others as alternatives", () => {
  const { inputProperties, properties } = resource("IpipTunnel") ?? {};
  expect(inputProperties).toMatchObject({
    mtu: { oneOf: [{ type: "string" }, { type: "integer" }] },
    mode: { $ref: "#/types/ipip:index:IpipTunnelMode", willReplaceOnChanges: true },
    persist: { $ref: "#/types/ipip:index:Persist" },
    addresses: { type: "array", items: { type: "string" } },
    namespace: { type: "string" },
  });
  expect(inputProperties?.mtu?.description).toMatch(/One of: `auto` or a whole number\.$/);
  expect(inputProperties?.remote?.willReplaceOnChanges).toBeUndefined();
  expect(schema.types["ipip:index:IpipTunnelMode"]).toMatchObject({
    enum: [{ value: "any" }, { value: "ipip" }, { value: "mplsip" }],
  });
  expect(properties).toMatchObject({ mode: { type: "string" }, ttl: { type: "integer" } });
  expect(object("Connection").properties).toMatchObject({
    perDialTimeout: { type: "number" },
    port: { type: "integer" },
    knownHosts: { oneOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
  });
});

test("an argument that names another object tells no program to give a resource", () => {
  const parents = [...api.resources, ...api.lookups].flatMap(({ name, args }) =>
    args.filter(({ type }) => type.kind === "parent").map((arg) => [name, arg.name] as const),
  );
  const told = parents.map(([name, arg]) => {
    const { inputProperties } = resource(name) ?? {};
    const properties = inputProperties ?? schema.functions[`ipip:index:${name}`]?.inputs.properties;
    return properties?.[arg]?.description;
  });
  expect(told.length).toBeGreaterThan(40);
  for (const text of told)
    expect(text?.replaceAll(/output `name` of (a|the) \S+/g, "")).not.toMatch(
      /resource that makes|iven the resource|a `Namespace`|\bor a resource/,
    );
});

test("a function gives an object with what it finds, under the name of what is looked up", () => {
  for (const { name, several, found } of api.lookups) {
    const { outputs } = schema.functions[`ipip:index:${name}`] ?? {};
    const only = outputs?.properties[subjectOf(name)];
    expect([name, (several ? only?.items : only)?.$ref]).toEqual([name, `#/types/ipip:index:${found}`]);
    expect(outputs?.required).toEqual(Object.keys(outputs?.properties ?? {}));
  }
  expect(resultOf({ name: "getRoutes" }, [1])).toEqual({ routes: [1] });
  expect(resultOf({ name: "getLink" }, { name: "lo" })).toEqual({ link: { name: "lo" } });
});

test("a tunnel of any kind requires only what all kinds have", () => {
  const { properties, required } = object("FoundTunnel");
  expect(required).toEqual(expect.arrayContaining(["kind", "local", "effectiveMtu"]));
  expect(required).not.toContain("ttl");
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(["ttl", "hoplimit", "sixRd", "okey"]));
  expect(properties).not.toHaveProperty("connection");
});

test("it comes out the same each time", async () => {
  expect(schemaText(await readApi())).toBe(schemaText(api));
});
