import structs from "google-protobuf/google/protobuf/struct_pb";
import { handlers } from "../../provider";
import type { Provider } from "../../provider/dynamic";
import { ConnectionLost, HostUnreachable } from "../../provider/errors";
import type { Host } from "../../provider/host/host";
import type { FakeHost } from "../support/fake-host";
import { CONNECTION, MARK } from "../support/mini-engine";
import { playground, probes, samples } from "../support/samples";

let host: Host & FakeHost;

jest.mock("../../provider/host/session", () => ({ hostFor: () => host, onWait: () => undefined }));

const PROVIDER = { __provider: "exports.handler=()=>…" };
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Bag = Record<string, unknown>;

/** Everything that crosses to the engine does so in this form, which throws at whatever is not plain JSON. */
function crosses(bag: unknown): Bag {
  return structs.Struct.fromJavaScript(bag as Record<string, structs.JavaScriptValue>).toJavaScript();
}

function handler(type: string): Provider {
  const found = handlers[type];
  if (found === undefined) throw new Error(`there is no handler of ${type}`);
  return found;
}

/** The calls of the engine as its dynamic provider makes them, with every bag crossing in between. */
function calls(type: string) {
  const provider = handler(type);
  return {
    async check(news: Bag): Promise<{ inputs: Bag; failures: { property: string; reason: string }[] }> {
      const { inputs, failures = [] } = await provider.check({}, crosses({ ...news, ...PROVIDER }));
      return { inputs: { ...crosses(inputs), ...PROVIDER }, failures };
    },
    async create(inputs: Bag): Promise<{ id: string; outs: Bag }> {
      const { id, outs } = await provider.create(inputs);
      return { id, outs: { ...crosses(outs), ...PROVIDER } };
    },
    async read(id: string, props: Bag) {
      const { id: found, props: outs, inputs } = await provider.read(id, props);
      return { id: found, outs: outs && crosses(outs), inputs: inputs && crosses(inputs) };
    },
    diff: (olds: Bag, news: Bag) => provider.diff("id", olds, news),
    async update(olds: Bag, news: Bag): Promise<Bag> {
      const { outs } = await provider.update("id", olds, news);
      return { ...crosses(outs), ...PROVIDER };
    },
    delete: (props: Bag) => provider.delete("id", props),
  };
}

function isMarked(type: string): boolean {
  return "mark" in (samples[type]?.contract.inputs.shape ?? {});
}

function inputsOf(type: string): readonly [Bag, Bag] {
  const [change] = Object.values(samples[type]?.changes ?? {});
  if (change === undefined) throw new Error(`there is no sample of ${type}`);
  const base = { connection: CONNECTION, ...(isMarked(type) ? { mark: MARK } : {}) };
  return [
    { ...base, ...change[0] },
    { ...base, ...change[1] },
  ];
}

async function thrown(work: Promise<unknown>): Promise<Error & Bag> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error & Bag;
}

beforeEach(() => {
  host = playground();
});

