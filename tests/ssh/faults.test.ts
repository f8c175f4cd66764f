import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { ConnectionLost, HostUnreachable } from "../../provider/errors";
import type { Command, Work } from "../../provider/host/host";
import { preamble, runOf, runsOf, scriptOf } from "../../provider/host/script";
import { hostFor } from "../../provider/host/session";
import { type ServerOptions, SshServer } from "../support/ssh-server";
import { type FakeIp, fakeIp } from "./fake-ip";
import { scratch } from "./scratch";

const ip = (...words: string[]): Command => ({ argv: ["ip", ...words] });
const ask = (...argv: string[]): Work => ({ steps: [], queries: [{ argv }] });
const echo = ask("echo", "here");
const answered = { answers: [{ code: 0, stdout: "here\n", stderr: "" }] };

/** An operation of three processes, one of them a batch, and a question. */
const WORK: Work = {
  steps: [
    ip("netns", "add", "n"),
    ip("link", "add", "a"),
    ip("link", "set", "a", "up"),
    ip("netns", "set", "n", "1"),
  ],
  queries: [ip("-json", "link", "show")],
};
const WHOLE = [
  "[netns][add][n]",
  "batch -brief -batch -",
  "link add a",
  "link set a up",
  "[netns][set][n][1]",
];
const ASKED = ["[-json][link][show]"];

/** What it did beside starting the `ip` of each log-in. */
const done = (fake: FakeIp) => fake.log().filter((line) => line !== "batch -json -details -Numeric -batch -");

let server: SshServer;
afterEach(async () => {
  jest.useRealTimers();
  await server.stop();
});

const ADD: Work = { steps: [ip("link", "add", "b")], queries: [] };

const turn = () => new Promise((resolve) => setImmediate(resolve));
const failureOf = (outcome: Promise<unknown>) =>
  outcome.then(
    () => undefined,
    (error: unknown) => error,
  );

async function start(options: ServerOptions = {}) {
  server = await SshServer.start(options);
}
const host = (changes: Record<string, unknown> = {}) => hostFor(server.connection(changes));

describe.each(["/bin/dash", "/bin/bash"])("a script cut off after any of its bytes", (shell) => {
  beforeEach(() => start());

  test(`is not begun by ${shell}`, () => {
    const fake = fakeIp();
    const operations = [runsOf(WORK.steps), runsOf([ip("link", "add", "b")])];
    const script = preamble("0123456789abcdef") + scriptOf(operations, WORK.queries.map(runOf));
    const env = { ...process.env, PATH: `${fake.bin}:${process.env.PATH}` };
    // What follows the closing brace is only the end of its line.
    const last = script.lastIndexOf("}");
    for (let bytes = 0; bytes <= last; bytes++) {
      spawnSync(shell, { input: script.slice(0, bytes), env, argv0: "sh" });
      if (fake.log().length > 0)
        throw new Error(`after ${bytes} of ${script.length} bytes: ${fake.log().join(" ")}`);
    }
    spawnSync(shell, { input: script, env, argv0: "sh" });
    expect(fake.log()).toEqual([...WHOLE, "[link][add][b]", ...ASKED]);
  });
});

test("wherever the connection breaks on the way to the host, all steps are done or none", async () => {
  const fake = fakeIp();
  await start({ bin: fake.bin });
  // What the first exchange of a session brings to the host is as long each time.
  await host().exchange(WORK);
  const { length } = server.input;
  for (let bytes = 1; bytes < length; bytes += 17) {
    server.faults.cutInput = bytes;
    const error = await failureOf(host({ user: `user${bytes}` }).exchange(WORK));
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(done(fake)).toEqual([...WHOLE, ...ASKED]);
  }
  await host().exchange(WORK);
  expect(done(fake)).toEqual([...WHOLE, ...ASKED, ...WHOLE, ...ASKED]);
}, 60_000);

test("wherever the connection breaks on the way back, the answer is whole or there is none", async () => {
  await start();
  const work = { steps: [{ argv: ["true"] }], queries: [{ argv: ["printf", "%s", "x".repeat(200)] }] };
  const seen = { whole: 0, lost: 0 };
  for (let bytes = 1, cut = true; cut; bytes += 13) {
    server.faults.cutOutput = bytes;
    const outcome = await host({ user: `user${bytes}` })
      .exchange(work)
      .catch((error: unknown) => error);
    cut = server.faults.cutOutput === undefined;
    if (outcome instanceof ConnectionLost) seen.lost++;
    else {
      // What breaks before anything is sent is opened once more.
      expect(outcome).toEqual({ answers: [{ code: 0, stdout: "x".repeat(200), stderr: "" }] });
      seen.whole++;
    }
  }
  expect(seen.whole).toBeGreaterThan(3);
  expect(seen.lost).toBeGreaterThan(10);
}, 60_000);

