import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { until } from "../../lab/wait";
import { Connection } from "../../provider/host/connection";
import { hostFor } from "../../provider/host/session";
import { SshServer } from "../support/ssh-server";
import { scratch } from "./scratch";

/** Work that is to end when a run is told to, as long as it was not sent. */

const CANCELLED = {
  name: "Cancelled",
  message: expect.stringContaining("nothing was changed, since the run was"),
};

let server: SshServer;
beforeEach(async () => {
  server = await SshServer.start();
});
afterEach(() => server.stop());

test("work that waits for a host ends at once, and what has been sent by itself", async () => {
  const [gate, log] = [join(scratch(), "gate"), join(scratch(), "log")];
  const run = (text: string) => ({ steps: [{ argv: ["sh", "-c", text] }], queries: [] });
  const cancelling = new AbortController();
  const unlessAborted = cancelling.signal;
  const host = hostFor(server.connection());
  const first = host.exchange({
    ...run(`echo begun >${log}; while [ ! -e ${gate} ]; do sleep 0.05; done`),
    unlessAborted,
  });
  await until(() => existsSync(log) || undefined, { for: "the program to run", seconds: 20 });
  const second = host.exchange({ ...run(`echo second >>${log}`), unlessAborted });
  const other = host.exchange(run("true"));
  cancelling.abort();
  await expect(second).rejects.toMatchObject(CANCELLED);
  writeFileSync(gate, "");
  expect(await Promise.all([first, other])).toEqual([{ answers: [] }, { answers: [] }]);
});

test("work that is cancelled before it is asked for is never sent", async () => {
  const unlessAborted = AbortSignal.abort();
  const asked = hostFor(server.connection()).exchange({
    steps: [],
    queries: [{ argv: ["true"] }],
    unlessAborted,
  });
  await expect(asked).rejects.toMatchObject(CANCELLED);
  expect(server.connections).toBe(0);
});

test("a connection that nobody waits for any more is given up, and the next one is made anew", async () => {
  const silent = createServer((socket) => socket.on("error", () => undefined));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const host = hostFor(
    Connection.parse({ host: "127.0.0.1", port, insecureIgnoreHostKey: true, password: "x" }),
  );
  const ask = { steps: [], queries: [{ argv: ["true"] }] };
  const connected = once(silent, "connection");
  const cancelling = new AbortController();
  const waiting = host.exchange({ ...ask, unlessAborted: cancelling.signal });
  const [socket] = await connected;
  cancelling.abort();
  await expect(waiting).rejects.toMatchObject(CANCELLED);
  if (!socket.closed) await once(socket, "close");
  const again = once(silent, "connection");
  const next = new AbortController();
  const later = host.exchange({ ...ask, unlessAborted: next.signal });
  await again;
  next.abort();
  await expect(later).rejects.toMatchObject(CANCELLED);
  silent.close();
});
