import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planOf, planText } from "../../../cli/plan";
import { servicesOver } from "../../../provider";

const folder = mkdtempSync(join(tmpdir(), "plan-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A plan contacts no host. */
const services = servicesOver(() => {
  throw new Error("nobody is to be asked");
});

const connection = { host: "192.0.2.1", insecureIgnoreHostKey: true, password: "hush-hush" };
const tunnel = {
  ...{
    connection,
    namespace: "blue",
    name: "tun0",
    mode: "ipip",
    local: "10.0.0.1",
    remote: "10.0.0.2",
    ttl: 64,
  },
  ...{ tos: 0, pmtudisc: true, fwmark: 0, external: false, up: true, adopt: false, mark: "pulumi:p/s/t" },
};
const encap = { type: "none", sport: 0, csum: false, csum6: false, remcsum: false };
const state = (inputs: object) => ({
  type: "pulumi-nodejs:dynamic/ipip:IpipTunnel",
  inputs,
  outputs: inputs,
});
const urn = "urn:pulumi:s::p::pulumi-nodejs:dynamic/ipip:IpipTunnel::t";

async function planned(...steps: object[]) {
  const file = join(folder, "preview.json");
  writeFileSync(file, JSON.stringify({ steps }));
  return await planOf(file, services);
}

const made = [
  "192.0.2.1: ip -n blue link add name tun0 type ipip mode ipip local 10.0.0.1 remote 10.0.0.2 ttl 64 tos 0x0 pmtudisc",
  "192.0.2.1: ip -n blue link set dev tun0 alias pulumi:p/s/t",
  "192.0.2.1: ip -n blue link set dev tun0 up",
];
const removed = ["192.0.2.1: ip -n blue link delete dev tun0"];

test.each<[op: string, states: object, commands: string[]]>([
  ["create", { newState: state(tunnel) }, made],
  ["create-replacement", { newState: state(tunnel), oldState: state(tunnel) }, made],
  ["delete", { oldState: state(tunnel) }, removed],
  ["delete-replaced", { oldState: state(tunnel) }, removed],
  [
    "update",
    { oldState: state({ ...tunnel, encap }), newState: state({ ...tunnel, up: false }) },
    ["192.0.2.1: ip -n blue link set dev tun0 down"],
  ],
])("%s", async (op, states, commands) => {
  expect(await planned({ op, urn, ...states })).toEqual([{ urn, op, commands }]);
});

test("what runs nothing, or is not ours, is left out", async () => {
  const others = [
    { op: "same", urn, oldState: state(tunnel), newState: state(tunnel) },
    { op: "replace", urn, oldState: state(tunnel), newState: state(tunnel) },
    { op: "create", urn, newState: { type: "aws:ec2/vpc:Vpc", inputs: {} } },
    { op: "create", urn, newState: { ...state({ connection, type: "x" }), type: "constructor" } },
  ];
  expect(await planned(...others)).toEqual([]);
});

test("what is not known yet is named in place of commands", async () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const [step] = await planned({ op: "create", urn, newState: state({ ...tunnel, local: unknown }) });
  expect(step?.commands).toEqual(["192.0.2.1: what depends on local, not known yet"]);
});

test("a secret of the connection is in no command, wherever it stands", async () => {
  const secretive = { ...tunnel, mark: "pulumi:p/s/hush-hush" };
  const [step] = await planned({ op: "create", urn, newState: state(secretive) });
  expect(step?.commands[1]).toBe("192.0.2.1: ip -n blue link set dev tun0 alias pulumi:p/s/[secret]");
});

test("as text each step has a headline", async () => {
  const steps = await planned(
    { op: "delete", urn, oldState: state(tunnel) },
    { op: "delete", urn: `${urn}\u001b[2J`, oldState: state(tunnel) },
  );
  expect(planText(steps)).toBe(`# delete ${urn}\n${removed}\n\n# delete ${urn}\\u001b[2J\n${removed}\n`);
});

test("another text than a preview is refused", async () => {
  const file = join(folder, "other.json");
  writeFileSync(file, "[]");
  await expect(planOf(file, services)).rejects.toThrow("is not what `pulumi preview --json` writes");
});
