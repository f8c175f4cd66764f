import { generate } from "../../../cli/generate";
import { servicesOver } from "../../../provider";
import { FakeHost } from "../../support/fake-host";

/** The tutorial's topology, made by hand. */
export const BY_HAND = [
  ...["host1", "internet", "host2"].flatMap((name) => [`ip netns add ${name}`, `ip -n ${name} link set dev lo up`]),
  "ip -n host1 link add name veth0 type veth peer name veth1 netns internet",
  "ip -n internet link add name veth2 type veth peer name veth3 netns host2",
  "ip -n host1 address add 172.16.10.2/24 dev veth0",
  "ip -n internet address add 172.16.10.1/24 dev veth1",
  "ip -n internet address add 152.16.10.1/24 dev veth2",
  "ip -n host2 address add 152.16.10.2/24 dev veth3",
  "ip -n host1 link set dev veth0 up",
  "ip -n internet link set dev veth1 up",
  "ip -n internet link set dev veth2 up",
  "ip -n host2 link set dev veth3 up",
  "ip netns exec internet tee /proc/sys/net/ipv4/ip_forward <<< 1",
  "ip -n host1 -4 route add unicast 152.16.10.0/24 via 172.16.10.1 dev veth0 table 254 proto 3",
  "ip -n host2 -4 route add unicast 172.16.10.0/24 via 152.16.10.1 dev veth3 table 254 proto 3",
  "ip -n host1 link add name tun0 type ipip mode ipip local 172.16.10.2 remote 152.16.10.2 ttl 255 tos 0x0 pmtudisc",
  "ip -n host2 link add name tun0 type ipip mode ipip local 152.16.10.2 remote 172.16.10.2 ttl 255 tos 0x0 pmtudisc",
  "ip -n host1 address add 192.168.50.1/30 dev tun0",
  "ip -n host2 address add 192.168.50.2/30 dev tun0",
  "ip -n host1 link set dev tun0 up",
  "ip -n host2 link set dev tun0 up",
];

const OPTIONS = { owner: [], namespace: [], proxy: [], knownHosts: "~/.ssh/known_hosts" };

function generated(host: FakeHost, options: object = {}) {
  return generate(["root@fake"], { ...OPTIONS, ...options }, servicesOver(() => host), () => host);
}

test("a topology", async () => {
  const host = new FakeHost();
  host.byHand(...BY_HAND);
  const { program, troubles } = await generated(host);
  console.log(program, troubles);
});
