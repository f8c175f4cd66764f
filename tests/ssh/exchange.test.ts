import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Command, Work } from "../../provider/host/host";
import { hostFor } from "../../provider/host/session";
import { ed25519, type ServerOptions, SshServer } from "../support/ssh-server";
import { addProgram, fakeIp } from "./fake-ip";
import { scratch } from "./scratch";
import { SHELLS } from "./shells";

const ip = (...words: string[]): Command => ({ argv: ["ip", ...words] });
/** The `ip` that lives long, of which each log-in starts one. */
const LIVING = "batch -json -details -Numeric -batch -";
const steps = (...commands: Command[]): Work => ({ steps: commands, queries: [] });
const queries = (...commands: Command[]): Work => ({ steps: [], queries: commands });

let server: SshServer;
afterEach(() => server.stop());

async function start(options: ServerOptions) {
  server = await SshServer.start(options);
  return hostFor(server.connection());
}

/** How many scripts the host was sent. */
const scripts = () => server.input.toString().match(/^\{$/gm)?.length;

describe.each(SHELLS)("with %s as the host's shell", (_name, shell) => {
  test("a query answers with its exit code and both its outputs, byte by byte", async () => {
    const host = await start({ shell });
    const talk: Command = { argv: ["sh", "-c", "printf 'out, no line end'; printf 'err\\n' >&2; exit 7"] };
    const { answers } = await host.exchange(queries(talk, { argv: ["true"] }));
    expect(answers).toEqual([
      { code: 7, stdout: "out, no line end", stderr: "err\n" },
      { code: 0, stdout: "", stderr: "" },
    ]);
  });

  test("the first step that fails ends its own list, and is named", async () => {
    const fake = fakeIp({ '"addr add bad"*': "echo refused >&2; return 2" });
    const host = await start({ shell, bin: fake.bin });
    const bad = ip("addr", "add", "bad");
    const mkdir = { argv: ["true"] };
    const outcome = await host.exchange(
      steps(ip("link", "add", "a"), bad, ip("link", "set", "a", "up"), mkdir),
    );
    expect(outcome.failure).toEqual({ step: bad, answer: { code: 2, stdout: "", stderr: "refused\n" } });
    expect(fake.log()).toEqual([LIVING, "batch -brief -batch -", "link add a", "addr add bad"]);
  });

  test("a step that makes ip exit without naming its line is named all the same", async () => {
    const fake = fakeIp({ '"route add"*': 'echo "Error: argument is wrong" >&2; exit 255' });
    const host = await start({ shell, bin: fake.bin });
    const bad = ip("route", "add", "x");
    const { failure } = await host.exchange(
      steps(ip("link", "add", "a"), ip("link", "add", "b"), bad, ip("link", "add", "c")),
    );
    expect(failure).toEqual({
      step: bad,
      answer: { code: 255, stdout: "", stderr: "Error: argument is wrong\n" },
    });
  });

  test("a step during which ip is killed is named", async () => {
    const fake = fakeIp({ '"link add b"': "kill -9 $$" });
    const host = await start({ shell, bin: fake.bin });
    const killed = ip("link", "add", "b");
    const { failure } = await host.exchange(steps(ip("link", "add", "a"), killed, ip("link", "add", "c")));
    expect(failure).toMatchObject({ step: killed, answer: { code: 137 } });
  });

  test("consecutive ip steps of one namespace share a LIVING, others do not", async () => {
    const fake = fakeIp();
    const host = await start({ shell, bin: fake.bin });
    const inside = (...words: string[]): Command => ({ argv: ["ip", ...words], netns: "host 1" });
    const outcome = await host.exchange(
      steps(
        ip("netns", "add", "host 1"),
        inside("link", "set", "lo", "up"),
        inside("link", "add", "t"),
        ip("-6", "route", "add", "a"),
        ip("-6", "route", "add", "b"),
        ip("link", "set", "a"),
        ip("link", "set", "a", "alias", "has # in it"),
      ),
    );
    expect(outcome).toEqual({ answers: [] });
    expect(fake.log()).toEqual([
      LIVING,
      "[netns][add][host 1]",
      "batch -n host 1 -brief -batch -",
      "link set lo up",
      "link add t",
      "batch -6 -brief -batch -",
      "route add a",
      "route add b",
      "[link][set][a]",
      "[link][set][a][alias][has # in it]",
    ]);
  });

  test("other programs run in a namespace through ip netns exec, with what they read", async () => {
    const fake = fakeIp({ '"netns exec"*': "cat" });
    const host = await start({ shell, bin: fake.bin });
    const text = "1\n$(false) `false` 'x' \\\nEOF";
    const { answers } = await host.exchange(
      queries({ argv: ["tee", "/proc/sys/a b"], netns: "n", stdin: text }),
    );
    expect(fake.log()).toEqual([LIVING, "[netns][exec][n][tee][/proc/sys/a b]"]);
    expect(answers).toEqual([{ code: 0, stdout: `${text}\n`, stderr: "" }]);
  });

  test("a program that reads its input to the end does not read the script", async () => {
    const host = await start({ shell });
    const { answers } = await host.exchange(queries({ argv: ["cat"] }, { argv: ["echo", "still here"] }));
    expect(answers.map(({ stdout }) => stdout)).toEqual(["", "still here\n"]);
  });

  test("of calls made together each fails alone", async () => {
    const fake = fakeIp({ "*bad*": "return 2" });
    const host = await start({ shell, bin: fake.bin });
    const calls = ["one", "bad", "two"].map((name) =>
      host.exchange({
        steps: [ip("netns", "add", name), ip("netns", "exec", `after-${name}`)],
        queries: [ip("netns")],
      }),
    );
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ failure }) => failure?.step.argv.join(" "))).toEqual([
      undefined,
      "ip netns add bad",
      undefined,
    ]);
    expect(outcomes.map(({ answers }) => answers.length)).toEqual([1, 1, 1]);
    expect(fake.log()).toEqual([
      LIVING,
      "[netns][add][one]",
      "[netns][exec][after-one]",
      "[netns][add][bad]",
      "[netns][add][two]",
      "[netns][exec][after-two]",
      "[netns]",
    ]);
    expect(scripts()).toBe(1);
  });

  test("calls that arrive while a script is under way travel together in the next, and ask each question once", async () => {
    const fake = fakeIp({ '"link show"': 'echo "links"' });
    const host = await start({ shell, bin: fake.bin });
    const gate = join(scratch(), "fifo");
    execFileSync("mkfifo", [gate]);
    const first = host.exchange(queries({ argv: ["cat", gate] }));
    // Opening for writing waits until the host reads, so that the first script is surely under way.
    const writer = await open(gate, "w");
    const others = Array.from({ length: 20 }, () => host.exchange(queries(ip("link", "show"))));
    await writer.writeFile("go");
    await writer.close();
    expect((await first).answers[0]?.stdout).toBe("go");
    const answers = (await Promise.all(others)).flatMap((outcome) => outcome.answers);
    expect(answers).toEqual(Array(20).fill({ code: 0, stdout: "links\n", stderr: "" }));
    expect(fake.log()).toEqual([LIVING, "[link][show]"]);
    expect(scripts()).toBe(2);
  });

  test("a question is answered after every step that was sent with it, also those of calls made later", async () => {
    const host = await start({ shell });
    const file = join(scratch(), "file");
    const asked = host.exchange(queries({ argv: ["cat", file] }));
    const written = host.exchange(steps({ argv: ["tee", file], stdin: "written\n" }));
    expect((await asked).answers[0]?.stdout).toBe("written\n");
    await written;
    expect(readFileSync(file, "utf8")).toBe("written\n");
  });
});