describe.each(Object.keys(samples))("%s", (type) => {
  const call = calls(type);
  const [first, second] = inputsOf(type);

  test("nothing but plain JSON crosses to the engine, in a whole life", async () => {
    const start = host.toString();
    const { inputs, failures } = await call.check(first);
    expect(failures).toEqual([]);
    const { id, outs } = await call.create(inputs);
    expect(id).not.toBe("");
    const read = await call.read(id, outs);
    expect(read.id).toBe(id);
    expect({ ...read.outs, ...PROVIDER }).toEqual(outs);
    expect({ ...read.inputs, ...PROVIDER }).toEqual(inputs);
    expect(await call.diff(outs, inputs)).toEqual({ changes: false });
    const changed = await call.check(second);
    const updated = await call.update(outs, changed.inputs);
    expect(await call.diff(updated, changed.inputs)).toEqual({ changes: false });
    await call.delete(updated);
    expect(host.toString()).toBe(start);
  });

  test("an object that is gone is read as no id", async () => {
    const { id, outs } = await call.create((await call.check(first)).inputs);
    await call.delete(outs);
    // A setting is never gone, unless its namespace is.
    const gone = isMarked(type) ? outs : { ...outs, namespace: "nowhere" };
    expect(await call.read(id, gone)).toEqual({ id: "" });
  });

  test("what changed is left to the engine to say, so that replaceOnChanges holds", async () => {
    const { outs } = await call.create((await call.check(first)).inputs);
    const answer = await call.diff(outs, (await call.check(second)).inputs);
    expect(answer).not.toHaveProperty("changes");
    expect(answer).toMatchObject({ replaces: expect.any(Array), deleteBeforeReplace: expect.any(Boolean) });
  });

  test("a create that is half done throws what the engine needs to record it, with its provider", async () => {
    const { inputs } = await call.check(first);
    host.breaks({ kind: "lose", step: 0, done: true, host: "away" });
    const error = await thrown(handler(type).create(inputs));
    expect(error.stack).toBe("");
    expect(error.id).not.toBe("");
    expect(error.reasons).toEqual([error.message]);
    expect(crosses(error.properties)).toMatchObject(PROVIDER);
    host.mended();
    await call.delete(error.properties as Bag);
    expect(host.toString()).toBe(playground().toString());
  });

  test("an update that is half done does so too", async () => {
    const { outs } = await call.create((await call.check(first)).inputs);
    const { inputs } = await call.check(second);
    host.breaks({ kind: "lose", step: 0, done: true, host: "away" });
    const error = await thrown(handler(type).update("id", outs, inputs));
    expect(crosses(error.properties)).toMatchObject(PROVIDER);
    host.mended();
    expect(await call.diff(await call.update(error.properties as Bag, inputs), inputs)).toEqual({
      changes: false,
    });
  });

  test("other errors have no id, and one line of their own", async () => {
    const { id, outs } = await call.create((await call.check(first)).inputs);
    host.away = true;
    for (const work of [call.create(outs), call.read(id, outs), call.update(outs, outs), call.delete(outs)]) {
      const error = await thrown(work);
      expect(error).not.toHaveProperty("id");
      expect(error.stack).toBe("");
      expect(error.message).toContain("the host is away");
    }
  });

  test("a state that a newer release wrote is refused with what to do", async () => {
    const { id, outs } = await call.create((await call.check(first)).inputs);
    const newer = { ...outs, schemaVersion: 99 };
    for (const work of [
      call.read(id, newer),
      call.diff(newer, outs),
      call.update(newer, outs),
      call.delete(newer),
    ]) {
      expect((await thrown(work)).message).toContain("npm install pulumi-ipip@latest");
    }
  });
});

test("a state of a release that knew fewer inputs is no change, where they have their defaults", async () => {
  const call = calls("IpipTunnel");
  const tunnel = { connection: CONNECTION, mark: MARK, name: "tun0", local: "10.0.0.1", remote: "10.0.0.2" };
  const { inputs } = await call.check(tunnel);
  const { mode, fwmark, external, encap, ...older } = (await call.create(inputs)).outs;
  expect(await call.diff(older, inputs)).toMatchObject({ changes: false });
  const changed = (await call.check({ ...tunnel, mode: "any" })).inputs;
  expect(await call.diff(older, changed)).toMatchObject({ replaces: ["mode"] });
});

test("every handler is named as its type", () => {
  expect(Object.keys(handlers).sort()).toEqual(Object.keys({ ...samples, ...probes }).sort());
});

