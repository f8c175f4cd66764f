import { placesOf, takeInventory } from "../../../cli/marked/show";
import { program } from "../../../cli/program";
import { inventoryJson, inventoryTable } from "../../../cli/report/inventory";
import { readState } from "../../../cli/state";
import { targetsOf } from "../../../cli/target";
import { contracts, servicesOver } from "../../../provider";
import type { Contract } from "../../../provider/resource";
import { plant } from "../../support/fake-boot";
import { FakeHost } from "../../support/fake-host";
import { exported, made, secret } from "../../support/state-export";

const contract = (type: string) => contracts[type] as Contract;

async function shown(away = false) {
  const host = new FakeHost(undefined, "192.0.2.1");
  const blue = await made(host, contract("Namespace"), "blue", { name: "blue" });
  const pair = await made(host, contract("VethPair"), "pair", {
    a: { name: "v0" },
    b: { name: "v1", namespace: "blue" },
  });
  const old = await made(host, contract("IpipTunnel"), "old", {
    name: "t1",
    local: "10.0.0.1",
    remote: "10.0.0.2",
  });
  host.byHand("ip link add name d0 type dummy");
  for (const [type, one] of [
    ["Namespace", blue],
    ["IpipTunnel", old],
  ] as const)
    plant(host.netns().files, contract(type), one);
  host.away = away;
  const hidden = {
    ...pair,
    inputs: { ...(pair.inputs as object), b: secret({ name: "v1", namespace: "blue" }) },
  };
  const services = servicesOver(() => host);
  const places = placesOf([readState(exported([blue, hidden]), "the test")], [], services);
  return await takeInventory(places, services, () => host);
}

test("what bears our mark is shown, with its resource or none, and nothing that is secret", async () => {
  const inventory = await shown();
  expect(inventoryTable(inventory).split("\n")).toEqual([
    "        HOST       OBJECT                                           RESOURCE       MARK",
    "object  192.0.2.1  tunnel t1                                        -              pulumi:shop/dev/old",
    "object  192.0.2.1  namespace [secret]                               shop/dev blue  pulumi:shop/dev/blue",
    "object  192.0.2.1  veth pair v0 and [secret] in namespace [secret]  shop/dev pair  pulumi:shop/dev/pair",
    "object  192.0.2.1  boot file of namespace [secret]                  shop/dev blue  pulumi:shop/dev/blue",
    "object  192.0.2.1  boot file of tunnel t1                           -              pulumi:shop/dev/old",
    "",
    "5 objects",
    "",
  ]);
  expect(JSON.parse(inventoryJson(inventory))).toMatchObject({
    version: 1,
    objects: [{ object: "tunnel t1", resources: [] }, { resources: ["shop/dev blue"] }, {}, {}, {}],
    troubles: [],
  });
});

test("a host that no stack has is looked at too", async () => {
  const host = new FakeHost(undefined, "gw");
  await made(host, contract("Namespace"), "blue", { name: "blue" });
  const services = servicesOver(() => host);
  const targets = targetsOf(["gw"], { proxy: [], knownHosts: "~/.ssh/known_hosts" }, services);
  const places = placesOf([], targets, services);
  expect(await takeInventory(places, services, () => host)).toEqual({
    objects: [{ host: "gw", object: "namespace blue", mark: "pulumi:shop/dev/blue", resources: [] }],
    troubles: [],
  });
});

test("a host that is away is trouble", async () => {
  const inventory = await shown(true);
  expect(inventory).toMatchObject({ objects: [], troubles: [{ host: "192.0.2.1" }] });
  expect(inventoryTable(inventory)).toContain("trouble  192.0.2.1\n  | 192.0.2.1: the host is away\n");
});

test.each([
  [["--owner", "any"], "--namespace and --owner say what to take over: give --import too"],
  [["--import", "--stack", "dev"], "'--import' cannot be used with option '--stack <name>'"],
  [["--import"], "there is no host to read"],
])("options that don't go together are said to be: %j", async (options, message) => {
  const commands = program("1.2.3", () => {});
  for (const command of commands.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  await expect(commands.parseAsync(["show", ...options], { from: "user" })).rejects.toThrow(message);
});
