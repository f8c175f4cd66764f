import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../lab/wait";
import { ConnectionLost } from "../../provider/errors";
import { hostFor } from "../../provider/host/session";
import { type ServerOptions, SshServer } from "../support/ssh-server";
import { scratch } from "./scratch";

/** Connections of which there are too many, and those that have gone silent. */

const ask = (...argv: string[]) => ({ steps: [], queries: [{ argv }] });
const answered = { answers: [{ code: 0, stdout: "here\n", stderr: "" }] };

let server: SshServer;
const start = async (options: ServerOptions = {}) => {
  server = await SshServer.start(options);
};
afterEach(async () => {
  delete process.env.PULUMI_IPIP_MAX_CONNECTIONS;
  await server.stop();
});

/** Each user has a session of its own, as each host would. */
const as = (user: string, changes: Record<string, unknown> = {}) =>
  hostFor(server.connection({ user, ...changes }));
const users = (count: number) => Array.from({ length: count }, (_, index) => `user${index}`);

describe("how many hosts are connected", () => {
  test("is limited, and those that are done make room for those that wait", async () => {
    process.env.PULUMI_IPIP_MAX_CONNECTIONS = "2";
    await start();
    const outcomes = await Promise.all(users(6).map((user) => as(user).exchange(ask("echo", "here"))));
    expect(outcomes).toEqual(users(6).map(() => answered));
    expect(server.connections).toBe(6);
    await until(() => server.open <= 2 || undefined, { for: "connections to close", seconds: 20 });
    // One that has made room is connected again when there is work for it.
    expect(await as("user0").exchange(ask("echo", "here"))).toEqual(answered);
  });

  test("keeps others waiting while all are at work, and never takes a connection from one that is", async () => {
    process.env.PULUMI_IPIP_MAX_CONNECTIONS = "1";
    await start();
    const fifo = join(scratch(), "fifo");
    execFileSync("mkfifo", [fifo]);
    const working = as("first").exchange({ steps: [{ argv: ["cat", fifo] }], queries: [] });
    await until(() => server.input.includes("fifo") || undefined, { for: "the program to run", seconds: 20 });
    const waiting = as("second").exchange(ask("echo", "here"));
    await expect(as("third", { operationTimeout: 0.5 }).exchange(ask("true"))).rejects.toThrow(
      "nothing could be sent within 0.5 s: others are connected, as many as PULUMI_IPIP_MAX_CONNECTIONS allows (1)",
    );
    expect(server.connections).toBe(1);
    writeFileSync(fifo, "");
    await expect(working).resolves.toEqual({ answers: [] });
    expect(await waiting).toEqual(answered);
    expect(server.connections).toBe(2);
  });

  test("is no word that is no number", async () => {
    process.env.PULUMI_IPIP_MAX_CONNECTIONS = "many";
    await start();
    await expect(as("someone").exchange(ask("true"))).rejects.toThrow(
      'PULUMI_IPIP_MAX_CONNECTIONS is "many"\nSet it to a number of hosts, 1 or more',
    );
  });
});

test("no more connections are made to one machine at once than its sshd puts up with", async () => {
  await start();
  const outcomes = await Promise.all(users(24).map((user) => as(user).exchange(ask("echo", "here"))));
  expect(outcomes).toEqual(users(24).map(() => answered));
  expect(server.mostOpening).toBeGreaterThan(1);
  expect(server.mostOpening).toBeLessThanOrEqual(8);
});

describe("a host that works for long", () => {
  const often = { keepAliveInterval: 0.05, keepAliveErrorLimit: 2 };

  test("and answers in between keeps its connection", async () => {
    await start();
    const outcome = await as("root", often).exchange({ steps: [{ argv: ["sleep", "1"] }], queries: [] });
    expect(outcome).toEqual({ answers: [] });
    expect(server.connections).toBe(1);
  });

  test("and froze is noticed long before the operation's time is over", async () => {
    await start();
    const { exchange } = as("root", often);
    const frozen = exchange({ steps: [{ argv: ["sleep", "60"] }], queries: [] }).catch(
      (error: unknown) => error,
    );
    await until(() => server.input.includes("sleep") || undefined, {
      for: "the program to run",
      seconds: 20,
    });
    server.freeze();
    const error = await frozen;
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(String(error)).toContain("the host has been silent for 0.1 s");
    expect(await exchange(ask("echo", "here"))).toEqual(answered);
  });
});