describe.each(["/usr/bin/fish", "/usr/bin/zsh", "/bin/bash"])("with %s as the user's shell", (login) => {
  test("scripts and the long-lived ip do what they are told", async () => {
    const fake = fakeIp({
      '"address show"': `echo '[{"ifname":"lo"}]'`,
      '"link set bad"': "echo refused >&2; return 2",
    });
    const host = await start({ login, bin: fake.bin });
    const { failure, answers } = await host.exchange({
      steps: [ip("link", "set", "good"), ip("link", "set", "bad")],
      queries: [ip("-json", "-details", "address", "show"), { argv: ["echo", `it's "$HOME" \\ !`] }],
    });
    expect(failure).toMatchObject({ step: ip("link", "set", "bad"), answer: { stderr: "refused\n" } });
    expect(answers.map(({ stdout }) => stdout)).toEqual(['[{"ifname":"lo"}]\n', `it's "$HOME" \\ !\n`]);
  });
});

test("a character split over packets arrives whole", async () => {
  const host = await start({});
  server.faults.chunk = 1;
  const word = "ümlaut 網路 🙂";
  const { answers } = await host.exchange(queries({ argv: ["printf", "%s", word] }));
  expect(answers[0]?.stdout).toBe(word);
});

test("one connection serves all who name the same host with the same credentials, whatever their patience", async () => {
  server = await SshServer.start();
  const connections = [{}, { operationTimeout: 20 }, { dialErrorLimit: 2 }].map((other) =>
    server.connection(other),
  );
  await Promise.all(
    connections.map((connection) => hostFor(connection).exchange(queries({ argv: ["true"] }))),
  );
  expect(server.connections).toBe(1);
});

