import { dropped, mayDrop, type Packets } from "../../../provider/probe/firewall";

const packets: Packets = { dev: "tun0", protocols: [1, 4], addresses: ["192.168.50.2", "198.51.100.20"] };

type Expr = Record<string, unknown>;

const counter = (count: number): Expr => ({ counter: { packets: count, bytes: 84 * count } });
const match = (left: Expr, right: unknown, op = "=="): Expr => ({ match: { op, left, right } });
const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const meta = (key: string) => ({ meta: { key } });
const drop = { drop: null };

/** A ruleset as nft 1.0.6 lists it. */
function rules(...exprs: readonly (readonly Expr[])[]): string {
  const place = { family: "inet", table: "filter", chain: "input" };
  return JSON.stringify({
    nftables: [
      { metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 } },
      { table: { family: "inet", name: "filter", handle: 1 } },
      { chain: { family: "inet", table: "filter", name: "input", handle: 1, hook: "input", policy: "drop" } },
      ...exprs.map((expr, index) => ({ rule: { ...place, handle: index + 3, expr } })),
    ],
  });
}

const FIRST = ["inet filter input, handle 3"];
const carrier = (right: unknown) => match(payload("ip", "protocol"), right);

test.each<[string, (count: number) => Expr[], "dropped" | "may" | "neither"]>([
  ["of the protocol that carries", (count) => [carrier("ipencap"), counter(count), drop], "dropped"],
  ["of it where there is no /etc/protocols", (count) => [carrier(4), counter(count), drop], "dropped"],
  [
    "of it among others",
    (count) => [match(meta("l4proto"), { set: [4, 47] }), counter(count), drop],
    "dropped",
  ],
  ["of the device", (count) => [match(meta("iifname"), "tun0"), counter(count), { reject: null }], "dropped"],
  [
    "of echo replies by their sender",
    (count) => [
      match(payload("ip", "saddr"), "192.168.50.2"),
      match(payload("icmp", "type"), "echo-reply"),
      counter(count),
      drop,
    ],
    "dropped",
  ],
  [
    "of some of it, as it may be",
    (count) => [carrier("ipencap"), match(meta("length"), 1400, ">"), counter(count), drop],
    "dropped",
  ],
  ["of anything", (count) => [counter(count), drop], "may"],
  ["of another protocol", (count) => [carrier("gre"), counter(count), drop], "neither"],
  ["of the protocol 94, whose name is ipip", (count) => [carrier("ipip"), counter(count), drop], "neither"],
  ["of a port", (count) => [match(payload("tcp", "dport"), 22), counter(count), drop], "neither"],
  [
    "of another device",
    (count) => [match(meta("iifname"), "eth9"), carrier(4), counter(count), drop],
    "neither",
  ],
  [
    "of another sender",
    (count) => [match(payload("ip", "saddr"), "10.9.9.9"), carrier(4), counter(count), drop],
    "neither",
  ],
  [
    "of echo requests",
    (count) => [match(payload("icmp", "type"), "echo-request"), counter(count), drop],
    "neither",
  ],
  ["that accepts", (count) => [carrier(4), counter(count), { accept: null }], "neither"],
])("a rule that counted, %s", (_, expr, found) => {
  const [before, after] = [rules(expr(5)), rules(expr(7))];
  expect(dropped(before, after, packets)).toEqual(found === "dropped" ? FIRST : []);
  expect(mayDrop(before, after, packets)).toEqual(found === "neither" ? [] : FIRST);
  expect([...dropped(after, after, packets), ...mayDrop(after, after, packets)]).toEqual([]);
});

test.each<[string, Expr[], boolean]>([
  ["of the protocol that carries", [carrier(4), drop], true],
  ["of a part of it", [carrier(4), match(meta("length"), 1400, ">"), drop], false],
  [
    "of a network",
    [match(payload("ip", "saddr"), { prefix: { addr: "10.0.0.0", len: 8 } }), carrier(4), drop],
    false,
  ],
  ["of another protocol", [carrier(47), drop], false],
  ["of anything, as the last of a chain", [drop], false],
  ["that can't be read", [{ match: { op: "==" } }, carrier(4), drop], false],
  ["of iptables", [{ xt: { type: "match", name: "conntrack" } }, drop], false],
])("a rule that counts nothing, %s", (_, expr, found) => {
  expect(mayDrop(rules(expr), rules(expr), packets)).toEqual(found ? FIRST : []);
});

test.each(["", "nft: not found", "[]", '{"nftables": 1}'])(
  "without an answer nothing is known: %j",
  (text) => {
    expect([dropped(text, text, packets), mayDrop(text, text, packets)]).toEqual([[], []]);
  },
);
