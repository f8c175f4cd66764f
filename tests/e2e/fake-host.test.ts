import fc from "fast-check";
import { Lab, type Machine } from "../../lab/lab";
import { type Link, linksOf } from "../../provider/ip/links";
import { type Route, routesOf } from "../../provider/ip/routes";
import { FakeHost } from "../support/fake-host";

/**
 * The unit tests stand on a fake host, so what it says must be what Linux says. Random commands run on both: each must
 * be taken, or refused in the same words, by both, and leave the same behind.
 */

const SEED = 61_176;
const PROGRAMS = 12;
const LENGTH = 14;

const of = (...words: readonly string[]) => fc.constantFrom(...words);
/** line joins parts with blanks, leaving out those that are empty. */
const line = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((words) => words.filter((word) => word !== "").join(" "));

const place = of("ip", "ip", "ip", "ip -n ns1");
const device = of("t0", "t1", "u0", "u1");
const mtu = of("", "", "mtu 1400", "mtu 1000");
const end = of("10.0.0.1", "10.0.0.2", "10.0.0.9", "any");
const tunnel = line(
  of("type ipip mode ipip local"),
  end,
  of("remote"),
  end,
  of("ttl inherit", "ttl 64"),
  of("tos 0x0", "tos 0x10", "tos inherit"),
  of("pmtudisc", "pmtudisc", "nopmtudisc"),
  of("", "", "dev u0"),
);
const address = of(
  ...["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.1.2/30", "10.0.0.1/30", "10.9.0.1/32"],
  ...["fd00::1/64", "fd00::2/64", "fd00::1/128"],
);
const key = (metric: string) =>
  line(of("table 254", "table 100"), of(`metric ${metric}`, "metric 50"), of("proto 204"));
const options = line(of("", "", "mtu 1300"), of("", "", "onlink"));
const verb = of("add", "add", "replace");
const nowhere = of("blackhole", "unreachable");
const hops = (...gateways: string[]) =>
  fc.oneof(line(of("dev"), device), line(of(...gateways), of("dev u0")), of(...gateways));

const commands = fc.oneof(
  line(place, of("link add name"), of("t0", "t1"), mtu, tunnel),
  line(place, of("link change name"), of("t0", "t1"), mtu, tunnel),
  line(
    place,
    of("link set dev"),
    device,
    of("up", "up", "down", "mtu 1000", "mtu 1500", "alias pulumi:a/b/c"),
  ),
  line(place, of("link delete dev"), device),
  line(
    place,
    of("address add", "address add", "address replace", "address delete"),
    address,
    of("dev"),
    device,
  ),
  line(
    ...[place, of("-4 route"), verb, of("unicast 10.50.0.0/24", "unicast 10.0.0.0/24")],
    ...[hops("via 10.0.0.9", "via 10.0.1.1"), key("0"), options],
  ),
  line(
    ...[place, of("-6 route"), verb, of("unicast fd50::/64", "unicast ::/0")],
    ...[hops("via fd00::9", "via fe80::9"), key("1024"), options],
  ),
  line(place, of("-4 route"), verb, nowhere, of("10.50.0.0/24"), key("0")),
  line(place, of("-6 route"), verb, nowhere, of("fd50::/64"), key("1024")),
  line(place, of("-4 route delete unicast 10.50.0.0/24", "-4 route delete blackhole 10.50.0.0/24"), key("0")),
  line(place, of("-6 route delete unicast fd50::/64"), key("1024")),
  of("ip netns add ns1", "ip netns delete ns1", "ip -n ns1 link set dev lo up", "ip link set dev lo up"),
  of(
    "ip link add name u0 type veth peer name u1",
    "ip link add name u0 mtu 1400 type veth peer name u1 netns ns1 mtu 1300",
  ),
);

const START = [
  "ip link set dev lo up",
  "ip link add name u0 type veth peer name u1",
  "ip link set dev u0 up",
  "ip link set dev u1 up",
  "ip address add 10.0.0.1/24 dev u0",
  "ip address add fd00::1/64 dev u0",
  "ip link add name t0 type ipip mode ipip local 10.0.0.1 remote 10.0.0.2 ttl inherit tos 0x0 pmtudisc",
];

