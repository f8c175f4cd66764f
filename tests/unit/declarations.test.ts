import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import { z } from "zod";
import type { Contract } from "../../provider/resource";
import { tunnelLink } from "../../sdk/link/args";
import { tunnelMesh } from "../../sdk/mesh/args";
import { Published, strict } from "../support/published";

/** Reading the compiler's libraries takes a while the first time. */
const COMPILING = 120_000;

let published: Published;
beforeAll(async () => {
  published = await Published.make();
}, COMPILING);

const RESOURCES = resolve(__dirname, "../../provider/resources");
const contracts = readdirSync(RESOURCES)
  .map((file): Record<string, Contract> => require(resolve(RESOURCES, file)))
  .flatMap((module) => Object.values(module).filter((value) => typeof value.type === "string"));

const components = [tunnelLink, tunnelMesh];

/** A program as a user writes it, with every class. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import {
  type ConnectionArgs, FouPort, IpipTunnel, MssClamp, Namespace, Route, Sysctl, type Tunnel, TunnelLink, TunnelMesh, TunnelProbe, VethPair,
} from "pulumi-ipip";

const key = new pulumi.Config().requireSecret("key");
const connection: ConnectionArgs = {
  host: pulumi.output("203.0.113.10"),
  privateKey: key,
  hostKey: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
  become: { method: "sudo", password: key },
};
const ns = new Namespace("ns", { connection: pulumi.output(connection), name: "blue", loopback: true });
const cable = new VethPair("cable", {
  connection,
  a: { name: "veth0", addresses: [pulumi.output("10.0.0.1/24")], mtu: undefined },
  b: { name: "veth1", namespace: ns, mac: "02:00:00:00:00:01" },
});
const tunnel = new IpipTunnel(
  "tunnel",
  { connection, namespace: "blue", name: "tun0", remote: "198.51.100.20", dev: cable.b.name, ttl: "inherit", tos: "0x10" },
  { dependsOn: cable },
);
new Route("route", { connection, namespace: ns, destination: "default", dev: tunnel, table: "main", type: "unicast" });
new Sysctl("sysctl", { connection, key: "net.ipv4.ip_forward", value: 1 });
new FouPort("fou", { connection, port: 5555, ipproto: "ipip", family: 6 });
new MssClamp("clamp", { connection, namespace: ns, dev: tunnel, ipv6: 1340 });
const probe = new TunnelProbe("probe", { connection, namespace: "blue", dev: tunnel, target: "192.168.50.2", triggers: [tunnel.mtu, "1"] });

const site = (underlay: pulumi.Input<string>, more: { networks?: string[] } = {}) => ({ connection, underlay, ...more });
const link = new TunnelLink(
  "link",
  {
    a: { ...site(pulumi.output("203.0.113.10")), namespace: ns, address: "192.168.50.1/30", device: undefined },
    b: { ...site("198.51.100.20", { networks: ["10.10.2.0/24"] }), address: tunnel.local },
    mtu: tunnel.effectiveMtu,
  },
  { dependsOn: [tunnel] },
);
const mesh = new TunnelMesh("mesh", {
  pool: "172.31.0.0/16",
  sites: ["x", "y"].map((name, id) => ({ name, id, ...site(\`10.0.0.\${id}\`) })),
  hubs: ["x"],
});
new Route("beyond", { connection, destination: "10.9.0.0/16", dev: link.a });

export const ends: readonly Tunnel[] = mesh.links.flatMap(({ a, b }) => [a, b]);
export const drawn: pulumi.Output<string> = pulumi.interpolate\`\${link.topology} \${mesh.topology}\`;
export const mtu: pulumi.Output<number> = tunnel.effectiveMtu;
export const wanted: pulumi.Output<number | "auto" | undefined> = tunnel.mtu;
export const mac: pulumi.Output<string | undefined> = cable.ends.apply(({ a }) => a?.mac);
export const fits: pulumi.Output<number | undefined> = probe.pathMtu;
export const host: pulumi.Output<string> = tunnel.connection.host;
export const user: pulumi.Output<string | undefined> | undefined = tunnel.connection.user;
export function isTunnel(value: unknown): IpipTunnel | undefined {
  return IpipTunnel.isInstance(value) ? value : undefined;
}
`;

describe("every property is declared with a doc that an editor shows", () => {
  let program: ts.Program;
  beforeAll(() => {
    const types = contracts.map(
      ({ type }) => `
        export type ${type}Args = ConstructorParameters<typeof ipip.${type}>[1];
        type ${type}Outputs = Omit<ipip.${type}, keyof pulumi.CustomResource>;
        export type ${type}Values = { [K in keyof ${type}Outputs]: pulumi.Unwrap<${type}Outputs[K]> };`,
    );
    const ofComponents = components.map(
      ({ type }) => `
        export type ${type}Args = ConstructorParameters<typeof ipip.${type}>[1];
        export type ${type}Values = Omit<ipip.${type}, keyof pulumi.ComponentResource>;`,
    );
    const imports = `import type * as pulumi from "@pulumi/pulumi"; import type * as ipip from "pulumi-ipip";`;
    program = published.program({ "types.ts": imports + [...types, ...ofComponents].join("") });
  }, COMPILING);

  test.each(contracts.map((contract) => [contract.type, contract] as const))(
    "of %s",
    (type, { inputs, outputs }) => {
      const nothing = { undocumented: [], missing: [], strange: [] };
      expect(documented(program, `${type}Args`, inputs)).toEqual(nothing);
      expect(documented(program, `${type}Values`, inputs.extend(outputs.shape))).toEqual(nothing);
    },
    COMPILING,
  );

  test.each(components.map((component) => [component.type, component.inputs] as const))(
    "of the component %s",
    (type, inputs) => {
      expect(documented(program, `${type}Args`, inputs)).toEqual({
        undocumented: [],
        missing: [],
        strange: [],
      });
      const ends = type === "TunnelLink" ? ["a", "b"] : ["links"];
      const outputs = [...ends, "mtu", "works", "reason", "topology"];
      const shape = z.object(Object.fromEntries(outputs.map((key) => [key, z.unknown()])));
      expect(documented(program, `${type}Values`, shape)).toEqual({
        undocumented: [],
        missing: [],
        strange: [],
      });
    },
    COMPILING,
  );
});

/** What a declared type lacks, compared with a schema, at any depth. */
function documented(program: ts.Program, name: string, schema: z.ZodObject) {
  const checker = program.getTypeChecker();
  const [file] = program.getRootFileNames().map((path) => program.getSourceFile(path));
  const module = file && checker.getSymbolAtLocation(file);
  const symbol = module && checker.getExportsOfModule(module).find((one) => one.name === name);
  if (symbol === undefined) throw new Error(`no type ${name}`);
  const found = { undocumented: [] as string[], missing: [] as string[], strange: [] as string[] };
  const compare = (type: ts.Type, shape: z.ZodObject["shape"], path: string) => {
    const names = type.getProperties().map((property) => property.name);
    found.strange.push(...names.filter((key) => !(key in shape)).map((key) => path + key));
    for (const [key, inner] of Object.entries(shape)) {
      const property = type.getProperty(key);
      if (property === undefined) {
        found.missing.push(path + key);
        continue;
      }
      const text = ts.displayPartsToString(property.getDocumentationComment(checker));
      if (!/^[A-Z`].*\.$/s.test(text)) found.undocumented.push(path + key);
      const object = objectIn(inner as z.ZodType);
      if (object) compare(plainIn(checker, property), object.shape, `${path}${key}.`);
    }
  };
  compare(checker.getDeclaredTypeOfSymbol(symbol), schema.shape, "");
  return found;
}

/** The plain object in `Input<T> | undefined`: what is neither a promise nor an output. */
function plainIn(checker: ts.TypeChecker, property: ts.Symbol): ts.Type {
  const type = checker.getNonNullableType(checker.getTypeOfSymbol(property));
  const members = type.isUnion() ? type.types : [type];
  const plain = members.find((member) => !["then", "apply"].some((key) => member.getProperty(key)));
  if (plain === undefined) throw new Error(`${property.name} takes no plain value`);
  return plain;
}

function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return objectIn(schema.unwrap() as z.ZodType);
  return schema instanceof z.ZodObject ? schema : undefined;
}

describe("a program with every class compiles under skipLibCheck false", () => {
  const { ModuleKind, ModuleResolutionKind } = ts;
  test.each([
    ["node10", ModuleKind.CommonJS, ModuleResolutionKind.Node10],
    ["node16", ModuleKind.Node16, ModuleResolutionKind.Node16],
    ["nodenext", ModuleKind.NodeNext, ModuleResolutionKind.NodeNext],
    ["bundler", ModuleKind.ESNext, ModuleResolutionKind.Bundler],
  ])(
    "found by moduleResolution %s",
    (_name, module, moduleResolution) => {
      const options = {
        ...strict,
        module,
        moduleResolution,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
      };
      const esm = moduleResolution === ModuleResolutionKind.Node10 ? {} : { "esm.mts": PROGRAM };
      expect(published.errors({ "program.ts": PROGRAM, ...esm }, options)).toEqual([]);
    },
    COMPILING,
  );
});

describe("what a program gets wrong is an error", () => {
  const tunnel = `connection, name: "tun0", remote: "198.51.100.20"`;
  const key = `key: "net.ipv4.ip_forward", value: 1`;
  const to = `connection, destination: "default"`;
  const mistakes = [
    [
      "an unknown property",
      `new IpipTunnel("t", { ${tunnel}, tll: 64 })`,
      /'tll' does not exist.*IpipTunnelArgs/,
    ],
    [
      "an unknown property within",
      `new Namespace("n", { connection: { host: "h", hostkey: "" }, name: "n" })`,
      /'hostkey'/,
    ],
    ["a missing property", `new IpipTunnel("t", { connection })`, /'name' is missing/],
    [
      "a value of another type",
      `new IpipTunnel("t", { ${tunnel}, up: "yes" })`,
      /'string' is not assignable/,
    ],
    ["a word that is none of those", `new Route("r", { ${to}, type: "drop" })`, /"drop"/],
    [
      "a resource without a name",
      `new Route("r", { ${to}, dev: new Sysctl("s", { connection, ${key} }) })`,
      /'Sysctl'/,
    ],
    [
      "an output where a name is made of it",
      `new TunnelMesh("m", { pool: new IpipTunnel("t", { ${tunnel} }).local, sites: [] })`,
      /'Output<string>' is not assignable to type 'string \| undefined'/,
    ],
    [
      "a link with one side",
      `new TunnelLink("l", { a: { connection, underlay: "10.0.0.1", address: "10.1.0.1/30" } })`,
      /'b' is missing/,
    ],
    ["an output that is not there", `new IpipTunnel("t", { ${tunnel} }).carrier`, /'carrier' does not exist/],
  ] as const;
  let errors: string[];
  beforeAll(() => {
    const program = (statement: string) =>
      `import { IpipTunnel, Namespace, Route, Sysctl, TunnelLink, TunnelMesh } from "pulumi-ipip";
       const connection = { host: "203.0.113.10", knownHosts: "~/.ssh/known_hosts" };
       export const made = [IpipTunnel, Namespace, Route, Sysctl, TunnelLink, TunnelMesh];
       ${statement};`;
    const files = mistakes.map(([, statement], index) => [`wrong${index}.ts`, program(statement)]);
    errors = published.errors(Object.fromEntries(files));
  }, COMPILING);

  test.each(mistakes.map(([what, , message], index) => [what, index, message] as const))(
    "%s",
    (_what, index, message) => {
      const own = errors.filter((error) => error.startsWith(`wrong${index}.ts:`));
      expect(own.join("\n")).toMatch(message);
      expect(own).toHaveLength(1);
    },
  );
});

test(
  "whatever the source takes and gives, the declarations take and give",
  () => {
    const checks = [...contracts, ...components].map(
      ({ type }) => `
    export const args${type}: ConstructorParameters<typeof published.${type}>[1] =
      {} as ConstructorParameters<typeof source.${type}>[1];
    export const made${type}: InstanceType<typeof source.${type}> = {} as published.${type};`,
    );
    const program = `import type * as published from "pulumi-ipip";
    import type * as source from "${resolve(__dirname, "../../sdk/index")}";
    ${checks.join("")}`;
    expect(published.errors({ "same.ts": program }, { ...strict, exactOptionalPropertyTypes: true })).toEqual(
      [],
    );
  },
  COMPILING,
);

test("nothing of the schemas is in the declarations", () => {
  const imports = published.types.match(/(?:from|import\() *"[^"]*"/g);
  expect(imports).toEqual(['from "@pulumi/pulumi"']);
});
