import { createHmac } from "node:crypto";
import { knownKeys } from "../../../provider/host/known-hosts";

/** A key's blob begins with the name of its type, as a string of SSH (RFC 4251, section 5). */
const key = (type: string, bytes: string) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type + bytes)]);
};
const ED = key("ssh-ed25519", "one");
const RSA = key("ssh-rsa", "two");
const ed = `ssh-ed25519 ${ED.toString("base64")}`;
const rsa = `ssh-rsa ${RSA.toString("base64")}`;

const typesFor = (file: string, host: string, port = 22) =>
  knownKeys(file, host, port).keys.map(({ type }) => type);

const hashed = (name: string) => {
  const salt = Buffer.from("a salt of 20 bytes..");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
};

describe.each([
  ["a name", "gw", "gw", true],
  ["a name in other case", "GW.example", "gw.EXAMPLE", true],
  ["another name", "gw", "gw2", false],
  ["a part of a name", "gw.example", "gw", false],
  ["one of several names", "gw,10.0.0.1,fd00::1", "fd00::1", true],
  ["a pattern of any length", "*.example", "a.b.example", true],
  ["a pattern of one character", "gw?", "gw1", true],
  ["a pattern of one character", "gw?", "gw10", false],
  ["a pattern with a point, which is no wildcard", "a.b", "axb", false],
  ["a pattern that leaves one out", "*.example,!bad.example", "bad.example", false],
  ["a pattern that leaves another out", "*.example,!bad.example", "good.example", true],
  ["nothing but what is left out", "!bad", "good", false],
  ["a hashed name", hashed("gw"), "gw", true],
  ["another hashed name", hashed("gw"), "gw2", false],
  ["a hash that is no hash", "|1|x", "gw", false],
])("%s", (_what, names, host, found) => {
  test(`${names} ${found ? "is" : "is not"} ${host}`, () => {
    expect(typesFor(`${names} ${ed}`, host)).toEqual(found ? ["ssh-ed25519"] : []);
  });
});

test("all kinds of keys of a host are found, wherever they stand", () => {
  expect(typesFor(`# hosts\n\ngw ${ed} a comment\nother ${rsa}\r\n  gw\t${rsa}\r\n`, "gw")).toEqual([
    "ssh-ed25519",
    "ssh-rsa",
  ]);
});

test("lines that are cut short or of a kind that can't be checked are passed over", () => {
  expect(typesFor(`gw\ngw ssh-ed25519\ngw sk-ssh-ed25519@openssh.com AAAA\n#gw ${ed}`, "gw")).toEqual([]);
});

test("a port has keys of its own, plain or hashed, and else those of the host", () => {
  expect(typesFor(`gw ${ed}\n[gw]:2222 ${rsa}`, "gw", 2222)).toEqual(["ssh-rsa"]);
  expect(typesFor(`gw ${ed}\n${hashed("[gw]:2222")} ${rsa}`, "gw", 2222)).toEqual(["ssh-rsa"]);
  expect(typesFor(`gw ${ed}\n[gw]:2222 ${rsa}`, "gw", 2200)).toEqual(["ssh-ed25519"]);
  expect(typesFor(`gw ${ed}\n[gw]:2222 ${rsa}`, "gw")).toEqual(["ssh-ed25519"]);
});

test("revoked keys are listed and are no keys of the host", () => {
  const { keys, revoked } = knownKeys(`@revoked * ${rsa}\ngw ${ed}`, "gw", 2222);
  expect(keys).toEqual([{ type: "ssh-ed25519", blob: ED }]);
  expect(revoked).toEqual([RSA]);
});

test("an authority is noticed and vouches for nothing", () => {
  expect(knownKeys(`@cert-authority *.example ${ed}`, "gw.example", 22)).toEqual({
    keys: [],
    revoked: [],
    authorities: true,
  });
});