describe("check", () => {
  const { check } = calls("IpipTunnel");
  const tunnel = { connection: CONNECTION, mark: MARK, name: "tun0", local: "10.0.0.1", remote: "10.0.0.2" };

  test("unknown values go through at every depth", async () => {
    const news = {
      ...tunnel,
      connection: { ...CONNECTION, host: UNKNOWN, become: { method: "sudo", password: UNKNOWN } },
      remote: UNKNOWN,
      addresses: ["192.168.7.1/24", UNKNOWN],
    };
    const { inputs, failures } = await check(news);
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({
      connection: { host: UNKNOWN, port: 22, become: { method: "sudo", user: "root", password: UNKNOWN } },
      remote: UNKNOWN,
      addresses: ["192.168.7.1/24", UNKNOWN],
      ttl: 0,
    });
  });

  test("a failure says where, in the engine's way of writing a path", async () => {
    const { failures } = await check({
      ...tunnel,
      addresses: ["192.168.7.1/24", "nonsense"],
      connection: { ...CONNECTION, become: { method: "su" } },
    });
    expect(failures.map(({ property }) => property).sort()).toEqual([
      "addresses[1]",
      "connection.become.method",
    ]);
  });

  test("the provider's own key is no unknown property, and does not come back", async () => {
    const { inputs, failures } = await handler("IpipTunnel").check({}, { ...tunnel, ...PROVIDER });
    expect(failures).toEqual([]);
    expect(inputs).not.toHaveProperty("__provider");
  });
});

describe("diff", () => {
  test("an object of another class is replaced, and is gone before there is a new one", async () => {
    const [inputs] = inputsOf("GreTunnel");
    const { diff, check } = calls("GreTunnel");
    const news = (await check(inputs)).inputs;
    // What a state of another class has besides means nothing here.
    const olds = { ...news, mode: "any", __provider: "exports.handler=()=>… of another" };
    expect(await diff(olds, news)).toEqual({
      changes: true,
      replaces: ["__provider"],
      deleteBeforeReplace: true,
    });
  });

  test("an unknown value is a change, and replaces only what is inside of it", async () => {
    const call = calls("IpipTunnel");
    const { inputs } = await call.check({
      connection: CONNECTION,
      mark: MARK,
      name: "tun0",
      namespace: "ns1",
      local: "10.0.0.1",
      remote: "10.0.0.9",
    });
    const { outs } = await call.create(inputs);
    expect(await call.diff(outs, { ...inputs, remote: UNKNOWN })).toEqual({
      replaces: [],
      deleteBeforeReplace: true,
    });
    expect(await call.diff(outs, { ...inputs, name: UNKNOWN })).toEqual({
      replaces: [],
      deleteBeforeReplace: true,
    });
    expect(await call.diff(outs, { ...inputs, namespace: UNKNOWN })).toEqual({
      replaces: ["namespace"],
      deleteBeforeReplace: true,
    });
  });

  test("an unknown namespace of one end replaces the pair", async () => {
    const call = calls("VethPair");
    const [first] = inputsOf("VethPair");
    const { inputs } = await call.check(first);
    const { outs } = await call.create(inputs);
    const a = inputs.a as Bag;
    expect(await call.diff(outs, { ...inputs, a: { ...a, namespace: UNKNOWN } })).toMatchObject({
      replaces: ["a"],
    });
    expect(await call.diff(outs, { ...inputs, a: { ...a, mtu: UNKNOWN } })).toMatchObject({ replaces: [] });
  });

  test("an unknown device replaces what serves no more without it, although that outlives it", async () => {
    const more = { FouPort: { port: 5555, encap: "gue", local: "10.0.0.1" }, MssClamp: { mark: MARK } };
    for (const [type, replaces] of [["FouPort", ["dev"]] as const, ["MssClamp", []] as const]) {
      const call = calls(type);
      const { inputs } = await call.check({ connection: CONNECTION, dev: "u0", ...more[type] });
      const { outs } = await call.create(inputs);
      expect(await call.diff(outs, { ...inputs, dev: UNKNOWN })).toMatchObject({ replaces });
    }
  });

  test("a preview that does not know a route's destination does not replace it", async () => {
    const call = calls("Route");
    for (const [known, unknown] of [
      [
        { destination: "10.50.0.0/24", via: "10.0.0.9" },
        { destination: UNKNOWN, via: "10.0.0.9" },
      ],
      [
        { destination: "default", via: "fd00::9" },
        { destination: "default", via: UNKNOWN },
      ],
    ]) {
      const { outs } = await call.create(
        (await call.check({ connection: CONNECTION, mark: MARK, ...known })).inputs,
      );
      const { inputs, failures } = await call.check({ connection: CONNECTION, mark: MARK, ...unknown });
      expect(failures).toEqual([]);
      expect(await call.diff(outs, inputs)).toMatchObject({ replaces: [] });
    }
  });

  test("other credentials for the same machine replace nothing, another machine does", async () => {
    const call = calls("Route");
    const { inputs } = await call.check(inputsOf("Route")[0]);
    const { outs } = await call.create(inputs);
    const connection = inputs.connection as Bag;
    expect(await call.diff(outs, { ...inputs, connection: { ...connection, user: "admin" } })).toEqual({
      replaces: [],
      deleteBeforeReplace: false,
    });
    expect(await call.diff(outs, { ...inputs, connection: { ...connection, host: "203.0.113.2" } })).toEqual({
      replaces: ["connection"],
      deleteBeforeReplace: true,
    });
  });
});

