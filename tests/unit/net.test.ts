import { isIP, SocketAddress } from "node:net";
import fc from "fast-check";
import type { z } from "zod";
import { quote } from "../../provider/host/host";
import {
  Cidr,
  canonicalIp,
  canonicalPrefix,
  Destination,
  familyOf,
  IfName,
  Ip,
  Ipv4OrAny,
  inSameSubnet,
  ipOf,
  isLinkLocal,
  Mac,
  NetnsName,
  OwnIfName,
} from "../../provider/net";

const RUNS = { numRuns: 1000, seed: 5952 };

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().filter((text) => !text.includes("."));
const ip = fc.oneof(ipv4, ipv6);
const longest = (text: string) => (text.includes(":") ? 128 : 32);
const prefix = ip.chain((text) => fc.nat({ max: longest(text) }).map((length) => ({ text, length })));

const accepts = (schema: z.ZodType, text: unknown) => schema.safeParse(text).success;
const canonical = (schema: z.ZodType, text: unknown) => schema.parse(text);

/** bitsOf is an address as a number, found without the library that the code under test uses. */
function bitsOf(address: string): bigint {
  if (!address.includes(":")) return address.split(".").reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
  const [head = "", tail] = address.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":"));
  const [before, after] = [words(head), words(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((sum, word) => (sum << 16n) + BigInt(`0x${word}`), 0n);
}

function networkBits(address: string, length: number): bigint {
  return bitsOf(address) >> BigInt(longest(address) - length);
}

describe("an address", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["FD00:0:0:0::1", "fd00::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["fe80::1", "fe80::1"],
  ])("%s is %s", (text, form) => expect(canonicalIp(text)?.text).toBe(form));

  test.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "0x0a.0.0.1",
    "10.0.0.1 ",
    "1",
    "fe80::1%eth0",
    ":::",
    "1::2::3",
    "g::",
    "any",
  ])("%j is none", (text) => expect(canonicalIp(text)).toBeUndefined());

  test("is one exactly when Node takes it for one", () => {
    const text = fc.string({ unit: fc.constantFrom(..."0123456789abF:.::.."), maxLength: 20 });
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          ip,
          ip.map((good) => `${good}0`),
        ),
        (some) => {
          expect(canonicalIp(some)?.family ?? 0).toBe(isIP(some));
        },
      ),
      RUNS,
    );
  });

  test("has the form in which the C library prints it, as iproute2 does", () => {
    fc.assert(
      fc.property(ip, (text) => {
        const family = familyOf(text) === 4 ? "ipv4" : "ipv6";
        const printed = new SocketAddress({ address: text, family }).address;
        expect(canonicalIp(text)?.text).toBe(canonicalIp(printed)?.text);
        // An IPv4 address within is printed as such, which is read back all the same.
        if (!printed.includes(".") || family === "ipv4") expect(canonicalIp(text)?.text).toBe(printed);
      }),
      RUNS,
    );
  });
});

describe("an address with a prefix length", () => {
  test("keeps its host part, and its canonical form is its own", () => {
    fc.assert(
      fc.property(prefix, ({ text, length }) => {
        const cidr = canonical(Cidr, `${text}/${length}`) as string;
        expect(cidr).toBe(`${canonicalIp(text)?.text}/${length}`);
        expect(canonical(Cidr, cidr)).toBe(cidr);
        expect(ipOf(cidr)).toBe(canonicalIp(text)?.text);
      }),
      RUNS,
    );
  });

  test.each([
    "10.0.0.1",
    "10.0.0.1/",
    "10.0.0.1/33",
    "10.0.0.1/024",
    "10.0.0.1/-1",
    "10.0.0.1/8/8",
    "fd00::1/129",
    "/24",
    "10.0.0.1/255.0.0.0",
  ])("%j is none", (text) => expect(accepts(Cidr, text)).toBe(false));

  test("lies in a subnet exactly when the bits of the network agree", () => {
    fc.assert(
      fc.property(prefix, prefix, fc.boolean(), (one, other, near) => {
        const text = near ? other.text : one.text;
        const inside =
          familyOf(text) === familyOf(other.text) &&
          networkBits(text, other.length) === networkBits(other.text, other.length);
        expect(inSameSubnet(`${text}/${one.length}`, `${other.text}/${other.length}`)).toBe(inside);
      }),
      RUNS,
    );
  });

  test("of a peer has the device's own address first", () => {
    expect(ipOf("10.0.0.1 peer 10.0.0.2/32")).toBe("10.0.0.1");
  });
});

