import { CommandFailed, ConnectionLost, CutOff, HostUnreachable, WouldCut } from "../../../provider/errors";
import { Connection } from "../../../provider/host/connection";
import type { Endpoint } from "../../../provider/host/endpoint";
import { type Command, commandLine, type Host, type Outcome, type Work } from "../../../provider/host/host";
import { type Change, guarded } from "../../../provider/path/guard";

/** Changes that may cut the way to a host are made under a timer on it; all others are sent as they always were. */

const connection = Connection.parse({
  host: "203.0.113.10",
  insecureIgnoreHostKey: true,
  perDialTimeout: 1,
  undoTimeout: 1,
});
const OK = { code: 0, stdout: "", stderr: "" };
const REFUSED = { code: 2, stdout: "", stderr: "RTNETLINK answers: Operation not supported" };

type Reply = (work: Work) => Outcome;

/** ScriptedHost answers what is sent to it by what a test says, and the questions about the way as a host with one uplink. */
class ScriptedHost implements Host {
  readonly label = "fake";
  /** What was sent, without the questions about the way. */
  readonly sent: Work[] = [];
  looks = 0;
  /** Whether it can't tell its way. */
  silent = false;

  constructor(
    readonly endpoint: Endpoint | undefined,
    private readonly replies: Reply[] = [],
  ) {}

  async exchange(work: Work): Promise<Outcome> {
    if (this.endpoint !== undefined && work.unless?.(this.endpoint) === true)
      return { held: this.endpoint, answers: [] };
    if (work.queries.some(({ argv }) => argv.includes("fibmatch"))) {
      this.looks++;
      return { answers: work.queries.map((one) => (this.silent ? REFUSED : lookedAt(one))) };
    }
    this.sent.push(work);
    const reply = this.replies.shift() ?? (() => ({ answers: work.queries.map(() => OK) }));
    return reply(work);
  }
}

function lookedAt({ argv }: Command) {
  const route = { type: "1", dst: "default", dev: "eth0", table: "254", flags: [] };
  const rules = [{ priority: 32_766, src: "all", table: "254" }];
  const listing = argv.includes("get") ? [route] : argv.includes("rule") ? rules : [];
  return { ...OK, stdout: JSON.stringify(listing) };
}

const there = (): Endpoint => ({ peer: "198.51.100.7", local: "203.0.113.10", port: 22 });
const ip = (line: string): Command => ({ argv: ["ip", ...line.split(" ")] });
const query = ip("link show");
const work = (...lines: string[]) => ({ steps: lines.map(ip), queries: [query] });
const DEFAULT = "-4 route add unicast 0.0.0.0/0 via 203.0.113.2 table 254";
const change: Change = { name: "the thing", allowed: false, undo: () => [ip("link show 'quo;ted")] };

const lost: Reply = () => {
  throw new ConnectionLost("fake", "it broke");
};
const away: Reply = () => {
  throw new HostUnreachable("fake", "nobody answers", "", true, true);
};
const refuses =
  (at: number): Reply =>
  ({ steps }) => {
    const step = steps.at(at);
    return {
      ...(step && { failure: { step, answer: { code: 1, stdout: "", stderr: "no" } } }),
      answers: [OK],
    };
  };
const fine: Reply = () => ({ answers: [OK] });

test.each([
  ["-n blue link set dev eth0 down"],
  ["link add name tun0 type ipip"],
  ["-4 route add unicast 10.10.2.0/24 dev tun0 table 254"],
  ["-4 rule add priority 5 from 10.0.0.0/8 table 9"],
])("what can't touch the way is sent at once and alone: %s", async (line) => {
  const host = new ScriptedHost(there());
  const [, netns, ...words] = line.split(" ");
  const step = line.startsWith("-n") ? { argv: ["ip", ...words], netns: netns ?? "" } : ip(line);
  expect(await guarded(host, connection, { steps: [step], queries: [query] }, change)).toEqual({
    answers: [OK],
  });
  expect(host.sent).toEqual([expect.objectContaining({ steps: [step], queries: [query] })]);
  expect(host.looks).toBe(0);
});

test("the way is looked at once for each connection, and then what does not touch it is sent at once", async () => {
  const host = new ScriptedHost(there());
  for (let n = 1; n <= 3; n++) await guarded(host, connection, work("link delete dev tun0"), change);
  expect(host.looks).toBe(1);
  expect(host.sent.length).toBe(3);
});

test("a host that does not tell who asks is sent everything as it is", async () => {
  const host = new ScriptedHost(undefined);
  await guarded(host, connection, work("link set dev eth0 down"), change);
  expect(host.sent.length).toBe(1);
});

test("where the host can't tell its way, what may be about it is taken back too", async () => {
  const host = new ScriptedHost(there());
  host.silent = true;
  await guarded(host, connection, work("link delete dev tun0"), change);
  expect(host.sent[0]?.steps[1]).toEqual(ip("link delete dev tun0"));
  expect(host.sent[1]?.anew).toBe(true);
});

