import { HostUnreachable } from "../../provider/errors";
import type { Host } from "../../provider/host/host";
import { Lifecycle } from "../../provider/lifecycle";
import type { Desired, Fields } from "../../provider/state";
import type { FakeHost } from "../support/fake-host";
import { MARK } from "../support/mini-engine";
import { playground, samples } from "../support/samples";

/** What becomes of objects whose host never comes back. */

const VARIABLE = "PULUMI_IPIP_ON_UNREACHABLE";

let host: FakeHost;
let hosts = 0;
beforeEach(() => {
  host = playground();
});
afterEach(() => {
  delete process.env[VARIABLE];
  jest.restoreAllMocks();
});

interface Subject {
  readonly lifecycle: Lifecycle;
  readonly desired: Desired;
  readonly state: Fields;
}

/** An object that is on the host; no two tests have the same host, for what is known of one is remembered. */
async function made(type: string, onUnreachable?: "fail" | "forget", door: Host = host): Promise<Subject> {
  const sample = samples[type];
  const [change] = Object.values(sample?.changes ?? {});
  if (sample === undefined || change === undefined) throw new Error(`there is no sample of ${type}`);
  const lifecycle = new Lifecycle(sample.contract, () => door);
  const connection = {
    host: `gone${++hosts}.example`,
    insecureIgnoreHostKey: true,
    ...(onUnreachable && { onUnreachable }),
  };
  const mark = "mark" in sample.contract.inputs.shape ? { mark: MARK } : {};
  const { inputs, problems } = lifecycle.check({ connection, ...mark, ...change[0] });
  expect(problems).toEqual([]);
  const desired = inputs as Desired;
  return { lifecycle, desired, state: (await lifecycle.create(desired)).outputs };
}

const remove = ({ lifecycle, state }: Subject) => lifecycle.delete(state);

describe("a host that nothing answers for", () => {
  test.each(Object.keys(samples))(
    "keeps a %s in the state unless something else is asked for",
    async (type) => {
      const subject = await made(type);
      host.away = true;
      await expect(remove(subject)).rejects.toThrow(HostUnreachable);
    },
  );

  test.each(Object.keys(samples))(
    "lets go of a %s when that is asked for, and says how to find it",
    async (type) => {
      const subject = await made(type, "forget");
      const name = samples[type]?.contract.describe(subject.desired);
      const before = host.toString();
      host.away = true;
      const warning = await remove(subject);
      const [what, trace] = warning?.split("\n") ?? [];
      expect(what).toBe(
        `fake: ${name} was forgotten, not removed, since the host can't be reached: the host is away`,
      );
      const unmarked = /It bears no mark\. What the state knew of the time before it: previous .+\.$/;
      const found = {
        FouPort: / It bears no mark: `ip fou show` lists such ports\.$/,
        ManagerExemption: /It is these files: \/etc\/NetworkManager\/conf\.d\/.+\.conf\.$/,
        MssClamp: / `nft list table inet pulumi_ipip_mss_u0` shows it\.$/,
        Route: /`ip route show table all proto 204` lists/,
        Rule: /`ip -details rule show` says proto 204 of rules/,
        Address: /It bears no mark\.$/,
        Link: /It bears no mark\. What the state knew of the time before it: previous \{"mtu":1500,/,
        MplsInput: unmarked,
        MplsLabelTable: unmarked,
        MplsRoute: /`ip route show table all proto 204` lists/,
        Sysctl: unmarked,
      }[type];
      expect(trace).toMatch(found ?? new RegExp(`Its alias is ${MARK}: `));
      host.mended();
      expect(host.toString()).toBe(before);
    },
  );

  test("is looked for once, not anew for each of its objects, and for none for long", async () => {
    const subject = await made("Namespace", "forget");
    const exchange = jest.spyOn(host, "exchange");
    const now = jest.spyOn(performance, "now").mockReturnValue(1_000_000);
    host.away = true;
    for (let objects = 0; objects < 500; objects++) expect(await remove(subject)).toContain("was forgotten");
    expect(exchange).toHaveBeenCalledTimes(1);
    now.mockReturnValue(1_010_000);
    host.mended();
    expect(await remove(subject)).toBeUndefined();
    expect(await subject.lifecycle.read(subject.state)).toBeUndefined();
  });

  test("keeps all else from succeeding, and is asked each time although an object of it was forgotten", async () => {
    const subject = await made("IpipTunnel", "forget");
    const { lifecycle, state, desired } = subject;
    host.away = true;
    expect(await remove(subject)).toContain("was forgotten");
    for (const call of [
      () => lifecycle.read(state),
      () => lifecycle.update(state, desired),
      () => lifecycle.create(desired),
    ])
      await expect(call()).rejects.toThrow(HostUnreachable);
    host.mended();
    expect(await lifecycle.read(state)).toBeDefined();
  });

  test("is one also when the connection broke in the middle of the work, and does not come back", async () => {
    const subject = await made("IpipTunnel", "forget");
    host.breaks({ kind: "lose", step: 0, done: false, host: "away" });
    expect(await remove(subject)).toContain("was forgotten");
  });
});

describe("nothing is forgotten of a host", () => {
  test("that comes back after the connection broke", async () => {
    const subject = await made("IpipTunnel", "forget");
    host.breaks({ kind: "lose", step: 0, done: false, host: "back" });
    await expect(remove(subject)).rejects.toThrow("the connection was lost");
  });

  test("that answers, and fails at a command", async () => {
    const subject = await made("IpipTunnel", "forget");
    host.breaks({ kind: "refuse", step: 0 });
    await expect(remove(subject)).rejects.toThrow("Cannot allocate memory");
  });

  test("that answers, and refuses", async () => {
    const subject = await made("IpipTunnel", "forget");
    const refusal = new HostUnreachable("fake", "root was refused with publickey", "Check it.", false);
    jest.spyOn(host, "exchange").mockRejectedValue(refusal);
    await expect(remove(subject)).rejects.toBe(refusal);
  });

  test("that has meanwhile another stack's object in its place", async () => {
    const subject = await made("Namespace", "forget");
    host.byHand(`ip -n ${subject.desired.name} link set dev lo alias pulumi:other/stack/name`);
    await expect(remove(subject)).rejects.toThrow("belongs to pulumi:other/stack/name now");
  });
});

describe(`the environment variable ${VARIABLE}`, () => {
  test("rules over what the state says, either way", async () => {
    const [keeping, forgetting] = [await made("Sysctl", "fail"), await made("Sysctl", "forget")];
    host.away = true;
    process.env[VARIABLE] = "forget";
    expect(await remove(keeping)).toContain("was forgotten");
    process.env[VARIABLE] = "fail";
    await expect(remove(forgetting)).rejects.toThrow(HostUnreachable);
    process.env[VARIABLE] = "";
    expect(await remove(forgetting)).toContain("was forgotten");
  });

  test("that says anything else is an error before a host is asked", async () => {
    const subject = await made("Sysctl");
    const exchange = jest.spyOn(host, "exchange");
    process.env[VARIABLE] = "yes";
    await expect(remove(subject)).rejects.toThrow(
      `the environment variable ${VARIABLE} is "yes": set it to "fail" or "forget", or unset it`,
    );
    expect(exchange).not.toHaveBeenCalled();
  });
});
