import { type Detail, detailsOf } from "../../../provider/plugin/detailed";
import { changesBetween, type Fields } from "../../../provider/state";
import { unknown } from "../../../provider/unknown";
import { samples } from "../../support/samples";

/** The differences as `+ path`, `- path` or `~ path`, with `!` at the end where it takes a replacement. */
function told(type: string, state: Fields, desired: Fields): string[] {
  const contract = samples[type]?.contract;
  if (contract === undefined) throw new Error(`there is no sample of ${type}`);
  const signs: Record<Detail["kind"], string> = { add: "+", delete: "-", update: "~" };
  return detailsOf(contract, state, desired, changesBetween(contract, state, desired)).map(
    ({ path, kind, replaces }) => `${signs[kind]} ${path}${replaces ? "!" : ""}`,
  );
}

test.each<[string, string, Fields, Fields, string[]]>([
  ["what is the same", "IpipTunnel", { ttl: 1 }, { ttl: 1 }, []],
  ["another value", "IpipTunnel", { ttl: 1 }, { ttl: 2 }, ["~ ttl"]],
  ["a value more", "IpipTunnel", {}, { mtu: 1400 }, ["+ mtu"]],
  ["a value less", "IpipTunnel", { mtu: 1400 }, {}, ["- mtu"]],
  ["a value of another type", "IpipTunnel", { addresses: ["a"] }, { addresses: "a" }, ["~ addresses"]],
  [
    "items of a list",
    "IpipTunnel",
    { addresses: ["a", "b", "c"] },
    { addresses: ["a", "x"] },
    ["~ addresses[1]", "- addresses[2]"],
  ],
  ["an item more", "IpipTunnel", { addresses: [] }, { addresses: ["a"] }, ["+ addresses[0]"]],
  [
    "what is within",
    "IpipTunnel",
    { encap: { type: "fou", dport: 5, csum: true } },
    { encap: { type: "gue", dport: 5, sport: 6 } },
    ["~ encap.type", "- encap.csum", "+ encap.sport"],
  ],
  [
    "odd keys",
    "IpipTunnel",
    { encap: {} },
    { encap: { 'a."b': 1, $c: 2 } },
    ['+ encap["a.\\"b"]', "+ encap.$c"],
  ],
  ["what is not known", "IpipTunnel", { remote: "a" }, { remote: unknown }, ["~ remote"]],
  ["what is not known yet again", "IpipTunnel", {}, { addresses: ["a", unknown] }, ["+ addresses"]],
  [
    "the place of what is not known",
    "IpipTunnel",
    { addresses: ["a", "b"] },
    { addresses: ["a", unknown] },
    ["~ addresses[1]"],
  ],
  [
    "what takes a replacement",
    "IpipTunnel",
    { name: "a", ttl: 1 },
    { name: "b", ttl: 2 },
    ["~ name!", "~ ttl"],
  ],
  ["a parent that is replaced", "IpipTunnel", { namespace: "a" }, { namespace: unknown }, ["~ namespace!"]],
  [
    "the one of several that takes a replacement",
    "VethPair",
    { a: { name: "v0", mtu: 1400 }, b: { name: "v1" } },
    { a: { name: "v2", mtu: 1500 }, b: { name: "v1", up: false } },
    ["~ a.name!", "~ a.mtu", "+ b.up"],
  ],
  [
    "the address of the host, which does, and the way to it, which does not",
    "Namespace",
    { connection: { host: "a", port: 22, user: "root" } },
    { connection: { host: "b", port: 22, user: "me" } },
    ["~ connection.host!", "~ connection.user"],
  ],
  [
    "a way of several whose device is replaced",
    "Route",
    { nexthops: [{ dev: "u0", weight: 1 }, { dev: "u1" }] },
    { nexthops: [{ dev: unknown, weight: 2 }, { dev: "u1" }] },
    ["~ nexthops[0].dev!", "~ nexthops[0].weight"],
  ],
])("%s", (_, type, state, desired, expected) => {
  expect(told(type, state, desired)).toEqual(expected);
});
