import fc from "fast-check";
import { findDrift } from "../../cli/drift";
import { takeCensus } from "../../cli/marked/orphans";
import { placesOf, takeInventory } from "../../cli/marked/show";
import { formats } from "../../cli/report";
import { censusJson, censusTable, commandsOf } from "../../cli/report/census";
import { inventoryJson, inventoryTable } from "../../cli/report/inventory";
import { readState } from "../../cli/state";
import { servicesOver } from "../../provider/index";
import { CONNECTION } from "../support/mini-engine";
import { type Lie, lie, told } from "./hostile";
import { LyingHost } from "./lying-host";
import { truthOf } from "./samples-of-hosts";
import { type Target, target } from "./target";

const resource = (type: string, name: string, inputs: object) => ({
  urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/ipip:${type}::${name}`,
  type: `pulumi-nodejs:dynamic/ipip:${type}`,
  inputs: { connection: CONNECTION, ...inputs },
  outputs: { connection: CONNECTION, ...inputs, schemaVersion: 1 },
});

/** What the engine exports of a stack. */
const STATE = JSON.stringify({
  version: 3,
  deployment: {
    resources: [
      resource("IpipTunnel", "tunnel", {
        ...{ name: "tun0", local: "10.99.0.11", remote: "10.99.0.12", mark: "pulumi:shop/dev/tunnel" },
        ...{ mtu: 1480, addresses: ["192.168.50.1/30"], owner: "pulumi:shop/dev/tunnel" },
      }),
      resource("Namespace", "space", { name: "red", mark: "pulumi:shop/dev/space" }),
      resource("Route", "route", { destination: "10.0.0.0/24", dev: "u0", mark: "pulumi:shop/dev/route" }),
      resource("Sysctl", "forwarding", { key: "net.ipv4.ip_forward", value: 1, mark: "pulumi:shop/dev/f" }),
    ],
    pending_operations: [],
  },
});

const state = fc.oneof(
  fc.constant(STATE),
  lie.map((one) => told(STATE, one)),
);
const lies = fc.array(lie, { minLength: 1, maxLength: 4 });

/** ofTheCommand are the commands of `pulumi-ipip`, from a state and what hosts say to what is printed. */
export function ofTheCommand(): Target[] {
  const told = fc.tuple(state, lies);
  const over = (some: readonly Lie[]) => () => new LyingHost(truthOf, some);
  return [
    target("pulumi-ipip drift", told, async ([text, some]) => {
      const { resources } = readState(text, "a state");
      const findings = await findDrift(resources, servicesOver(over(some)), { host: [], target: [] });
      for (const format of Object.values(formats)) insistOnVisible(format(findings));
      return findings.every(({ outcome }) => outcome !== "trouble");
    }),
    target("pulumi-ipip orphans", told, async ([text, some]) => {
      const census = await takeCensus([readState(text, "a state")], servicesOver(over(some)), over(some));
      for (const one of [censusTable(census), censusJson(census), commandsOf(census.orphans)])
        insistOnVisible(one);
      return census.troubles.length === 0;
    }),
    target("pulumi-ipip show", told, async ([text, some]) => {
      const services = servicesOver(over(some));
      const places = placesOf([readState(text, "a state")], [], services);
      const inventory = await takeInventory(places, services, over(some));
      for (const one of [inventoryTable(inventory), inventoryJson(inventory)]) insistOnVisible(one);
      return inventory.troubles.length === 0;
    }),
  ];
}

/** What is printed is lines of characters that can be seen, of which only ours begin as a command to a job's runner. */
function insistOnVisible(printed: string): void {
  const hidden = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\n\P{Cc}]/u.exec(printed);
  if (hidden !== null) throw new Error(`it prints ${JSON.stringify(hidden[0])}`);
  const strange = printed
    .split("\n")
    .find((line) => /^\s*::/.test(line) && !/^::(error|notice) title=/.test(line));
  if (strange !== undefined) throw new Error(`it prints ${strange}`);
}
