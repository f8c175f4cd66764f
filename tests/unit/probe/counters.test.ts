import { countersOf, grown } from "../../../provider/probe/counters";

const DEVICE = JSON.stringify([
  {
    ifname: "tun0",
    stats64: {
      rx: { bytes: 84, packets: 1, errors: 0, dropped: 0, over_errors: 0, multicast: 0 },
      tx: { bytes: 252, packets: 3, errors: 2, dropped: 4, carrier_errors: 0, collisions: 0 },
    },
  },
]);
const NETSTAT =
  "TcpExt: SyncookiesSent IPReversePathFilter TCPTimeWaitOverflow\nTcpExt: 0 6 0\nIpExt: InNoRoutes\nIpExt: 3\n";
const SNMP =
  "Ip: Forwarding DefaultTTL\nIp: 2 64\nIcmp: InMsgs InDestUnreachs OutDestUnreachs\nIcmp: 9 7 3\nIcmpMsg: InType3 OutType3\nIcmpMsg: 7 3\n";
const SNMP6 =
  "Ip6InReceives                   \t10\nIcmp6InDestUnreachs             \t5\nIcmp6OutDestUnreachs            \t1\n";

test("what the kernel counts is read, without what the host told itself", () => {
  const counters = { out: 3, in: 1, unsent: 6, unreachable: 4, reversePath: 6 };
  expect(countersOf(DEVICE, NETSTAT, SNMP)).toEqual(counters);
  expect(countersOf(DEVICE, NETSTAT, SNMP6)).toEqual(counters);
});

test("what is not counted, or not shown, stays at 0", () => {
  const nothing = { out: 0, in: 0, unsent: 0, unreachable: 0, reversePath: 0 };
  expect(countersOf("", "", "")).toEqual(nothing);
  expect(countersOf("[{}]", "cat: no such file", "Icmp: InMsgs\nIcmp: 1\n")).toEqual(nothing);
});

test("what grew is told from what was there", () => {
  const before = countersOf(DEVICE, NETSTAT, SNMP);
  expect(grown(before, { ...before, out: 5, reversePath: 7 })).toEqual({
    out: 2,
    in: 0,
    unsent: 0,
    unreachable: 0,
    reversePath: 1,
  });
});