test("a break tells every call whose steps were sent, and what was not sent travels over a new connection", async () => {
  await start({ bin: fakeIp().bin });
  await host().exchange(echo);
  server.faults.mute = true;
  const alone: Work = { steps: [ip("netns", "add", "b")], queries: [] };
  const calls = [WORK, alone].map((work) => failureOf(host().exchange(work)));
  while (!server.input.toString().includes("netns set")) await turn();
  const later = host().exchange(echo);
  server.drop();
  server.faults.mute = false;
  const [first, second] = await Promise.all(calls);
  expect(first).toBeInstanceOf(ConnectionLost);
  expect(String(first)).toContain("while running: ip netns add n (and 3 more)");
  expect(second).toBeInstanceOf(ConnectionLost);
  expect(String(second)).toContain("while running: ip netns add b");
  expect(await later).toEqual(answered);
  expect(server.connections).toBe(2);
});

test("a break while the long-lived ip is at work tells only those whose steps it had", async () => {
  const fake = fakeIp();
  await start({ bin: fake.bin });
  await host().exchange(echo);
  server.faults.mute = true;
  const told = failureOf(host().exchange(ADD));
  const scripted = host().exchange(WORK);
  while (!server.input.toString().includes("link add b")) await turn();
  server.drop();
  server.faults.mute = false;
  const error = await told;
  expect(error).toBeInstanceOf(ConnectionLost);
  expect(String(error)).toContain("while running: ip link add b");
  expect((await scripted).failure).toBeUndefined();
  expect(fake.log().filter((line) => line === "link add b")).toHaveLength(1);
  expect(fake.log().filter((line) => line === "[netns][add][n]")).toHaveLength(1);
});

test("a script that has arrived is carried out to its end, although the connection breaks meanwhile", async () => {
  const gate = join(scratch(), "fifo");
  execFileSync("mkfifo", [gate]);
  const fake = fakeIp({ '"netns add wait"': `cat '${gate}'` });
  await start({ bin: fake.bin });
  const steps = [ip("netns", "add", "wait"), ip("netns", "add", "go")];
  const lost = failureOf(host().exchange({ steps, queries: [] }));
  // Opening for writing waits until the host reads.
  const writer = await open(gate, "w");
  server.drop();
  expect(await lost).toBeInstanceOf(ConnectionLost);
  expect(done(fake)).toEqual(["[netns][add][wait]"]);
  await writer.close();
  while (done(fake).length < 2) await turn();
  expect(done(fake)).toEqual(["[netns][add][wait]", "[netns][add][go]"]);
});

test("a connection without work is closed after a while, and opened again for more", async () => {
  await start();
  jest.useFakeTimers({
    doNotFake: ["setImmediate", "nextTick", "queueMicrotask", "performance", "hrtime", "Date"],
  });
  await host().exchange(echo);
  jest.advanceTimersByTime(59_000);
  await host().exchange(echo);
  jest.advanceTimersByTime(59_000);
  expect(server.open).toBe(1);
  jest.advanceTimersByTime(1_000);
  jest.useRealTimers();
  while (server.open > 0) await turn();
  expect(await host().exchange(echo)).toEqual(answered);
  expect(server.connections).toBe(2);
});

test("a connection that the host closes between two calls is opened again", async () => {
  await start();
  await host().exchange(echo);
  server.drop();
  expect(await host().exchange(echo)).toEqual(answered);
  expect(server.connections).toBe(2);
});

test("a question whose answer was lost is asked once more", async () => {
  await start();
  await host().exchange(echo);
  server.faults.cutOutput = 1;
  expect(await host().exchange(echo)).toEqual(answered);
  expect(server.connections).toBe(2);
});

test("a question that ends the shell is asked twice, not for ever, and the next call has a new shell", async () => {
  await start();
  // $PPID of the program is the host's shell.
  const error = await failureOf(host().exchange(ask("sh", "-c", "kill -9 $PPID")));
  expect(error).toBeInstanceOf(ConnectionLost);
  expect(String(error)).toContain("the shell on the host ended");
  expect(server.connections).toBe(2);
  expect(await host().exchange(echo)).toEqual(answered);
});

test("a channel that is closed between two calls is opened again", async () => {
  await start();
  await host().exchange(echo);
  server.closeChannels();
  expect(await host().exchange(echo)).toEqual(answered);
});