/** Routes of several ways, and with labels: what is taken, what is refused, and what becomes of them with a device. */
const SEVERAL = [
  "ip address add 10.0.1.1/24 dev u1",
  "ip address add fd01::1/64 dev u1",
  ...["add", "add", "replace"].map(
    (verb) =>
      `ip -4 route ${verb} unicast 10.50.0.0/24 table 254 proto 204 mtu 1300 nexthop via 10.0.0.9 weight 3 nexthop encap mpls 100/200 ttl 5 via 10.0.1.9 dev u1 nexthop via inet6 fd00::9 dev u0 weight 2 nexthop via 10.9.9.9 dev u1 onlink`,
  ),
  "ip -4 route replace unicast 10.50.0.0/24 table 254 proto 204 nexthop via 10.0.0.9 weight 9",
  "ip -4 route replace unicast 10.50.0.0/24 table 254 proto 204 nexthop dev u0 nexthop via 10.7.7.7",
  "ip -4 route replace unicast 10.50.0.0/24 table 254 proto 204 nexthop dev u0 onlink nexthop dev u1",
  "ip -4 route replace unicast 10.50.0.0/24 table 254 proto 204 nexthop via 10.0.0.9 nexthop via 10.0.0.9",
  "ip -4 route replace unicast 10.51.0.0/24 encap mpls 16/1048575 dev u1 table 254 proto 204",
  "ip -6 route add unicast fd50::/64 table 254 metric 1024 proto 204 nexthop via fd00::9 dev u0 weight 2 nexthop encap mpls 100 via fd01::9 dev u1",
  "ip -6 route add unicast fd50::/64 via fd00::8 table 254 metric 1024 proto 204",
  "ip -6 route replace unicast fd50::/64 table 254 metric 1024 proto 204 nexthop via fd00::9 nexthop dev u1",
  "ip -6 route replace unicast fd50::/64 table 254 metric 1024 proto 204 nexthop via fd00::9 dev u0 nexthop via fd00::9 dev u0",
  "ip -6 route replace unicast fd50::/64 table 254 metric 1024 proto 204 nexthop via fd00::9 dev u0 nexthop via fd77::9 dev u1",
  "ip -6 route replace unicast fd51::/64 encap mpls 100 ttl 7 via fd00::9 table 254 metric 1024 proto 204",
  "ip -6 route replace unicast fd51::/64 via fd00::9 table 254 metric 1024 proto 204",
  "ip -4 route delete unicast 10.51.0.0/24 table 254 metric 0 proto 204",
  "ip -6 route delete unicast fd50::/64 table 254 metric 1024 proto 204",
  "ip link add name d0 type dummy",
  "ip link set dev d0 up",
  "ip address add 10.0.2.1/24 dev d0",
  "ip address add fd02::1/64 dev d0",
  "ip -4 route add unicast 10.52.0.0/24 table 254 proto 204 nexthop via 10.0.0.9 nexthop via 10.0.2.9",
  "ip -6 route add unicast fd52::/64 table 254 metric 1024 proto 204 nexthop via fd00::9 nexthop via fd02::9",
  "ip link set dev d0 down",
  "ip link set dev d0 up",
  "ip link delete dev d0",
];

const ROUTES = [
  { what: "table all root 0.0.0.0/0", family: 4, asked: {} },
  { what: "table 254 root 0.0.0.0/0", family: 4, asked: { table: 254 } },
  { what: "table all proto 204 root 0.0.0.0/0", family: 4, asked: { protocol: 204 } },
  { what: "table all root ::/0", family: 6, asked: {} },
  { what: "table all proto 204 root ::/0", family: 6, asked: { protocol: 204 } },
] as const;
const LISTINGS = ["address show", ...ROUTES.map(({ what }) => `route show ${what}`)];
const PLACES = ["ip", "ip -n ns1"];

/** How all programs begin is looked at once it is done. */
const isLookedAfter = (index: number) => index >= START.length - 1;

/** What a command was answered with, and what was there afterwards. */
interface Step {
  readonly command: string;
  readonly code: number;
  readonly said: string;
  readonly left: readonly unknown[];
}

/** Linux says the same in two ways, depending on whether the table was ever used. */
const said = (stderr: string) =>
  stderr.trim().replace("Error: FIB table does not exist.", "RTNETLINK answers: No such process");

const asked = (ip: string, listing: string) =>
  `${ip} -json -details ${listing.startsWith("route") ? "-Numeric " : ""}${listing}`;