test("what surely cuts the way is not sent", async () => {
  const host = new ScriptedHost(there());
  const failure = guarded(host, connection, work("link set dev eth0 down"), change);
  await expect(failure).rejects.toThrow(WouldCut);
  await expect(failure).rejects.toThrow(
    "`ip link set dev eth0 down` would cut off the host: eth0 carries it",
  );
  expect(host.sent).toEqual([]);
});

test("what may cut it waits until it is known how to take it back", async () => {
  const host = new ScriptedHost(there());
  const outcome = await guarded(host, connection, work(DEFAULT), { ...change, undo: undefined });
  expect(outcome).toEqual({ answers: [], unarmed: true });
  expect(host.sent).toEqual([]);
});

test("the timer is armed before the change, with it, and disarmed by a new connection", async () => {
  const host = new ScriptedHost(there());
  expect(await guarded(host, connection, work(DEFAULT), change)).toEqual({ answers: [OK] });
  const [making, proving, ...more] = host.sent;
  expect(more).toEqual([]);
  expect(making?.steps.length).toBe(3);
  const [arm, step, done] = making?.steps ?? [];
  expect(arm?.argv.slice(0, 2)).toEqual(["sh", "-c"]);
  const [folder = "", seconds, undo, ...devices] = arm?.argv.slice(4) ?? [];
  expect([seconds, undo, devices]).toEqual(["1", `ip link show ${"''\\''quo;ted'"} </dev/null\n`, []]);
  expect(step).toEqual(ip(DEFAULT));
  expect(done?.argv).toEqual(["touch", `${folder}/done`]);
  expect(making?.anew).toBeUndefined();
  expect(proving).toMatchObject({ anew: true, queries: [query], within: 1 });
  expect(proving?.steps.map((one) => one.argv.at(-1))).toEqual([folder]);
});

test("of devices whose addresses and routes may go the host keeps them", async () => {
  const host = new ScriptedHost(there());
  await guarded(host, connection, work("link set dev eth0 mtu 1000"), change);
  expect(host.sent[0]?.steps[0]?.argv.slice(7)).toEqual(["eth0"]);
});

test("what surely cuts it is tried when that is allowed", async () => {
  const host = new ScriptedHost(there());
  await guarded(host, connection, work("link set dev eth0 down"), { ...change, allowed: true });
  expect(host.sent[0]?.steps.map(commandLine)[1]).toBe("ip link set dev eth0 down");
});

test("without a timer nothing is changed", async () => {
  const host = new ScriptedHost(there(), [refuses(0)]);
  const failure = guarded(host, connection, work(DEFAULT), change);
  await expect(failure).rejects.toThrow(CommandFailed);
  await expect(failure).rejects.toThrow("So nothing was changed.");
  expect(host.sent.length).toBe(1);
});

test("a step that fails is told, and the timer does not act then either", async () => {
  const host = new ScriptedHost(there(), [refuses(1)]);
  const { failure, answers } = await guarded(host, connection, work(DEFAULT), change);
  expect(failure?.step).toEqual(ip(DEFAULT));
  expect(answers).toEqual([OK]);
  expect(host.sent[1]?.anew).toBe(true);
});

test("an answer that is lost does no harm when a new connection comes about, once the change has ended", async () => {
  const host = new ScriptedHost(there(), [lost, lost]);
  const outcome = await guarded(host, connection, work(DEFAULT), change);
  expect(outcome.lost).toBeInstanceOf(ConnectionLost);
  expect(outcome.cut).toBeUndefined();
  const [, first, second] = host.sent;
  expect(first?.steps[0]?.argv[2]).toContain("done");
  expect(second?.steps).toEqual(first?.steps);
});

test.each([
  ["is away", [lost, away, fine], "nobody answers"],
  ["comes back too late", [fine, refuses(0), fine], "the time was over before the host could be told"],
])("a host that %s afterwards has put itself back", async (_, replies, why) => {
  const host = new ScriptedHost(there(), replies);
  const { cut, answers } = await guarded(host, connection, work(DEFAULT), change);
  expect(cut).toBeInstanceOf(CutOff);
  expect(cut?.message).toContain(
    `fake: the thing: no new connection to the host came about after\n  ip ${DEFAULT}`,
  );
  expect(cut?.message).toContain(why);
  expect(cut?.message).toContain("The host has put back by itself what there was before");
  expect(answers).toEqual([]);
});

test("of a host that stays away nobody knows more than when it was to put itself back", async () => {
  const host = new ScriptedHost(there(), [lost, away, away]);
  const { cut } = await guarded(host, connection, work(DEFAULT), change);
  expect(cut?.message).toMatch(/was told to put back .* at 2\d{3}-.*Z, but nobody has seen it since/);
});
