/** What the tutorial has people type on one machine: three namespaces, two cables, and a tunnel from end to end. */
export const TUTORIAL = `
  for name in host1 internet host2; do ip netns add $name; ip -n $name link set lo up; done
  ip link add veth0 type veth peer name veth1
  ip link add veth2 type veth peer name veth3
  ip link set veth0 netns host1
  ip link set veth1 netns internet
  ip link set veth2 netns internet
  ip link set veth3 netns host2
  ip -n host1 addr add 172.16.10.2/24 dev veth0
  ip -n internet addr add 172.16.10.1/24 dev veth1
  ip -n internet addr add 152.16.10.1/24 dev veth2
  ip -n host2 addr add 152.16.10.2/24 dev veth3
  ip -n host1 link set veth0 up
  ip -n internet link set veth1 up
  ip -n internet link set veth2 up
  ip -n host2 link set veth3 up
  ip netns exec internet sysctl -w net.ipv4.ip_forward=1
  ip -n host1 route add 152.16.10.0/24 via 172.16.10.1
  ip -n host2 route add 172.16.10.0/24 via 152.16.10.1
  ip -n host1 tunnel add tun0 mode ipip local 172.16.10.2 remote 152.16.10.2 ttl 255
  ip -n host2 tunnel add tun0 mode ipip local 152.16.10.2 remote 172.16.10.2 ttl 255
  ip -n host1 addr add 192.168.50.1/30 dev tun0
  ip -n host2 addr add 192.168.50.2/30 dev tun0
  ip -n host1 link set tun0 up
  ip -n host2 link set tun0 up
`;
