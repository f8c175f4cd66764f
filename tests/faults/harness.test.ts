import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { until } from "../../lab/wait";
import { textOf } from "./look";
import { PASSWORDS } from "./loopback-host";
import { LoopbackScene } from "./loopback-scene";
import { FaultProxy, randomFrom } from "./proxy";
import { type Result, tableOf, type Verdict } from "./results";
import { type Fault, Trial } from "./trial";

/** What finds faults must find them: a line that breaks where it was told to, and verdicts that can be bad. */

describe("the proxy", () => {
  let echo: Server;
  let proxy: FaultProxy;
  /** What reached the host. */
  let arrived: Buffer;

  beforeEach(async () => {
    arrived = Buffer.alloc(0);
    echo = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        arrived = Buffer.concat([arrived, chunk]);
        socket.write(chunk);
      });
    }).listen(0, "127.0.0.1");
    await once(echo, "listening");
    proxy = await FaultProxy.start((echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.stop();
    echo.close();
  });

  function client() {
    const socket = connect({ host: "127.0.0.1", port: proxy.port });
    const got = { text: "", ended: "" };
    socket.on("data", (chunk) => (got.text += String(chunk)));
    socket.on("error", (error: NodeJS.ErrnoException) => (got.ended ||= error.code ?? ""));
    socket.on("close", () => (got.ended ||= "closed"));
    return { socket, got };
  }
  const soon = (what: string, is: () => boolean) => until(() => is() || undefined, { for: what, seconds: 5 });

  test.each([
    ["reset", "ECONNRESET"],
    ["close", "closed"],
  ] as const)("lets just k bytes through to the host before a %s", async (by, ended) => {
    proxy.breaks({ way: "to the host", after: 5, by });
    const { socket, got } = client();
    socket.write("0123456789");
    await soon("the end", () => got.ended !== "");
    expect([arrived.toString(), got.ended, proxy.met]).toEqual(["01234", ended, 1]);
  });

  test("lets just k bytes through from the host, counted over several pieces", async () => {
    proxy.breaks({ way: "from the host", after: 7, by: "reset" });
    const { socket, got } = client();
    socket.write("0123");
    await soon("the first piece", () => got.text === "0123");
    socket.write("456789");
    await soon("the end", () => got.ended !== "");
    expect(got.text).toBe("0123456");
  });

  test("takes no connection after a cut for good, until it is mended", async () => {
    proxy.breaks({ way: "to the host", after: 0, by: "reset", forGood: true });
    const { got } = client();
    await soon("the reset", () => got.ended === "ECONNRESET");
    await proxy.mends();
    const { socket, got: later } = client();
    socket.write("x");
    await soon("the echo", () => later.text === "x");
  });

  test("holds what comes, and lets it go in order", async () => {
    proxy.breaks({ way: "to the host", after: 3, by: "hold" });
    const { socket, got } = client();
    socket.write("0123456789");
    await soon("the first bytes", () => got.text === "" && arrived.toString() === "012");
    socket.end("abc");
    proxy.thaws();
    await soon("the rest", () => arrived.toString() === "0123456789abc");
  });

  test("refuses connections, and takes them again at the same port", async () => {
    const { port } = proxy;
    await proxy.refuses();
    const { got } = client();
    await soon("the refusal", () => got.ended === "ECONNREFUSED");
    await proxy.mends();
    expect(proxy.port).toBe(port);
    const { socket, got: later } = client();
    socket.write("x");
    await soon("the echo", () => later.text === "x");
  });

  test("delays what comes, and keeps its order", async () => {
    proxy.slows({ delayMs: 20, lossPercent: 50, seed: 7 });
    const { socket, got } = client();
    for (const piece of ["a", "b", "c", "d"]) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await soon("all of it", () => got.text === "abcd");
  });
});

test("chance is the same each time for the same seed", () => {
  const drawn = (seed: number) => Array.from({ length: 5 }, randomFrom(seed));
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
});

describe("a verdict", () => {
  async function verdictOn(begin: Fault<LoopbackScene>["begin"]): Promise<Verdict> {
    const scene = await LoopbackScene.open("key");
    try {
      const empty = textOf(await scene.look());
      const fault: Fault<LoopbackScene> = { id: "it", kind: "it", operation: "create", begin };
      const lengths = { "to the host": 0, "from the host": 0, commands: 0, listings: 0 };
      return await new Trial(scene, "create", "dynamic").meets(fault, lengths, { empty, after: "unknown" });
    } finally {
      await scene.close();
    }
  }
  const afterwards = (cure: (scene: LoopbackScene) => void) => (scene: LoopbackScene) => ({
    struck: () => true,
    cure: () => cure(scene),
  });

  test("names an object of ours that no state knows", async () => {
    const { orphans } = await verdictOn(
      afterwards(({ host }) => {
        host.byHand("ip link add name stray type dummy");
        host.byHand("ip link set dev stray alias pulumi:faults/test/stray");
      }),
    );
    expect(orphans[0]).toBe("after the fault: nobody knows of device  stray");
    expect(orphans.at(-1)).toContain('after the destroy: too much : ["stray"');
  });

  test("names what a state says and the host does not", async () => {
    const { lies } = await verdictOn(
      afterwards(({ host }) => {
        host.byHand("ip link set dev t2 down");
        host.byHand("ip link delete dev t3");
      }),
    );
    expect(lies).toEqual([
      "after the fault: outer: up: the state says true, the host false",
      "after the fault: lone is in the state and not on the host",
    ]);
  });

  test("names a host that is not as the program says", async () => {
    const { wrong } = await verdictOn(afterwards(() => undefined));
    expect(wrong[0]).toBe("on the host after the up: missing unknown");
    expect(wrong).toContain("on the host after the up: too much namespace blue");
  });

  test("names a place where a secret is seen", async () => {
    const { secrets } = await verdictOn(afterwards((scene) => scene.hear(`oh ${PASSWORDS.become}`)));
    expect(secrets).toEqual(["a secret is in what the provider printed or wrote down"]);
  });
});

test("the table counts by kind and host, with a line for all", () => {
  const good = { met: true, failed: 1, wrong: [], lies: [], orphans: [], secrets: [] };
  const results: Result[] = [
    { id: "1", kind: "a", host: "h", ...good },
    { id: "2", kind: "a", host: "h", ...good, met: false, failed: 0, lies: ["one"] },
    { id: "3", kind: "b", host: "h", ...good, orphans: ["one", "two"] },
  ];
  expect(tableOf(results).split("\n").slice(2)).toEqual([
    "| a     | h    |      2 |      1 |      1 |         2 |       0 |    1 |       0 |",
    "| b     | h    |      1 |      1 |      1 |         1 |       1 |    0 |       0 |",
    "| all   |      |      3 |      2 |      2 |         3 |       1 |    1 |       0 |",
  ]);
});