describe("a destination", () => {
  test.each([
    ["default", "default"],
    ["10.10.2.0/24", "10.10.2.0/24"],
    ["10.10.2.7", "10.10.2.7/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["FD00:2::/64", "fd00:2::/64"],
    ["fd00::7", "fd00::7/128"],
    ["::/0", "::/0"],
  ])("%s is %s", (text, form) => expect(canonical(Destination, text)).toBe(form));

  test("with host bits is refused with the network that it lies in, which is then taken", () => {
    fc.assert(
      fc.property(prefix, ({ text, length }) => {
        const { data, error } = Destination.safeParse(`${text}/${length}`);
        const network = canonicalPrefix(`${text}/${length}`) ?? "";
        const hostBits = bitsOf(text) !== networkBits(text, length) << BigInt(longest(text) - length);
        expect(data === undefined).toBe(hostBits);
        if (hostBits) expect(error?.issues[0]?.message).toContain(`the network is "${network}"`);
        expect(canonical(Destination, network)).toBe(network);
        expect(bitsOf(ipOf(network)) >> BigInt(longest(text) - length)).toBe(networkBits(text, length));
      }),
      RUNS,
    );
  });
});

describe("a name", () => {
  /** What Linux takes for the name of a device: dev_valid_name in net/core/dev.c. */
  const valid = (text: string) =>
    text.length > 0 && Buffer.byteLength(text) < 16 && text !== "." && text !== ".." && !/[/:\s]/.test(text);

  test("that is taken is one to Linux, and one word to a shell", () => {
    const some = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.string({ unit: fc.constantFrom(..."ab0._-/:; $"), maxLength: 17 }),
    );
    fc.assert(
      fc.property(some, (text) => {
        if (accepts(IfName, text)) expect([valid(text), quote(text)]).toEqual([true, text]);
        if (accepts(NetnsName, text)) expect([text.includes("/"), quote(text)]).toEqual([false, text]);
      }),
      RUNS,
    );
  });

  test.each([
    "lo",
    "tunl0",
    "sit0",
    "ip6tnl0",
    "gre0",
    "gretap0",
    "erspan0",
    "ip6gre0",
    "ip_vti0",
    "ip6_vti0",
    "all",
    "default",
  ])("%s is nobody's own, and yet may be named", (text) =>
    expect([accepts(OwnIfName, text), accepts(IfName, text)]).toEqual([false, true]),
  );
});

test.each([
  ["any", "any"],
  ["0.0.0.0", "any"],
  ["10.0.0.1", "10.0.0.1"],
])("the end of a tunnel %s is %s", (text, form) => expect(canonical(Ipv4OrAny, text)).toBe(form));

test.each(["0.0.0.0", "::", "0:0::0"])("%s is the address of no host", (text) =>
  expect(accepts(Ip, text)).toBe(false),
);

test.each([
  ["fe80::1", true],
  ["febf::1", true],
  ["fec0::1", false],
  ["fd00::fe80", false],
  ["10.0.0.1", false],
])("%s is link-local: %p", (text, is) => expect(isLinkLocal(text)).toBe(is));

test("an Ethernet address of a single device is taken, in lower case", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
      const single = ((bytes[0] ?? 0) & 1) === 0 && bytes.some((byte) => byte !== 0);
      expect(Mac.safeParse(text.toUpperCase()).data).toBe(single ? text : undefined);
    }),
    RUNS,
  );
});
