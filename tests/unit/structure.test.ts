import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { handlers } from "../../provider";

/** What holds the parts of the package apart: who may load what, and who may know of what. */

const ROOT = join(__dirname, "../..");

interface Source {
  /** Path from the root of the repository, without the extension. */
  readonly path: string;
  /** Modules that are loaded when the program runs. */
  readonly loads: readonly string[];
  /** Modules that are loaded only when a function needs them. */
  readonly later: readonly string[];
  /** Modules that only types are taken from. */
  readonly names: readonly string[];
  /** Every word of the code, its comments left out. */
  readonly words: ReadonlySet<string>;
}

function sourcesIn(folder: string): Source[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => source(join(folder, file)));
}

function source(file: string): Source {
  const tree = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest);
  const loads: string[] = [];
  const later: string[] = [];
  const names: string[] = [];
  const words = new Set<string>();
  const found = (specifier: string, typeOnly: boolean) =>
    (typeOnly ? names : loads).push(modulePath(file, specifier));
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const specifier = node.moduleSpecifier;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) found(specifier.text, onlyTypes(node));
    } else if (ts.isCallExpression(node)) {
      const [argument] = node.arguments;
      const loader =
        node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(tree) === "require";
      if (loader && argument !== undefined && ts.isStringLiteral(argument))
        later.push(modulePath(file, argument.text));
    }
    if (ts.isIdentifier(node) || ts.isStringLiteral(node)) words.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { path: file.replace(/\.ts$/, ""), loads, later, names, words };
}

function onlyTypes(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined || clause.isTypeOnly) return clause !== undefined;
  const named = clause.namedBindings;
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.every((element) => element.isTypeOnly);
}

/** modulePath is a file of ours by its path from the root, a package by its name. */
function modulePath(file: string, specifier: string): string {
  return specifier.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), specifier)) : specifier;
}

const sources = [...sourcesIn("provider"), ...sourcesIn("sdk")];

function sourceAt(path: string): Source | undefined {
  return sources.find((one) => one.path === path || one.path === `${path}/index`);
}

/** reached is every module that is loaded with a file. */
function reached(path: string, seen = new Set<string>()): Set<string> {
  for (const next of sourceAt(path)?.loads ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    reached(next, seen);
  }
  return seen;
}

const loaders = (module: string) =>
  sources.filter(({ loads }) => loads.includes(module)).map(({ path }) => path);
const below = (folder: string) => (path: string) => path.startsWith(folder);
const resources = sources
  .map(({ path }) => path)
  .filter((path) => /^provider\/resources\/(?!common$)/.test(path));

test("the sources are found, with what they load", () => {
  expect(reached("provider/index")).toContain("ssh2");
  expect(reached("sdk/index")).toContain("@pulumi/pulumi");
  expect(resources).toContain("provider/resources/ipip-tunnel");
});

test("only provider/host/ knows the SSH library", () => {
  const knowing = sources.filter(({ loads, names }) => [...loads, ...names].includes("ssh2"));
  expect(knowing.map(({ path }) => path).filter((path) => !below("provider/host/")(path))).toEqual([]);
});

test("only sdk/ loads Pulumi's library, and a door may take its types", () => {
  const pulumi = sources.flatMap(({ path, loads }) =>
    loads.filter((module) => module.startsWith("@pulumi/")).map((module) => ({ path, module })),
  );
  // What is shown while a door works goes to the engine in the words of its own protocol.
  expect(pulumi.filter(({ path }) => !(below("sdk/")(path) || below("provider/plugin/")(path)))).toEqual([
    { path: "provider/progress", module: "@pulumi/pulumi/proto/engine_grpc_pb" },
    { path: "provider/progress", module: "@pulumi/pulumi/proto/engine_pb" },
  ]);
  const typed = sources.filter(({ names }) => names.includes("@pulumi/pulumi")).map(({ path }) => path);
  expect(typed.filter((path) => !below("sdk/")(path))).toEqual(["provider/dynamic"]);
});

test("a user's program loads neither the SSH library nor what drives it", () => {
  const loaded = [...reached("sdk/index")];
  expect(
    loaded.filter((path) =>
      [
        "ssh2",
        "provider/dynamic",
        "provider/lifecycle",
        "provider/probing",
        "provider/progress",
        "provider/host/session",
      ].includes(path),
    ),
  ).toEqual([]);
});

test("what connects to hosts is loaded by a program in one place, when a lookup is called", () => {
  const lazy = sources.flatMap(({ path, later }) => later.map((module) => ({ path, module })));
  expect(lazy).toEqual([{ path: "sdk/lookup", module: "provider/index" }]);
});

test("the lifecycle knows no door", () => {
  for (const path of ["provider/lifecycle", "provider/probing", "provider/subject", ...resources]) {
    expect([
      path,
      [...reached(path)].filter((other) => ["ssh2", "provider/dynamic", "provider/progress"].includes(other)),
    ]).toEqual([path, []]);
  }
});

test("the commands stand on the provider, and nothing stands on them", () => {
  const commands = sourcesIn("cli");
  expect(commands.map(({ path }) => path)).toContain("cli/main");
  const loaded = commands.flatMap(({ loads, names }) => [...loads, ...names]);
  expect(loaded.filter((module) => /^sdk\/|^@pulumi\/|^ssh2$/.test(module))).toEqual([]);
  expect(sources.flatMap(({ loads, names }) => [...loads, ...names]).filter(below("cli/"))).toEqual([]);
  expect(loaders("commander")).toEqual([]);
});

test("code that serves all types names none", () => {
  const types = Object.keys(handlers);
  const shared = sources.filter(
    ({ path }) =>
      !/^(provider\/index|sdk\/(index|plugin))$|^provider\/(resources|lookups|existing)\//.test(path),
  );
  for (const { path, words, loads, names } of shared) {
    // What iproute2 lists has names of its own, "Route" among them, and a `Link` of its is any device.
    const named = below("provider/ip/")(path)
      ? []
      : types.filter((type) => type !== "Link" && words.has(type));
    expect([path, named]).toEqual([path, []]);
    // What some types have in common may use what all have.
    if (below("provider/tunnel/")(path)) continue;
    expect([path, [...loads, ...names].filter(below("provider/resources/"))]).toEqual([path, []]);
  }
});

test("a resource is one file, which the provider and the SDK each load in one line a door", () => {
  expect(loaders("zod")).toEqual(expect.arrayContaining(resources));
  for (const path of resources) {
    expect([path, loaders(path).sort()]).toEqual([path, ["provider/index", "sdk/index", "sdk/plugin"]]);
  }
  expect(resources.length).toBe(Object.keys(handlers).length);
});

test("no file loads itself by way of others", () => {
  expect(sources.map(({ path }) => path).filter((path) => reached(path).has(path))).toEqual([]);
});
