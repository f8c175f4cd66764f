import * as pulumi from "@pulumi/pulumi";
import { type ConnectionArgs, TunnelLink, VethPair } from "pulumi-ipip";

/** What `pulumi config` says of a host: how to reach it, and its IPv4 address in the network between the two. */
interface HostConfig extends ConnectionArgs {
  underlay?: string;
}

const config = new pulumi.Config();
const ssh = config.getObject<Partial<ConnectionArgs>>("ssh");

/** A host and its private network: here a cable that ends in the host itself has an address of it. */
function site(name: "a" | "b", id: number) {
  const { underlay, ...own } = config.requireObject<HostConfig>(name);
  const connection = { ...ssh, ...own };
  new VethPair(`${name}-lan`, {
    connection,
    a: { name: "lan0", addresses: [`10.60.${id}.1/24`] },
    b: { name: "lan1" },
  });
  return {
    connection,
    underlay: underlay ?? own.host ?? "",
    address: `192.168.60.${id}/30`,
    networks: [`10.60.${id}.0/24`],
    device: "tun0",
  };
}

const [a, b] = [site("a", 1), site("b", 2)];

/**
 * Of the 1500 bytes between the hosts IP takes 20, the tunnel's own header being the one that IPsec keeps in transport
 * mode, and ESP with AES-GCM 34: 8 of its header, 8 of the IV, 2 of the trailer and 16 of the check (RFC 4303, RFC 4106).
 * What is left is 1446, of which packets of any length are padded to multiples of 4 with the trailer. Where there is NAT
 * between the hosts, ESP travels in UDP, which takes 8 more (RFC 3948).
 */
const link = new TunnelLink("site-link", { a, b, kind: "ipip", mtu: config.getNumber("mtu") ?? 1446 });

/** For /etc/swanctl/conf.d/ipip.conf: all of IP protocol 4 between the two hosts travels in ESP. */
function swanctl(own: pulumi.Input<string>, other: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`connections {
  ipip {
    version = 2
    local_addrs = ${own}
    remote_addrs = ${other}
    proposals = aes256gcm16-prfsha384-ecp384
    local {
      auth = pubkey
      pubkeys = own.pem
    }
    remote {
      auth = pubkey
      pubkeys = other.pem
    }
    children {
      ipip {
        mode = transport
        local_ts = ${own}/32[4]
        remote_ts = ${other}/32[4]
        esp_proposals = aes256gcm16-ecp384
        start_action = trap
      }
    }
  }
}
`;
}

/**
 * For /etc/systemd/system/ipip-in-esp.service, before all else: what IPsec does not protect is neither sent nor taken in.
 * These policies are the kernel's last choice, so strongSwan's come before them; its own go when it stops, these stay. They
 * are not about the same pair of addresses as those, or the kernel would take them for one (ip-xfrm(8)).
 */
function unit(other: pulumi.Input<string>): pulumi.Output<string> {
  const block = "proto 4 action block priority 4000000000";
  return pulumi.interpolate`[Unit]
Description=Nothing of the tunnel travels in clear
Wants=network-pre.target
Before=network-pre.target strongswan.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip xfrm policy update dir out dst ${other} ${block}
ExecStart=ip xfrm policy update dir in src ${other} ${block}

[Install]
WantedBy=multi-user.target
`;
}

export const ipsec = {
  a: { swanctl: swanctl(a.underlay, b.underlay), unit: unit(b.underlay) },
  b: { swanctl: swanctl(b.underlay, a.underlay), unit: unit(a.underlay) },
};
export const mtu = link.mtu;
export const tryIt = "on host a: ping -I 10.60.1.1 10.60.2.1";
