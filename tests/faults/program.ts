import type { Bag } from "../support/calls";

/** Resource is one resource of a program: its type, what it asks for, and what must be there before it. */
export interface Resource {
  readonly type: string;
  readonly inputs: Bag;
  readonly after?: readonly string[];
}

export type Program = Readonly<Record<string, Resource>>;

const namespace = (name: string): Resource => ({ type: "Namespace", inputs: { name } });
const tunnel = (inputs: Bag, ...after: string[]): Resource => ({ type: "IpipTunnel", inputs, after });
const route = (inputs: Bag, ...after: string[]): Resource => ({ type: "Route", inputs, after });
const forward = (inputs: Bag, ...after: string[]): Resource => ({
  type: "Sysctl",
  inputs: { key: "net.ipv4.ip_forward", ...inputs },
  after,
});
const pair = (a: Bag, b: Bag, ...after: string[]): Resource => ({
  type: "VethPair",
  inputs: { a, b },
  after,
});

/** FIRST is so little that it leaves everything to be created, and a connection that is open. */
export const FIRST: Program = { base: namespace("base") };

/** BEFORE has every type of resource at once, many of which travel together. */
export const BEFORE: Program = {
  ...FIRST,
  blue: namespace("blue"),
  green: namespace("green"),
  pair: pair(
    { name: "v0", addresses: ["10.70.0.1/24"] },
    { name: "v1", namespace: "blue", addresses: ["10.70.0.2/24"] },
    "blue",
  ),
  inner: tunnel(
    {
      namespace: "blue",
      name: "t1",
      local: "10.70.0.2",
      remote: "10.70.0.1",
      addresses: ["192.168.50.1/30", "fd07::1/64"],
    },
    "blue",
    "pair",
  ),
  outer: tunnel({ name: "t2", local: "10.70.0.1", remote: "10.70.0.9", ttl: 64 }, "pair"),
  lone: tunnel({ name: "t3", local: "10.70.0.1", remote: "10.70.0.8" }, "pair"),
  inside: route({ namespace: "blue", destination: "10.71.0.0/24", dev: "t1" }, "inner"),
  outside: route({ destination: "10.72.0.0/24", via: "10.70.0.2" }, "pair"),
  forwards: forward({ namespace: "blue", value: 1 }, "blue"),
  here: forward({ value: 1 }),
};

/** AFTER changes most of it: in place, by replacing, by taking away, and with something new. */
export const AFTER: Program = {
  ...FIRST,
  blue: BEFORE.blue ?? namespace("blue"),
  red: namespace("red"),
  pair: pair(
    { name: "v0", addresses: ["10.70.0.1/24"], mtu: 1400 },
    { name: "v1", namespace: "blue", addresses: ["10.70.0.2/24", "10.70.1.2/24"], mtu: 1400 },
    "blue",
  ),
  inner: tunnel(
    {
      namespace: "blue",
      name: "t1",
      local: "10.70.0.2",
      remote: "10.70.0.1",
      addresses: ["192.168.50.5/30", "fd07::1/64"],
      ttl: 9,
      mtu: 1300,
    },
    "blue",
    "pair",
  ),
  // Left to the kernel, its MTU would tell in which order things were made.
  outer: tunnel({ name: "t4", local: "10.70.0.1", remote: "10.70.0.9", ttl: 64, mtu: 1380 }, "pair"),
  inside: route({ namespace: "blue", destination: "10.71.0.0/24", dev: "t1", mtu: 1200 }, "inner"),
  outside: route({ destination: "10.73.0.0/24", via: "10.70.0.2" }, "pair"),
  forwards: forward({ namespace: "blue", value: 0 }, "blue"),
  young: tunnel({ namespace: "red", name: "t5", local: "10.74.0.1", remote: "10.74.0.2" }, "red"),
};
