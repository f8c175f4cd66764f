import { unknown } from "../../../provider/unknown";
import { claimsOf, clashesWith } from "../../../sdk/link/claims";
import { knownOf, linkArgs } from "../../support/links";

type Args = NonNullable<Parameters<typeof linkArgs>[0]>;

const NONE = { forwarding: undefined, port: undefined };
const NOBODY = { a: NONE, b: NONE };
const host = (name: string) => ({ connection: { host: name, insecureIgnoreHostKey: true } });

/** A second link of host1, to a third host, that has nothing in common with the first but that host. */
const second = ({ a, b, ...more }: Args = {}) =>
  linkArgs({
    a: { address: "192.168.51.1/30", ...a },
    b: {
      ...host("host3"),
      underlay: "203.0.113.3",
      address: "192.168.51.2/30",
      networks: ["10.10.3.0/24"],
      ...b,
    },
    ...more,
  });

function clashes(one: Args, other: Args): string[] {
  const [theirs, mine] = [
    claimsOf("first", knownOf(one), NOBODY),
    claimsOf("second", knownOf(other), NOBODY),
  ];
  return clashesWith("first", theirs, mine).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("two links of one host, with the same networks behind it, go together", () => {
  expect(clashes(linkArgs(), second())).toEqual([]);
});

const mistakes: Readonly<Record<string, readonly [Args, string]>> = {
  "a device": [
    second({ a: { device: "first" } }),
    'a.device: first on host1 is the device of the link "first": give another name',
  ],
  "the same ends": [
    second({ b: { underlay: "203.0.113.2" } }),
    'a.underlay: the link "first" joins 203.0.113.1 to 203.0.113.2 already, and the kernel allows one tunnel of a kind between two addresses: use that link, or other addresses',
  ],
  "a network": [
    second({ b: { networks: ["10.10.2.128/25"] } }),
    'b.networks.0: 10.10.2.128/25 overlaps 10.10.2.0/24 on host1, which the host reaches through the link "first": give each link its own',
  ],
  "a network that is behind the host itself": [
    second({ a: { networks: [] }, b: { networks: ["10.10.1.0/24"] } }),
    'b.networks.0: 10.10.1.0/24 overlaps 10.10.1.0/24 on host1, which the link "first" has behind that host: give each link its own',
  ],
  "a network here that another link reaches": [
    second({ a: { networks: ["10.10.2.0/25"] } }),
    'a.networks.0: 10.10.2.0/25 overlaps 10.10.2.0/24 on host1, which the host reaches through the link "first": give each link its own',
  ],
  "a tunnel subnet": [
    second({ a: { address: "192.168.50.1/29" }, b: { address: "192.168.50.2/29" } }),
    'a.address: 192.168.50.0/29 overlaps 192.168.50.0/30 on host1, which is the tunnel\'s subnet of the link "first": give the tunnel a subnet of its own',
  ],
  "a tunnel subnet within what another link reaches": [
    second({ a: { address: "10.10.2.1/30" }, b: { address: "10.10.2.2/30" } }),
    'a.address: 10.10.2.0/30 overlaps 10.10.2.0/24 on host1, which the host reaches through the link "first": give the tunnel a subnet of its own',
  ],
};

test.each(Object.entries(mistakes))("two links of one host can't both have %s", (_what, [args, message]) => {
  expect(clashes(linkArgs(), args)).toEqual([message]);
});

describe("of one kind to the kernel", () => {
  const gre = (more: Args) => ({ kind: "gre", ...more });
  const same = { b: { underlay: "203.0.113.2" } };

  test("are GRE tunnels of one key, and none of two", () => {
    expect(clashes(linkArgs(gre({})), second(gre(same)))).toEqual([
      'a.underlay: the link "first" joins 203.0.113.1 to 203.0.113.2 already, and the kernel allows one tunnel of a kind between two addresses: use that link, or other addresses, or another `key`',
    ]);
    expect(clashes(linkArgs(gre({ key: 7 })), second(gre({ ...same, key: "0.0.0.7" })))).toHaveLength(1);
    expect(clashes(linkArgs(gre({ key: 7 })), second(gre(same)))).toEqual([]);
    expect(clashes(linkArgs(gre({ key: unknown })), second(gre(same)))).toEqual([]);
  });

  test("are all that an ip6tnl is, whatever it carries, but no other kinds", () => {
    const over6 = { a: { underlay: "2001:db8::1" }, b: { underlay: "2001:db8::2" } };
    expect(clashes(linkArgs({ kind: "ipip6", ...over6 }), second({ kind: "ip6tnl", ...over6 }))).toHaveLength(
      1,
    );
    expect(clashes(linkArgs({ kind: "ipip6", ...over6 }), second({ kind: "ip6gre", ...over6 }))).toEqual([]);
    expect(clashes(linkArgs({ kind: "ipip" }), second({ kind: "sit", ...same }))).toEqual([]);
  });
});

test("each of two tunnel addresses is of a subnet that no other link may have", () => {
  const both = {
    a: { addresses: ["10.9.0.1/30", "fd50::1/64"] },
    b: { addresses: ["10.9.0.2/30", "fd50::2/64"] },
  };
  const other = second({
    kind: "gre",
    a: { address: "fd50::5/112" },
    b: { address: "fd50::6/112", networks: ["fd00:3::/64"] },
  });
  expect(clashes(linkArgs({ kind: "gre", ...both }), other)).toEqual([
    'a.address: fd50::/112 overlaps fd50::/64 on host1, which is the tunnel\'s subnet of the link "first": give the tunnel a subnet of its own',
  ]);
});

describe("a UDP port of a host", () => {
  const opened = (name: string, args: Args, by = "fou-5555-host1") =>
    claimsOf(name, knownOf(args), { a: { ...NONE, port: by }, b: NONE });
  const found = (one: Args, other: Args, by?: string) =>
    clashesWith("first", opened("first", linkArgs(one)), opened("second", second(other), by)).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  const encap = (type: string, port = 5555) => ({ encap: { type, port } });

  test("is shared by links that take the same there", () => {
    expect(found(encap("fou"), encap("fou"))).toEqual([]);
    expect(found({ kind: "ipip", ...encap("gue") }, { kind: "gre", ...encap("gue") })).toEqual([]);
    expect(found(encap("fou"), encap("gue", 6080))).toEqual([]);
    // IPv6 has ports of its own.
    expect(found(encap("fou"), { kind: "ipip6", ...encap("gue") })).toEqual([]);
  });

  test("can't take two things", () => {
    expect(found(encap("fou"), encap("gue"))).toEqual([
      'encap.port: on host1 the port 5555 takes fou with ipip for the link "first", and here it would be gue: give another port',
    ]);
    expect(found(encap("fou"), { kind: "gre", ...encap("fou") })).toEqual([
      'encap.port: on host1 the port 5555 takes fou with ipip for the link "first", and here it would be fou with gre: give another port',
    ]);
  });

  test("is opened once", () => {
    expect(found(encap("fou"), encap("fou"), "second-a-fou-5555")).toEqual([
      'encap.port: the link "first" opens the port 5555 on host1 too: give another port, or let both name the host and its namespace in the same way',
    ]);
  });
});

test("on other hosts, in other namespaces and, for routes, in other tables all of it may be there again", () => {
  const same = { b: { networks: ["10.10.2.0/24"] } };
  expect(clashes(linkArgs(), second({ ...same, a: host("host4") }))).toEqual([]);
  expect(clashes(linkArgs(), second({ ...same, a: { namespace: "n1" } }))).toEqual([]);
  expect(clashes(linkArgs(), second({ ...same, table: 100 }))).toEqual([]);
  expect(clashes(linkArgs(), second({ ...same, a: { connection: unknown } }))).toEqual([]);
});

test("a port is another host, and an alias is the host where nothing else is", () => {
  const at = (connection: object) => second({ a: { connection, device: "first" } });
  const open = { insecureIgnoreHostKey: true };
  expect(clashes(linkArgs(), at({ host: "host1", port: 2222, ...open }))).toEqual([]);
  expect(clashes(linkArgs(), at({ host: "host1", port: 22, ...open }))).toHaveLength(1);
  expect(clashes(linkArgs(), at({ sshConfigHost: "host1" }))).toHaveLength(1);
});

test("a pool that is reached through a hub may have the subnets of other tunnels in it", () => {
  const spoke = linkArgs({ b: { transit: ["192.168.0.0/16"] } });
  expect(clashes(spoke, second())).toEqual([]);
  expect(clashes(second(), spoke)).toEqual([]);
  expect(clashes(linkArgs({ b: { transit: ["192.168.51.0/30"] } }), second())).toHaveLength(1);
});

test("one forwarder of a place is shared, two are not", () => {
  const claims = (name: string, by: string) =>
    claimsOf(name, knownOf(second()), { a: { ...NONE, forwarding: by }, b: NONE });
  const forwarding = (one: string, other: string) =>
    clashesWith("first", claims("first", one), claims("second", other)).filter(({ path }) =>
      path.includes("forwarding"),
    );
  expect(forwarding("x", "x")).toEqual([]);
  expect(forwarding("x", "y")).toMatchObject([
    { path: ["a", "forwarding"], message: expect.stringContaining("forwarding: false") },
  ]);
});
