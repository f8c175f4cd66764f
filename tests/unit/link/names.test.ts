import fc from "fast-check";
import { lengthOf, numberOf, OwnIfName } from "../../../provider/net";
import { deviceName } from "../../../sdk/link/device-name";
import { addressAt, endOf, overlaps, subnetOf } from "../../../sdk/link/prefix";
import { topology } from "../../../sdk/link/topology";

const RUNS = { numRuns: 500, seed: 3021 };

test("a device has the name it is made of where it can, and else one that can be and stays the same", () => {
  expect(deviceName("wan-berlin")).toBe("wan-berlin");
  expect(deviceName("office-to-datacenter")).toBe("officeto-635af2");
  expect(deviceName("tunl0")).not.toBe("tunl0");
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      expect(OwnIfName.safeParse(deviceName(name)).success).toBe(true);
      expect(deviceName(name)).toBe(deviceName(name));
    }),
    RUNS,
  );
  const names = Array.from({ length: 500 }, (_, index) => deviceName(`a-name-that-is-long-${index}`));
  expect(new Set(names).size).toBe(names.length);
});

const cidr = fc.tuple(fc.ipV4(), fc.nat({ max: 31 })).map(([ip, length]) => `${ip}/${length}`);
/** The addresses of a network, from the first to the last, as numbers. */
const range = (text: string) => {
  const size = 2 ** (32 - lengthOf(text));
  const first = Math.floor(numberOf(text.split("/", 1)[0] ?? "") / size) * size;
  return [first, first + size - 1] as const;
};

test("networks overlap where they have an address in common", () => {
  const near = cidr.chain((one) => fc.tuple(fc.constant(one), fc.nat({ max: 32 }), cidr, fc.boolean()));
  fc.assert(
    fc.property(near, ([one, length, far, same]) => {
      const other = subnetOf(same ? `${one.split("/", 1)[0]}/${length}` : far);
      const [[a, b], [c, d]] = [range(subnetOf(one)), range(other)];
      expect(overlaps(subnetOf(one), other)).toBe(a <= d && c <= b);
    }),
    RUNS,
  );
});

test("the two ends of a subnet are no hosts, but those of a /31 are", () => {
  fc.assert(
    fc.property(cidr, (text) => {
      const length = lengthOf(text);
      const [first, last] = range(text);
      const at = numberOf(text.split("/", 1)[0] ?? "");
      expect(endOf(text) !== undefined).toBe(length < 31 && (at === first || at === last));
    }),
    RUNS,
  );
  expect(endOf("fd00::/64")).toContain("itself");
  expect(endOf("fd00::ffff:ffff:ffff:ffff/64")).toBeUndefined();
});

test("addresses are counted on, in both families", () => {
  const small = fc.nat(4_000_000);
  fc.assert(
    fc.property(fc.ipV4(), small, (ip, offset) => {
      fc.pre(numberOf(ip) + offset < 2 ** 32);
      expect(numberOf(addressAt(ip, offset))).toBe(numberOf(ip) + offset);
    }),
    RUNS,
  );
  expect(addressAt("fd00::ffff", 1)).toBe("fd00::1:0");
  expect(addressAt("fd00::", 2 ** 40 + 3)).toBe("fd00::100:0:3");
  expect(addressAt("fd00::1", 0)).toBe("fd00::1");
});

test("a link is drawn the same way each time", () => {
  const end = {
    underlay: "203.0.113.1",
    namespace: undefined,
    device: "wan",
    addresses: ["10.0.0.1/30"],
    networks: [],
  };
  const ends = [
    { ...end, label: "a" },
    { ...end, label: "b", namespace: "blue", networks: ["10.1.0.0/16", "10.2.0.0/16"] },
  ];
  expect(topology({ title: "wan", kind: "ipip", mtu: 1480, ends })).toBe(
    [
      "wan: ipip, mtu 1480",
      "  a  203.0.113.1         wan 10.0.0.1/30  no networks",
      "  b  203.0.113.1 (blue)  wan 10.0.0.1/30  10.1.0.0/16, 10.2.0.0/16",
    ].join("\n"),
  );
});
