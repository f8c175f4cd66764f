// Two hosts, a private network behind each, joined by an IPIP tunnel: examples/two-hosts in Go.
//
// How to reach the hosts is the provider's configuration, the same for all resources:
//
//	pulumi config set --path 'ipip:hosts.a.host' 203.0.113.10
//	pulumi config set --path 'ipip:hosts.a.knownHosts' '~/.ssh/known_hosts'
//	pulumi config set aUnderlay 203.0.113.10
//
// and likewise for b.
package main

import (
	"github.com/pulumi-ipip/pulumi-ipip/sdk/go/ipip"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// site is a host with a private network behind it, and what it must know of the other.
type site struct {
	name, other                 string
	private, otherPrivate       string
	tunnel, otherTunnel, device string
	ttl                         int
}

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		device, ttl := conf.Get("tunnel"), conf.GetInt("ttl")
		if device == "" {
			device = "tun0"
		}
		if ttl == 0 {
			ttl = 64
		}
		a := site{"a", "b", "10.10.1", "10.10.2", "192.168.50.1", "192.168.50.2", device, ttl}
		b := site{"b", "a", "10.10.2", "10.10.1", "192.168.50.2", "192.168.50.1", device, ttl}
		for _, one := range []site{a, b} {
			if err := one.make(ctx, conf); err != nil {
				return err
			}
		}
		ctx.Export("tryIt", pulumi.String("on host a: ip netns exec private ping 10.10.2.2"))
		return nil
	})
}

// make declares what is on a host; a namespace stands for the machines of its private network. inside.Name and
// tunnel.Name tell the engine what is in or on what: that is made first, and whatever is in or on it is replaced with it.
func (s site) make(ctx *pulumi.Context, conf *config.Config) error {
	host := pulumi.String(s.name)
	inside, err := ipip.NewNamespace(ctx, s.name+"-private", &ipip.NamespaceArgs{
		Host: host,
		Name: pulumi.String("private"),
	})
	if err != nil {
		return err
	}
	cable, err := ipip.NewVethPair(ctx, s.name+"-cable", &ipip.VethPairArgs{
		Host: host,
		A: ipip.VethPairEndArgs{
			Name:      pulumi.String("private0"),
			Addresses: pulumi.ToStringArray([]string{s.private + ".1/24"}),
		},
		B: ipip.VethPairEndArgs{
			Name:      pulumi.String("eth0"),
			Namespace: inside.Name,
			Addresses: pulumi.ToStringArray([]string{s.private + ".2/24"}),
		},
	})
	if err != nil {
		return err
	}
	_, err = ipip.NewRoute(ctx, s.name+"-private-default", &ipip.RouteArgs{
		Host:        host,
		Namespace:   inside.Name,
		Destination: pulumi.String("default"),
		Via:         pulumi.String(s.private + ".1"),
		Dev:         cable.B.Name(),
	})
	if err != nil {
		return err
	}
	_, err = ipip.NewSysctl(ctx, s.name+"-forwarding", &ipip.SysctlArgs{
		Host:  host,
		Key:   pulumi.String("net.ipv4.ip_forward"),
		Value: pulumi.Int(1),
	})
	if err != nil {
		return err
	}

	tunnel, err := ipip.NewIpipTunnel(ctx, s.name+"-tunnel", &ipip.IpipTunnelArgs{
		Host:      host,
		Name:      pulumi.String(s.device),
		Local:     pulumi.String(conf.Require(s.name + "Underlay")),
		Remote:    pulumi.String(conf.Require(s.other + "Underlay")),
		Addresses: pulumi.ToStringArray([]string{s.tunnel + "/30"}),
		Ttl:       pulumi.Int(s.ttl),
	})
	if err != nil {
		return err
	}
	_, err = ipip.NewRoute(ctx, s.name+"-to-other", &ipip.RouteArgs{
		Host:        host,
		Destination: pulumi.String(s.otherPrivate + ".0/24"),
		Via:         pulumi.String(s.otherTunnel),
		Dev:         tunnel.Name,
	})
	if s.name == "a" {
		ctx.Export("mtu", tunnel.EffectiveMtu)
	}
	return err
}