test("another user is another session", async () => {
  server = await SshServer.start();
  for (const user of ["root", "admin"])
    await hostFor(server.connection({ user })).exchange(queries({ argv: ["true"] }));
  expect(server.connections).toBe(2);
});

test("nothing to do opens no connection", async () => {
  const host = await start({});
  expect(await host.exchange({ steps: [], queries: [] })).toEqual({ answers: [] });
  expect(server.connections).toBe(0);
});

test("a command that can't be written down fails alone, before anything is sent", async () => {
  const host = await start({});
  const bad = host.exchange(queries({ argv: ["echo", "a\0b"] }));
  const good = host.exchange(queries({ argv: ["echo", "b"] }));
  await expect(bad).rejects.toThrow("NUL");
  const within = { argv: ["ip", "link", "set", "lo", "up"], netns: "a\0b" };
  await expect(host.exchange(steps(within, within))).rejects.toThrow("NUL");
  expect((await good).answers[0]?.stdout).toBe("b\n");
});

describe("reads that come in a burst", () => {
  const listing = ip("-json", "-details", "address", "show");
  const read: Work = { steps: [], queries: [listing], recent: true };
  const asked = (fake: { log(): string[] }) => fake.log().filter((line) => line === "address show").length;

  test("share one look, also those that come when the first are answered", async () => {
    const fake = fakeIp({ '"address show"': `echo '[{"ifname":"lo"}]'` });
    const host = await start({ bin: fake.bin });
    const reader = async () => {
      const outcomes = [];
      for (let index = 0; index < 20; index++) outcomes.push(await host.exchange(read));
      return outcomes;
    };
    const answers = (await Promise.all([reader(), reader(), reader()])).flat();
    expect(answers.every((outcome) => outcome.answers[0]?.stdout === '[{"ifname":"lo"}]\n')).toBe(true);
    // A machine that is busy elsewhere may well let a burst end.
    expect(asked(fake)).toBeLessThan(10);
  });

  test("are not told what was seen before a change, of whichever session, or of one that failed", async () => {
    const fake = fakeIp({ '"address show"': `echo '[{"ifname":"lo"}]'`, '"link set bad"': "return 2" });
    const host = await start({ bin: fake.bin });
    const other = hostFor(server.connection({ user: "other" }));
    await other.exchange(queries({ argv: ["true"] }));
    for (const [index, change] of [
      host.exchange.bind(host, steps(ip("link", "set", "a"))),
      host.exchange.bind(host, steps(ip("link", "set", "bad"))),
      other.exchange.bind(other, steps(ip("netns", "add", "n"))),
    ].entries()) {
      await Promise.all([host.exchange(read), host.exchange(read)]);
      const before = asked(fake);
      await change();
      await host.exchange(read);
      expect([index, asked(fake)]).toEqual([index, before + 1]);
    }
  });

  test("see the host anew each time when they come alone, or do not ask for what is recent", async () => {
    const fake = fakeIp({ '"address show"': `echo '[{"ifname":"lo"}]'` });
    const host = await start({ bin: fake.bin });
    for (let index = 0; index < 3; index++) await host.exchange(read);
    expect(asked(fake)).toBe(3);
    await Promise.all([host.exchange(read), host.exchange(read)]);
    for (let index = 0; index < 3; index++) await host.exchange(queries(listing));
    expect(asked(fake)).toBe(7);
  });

  test("over another session are answered by the host itself", async () => {
    const fake = fakeIp({ '"address show"': `echo '[{"ifname":"lo"}]'` });
    const host = await start({ bin: fake.bin });
    await host.exchange(read);
    await expect(
      hostFor(server.connection({ privateKey: ed25519().private })).exchange(read),
    ).rejects.toThrow("root was refused");
  });
});

