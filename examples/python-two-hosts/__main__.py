"""Two hosts, a private network behind each, joined by an IPIP tunnel: examples/two-hosts in Python.

How to reach the hosts is the provider's configuration, the same for all resources:

    pulumi config set --path 'ipip:hosts.a.host' 203.0.113.10
    pulumi config set --path 'ipip:hosts.a.knownHosts' '~/.ssh/known_hosts'
    pulumi config set aUnderlay 203.0.113.10

and likewise for b.
"""

import pulumi
import pulumi_ipip as ipip

config = pulumi.Config()
ttl = config.get_int("ttl") or 64
tunnel_name = config.get("tunnel") or "tun0"


def site(
    name: str, other: str, *, private: str, other_private: str, end: str, other_end: str
) -> ipip.IpipTunnel:
    """A host with a private network behind it: a namespace stands for the machines there.

    `inside.name` and `tunnel.name` tell the engine what is in or on what: that is made first, and whatever is in or
    on it is replaced with it.
    """
    inside = ipip.Namespace(f"{name}-private", host=name, name="private")
    cable = ipip.VethPair(
        f"{name}-cable",
        host=name,
        a={"name": "private0", "addresses": [f"{private}.1/24"]},
        b={"name": "eth0", "namespace": inside.name, "addresses": [f"{private}.2/24"]},
    )
    ipip.Route(
        f"{name}-private-default",
        host=name,
        namespace=inside.name,
        destination="default",
        via=f"{private}.1",
        dev=cable.b.name,
    )
    ipip.Sysctl(f"{name}-forwarding", host=name, key="net.ipv4.ip_forward", value=1)

    tunnel = ipip.IpipTunnel(
        f"{name}-tunnel",
        host=name,
        name=tunnel_name,
        local=config.require(f"{name}Underlay"),
        remote=config.require(f"{other}Underlay"),
        addresses=[f"{end}/30"],
        ttl=ttl,
    )
    ipip.Route(
        f"{name}-to-other",
        host=name,
        destination=f"{other_private}.0/24",
        via=other_end,
        dev=tunnel.name,
    )
    return tunnel


a = site("a", "b", private="10.10.1", other_private="10.10.2", end="192.168.50.1", other_end="192.168.50.2")
b = site("b", "a", private="10.10.2", other_private="10.10.1", end="192.168.50.2", other_end="192.168.50.1")

pulumi.export("mtu", a.effective_mtu)
pulumi.export("tryIt", "on host a: ip netns exec private ping 10.10.2.2")
