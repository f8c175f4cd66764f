import { address } from "../../provider/resources/address";
import { MiniEngine } from "../support/mini-engine";
import { playground } from "../support/samples";

/** What is particular to an address that is alone of its kind on a device that is not ours. */

const START = playground().toString();
const FIRST = { dev: "u1", address: "192.168.7.1/24" };

test("the first address of a subnet goes without the others of it, whatever the kernel was told", async () => {
  for (const promotes of ["0", "1"]) {
    const host = playground();
    host.byHand(`tee /proc/sys/net/ipv4/conf/u1/promote_secondaries <<< ${promotes}`);
    const engine = new MiniEngine(address, host);
    await engine.up(FIRST);
    host.byHand("ip address add 192.168.7.2/24 dev u1 label u1:x");
    await engine.destroy();
    expect(host.toString()).toContain("192.168.7.2/24 label u1:x");
    host.byHand("ip address delete 192.168.7.2/24 dev u1");
    host.byHand("tee /proc/sys/net/ipv4/conf/u1/promote_secondaries <<< 0");
    expect(host.toString()).toBe(START);
  }
});

test("one that is there already is never ours, also when it is just as asked for, unless it is adopted", async () => {
  const host = playground();
  await new MiniEngine(address, host).up(FIRST);
  const before = host.toString();
  const engine = new MiniEngine(address, host);
  await expect(engine.up(FIRST)).rejects.toThrow(
    /address 192\.168\.7\.1\/24 on u1 is there already, and nothing tells whose it is.*\n.*adopt: true/,
  );
  expect([engine.state, host.toString()]).toEqual([undefined, before]);
  await engine.up({ ...FIRST, adopt: true });
  expect(host.toString()).toBe(before);
  await engine.destroy();
  expect(host.toString()).toBe(START);
});
