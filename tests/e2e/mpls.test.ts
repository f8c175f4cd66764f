import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { connectionTo, shell, snapshot } from "../support/world";

/** Labelled packets between real kernels: pushed, swapped and taken off, by a program whose work is then changed by hand. */

const ways: Readonly<Record<string, Declared>> = {
  "a-table": { type: "MplsLabelTable", args: { namespace: "a", platformLabels: 1000 } },
  "b-table": { type: "MplsLabelTable", args: { namespace: "b", platformLabels: 500 } },
  "c-table": { type: "MplsLabelTable", args: { namespace: "c", platformLabels: 1000 } },
  "a-input": { type: "MplsInput", args: { namespace: "a", dev: "ab" } },
  "b-input-a": { type: "MplsInput", args: { namespace: "b", dev: "ba" } },
  "b-input-c": { type: "MplsInput", args: { namespace: "b", dev: "bc" } },
  "c-input": { type: "MplsInput", args: { namespace: "c", dev: "cb" } },
  "a-push": {
    type: "Route",
    args: {
      namespace: "a",
      destination: "10.0.3.1",
      via: "10.0.12.2",
      src: "10.0.1.1",
      encap: { mpls: [100] },
    },
  },
  "b-swap": {
    type: "MplsRoute",
    args: { namespace: "b", label: 100, as: [200], via: "10.0.23.3", dev: "bc" },
    options: { dependsOn: made("b-table") },
  },
  "c-pop": {
    type: "MplsRoute",
    args: { namespace: "c", label: 200, dev: "lo" },
    options: { dependsOn: made("c-table") },
  },
  "c-push": {
    type: "Route",
    args: {
      namespace: "c",
      destination: "10.0.1.1",
      via: "10.0.23.2",
      src: "10.0.3.1",
      encap: { mpls: [300] },
    },
  },
  "b-swap-back": {
    type: "MplsRoute",
    args: { namespace: "b", label: 300, as: [400], via: "10.0.12.1", dev: "ba" },
    options: { dependsOn: made("b-table") },
  },
  "a-pop": {
    type: "MplsRoute",
    args: { namespace: "a", label: 400, dev: "lo" },
    options: { dependsOn: made("a-table") },
  },
};

/** Three namespaces in a row, joined by plain devices; only labels lead from the first to the last. */
const ROW = [
  "modprobe mpls_iptunnel",
  "ip netns add a && ip netns add b && ip netns add c",
  "ip link add ab netns a type veth peer name ba netns b",
  "ip link add bc netns b type veth peer name cb netns c",
  ...["a ab 10.0.12.1/24", "b ba 10.0.12.2/24", "b bc 10.0.23.2/24", "c cb 10.0.23.3/24"].map((words) => {
    const [netns, dev, address] = words.split(" ");
    return `ip -n ${netns} link set lo up && ip -n ${netns} link set ${dev} up && ip -n ${netns} address add ${address} dev ${dev}`;
  }),
  "ip -n a address add 10.0.1.1/32 dev lo",
  "ip -n c address add 10.0.3.1/32 dev lo",
];

/** One end of a tunnel that carries labelled packets beside others. */
const end = (local: string, remote: string, number: number) => [
  "modprobe -a ipip mpls_iptunnel",
  `ip link add tun0 type ipip mode any local ${local} remote ${remote}`,
  `ip link set tun0 up && ip address add 192.168.50.${number}/30 dev tun0`,
  `ip address add 10.10.${number}.1/32 dev lo`,
];

function through(machine: Machine, own: number, other: number): Readonly<Record<string, Declared>> {
  const connection = connectionTo(machine);
  return {
    [`table-${own}`]: { type: "MplsLabelTable", args: { connection, platformLabels: 1000 } },
    [`input-${own}`]: { type: "MplsInput", args: { connection, dev: "tun0" } },
    [`pop-${own}`]: {
      type: "MplsRoute",
      args: { connection, label: 100 + own, dev: "lo" },
      options: { dependsOn: made(`table-${own}`) },
    },
    [`push-${own}`]: {
      type: "Route",
      args: {
        connection,
        destination: `10.10.${other}.1`,
        via: `192.168.50.${other}`,
        dev: "tun0",
        src: `10.10.${own}.1`,
        encap: { mpls: [100 + other] },
      },
    },
  };
}

async function prepared(machine: Machine, commands: readonly string[]): Promise<void> {
  for (const command of commands) await shell(machine, command);
}

describe("labels", () => {
  let lab: Lab;
  let one: Machine;
  let two: Machine;
  let program: Program;

  let before: unknown;
  const looked = async () => [await snapshot(one), await snapshot(two)];
  const ping = () => shell(one, "ip netns exec a ping -c 2 -i 0.2 -W 5 10.0.3.1");

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["one", "two"] });
    [one, two] = [lab.host("one"), lab.host("two")];
    await prepared(one, [...ROW, ...end(one.address, two.address, 1)]);
    await prepared(two, end(two.address, one.address, 2));
    before = await looked();
    program = await Program.on(one);
    program.declare({ ...ways, ...through(one, 1, 2), ...through(two, 2, 1) });
  });
  afterAll(async () => {
    program?.close();
    await lab?.stop();
  });

  test("are pushed, swapped in the middle and taken off, each way", async () => {
    expectCode(await program.up(), Code.ok);
    await ping();
    expectCode(await program.preview("--refresh"), Code.ok);
  });

  test("go through a tunnel between two machines as MPLS in IP, one each way", async () => {
    // Of protocol 137 (RFC 4023), with the label, the mark of the last one, and the packet's TTL in front of the packet.
    // Three have one and its answer among them, whenever it begins to listen.
    const caught = shell(two, `timeout 60 tcpdump -xlni eth0 -c 3 ip proto 137 and host ${one.address} 2>&1`);
    const pinging = shell(one, "until [ -e /run/caught ]; do ping -c 1 -W 1 10.10.2.1; done");
    const packets = await caught.finally(() => shell(one, "touch /run/caught"));
    await pinging;
    expect(packets).toMatch(/ 0006 6140 4500 .* 0006 5140 4500 /s);
  });

  test("that are changed by hand are repaired", async () => {
    await prepared(one, [
      "ip -n a route replace 10.0.3.1 encap mpls 101 via 10.0.12.2 dev ab src 10.0.1.1 proto 204",
      "ip -n b -M route replace 100 as 201 via inet 10.0.23.3 dev bc proto 204",
      "ip -n c -M route delete 200",
      "ip netns exec c sysctl -w net.mpls.conf.cb.input=0",
      "ip netns exec a sysctl -w net.mpls.platform_labels=300",
    ]);
    expect((await one.run("ip netns exec a ping -c 1 -W 1 10.0.3.1")).code).not.toBe(0);
    const repaired = expectCode(await program.up("--refresh"), Code.ok);
    // With a smaller table the route of 400 had gone too.
    expect(repaired).toMatch(/2 created/);
    expect(repaired).toMatch(/4 updated/);
    await ping();
    expectCode(await program.preview("--refresh"), Code.ok);
  });

  test("leave nothing behind", async () => {
    expectCode(await program.destroy(), Code.ok);
    expect(await looked()).toEqual(before);
  });
});
