import { endpointOf } from "../../../provider/host/endpoint";

test.each([
  ["198.51.100.7 50022 203.0.113.10 22", { peer: "198.51.100.7", local: "203.0.113.10", port: 22 }],
  ["2001:DB8:0:0::7 50022 2001:db8::10 2222", { peer: "2001:db8::7", local: "2001:db8::10", port: 2222 }],
  ["fe80::7%eth0 50022 fe80::10%eth0 22", { peer: "fe80::7", local: "fe80::10", port: 22, zone: "eth0" }],
  ["", undefined],
  ["UNKNOWN 65535 UNKNOWN 65535", undefined],
  ["198.51.100.7 50022 203.0.113.10 ssh", undefined],
])("SSH_CONNECTION '%s' is %j", (text, endpoint) => {
  expect(endpointOf(text)).toEqual(endpoint);
});
