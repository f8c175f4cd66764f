/** schema.ts: the package's schema, by which Pulumi makes SDKs for other languages and judges programs in YAML. */
import { author, description, keywords, license, version } from "../package.json";
import { subjectOf } from "../provider/plugin/results";
import type { Api, LookupFunction, Resource } from "./api/model";
import { tunnelOfAnyKind } from "./schema/found-tunnel";
import type { FunctionSpec, ObjectSpec, PackageSpec, ResourceSpec } from "./schema/spec";
import { required, Types, token } from "./schema/types";
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

const PROVIDER = "How to reach the hosts, said once for all resources and functions that are given it.";
const HOST =
  "HOST is the name that is given as `host`, or the address in `connection` with its port (`ADDRESS:2222`) where that is not 22.";

/** schemaText is the text of provider/plugin/schema.json. */
export function schemaText(api: Api): string {
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
    ...membersOf(api),
    language: LANGUAGES,
  };
  return `${JSON.stringify(spec, undefined, 2)}\n`;
}

type Members = Pick<PackageSpec, "config" | "provider" | "types" | "resources" | "functions">;

function membersOf(api: Api): Members {
  const types = new Types([...api.structures, tunnelOfAnyKind(api)]);
  const { hosts, ...others } = types.properties("Provider", api.configuration, "given");
  // One text to the engine, for a provider is told nothing but texts: so it is all secret, if any of it is.
  const inputProperties = { hosts: { ...hosts, secret: true as const }, ...others };
  const each = <T extends { name: string }, S>(all: readonly T[], make: (one: T) => S) =>
    Object.fromEntries(all.map((one) => [token(one.name), make(one)]));
  const resources = each(api.resources, (one) => resourceSpec(one, types));
  const functions = each(api.lookups, (one) => functionSpec(one, types));
  return {
    config: { variables: inputProperties },
    provider: { description: PROVIDER, inputProperties },
    types: types.specs,
    resources,
    functions,
  };
}

function resourceSpec({ name, doc, id, args, outputs }: Resource, types: Types): ResourceSpec {
  const { required: wanted } = required(args);
  return {
    description: `${inNames(doc)}\n\nIts id is \`${id}\`. ${HOST}`,
    properties: types.properties(name, outputs, "found"),
    // Where there is `host`, the state has no `connection`.
    ...required(outputs.filter((output) => output.name !== "connection")),
    inputProperties: types.properties(name, args, "given"),
    ...(wanted && { requiredInputs: wanted }),
  };
}

function functionSpec({ name, doc, args, found, several }: LookupFunction, types: Types): FunctionSpec {
  return {
    description: inNames(doc),
    inputs: {
      type: "object",
      properties: types.properties(name, args, "given"),
      ...required(args),
    },
    outputs: resultSpec(name, several, types.structure(found)),
  };
}

function resultSpec(name: string, several: boolean, $ref: string): ObjectSpec {
  const found = several
    ? { type: "array" as const, items: { $ref }, description: "What was found; empty where nothing fits." }
    : { $ref, description: "What was found." };
  const subject = subjectOf(name);
  return { type: "object", properties: { [subject]: found }, required: [subject] };
}
