import type { Work } from "../../provider/host/host";
import { hostFor } from "../../provider/host/session";
import { type ServerOptions, SshServer } from "../support/ssh-server";
import { SHELLS } from "./shells";

/** What a call may say of the connection that it travels by: from where to where, and that it is to be a new one. */

let server: SshServer;
afterEach(() => server.stop());

async function start(options: ServerOptions = {}) {
  server = await SshServer.start(options);
  return hostFor(server.connection());
}

const touch: Work = { steps: [{ argv: ["sh", "-c", "echo t$((40 + 2))"] }], queries: [] };
const ask = (text: string): Work => ({ steps: [], queries: [{ argv: ["echo", text] }] });

test.each(SHELLS)(
  "with %s, nothing is sent where the ends of the connection speak against it",
  async (_, shell) => {
    const host = await start({ shell, tells: true });
    const ends = { peer: "127.0.0.1", local: "127.0.0.1", port: server.port };
    const asked: unknown[] = [];
    const unless = (endpoint: unknown) => asked.push(endpoint) > 0;
    expect(await host.exchange({ ...touch, unless })).toEqual({ held: ends, answers: [] });
    expect(asked).toEqual([ends]);
    expect(server.input.toString()).not.toContain("40 + 2");
    expect(await host.exchange({ ...touch, unless: () => false })).toEqual({ answers: [] });
    expect(server.input.toString()).toContain("40 + 2");
  },
);

test("nobody is asked where the host does not tell", async () => {
  const host = await start();
  expect(await host.exchange({ ...touch, unless: () => true })).toEqual({ answers: [] });
});

test("a call that wants a new connection gets one, which those beside it share", async () => {
  const host = await start();
  await host.exchange(ask("a"));
  await host.exchange(ask("b"));
  expect(server.connections).toBe(1);
  await Promise.all([
    host.exchange({ ...ask("c"), anew: true }),
    host.exchange({ ...ask("d"), anew: true }),
    host.exchange(ask("e")),
  ]);
  expect(server.connections).toBe(2);
  await host.exchange(ask("f"));
  expect(server.connections).toBe(2);
});

test("a call whose answer has little time travels alone, and loses it with the connection", async () => {
  const host = await start();
  await host.exchange(ask("a"));
  server.faults.mute = true;
  const late = host.exchange({ ...touch, answerWithin: 1 });
  const beside = host.exchange(ask("b"));
  await expect(late).rejects.toThrow("there was no answer within 1 s");
  server.faults.mute = false;
  expect(await beside).toMatchObject({ answers: [{ stdout: "b\n" }] });
  expect(server.connections).toBe(2);
});

test("a call has the time that it says, and does not blame the connection's", async () => {
  const host = await start();
  server.closeNext = Number.POSITIVE_INFINITY;
  const failure = host.exchange({ ...ask("a"), within: 1 });
  await expect(failure).rejects.toThrow("nothing could be sent within 1 s");
  await expect(failure).rejects.not.toThrow("operationTimeout");
});
