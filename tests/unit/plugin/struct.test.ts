import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { bare, fieldsOf, secret, structOf } from "../../../provider/plugin/struct";
import { unknown } from "../../../provider/unknown";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const bag = (fields: Record<string, JavaScriptValue>) => Struct.fromJavaScript(fields);

test("a bag is read with what is not known at any depth, and without what was left out", () => {
  const read = fieldsOf(bag({ a: UNKNOWN, b: { c: [UNKNOWN, 1], d: null }, e: null, f: [{ g: null }] }));
  expect(read).toEqual({ a: unknown, b: { c: [unknown, 1] }, f: [{}] });
  expect(fieldsOf(undefined)).toEqual({});
});

test("a bag is written as it was read, and with nothing but JSON", () => {
  const fields = { a: unknown, b: { c: [unknown, "x", true, 1.5] } };
  expect(fieldsOf(structOf(fields))).toEqual(fields);
  expect(structOf({ a: undefined, b: { c: undefined } }).toJavaScript()).toEqual({ b: {} });
});

test("a secret is marked for the engine, and bare at any depth to us", () => {
  expect(secret("x")).toEqual({ ...SIGNATURE, value: "x" });
  expect(bare(secret({ a: [secret("x"), "y"], b: secret(unknown) }))).toEqual({ a: ["x", "y"], b: unknown });
  expect(bare({ value: "x" })).toEqual({ value: "x" });
});
