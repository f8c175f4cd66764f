import { programsIn, startedIn } from "../../../bench/accounting";
import { replaced } from "../../../bench/document";
import { table } from "../../../bench/table";
import { type Tunnel, tunnelsOn } from "../../../bench/tunnels";

test("a table is aligned", () => {
  expect(table(["a", "long"], [["1", "2"], ["1234"]])).toBe(
    "| a    | long |\n| ---- | ---- |\n| 1    | 2    |\n| 1234 |      |",
  );
});

test("what people wrote around a section stays, and so do other sections", () => {
  const document = "before\n<!-- begin a -->\nold\n<!-- end a -->\nafter <!-- begin b --> b <!-- end b -->";
  expect(replaced(document, "a", "new")).toBe(
    "before\n<!-- begin a -->\n\nnew\n\n<!-- end a -->\nafter <!-- begin b --> b <!-- end b -->",
  );
  expect(() => replaced(document, "c", "new")).toThrow("there is no section c");
});

test("tunnels are spread over the hosts, and share nothing but the address of their host", () => {
  const tunnels = tunnelsOn(["10.99.0.11", "10.99.0.12"], 1000, 64);
  expect(tunnels.filter(({ host, local }) => host === 1 && local === "10.99.0.12")).toHaveLength(500);
  const different = (of: (tunnel: Tunnel) => string | undefined) => new Set(tunnels.map(of)).size;
  expect(different(({ name }) => name)).toBe(1000);
  expect(different(({ remote }) => remote)).toBe(1000);
  expect(different(({ destination }) => destination)).toBe(1000);
  // Each is the first of its network, so that networks differ where addresses do.
  for (const { addresses } of tunnels) {
    expect(addresses[0]).toMatch(/\.(1|17|33|49|65|81|97|113|129|145|161|177|193|209|225|241)\/28$/);
    expect(addresses[1]).toMatch(/^fd50::[0-9a-f]+:1\/112$/);
  }
  expect(different(({ addresses }) => addresses[0])).toBe(1000);
  expect(different(({ addresses }) => addresses[1])).toBe(1000);
});

/** record is one of version 2 of linux/acct.h, with nothing in it but what we read. */
function record(name: string, version = 2): Buffer {
  const bytes = Buffer.alloc(64);
  bytes[1] = version;
  bytes.write(name, 36, "latin1");
  return bytes;
}

test("accounting records tell what was started, and what the host does by itself is not counted", () => {
  const records = Buffer.concat(["sshd", "(udev-worker)", "ip", "kworker/0:1"].map((name) => record(name)));
  expect(programsIn(records)).toEqual(["sshd", "(udev-worker)", "ip", "kworker/0:1"]);
  expect(startedIn(records)).toBe(2);
  expect(() => startedIn(record("ip", 3))).toThrow("records of version 3");
});