describe("the long-lived ip", () => {
  test("serves many exchanges, and goes on with the rest after a line that fails", async () => {
    const fake = fakeIp({ '"link set bad up"': "echo refused >&2; return 2" });
    const host = await start({ bin: fake.bin });
    const work = (dev: string) =>
      steps(ip("link", "add", dev), ip("link", "set", dev, "up"), ip("link", "set", dev));
    const outcomes = await Promise.all(["one", "bad", "two"].map((dev) => host.exchange(work(dev))));
    expect(outcomes.map(({ failure }) => failure)).toEqual([
      undefined,
      { step: ip("link", "set", "bad", "up"), answer: { code: 2, stdout: "", stderr: "refused\n" } },
      undefined,
    ]);
    const lines = ["one", "bad", "two"].flatMap((dev) => [
      `link add ${dev}`,
      `link set ${dev} up`,
      ...(dev === "bad" ? [] : [`link set ${dev}`]),
    ]);
    expect(fake.log()).toEqual([LIVING, ...lines.slice(0, 5), LIVING, ...lines.slice(5)]);
  });

  test("is another one after a script has changed something, for which names stand for other devices then", async () => {
    const fake = fakeIp();
    const host = await start({ bin: fake.bin });
    await host.exchange(steps(ip("link", "set", "a")));
    await host.exchange(steps(ip("link", "delete", "dev", "v", "type", "veth")));
    await host.exchange(steps(ip("link", "set", "b")));
    expect(fake.log()).toEqual([
      LIVING,
      "link set a",
      "[link][delete][dev][v][type][veth]",
      // What ends a batch.
      "end",
      LIVING,
      "link set b",
    ]);
  });
});

test("of a long-lived ip that is killed in the middle of a list no answer is taken for whole", async () => {
  const fake = fakeIp({ '"address show"': `printf '[{"ifname":"lo"'; kill -9 $$` });
  const host = await start({ bin: fake.bin });
  const { answers } = await host.exchange(queries(ip("-json", "-details", "address", "show")));
  expect(answers).toEqual([{ code: 137, stdout: "", stderr: "" }]);
  expect(await host.exchange(steps(ip("link", "set", "b")))).toEqual({ answers: [] });
  expect(server.connections).toBe(1);
});

describe("the long-lived ip that is killed while it has nothing to do", () => {
  // Its parent has told of it once it waits for the next line.
  const kill: Command = {
    argv: [
      "sh",
      "-c",
      'kill -9 $1; while test -e /proc/$1 || ! grep -q "^State:.S" /proc/$2/status; do :; done',
      "sh",
    ],
  };
  async function killed(): Promise<{ host: ReturnType<typeof hostFor>; fake: ReturnType<typeof fakeIp> }> {
    const pids = join(scratch(), "pids");
    const fake = fakeIp({ '"link set a"': `echo $$ $PPID >${pids}` });
    const host = await start({ bin: fake.bin });
    await host.exchange(steps(ip("link", "set", "a")));
    const { argv } = kill;
    const { answers } = await host.exchange(
      queries(
        { argv: [...argv, ...readFileSync(pids, "utf8").trim().split(" ")] },
        { argv: ["echo", "heard"] },
      ),
    );
    expect(answers).toEqual([
      { code: 0, stdout: "", stderr: "" },
      { code: 0, stdout: "heard\n", stderr: "" },
    ]);
    return { host, fake };
  }

  test("is in nobody's answer, and another one takes the next steps", async () => {
    const { host, fake } = await killed();
    expect(await host.exchange(steps(ip("link", "set", "b")))).toEqual({ answers: [] });
    expect(fake.log()).toEqual([LIVING, "link set a", LIVING, "link set b"]);
  });
});

