import { Lab, type Machine } from "../../lab/lab";
import { Code, type Declared, expectCode, made, Program } from "../support/declared";
import { shell, snapshot } from "../support/world";

/** Labelled packets between real kernels: pushed, swapped and taken off, by programs that are then changed by hand. */

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

const through = (own: number, other: number): Readonly<Record<string, Declared>> => ({
  table: { type: "MplsLabelTable", args: { platformLabels: 1000 } },
  input: { type: "MplsInput", args: { dev: "tun0" } },
  pop: {
    type: "MplsRoute",
    args: { label: 100 + own, dev: "lo" },
    options: { dependsOn: made("table") },
  },
  push: {
    type: "Route",
    args: {
      destination: `10.10.${other}.1`,
      via: `192.168.50.${other}`,
      dev: "tun0",
      src: `10.10.${own}.1`,
      encap: { mpls: [100 + other] },
    },
  },
});

async function prepared(machine: Machine, commands: readonly string[]): Promise<void> {
  for (const command of commands) await shell(machine, command);
}

describe("labels", () => {
  let lab: Lab;
  let one: Machine;
  let two: Machine;
  const programs: Program[] = [];

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["one", "two"] });
    [one, two] = [lab.host("one"), lab.host("two")];
    for (const machine of [one, two]) programs.push(await Program.on(machine));
  });
  afterAll(async () => {
    for (const program of programs) program.close();
    await lab?.stop();
  });

  const program = (index: number) => {
    const found = programs[index];
    if (found === undefined) throw new Error(`there is no program ${index}`);
    return found;
  };

  test("are pushed, swapped in the middle and taken off, and what is changed by hand is repaired", async () => {
    await prepared(one, ROW);
    const before = await snapshot(one);
    const ping = "ip netns exec a ping -c 2 -i 0.2 -W 5 10.0.3.1";
    program(0).declare(ways);
    expectCode(await program(0).up(), Code.ok);
    await shell(one, ping);
    expectCode(await program(0).preview("--refresh"), Code.ok);

    await prepared(one, [
      "ip -n a route replace 10.0.3.1 encap mpls 101 via 10.0.12.2 dev ab src 10.0.1.1 proto 204",
      "ip -n b -M route replace 100 as 201 via inet 10.0.23.3 dev bc proto 204",
      "ip -n c -M route delete 200",
      "ip netns exec c sysctl -w net.mpls.conf.cb.input=0",
      "ip netns exec a sysctl -w net.mpls.platform_labels=300",
    ]);
    expect((await one.run("ip netns exec a ping -c 1 -W 1 10.0.3.1")).code).not.toBe(0);
    const refreshed = expectCode(await program(0).refresh(), Code.ok);
    // With a smaller table the route of 400 has gone.
    expect(refreshed).toMatch(/4 updated/);
    expect(refreshed).toMatch(/2 deleted/);
    expectCode(await program(0).up(), Code.ok);
    await shell(one, ping);
    expectCode(await program(0).preview("--refresh"), Code.ok);

    expectCode(await program(0).destroy(), Code.ok);
    expect(await snapshot(one)).toEqual(before);
  });

  test("go through a tunnel between two machines as MPLS in IP, one each way", async () => {
    await prepared(one, end(one.address, two.address, 1));
    await prepared(two, end(two.address, one.address, 2));
    const before = [await snapshot(one), await snapshot(two)];
    program(0).declare(through(1, 2));
    program(1).declare(through(2, 1));
    for (const each of programs) expectCode(await each.up(), Code.ok);
    // Of protocol 137 (RFC 4023), with the label, the mark of the last one, and the packet's TTL in front of the packet.
    const caught = shell(two, `timeout 60 tcpdump -xlni eth0 -c 2 ip proto 137 and host ${one.address} 2>&1`);
    await shell(one, "timeout 60 sh -c 'until ping -c 1 -W 1 10.10.2.1; do :; done'");
    await shell(one, "ping -c 2 -i 0.2 -W 5 10.10.2.1");
    expect(await caught).toMatch(/ 0006 6140 4500 .* 0006 5140 4500 /s);
    for (const each of programs) expectCode(await each.preview("--refresh"), Code.ok);
    for (const each of programs) expectCode(await each.destroy(), Code.ok);
    expect([await snapshot(one), await snapshot(two)]).toEqual(before);
  });
});
