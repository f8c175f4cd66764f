import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locked, type Work } from "../../provider/host/host";
import { SshServer } from "../support/ssh-server";
import { scratch } from "./scratch";
import { SHELLS } from "./shells";

const run = (text: string): Work => ({ steps: [{ argv: ["sh", "-c", text] }], queries: [] });
const LOOK: Work = { steps: [], queries: [{ argv: ["echo", "seen"] }] };

const servers: SshServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** An engine has modules of its own, so another owner of locks, and a way of its own to the same host. */
async function engine(
  place: { readonly lockDir: string; readonly shell?: string },
  connection: Parameters<SshServer["connection"]>[0] = {},
) {
  const server = await SshServer.start(place);
  servers.push(server);
  const { hostFor } = modulesOfItsOwn();
  const host = hostFor(server.connection(connection));
  return { server, host, changing: locked(host, "pulumi:net/dev/tun0") };
}

function modulesOfItsOwn(): typeof import("../../provider/host/session") {
  let modules: typeof import("../../provider/host/session") | undefined;
  jest.isolateModules(() => {
    modules = require("../../provider/host/session");
  });
  if (modules === undefined) throw new Error("no modules");
  return modules;
}

/** A change that goes on until it is let go, and writes down when it begins and ends. */
function longChange() {
  const folder = scratch();
  const [gate, log] = [join(folder, "gate"), join(folder, "log")];
  return {
    work: run(
      `echo "one begins" >>${log}; while [ ! -e ${gate} ]; do sleep 0.05; done; echo "one ends" >>${log}`,
    ),
    /** One that writes down that it was made. */
    another: run(`echo another >>${log}`),
    log: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []),
    begun: async () => {
      while (!existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    letGo: () => writeFileSync(gate, ""),
  };
}

const holds = (lockDir: string) => readdirSync(lockDir).filter((name) => name.startsWith("hold."));

describe.each(SHELLS)("with %s as the host's shell", (_name, shell) => {
  test("a change waits until another engine's has ended, and a look does not", async () => {
    const lockDir = join(scratch(), "lock");
    const one = await engine({ shell, lockDir });
    const other = await engine({ shell, lockDir });
    const change = longChange();
    const first = one.changing.exchange(change.work);
    await change.begun();
    const second = other.changing.exchange(change.another);
    expect(await other.host.exchange(LOOK)).toEqual({ answers: [{ code: 0, stdout: "seen\n", stderr: "" }] });
    expect(change.log()).toEqual(["one begins"]);
    change.letGo();
    expect(await Promise.all([first, second])).toEqual([{ answers: [] }, { answers: [] }]);
    expect(change.log()).toEqual(["one begins", "one ends", "another"]);
  });

  test("who waits too long is told who has the lock, and nothing was sent", async () => {
    const lockDir = join(scratch(), "lock");
    const one = await engine({ shell, lockDir });
    const other = await engine({ shell, lockDir }, { operationTimeout: 1 });
    const change = longChange();
    const first = one.changing.exchange(change.work);
    await change.begun();
    await expect(other.changing.exchange(change.another)).rejects.toMatchObject({
      name: "HostLocked",
      message: expect.stringMatching(
        /nothing was changed, since for 1 s the host was locked by \S+@\S+ \(process \d+\) for pulumi:net\/dev\/tun0$/m,
      ),
    });
    change.letGo();
    await first;
    expect(change.log()).toEqual(["one begins", "one ends"]);
  });

  test("the lock of an engine that has died is free", async () => {
    const lockDir = join(scratch(), "lock");
    const one = await engine({ shell, lockDir });
    await one.changing.exchange(run("true"));
    await one.server.stop();
    servers.splice(servers.indexOf(one.server), 1);
    const other = await engine({ shell, lockDir }, { operationTimeout: 5 });
    await expect(other.changing.exchange(run("true"))).resolves.toEqual({ answers: [] });
    // Of the dead nothing is left.
    expect(holds(lockDir)).toHaveLength(1);
  });

  test("a lock whose time is over is taken, and who had it can do nothing more by the connection that it had", async () => {
    const lockDir = join(scratch(), "lock");
    const one = await engine({ shell, lockDir });
    const other = await engine({ shell, lockDir });
    const change = longChange();
    const first = one.changing.exchange(change.work).catch((error: Error) => error);
    await change.begun();
    const [hold = ""] = holds(lockDir);
    const [start] = readFileSync(join(lockDir, hold), "utf8").split(" ");
    writeFileSync(join(lockDir, hold), `${start} 0\n`);
    await expect(other.changing.exchange(change.another)).resolves.toEqual({ answers: [] });
    expect(await first).toMatchObject({ name: "ConnectionLost" });
    expect(change.log()).toEqual(["one begins", "another"]);
  });
});

test("an engine that lost its connection does not wait for itself", async () => {
  const lockDir = join(scratch(), "lock");
  const one = await engine({ lockDir }, { operationTimeout: 5 });
  await one.changing.exchange(run("true"));
  one.server.drop();
  // A question is asked again by a new connection.
  await one.host.exchange(LOOK);
  await expect(one.changing.exchange(run("true"))).resolves.toEqual({ answers: [] });
});

test("the lock is let go when there is nothing to change any more", async () => {
  const lockDir = join(scratch(), "lock");
  const one = await engine({ lockDir });
  await one.changing.exchange(run("true"));
  expect(holds(lockDir)).toHaveLength(1);
  while (holds(lockDir).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(one.changing.exchange(run("true"))).resolves.toEqual({ answers: [] });
});

test("of many who want the lock at once one has it at a time", async () => {
  const lockDir = join(scratch(), "lock");
  const log = join(scratch(), "log");
  const engines: Awaited<ReturnType<typeof engine>>[] = [];
  while (engines.length < 4) engines.push(await engine({ lockDir }));
  const work = run(`echo in >>${log}; sleep 0.1; echo out >>${log}`);
  await Promise.all(engines.map(({ changing }) => changing.exchange(work)));
  const said = readFileSync(log, "utf8").trim().split("\n");
  expect(said).toEqual(engines.flatMap(() => ["in", "out"]));
}, 60_000);

test("where nobody may write a lock there is none", async () => {
  const file = join(scratch(), "file");
  writeFileSync(file, "");
  const one = await engine({ lockDir: join(file, "lock") });
  await expect(one.changing.exchange(run("true"))).resolves.toEqual({ answers: [] });
});
