import type { Connection } from "../../../provider/host/connection";
import type { Host, Work } from "../../../provider/host/host";
import { urnOfType } from "../../support/plugin-on";
import { playground } from "../../support/samples";

/** What a run was told to end ends for good, so each test has modules of its own. */
let modules: {
  readonly pluginOn: typeof import("../../support/plugin-on").pluginOn;
  readonly cancel: typeof import("../../../provider/operation").cancel;
  readonly HostUnreachable: typeof import("../../../provider/errors").HostUnreachable;
};
beforeEach(() => {
  jest.resetModules();
  modules = {
    ...require("../../support/plugin-on"),
    ...require("../../../provider/operation"),
    ...require("../../../provider/errors"),
  };
});

afterEach(() => {
  jest.useRealTimers();
});

const URN = urnOfType("Namespace");
const INPUTS = { host: "a", name: "n1" };

/** A host that keeps what it was asked, and with what limits. */
function watched(meddle: (work: Work, count: number) => Promise<void> = async () => undefined) {
  const host = playground();
  const works: Work[] = [];
  const open = (_: Connection): Host => ({
    label: "fake",
    exchange: async (work) => {
      works.push(work);
      await meddle(work, works.length);
      return await host.exchange(work);
    },
  });
  return { host, works, plugin: modules.pluginOn(open) };
}

test("a time limit holds until a change is sent, and not for what puts right what came of it", async () => {
  const { works, host, plugin } = watched();
  const { inputs } = await plugin.check(URN, INPUTS);
  host.breaks({ kind: "refuse", step: 1 });
  await expect(plugin.create(URN, inputs, 5)).rejects.toThrow("Cannot allocate memory");
  const sent = works.findIndex(({ steps }) => steps.length > 0);
  expect(works.length).toBeGreaterThan(sent + 1);
  for (const [index, { within = 300, beginWithin = 300, unlessAborted }] of works.entries()) {
    expect(within <= 5).toBe(index < sent);
    // The change itself has to begin in time, and then takes what it takes.
    expect(beginWithin <= 5).toBe(index === sent);
    expect(unlessAborted !== undefined).toBe(index <= sent);
  }
});

test("without a limit, or with one longer than that of the connection, the connection's holds", async () => {
  const { works, plugin } = watched();
  await plugin.read(URN, "a//n1", {}, {}, 0);
  await plugin.read(URN, "a//n1", {}, {}, 1000);
  expect(works.length).toBeGreaterThan(1);
  expect(works.filter(({ within }) => within !== undefined)).toEqual([]);
});

test("what is over time says which limit that was, and what went wrong before it does not", async () => {
  const failed = async ({ within }: Work) => {
    const { HostUnreachable } = modules;
    jest.setSystemTime(Date.now() + (within ?? 0) * 1000);
    throw new HostUnreachable("fake", `nothing could be sent within ${within} s`, "", true);
  };
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
  const { plugin } = watched(failed);
  const { inputs } = await plugin.check(URN, INPUTS);
  await expect(plugin.create(URN, inputs, 2)).rejects.toThrow(
    "nothing could be sent within 2 s\nThe resource's customTimeouts allow 2 s for this.",
  );
  await expect(plugin.create(URN, inputs, 0)).rejects.not.toThrow("customTimeouts");
});

test("after a cancellation nothing begins, neither a change nor a look nor a lookup", async () => {
  const { works, plugin } = watched();
  const { inputs } = await plugin.check(URN, INPUTS);
  modules.cancel();
  const why = "fake: nothing was changed, since the run was cancelled";
  await expect(plugin.create(URN, inputs, 0)).rejects.toThrow(why);
  await expect(plugin.read(URN, "a//n1", {}, {}, 0)).rejects.toThrow(why);
  await expect(plugin.invoke("ipip:index:getNamespaces", { host: "a" })).rejects.toThrow(why);
  expect(works).toEqual([]);
});

test("a cancellation leaves to its end what has begun to change a host", async () => {
  const { works, host, plugin } = watched(async ({ steps }) => {
    if (steps.length > 0) modules.cancel();
  });
  const { inputs } = await plugin.check(URN, INPUTS);
  host.breaks({ kind: "refuse", step: 1 });
  // It was half made, and is taken away again.
  await expect(plugin.create(URN, inputs, 0)).rejects.toThrow("Cannot allocate memory");
  expect(works.length).toBeGreaterThan(1);
  expect(host.toString()).toBe(playground().toString());
});

test("what waits is given the means to end it", async () => {
  const { works, plugin } = watched();
  await plugin.read(URN, "a//n1", {}, {}, 0);
  await plugin.invoke("ipip:index:getNamespaces", { host: "a" });
  expect(works.map(({ unlessAborted }) => unlessAborted?.aborted)).toEqual(works.map(() => false));
  modules.cancel();
  expect(works.map(({ unlessAborted }) => unlessAborted?.aborted)).toEqual(works.map(() => true));
});