describe("read", () => {
  test("a look-up by id needs no more than what names the object, and tells the rest", async () => {
    host.byHand(
      "ip link add name tun0 type ipip mode ipip local 10.0.0.1 remote 10.0.0.9 ttl 64 tos 0x0 pmtudisc",
      "ip address add 192.168.7.1/24 dev tun0",
    );
    const { id, outs } = await calls("IpipTunnel").read("x", {
      connection: CONNECTION,
      name: "tun0",
      mark: MARK,
      ...PROVIDER,
    });
    expect(id).toBe("x");
    expect(outs).toMatchObject({
      local: "10.0.0.1",
      ttl: 64,
      mtu: 1480,
      addresses: ["192.168.7.1/24"],
      up: false,
    });
  });

  test("a look-up of what is not there finds nothing", async () => {
    expect(await calls("Namespace").read("x", { connection: CONNECTION, name: "n1", mark: MARK })).toEqual({
      id: "",
    });
  });

  test.each([
    ["no connection", { name: "n1", mark: MARK }, "connection"],
    ["no name", { connection: CONNECTION, mark: MARK }, "name"],
    ["a bad name", { connection: CONNECTION, name: "a/b", mark: MARK }, "name"],
  ])("a look-up with %s says what is wrong with it", async (_, props, property) => {
    expect((await thrown(calls("Namespace").read("x", props))).message).toContain(property);
  });
});

describe("secrets", () => {
  const secret = { password: "hunter2", privateKey: "hunter2-and-more", privateKeyPassword: "correct horse" };
  const bag = {
    connection: {
      ...CONNECTION,
      ...secret,
      become: { method: "sudo", password: "sesame" },
      proxy: [{ host: "b", insecureIgnoreHostKey: true, password: "open" }],
    },
    mark: MARK,
    name: "n1",
  };
  const told = `login with ${Object.values(secret).join(", ")}, open or sesame failed`;

  test.each([
    ["unreachable", () => new HostUnreachable("fake", told, "Try again.", false)],
    ["lost", () => new ConnectionLost("fake", told)],
    ["something unforeseen", () => new Error(told)],
  ])("are taken out of the message of an error: %s", async (_, make) => {
    const { inputs } = await calls("Namespace").check(bag);
    host.exchange = () => Promise.reject(make());
    const error = await thrown(handler("Namespace").create(inputs));
    expect(error.message).toContain("login with [secret], [secret], [secret], [secret] or [secret] failed");
  });

  test("are in the state under the names that the program gave them, and nowhere else", async () => {
    const { inputs } = await calls("Namespace").check(bag);
    const { outs } = await calls("Namespace").create(inputs);
    expect(outs.connection).toEqual(inputs.connection);
    const { connection: _, ...rest } = outs;
    for (const value of [...Object.values(secret), "open", "sesame"])
      expect(JSON.stringify(rest)).not.toContain(value);
  });
});