function comparable(listings: readonly string[]): unknown[] {
  return listings.map((text, index) => {
    if (text === "") return "there is no such namespace";
    const entries = JSON.parse(text) as unknown[];
    const listing = ROUTES[(index % LISTINGS.length) - 1];
    if (listing === undefined) return linksOf(entries).map(linkShown).sort();
    const routes = routesOf(listing.family, entries, listing.asked).filter(isSettled);
    return routes.map((route) => JSON.stringify(route)).sort();
  });
}

/** Numbers and hardware addresses are given as they come, and link-local addresses follow from them. */
function linkShown({ ifindex: _, address: __, link, ...rest }: Link): string {
  // NO-CARRIER lags behind what it tells.
  const flags = rest.flags.filter((flag) => flag !== "NO-CARRIER");
  const addresses = rest.addresses.filter((other) => !other.startsWith("fe80:")).sort();
  const assigned = rest.assigned
    .filter(({ local }) => !local.startsWith("fe80:"))
    .map((one) => JSON.stringify(one));
  const numbered = link.name === undefined || link.name.startsWith("if");
  const below = numbered ? link.index !== undefined : link.name;
  const data = { ...rest.data, ...(String(rest.data.link).startsWith("if") && { link: "gone" }) };
  return JSON.stringify({ ...rest, flags, addresses, assigned: assigned.sort(), below, data });
}

/** Routes of the local table and to link-local subnets are the kernel's own business. */
function isSettled({ table, destination }: Route): boolean {
  return table !== 255 && !destination.startsWith("fe80:");
}

function onFake(program: readonly string[]): Step[] {
  const host = new FakeHost(["ipip", "veth"]);
  return program.map((command, index) => {
    const { code, stderr } = host.tell(command);
    const places = isLookedAfter(index) ? PLACES : [];
    const left = places.flatMap((ip) => LISTINGS.map((listing) => host.tell(asked(ip, listing)).stdout));
    return { command, code, said: said(stderr), left: comparable(left) };
  });
}

async function onReal(machine: Machine, program: readonly string[]): Promise<Step[]> {
  // A machine starts a process as slowly as it does anything, so what the shell can do by itself it does.
  const none = `printf "${"\\n".repeat(LISTINGS.length)}"`;
  const listings = LISTINGS.map((listing) => `"${listing}"`).join(" ");
  const look = (ip: string) => `${ip} -json -details -Numeric -batch /tmp/listings 2>/dev/null || ${none}`;
  const looks = PLACES.map(look).join("; ");
  // Two lines of an answer, and one of each listing, whatever comes.
  const answer = `2>/tmp/said; echo $?; text=; read -r text </tmp/said; printf "%s\\n" "$text"`;
  const script = program.map(
    (command, index) => `${command} >/dev/null ${answer}${isLookedAfter(index) ? `; ${looks}` : ""}`,
  );
  // Each program has a network for itself.
  const alone = `mkdir -p /run/netns; mount -t tmpfs none /run/netns; printf "%s\\n" ${listings} >/tmp/listings; ${script.join("\n")}`;
  const { stdout, stderr, code } = await machine.run(`unshare --net --mount sh -c '${alone}'`);
  if (code !== 0) throw new Error(`the program did not run to its end: ${stderr}`);
  const lines = stdout.split("\n");
  return program.map((command, index) => {
    const [exit = "", text = ""] = lines.splice(0, 2);
    const left = lines.splice(0, isLookedAfter(index) ? PLACES.length * LISTINGS.length : 0);
    return { command, code: Number(exit), said: said(text), left: comparable(left) };
  });
}

describe("the fake host of the unit tests", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    await lab.host("machine").run("modprobe -a ipip veth mpls_iptunnel");
  });
  afterAll(() => lab?.stop());

  const programs = fc.sample(fc.array(commands, { minLength: LENGTH, maxLength: LENGTH }), {
    seed: SEED,
    numRuns: PROGRAMS,
  });
  test.each(programs.map((program, index) => [index, program] as const))(
    "answers as Linux does, and is left as Linux is, by random program %i",
    async (_, program) => {
      const all = [...START, ...program];
      expect(onFake(all)).toEqual(await onReal(lab.host("machine"), all));
    },
  );

  test("answers as Linux does, and is left as Linux is, by routes of several ways and with labels", async () => {
    const all = [...START, ...SEVERAL];
    expect(onFake(all)).toEqual(await onReal(lab.host("machine"), all));
  });
});
