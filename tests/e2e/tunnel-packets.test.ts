import { Lab } from "../../lab/lab";
import { packetsOfBoth, prepareUnderlay, type Twin, twin } from "../support/packets";

/** A tunnel of ours sends what one sends that was made by hand with the same words, to the byte. */

const keyed = { ikey: 42, okey: 42 };
const whole = { ...keyed, iseq: true, oseq: true, icsum: true, ocsum: true };
const fixed6 = { hoplimit: 9, encaplimit: "none", tclass: "0xb0", flowlabel: "0x12345" };
const FIXED6 = "hoplimit 9 encaplimit none tclass 0xb0 flowlabel 0x12345";
const inherited6 = { hoplimit: "inherit", encaplimit: 7, tclass: "inherit", flowlabel: "inherit" };
const INHERITED6 = "hoplimit inherit encaplimit 7 tclass inherit flowlabel inherit";

const twins: readonly Twin[] = [
  twin("IpipTunnel", 4, "ipip mode ipip", {}),
  twin("IpipTunnel", 4, "ipip mode ipip ttl 9 tos 0x10", { ttl: 9, tos: 16 }),
  twin("IpipTunnel", 4, "ipip mode any ttl 10 tos inherit", { mode: "any", ttl: 10, tos: "inherit" }),
  twin("SitTunnel", 6, "sit", {}),
  twin("SitTunnel", 6, "sit tos inherit nopmtudisc", { tos: "inherit", pmtudisc: false }),
  twin("SitTunnel", 4, "sit mode ipip ttl 9 tos 0x20", { mode: "ipip", ttl: 9, tos: 32 }),
  twin("GreTunnel", 4, "gre key 42 ttl inherit tos inherit", { ...keyed, tos: "inherit" }),
  twin("GreTunnel", 4, "gre key 42 seq csum ttl 9 tos 0x10", { ...whole, ttl: 9, tos: 16 }),
  twin("GreTunnel", 6, "gre nopmtudisc ignore-df", { pmtudisc: false, ignoreDf: true }),
  twin("Ip6Tunnel", 4, "ip6tnl mode ipip6", { mode: "ipip6" }),
  twin("Ip6Tunnel", 6, `ip6tnl mode ip6ip6 ${FIXED6}`, { mode: "ip6ip6", ...fixed6 }),
  twin("Ip6Tunnel", 6, `ip6tnl mode any ${INHERITED6}`, inherited6),
  twin("Ip6GreTunnel", 4, "ip6gre key 42 seq csum", whole),
  twin("Ip6GreTunnel", 6, `ip6gre ${FIXED6} key 42`, { ...keyed, ...fixed6 }),
  twin("Ip6GreTunnel", 6, `ip6gre ${INHERITED6}`, inherited6),
];

let lab: Lab;
/** What the tunnels have sent so far, to see that the words make a difference at all. */
const sent = new Set<string>();

beforeAll(async () => {
  lab = await Lab.start({ hosts: ["a"] });
  await prepareUnderlay(lab.host("a"));
});

afterAll(() => lab?.stop());

test.each(twins)("$words: ours sends the same, and no other one does", async (one) => {
  const { byHand, ours } = await packetsOfBoth(lab, lab.host("a"), one);
  expect(ours).toEqual(byHand);
  expect(sent).not.toContain(byHand.join());
  sent.add(byHand.join());
});
