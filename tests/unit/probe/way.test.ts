import { isBeyond, otherEnd, wayOf } from "../../../provider/probe/way";

const answer = (code: number, stdout: string, stderr = "") => ({ code, stdout, stderr });

test.each([
  [
    answer(0, '[{"dst":"192.168.50.2","dev":"tun0","prefsrc":"192.168.50.1","flags":[],"uid":0,"cache":[]}]'),
    { dev: "tun0" },
  ],
  [
    answer(0, '[{"dst":"10.10.2.2","gateway":"192.168.50.2","dev":"tun0","flags":[]}]'),
    { dev: "tun0", via: "192.168.50.2" },
  ],
  [
    answer(0, '[{"dst":"10.0.0.1","via":{"family":"inet6","host":"fe80::9"},"dev":"u0"}]'),
    { dev: "u0", via: "fe80::9" },
  ],
  [answer(2, "", "RTNETLINK answers: Network is unreachable\n"), { said: "Network is unreachable" }],
  [answer(0, '[{"type":"blackhole","dst":"10.0.0.1","dev":""}]', ""), { dev: "" }],
])("%j is a way", (said, way) => {
  expect(wayOf(said)).toEqual(way);
});

test.each<[string[], string | undefined]>([
  [["192.168.50.1/30"], "192.168.50.2"],
  [["192.168.50.6/30"], "192.168.50.5"],
  [["192.168.50.4/31"], "192.168.50.5"],
  [["fd00::1/126"], "fd00::2"],
  [["fd00::fffe/127"], "fd00::ffff"],
  [["10.0.0.1 peer 10.0.0.9/32"], "10.0.0.9"],
  [["192.168.50.1/24", "fd00::1/127"], "fd00::"],
  [["192.168.50.1/24"], undefined],
  [["192.168.50.1/32"], undefined],
  [["192.168.50.4/30"], undefined],
  [[], undefined],
])("of a device with %j the other end is %s", (addresses, other) => {
  expect(otherEnd(addresses)).toBe(other);
});

test.each<[string, string[], boolean]>([
  ["192.168.50.2", ["192.168.50.1/30"], false],
  ["192.168.50.9", ["192.168.50.1/24"], false],
  ["10.10.2.2", ["192.168.50.1/24"], true],
  ["10.0.0.9", ["10.0.0.1 peer 10.0.0.9/32"], false],
  ["10.0.0.2", ["10.0.0.1/32"], true],
  ["fd00::9", ["192.168.50.1/24"], true],
  ["fd00::9", ["fd00::1/64"], false],
])("%s is behind a device with %j: %p", (target, addresses, behind) => {
  expect(isBeyond(target, addresses)).toBe(behind);
});
