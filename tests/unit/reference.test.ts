import type { Api, Property } from "../../tools/api/model";
import { readApi } from "../../tools/api/read";
import { reference } from "../../tools/reference";

let api: Api;
beforeAll(async () => {
  api = await readApi();
}, 120_000);

const named = (properties: readonly Property[], change: string) =>
  properties.filter((property) => property.change === change).map(({ name }) => name);
const structure = (name: string) => api.structures.find((one) => one.name === name)?.properties ?? [];
const args = (name: string) => api.resources.find((one) => one.name === name)?.args ?? [];

test("an argument whose change replaces only sometimes says when", () => {
  const silent = api.resources.flatMap((resource) =>
    resource.args
      .filter(({ change, doc }) => change === "depends" && !/replaces|same holds/.test(doc))
      .map(({ name }) => `${resource.name}.${name}`),
  );
  expect(silent).toEqual([]);
});

test("what replaces is asked of the contracts, also for what is within an argument", () => {
  expect(named(structure("ConnectionArgs"), "replaces")).toEqual(["host", "port"]);
  expect(named(structure("VethPairEndArgs"), "replaces")).toEqual(["name", "namespace"]);
  expect(named(args("IpipTunnel"), "replaces")).toEqual([
    "namespace",
    "name",
    "mode",
    "underlayNamespace",
    "external",
  ]);
  expect(named(args("IpipTunnel"), "depends")).toEqual(["connection", "remote", "dev"]);
});

test("the reference has every argument of every resource in its table, and every secret marked", () => {
  const text = reference(api);
  for (const { name, args: all } of api.resources) {
    const section = text.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? "";
    for (const arg of all) expect(section).toContain(`| \`${arg.name}\` |`);
  }
  const given = api.structures.filter((one) => one.given).flatMap(({ properties }) => properties);
  const secrets = given.filter(({ secret }) => secret);
  expect(secrets.map(({ name }) => name)).toContain("privateKey");
  expect(text.match(/\*Secret\.\*/g)).toHaveLength(secrets.length);
  // But in a type, of what a component may not have.
  expect(text.replaceAll("\\| undefined>", "")).not.toContain("undefined");
});

test("ids are shown in the form that the contracts give them", () => {
  const ids = Object.fromEntries(api.resources.map(({ name, id }) => [name, id]));
  expect(ids).toMatchObject({
    IpipTunnel: "HOST/NAMESPACE/NAME",
    Route: "HOST/NAMESPACE/DESTINATION table TABLE metric METRIC",
  });
});