describe("one process in a named namespace", () => {
  const inside = (...words: string[]): Command => ({ argv: ["ip", ...words], netns: "n 1" });
  const asking = inside("-json", "-details", "address", "show");
  const work = (dev: string): Work => ({
    steps: [inside("link", "add", dev), inside("link", "set", dev, "up")],
    queries: [asking],
  });
  const listing = { '*"address show"': `echo '[{"ifname":"lo"}]'` };
  const shared = "batch -n n 1 -json -details -Numeric -batch -";
  const lines = (dev: string) => [`link add ${dev}`, `link set ${dev} up`];

  test("serves all that is wanted there at the same time, and is gone afterwards", async () => {
    const fake = fakeIp(listing);
    const host = await start({ bin: fake.bin });
    const outcomes = await Promise.all(["a", "b"].map((dev) => host.exchange(work(dev))));
    const answer = { code: 0, stdout: '[{"ifname":"lo"}]\n', stderr: "" };
    expect(outcomes).toEqual([{ answers: [answer] }, { answers: [answer] }]);
    expect(fake.log()).toEqual([LIVING, shared, ...lines("a"), ...lines("b"), "address show"]);
    await host.exchange(work("c"));
    expect(fake.log().slice(7)).toEqual([shared, ...lines("c"), "address show"]);
  });

  test.each([
    ["fails", "echo refused >&2; return 2", { code: 2, stdout: "", stderr: "refused\n" }],
    ["kills it", "kill -9 $$", { code: 137 }],
  ])(
    "that a step %s leaves only that operation's rest undone, and no answer is older than a step",
    async (_, does, answer) => {
      const fake = fakeIp({ ...listing, '"link add b"': does });
      const host = await start({ bin: fake.bin });
      const outcomes = await Promise.all(["a", "b", "c"].map((dev) => host.exchange(work(dev))));
      expect(outcomes.map(({ failure }) => failure)).toEqual([
        undefined,
        expect.objectContaining({
          step: inside("link", "add", "b"),
          answer: expect.objectContaining(answer),
        }),
        undefined,
      ]);
      expect(fake.log()).toEqual([
        LIVING,
        shared,
        ...lines("a"),
        "link add b",
        "batch -n n 1 -brief -batch -",
        ...lines("c"),
        "[-n][n 1][-json][-details][address][show]",
      ]);
    },
  );

  test("that a question fails in leaves the others to be asked again", async () => {
    const fake = fakeIp({ ...listing, '"route show"': "echo 'no such table' >&2; return 2" });
    const host = await start({ bin: fake.bin });
    const routes = inside("-json", "-details", "route", "show");
    const { answers } = await host.exchange(queries(routes, asking));
    expect(answers).toEqual([
      { code: 2, stdout: "", stderr: "no such table\n" },
      { code: 0, stdout: '[{"ifname":"lo"}]\n', stderr: "" },
    ]);
  });

  test("that does not come about, for want of the namespace, is told of by each answer", async () => {
    const fake = fakeIp();
    const host = await start({ bin: fake.bin });
    await host.exchange(queries({ argv: ["true"] }));
    addProgram(fake.bin, "ip", `echo 'Cannot open network namespace "n 1"' >&2; exit 255`);
    const { answers } = await host.exchange(queries(asking, inside("-json", "-details", "route", "show")));
    const answer = { code: 255, stdout: "", stderr: 'Cannot open network namespace "n 1"\n' };
    expect(answers).toEqual([answer, answer]);
  });
});
