import { urnOf } from "../../../provider/plugin/urn";

test.each([
  ["urn:pulumi:dev::net::ipip:index:Route::r", "Route", "r"],
  ["urn:pulumi:dev::net::my:index:Site$ipip:index:Route::r", "Route", "r"],
  ["urn:pulumi:dev::net::my:index:Site$ipip:index:TunnelMesh$ipip:index:Route::r", "Route", "r"],
  ["urn:pulumi:dev::net::ipip:index:Route::a::b", "Route", "a::b"],
  ["urn:pulumi:dev::net::ipip:index:Route::cost$a", "Route", "cost$a"],
  ["urn:pulumi:dev::net::ipip:index:Route::cost$ipip:index:Rule::x", "Route", "cost$ipip:index:Rule::x"],
  ["urn:pulumi:dev::net::my:index:Site$ipip:index:Route::a$b::c$d", "Route", "a$b::c$d"],
  ["urn:pulumi:dev::net::ipip:index:Route::two\nlines", "Route", "two\nlines"],
  ["urn:pulumi:dev::net::ipip:index:Route::", "Route", ""],
])("%j is read", (text, type, name) => {
  expect(urnOf(text)).toEqual({ stack: "dev", project: "net", type: `ipip:index:${type}`, name });
});

test.each(["", "urn:pulumi:dev::net", "urn:other:dev::net::a::b"])("%j is none", (text) => {
  expect(() => urnOf(text)).toThrow(`"${text}" is not a URN`);
});
