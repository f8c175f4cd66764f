import { unknown } from "../../../provider/unknown";
import { claimsOf, clashesWith } from "../../../sdk/link/claims";
import { knownOf, linkArgs } from "../../support/links";

type Args = NonNullable<Parameters<typeof linkArgs>[0]>;

const NOBODY = { a: undefined, b: undefined };
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
  const claims = (name: string, by: string) => claimsOf(name, knownOf(second()), { a: by, b: undefined });
  const forwarding = (one: string, other: string) =>
    clashesWith("first", claims("first", one), claims("second", other)).filter(({ path }) =>
      path.includes("forwarding"),
    );
  expect(forwarding("x", "x")).toEqual([]);
  expect(forwarding("x", "y")).toMatchObject([
    { path: ["a", "forwarding"], message: expect.stringContaining("forwarding: false") },
  ]);
});
