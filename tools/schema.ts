/** schema.ts: the package's schema, by which Pulumi makes SDKs for other languages and judges programs in YAML. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { listOf } from "../provider/plugin/results";
import type { Api, LookupFunction, Resource } from "./api/model";
import { tunnelOfAnyKind } from "./schema/found-tunnel";
import type { FunctionSpec, ObjectSpec, PackageSpec, PropertySpec, ResourceSpec } from "./schema/spec";
import { refTo, required, Types, token } from "./schema/types";
import { inNames } from "./schema/words";

/** What programs of the other languages call the package. */
const LANGUAGES = {
  python: {
    packageName: "pulumi_ipip",
    pyproject: { enabled: true },
    requires: { pulumi: ">=3.216.0,<4.0.0" },
    respectSchemaVersion: true,
  },
  go: {
    importBasePath: "github.com/pulumi-ipip/pulumi-ipip/sdk/go/ipip",
    rootPackageName: "ipip",
    respectSchemaVersion: true,
  },
};

const HOSTS: PropertySpec = {
  type: "object",
  additionalProperties: { $ref: refTo("Connection") },
  description:
    "How to reach each host, by the name that resources and functions give as `host`. The names are yours to choose.",
  secret: true,
};

interface Package {
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly author: string;
}

/** schemaText is the text of provider/plugin/schema.json. */
export function schemaText(api: Api): string {
  const { version, description, keywords, license, author } = JSON.parse(
    readFileSync(resolve(__dirname, "../package.json"), "utf8"),
  ) as Package;
  const spec: PackageSpec = {
    name: "ipip",
    // A Go SDK has a go.mod of its own.
    meta: { supportPack: true },
    displayName: "IPIP tunnels",
    version,
    description,
    keywords,
    license,
    publisher: author,
    config: { variables: { hosts: HOSTS } },
    provider: {
      description: "How to reach the hosts, said once for all resources and functions that are given it.",
      inputProperties: { hosts: HOSTS },
    },
    ...membersOf(api),
    language: LANGUAGES,
  };
  return `${JSON.stringify(spec, undefined, 2)}\n`;
}

function membersOf(api: Api): Pick<PackageSpec, "types" | "resources" | "functions"> {
  const found = tunnelOfAnyKind(api);
  const types = new Types([...api.structures, found]);
  const each = <T extends { name: string }, S>(all: readonly T[], make: (one: T) => S) =>
    Object.fromEntries(all.map((one) => [token(one.name), make(one)]));
  const resources = each(api.resources, (one) => resourceSpec(one, types));
  const functions = each(api.lookups, (one) => functionSpec(one, types));
  return { types: types.specs, resources, functions };
}

function resourceSpec({ name, doc, id, args, outputs }: Resource, types: Types): ResourceSpec {
  const itsId = `Its id is \`${id}\`, with the port after the host (\`HOST:2222\`) where it is not 22.`;
  return {
    description: `${inNames(doc)}\n\n${itsId}`,
    properties: types.properties(name, outputs, "found"),
    required: withoutConnection(required(outputs)),
    inputProperties: types.properties(name, args, "given"),
    requiredInputs: required(args),
  };
}

function functionSpec({ name, doc, args, found, several }: LookupFunction, types: Types): FunctionSpec {
  return {
    description: inNames(doc),
    inputs: {
      type: "object",
      properties: types.properties(name, args, "given"),
      required: required(args),
    },
    outputs: several ? listSpec(name, types.structure(found)) : types.object(found),
  };
}

function listSpec(name: string, $ref: string): ObjectSpec {
  const list = listOf(name);
  const description = "What was found; empty where nothing fits.";
  return {
    type: "object",
    properties: { [list]: { type: "array", items: { $ref }, description } },
    required: [list],
  };
}

/** Where there is `host`, neither program nor state has how to reach it. */
function withoutConnection(names: readonly string[]): string[] {
  return names.filter((name) => name !== "connection");
}