test("an exchange that is not answered in time is lost, with all steps that were sent in it", async () => {
  await start({ bin: fakeIp().bin });
  await host().exchange(echo);
  server.faults.mute = true;
  const calls = [host({ operationTimeout: 1 }), host()].map((each) => failureOf(each.exchange(ADD)));
  for (const error of await Promise.all(calls)) {
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(String(error)).toContain("there was no answer within 1 s");
  }
  server.faults.mute = false;
  expect(await host().exchange(echo)).toEqual(answered);
});

test("a call that could not be sent in time says so, and never is sent", async () => {
  await start({ bin: fakeIp().bin });
  await host().exchange(echo);
  server.faults.mute = true;
  const sent = failureOf(host({ operationTimeout: 2 }).exchange(ADD));
  while (!server.input.toString().includes("add b")) await turn();
  const error = await failureOf(host({ operationTimeout: 0.2 }).exchange(WORK));
  expect(error).toBeInstanceOf(HostUnreachable);
  expect(String(error)).toContain(
    "nothing could be sent within 0.2 s: the host was still busy with earlier work",
  );
  expect(await sent).toBeInstanceOf(ConnectionLost);
  expect(server.input.toString()).not.toContain("netns");
});

test("a call whose time is over before its turn in an exchange comes is not sent in a later one", async () => {
  const fake = fakeIp();
  await start({ bin: fake.bin });
  await host().exchange(echo);
  server.faults.mute = true;
  const veth: Work = { steps: [ip("link", "delete", "dev", "v", "type", "veth")], queries: [] };
  const late = failureOf(host({ operationTimeout: 0.3 }).exchange(veth));
  const sent = failureOf(host().exchange(ADD));
  const error = await late;
  expect(error).toBeInstanceOf(HostUnreachable);
  expect(String(error)).toContain("nothing could be sent within 0.3 s");
  expect(await sent).toBeInstanceOf(ConnectionLost);
  server.faults.mute = false;
  expect(await host().exchange(echo)).toEqual(answered);
  expect(fake.log().join()).not.toContain("veth");
});

test("a host that answers with far too much is cut off", async () => {
  await start();
  await expect(host().exchange(ask("head", "-c", "70000000", "/dev/zero"))).rejects.toThrow(
    /more than 64 MB/,
  );
  expect(await host().exchange(echo)).toEqual(answered);
});

test("a large answer from a slow host arrives whole", async () => {
  await start();
  server.faults.delay = 2;
  const { answers } = await host().exchange(ask("seq", "1", "40000"));
  expect(answers[0]?.stdout.split("\n").length).toBe(40_001);
});

test("what a login shell prints is no answer, whatever it looks like", async () => {
  const noise = 'motd\nhello\n{"a":1}\nk 0\n0123456789abcdef end\n';
  await start({ noise: { stdout: noise, stderr: noise } });
  expect(await host().exchange(echo)).toEqual(answered);
});

test("a login shell that shows what it runs does not confuse the answers", async () => {
  await start({ trace: true });
  expect(await host().exchange(echo)).toEqual(answered);
});

test("a process with a connection at rest ends by itself", async () => {
  await start();
  const program = join(__dirname, "one-exchange.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(server.connection()));
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += String(chunk);
  });
  const [code, signal] = await once(child, "exit");
  expect({ code, signal, said }).toEqual({ code: 0, signal: null, said: "here\n" });
});

describe("a machine that accepts connections and says nothing", () => {
  let silent: Server;
  beforeEach(async () => {
    await start();
    silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
  });
  afterEach(() => silent.close());

  test("is given up after the attempts that were asked for", async () => {
    const { port } = silent.address() as { port: number };
    const error = await failureOf(host({ port, perDialTimeout: 0.1, dialErrorLimit: 2 }).exchange(echo));
    expect(error).toBeInstanceOf(HostUnreachable);
    expect(String(error)).toMatch(/there was no answer within 0.1 s \(2 tries in \d+ s\)\nIs the machine up/);
  });

  test("is given up when the operation's time is over, although attempts are left", async () => {
    const { port } = silent.address() as { port: number };
    const limits = { perDialTimeout: 0.1, dialErrorLimit: -1, operationTimeout: 1 };
    const error = await failureOf(host({ port, ...limits }).exchange(echo));
    expect(error).toBeInstanceOf(HostUnreachable);
    expect(String(error)).toContain("nothing could be sent within 1 s: there was no answer within 0.1 s");
  });
});
