import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "../../lab/lab";
import { Code, DOORS, type Declared, expectCode, made, Program } from "../support/declared";
import { connectionTo, shell, snapshot } from "../support/world";

/** What the engine does with the plugin, `pulumi-resource-ipip`, beyond what it does with dynamic resources. */

let lab: Lab;
let before: unknown;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["a"] });
  before = await snapshot(lab.host("a"));
});

afterAll(() => lab?.stop());

/** A tunnel in a namespace of its own, with what belongs to it. */
const STACK: Readonly<Record<string, Declared>> = {
  blue: { type: "Namespace", args: { name: "blue" } },
  cable: {
    type: "VethPair",
    args: { a: { name: "v0", addresses: ["10.1.0.1/24"] }, b: { name: "v1", namespace: made("blue"), addresses: ["10.1.0.2/24"] } },
  },
  tunnel: {
    type: "IpipTunnel",
    args: { namespace: made("blue"), name: "tun0", local: "10.1.0.2", remote: "10.1.0.9", addresses: ["192.168.50.1/30"] },
  },
  route: {
    type: "Route",
    args: { namespace: made("blue"), destination: "10.9.0.0/24", via: "192.168.50.2", dev: made("tunnel") },
  },
  forwarding: { type: "Sysctl", args: { namespace: made("blue"), key: "net.ipv4.ip_forward", value: 1 } },
};

async function program(): Promise<Program> {
  const one = await Program.on(lab.host("a"));
  one.stack.configure({ "ipip:hosts": { a: connectionTo(lab.host("a")) } });
  return one;
}

async function gone(one: Program): Promise<void> {
  expectCode(await one.destroy(), Code.ok);
  expect(await snapshot(lab.host("a"))).toEqual(before);
  one.close();
}

test("a stack moves over from dynamic resources and back, and no host is touched", async () => {
  const one = await program();
  one.declare(STACK);
  expectCode(await one.up(), Code.ok);
  const there = await snapshot(lab.host("a"));

  one.door = DOORS.plugin;
  one.declare(STACK);
  expectCode(await one.up("--expect-no-changes"), Code.ok);
  expect(await snapshot(lab.host("a"))).toEqual(there);
  expect((await one.stack.resources()).map(({ type }) => type)).toContain("ipip:index:IpipTunnel");
  expectCode(await one.refresh("--expect-no-changes"), Code.ok);

  one.door = DOORS.dynamic;
  one.declare(STACK);
  const back = await one.up();
  expectCode(back, Code.ok);
  expect(back.stdout).not.toMatch(/created|deleted|replaced/);
  expect(await snapshot(lab.host("a"))).toEqual(there);
  expectCode(await one.refresh("--expect-no-changes"), Code.ok);
  await gone(one);
});
