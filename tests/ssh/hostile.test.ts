import { door } from "../../provider/dynamic";
import { IpipError } from "../../provider/errors";
import { hostFor } from "../../provider/host/session";
import { Lifecycle } from "../../provider/lifecycle";
import { ipipTunnel } from "../../provider/resources/ipip-tunnel";
import type { Desired, Fields } from "../../provider/state";
import { SshServer } from "../support/ssh-server";
import { addProgram, type FakeIp, fakeIp } from "./fake-ip";
import { scratch } from "./scratch";

/** A host that means harm: it says what it likes, and gets nothing done that was not ours to do. */

const TUNNEL = { name: "tun0", local: "10.0.0.1", remote: "10.0.0.2", mark: "pulumi:shop/dev/tunnel" };
const CONTROL = /[\p{Cf}\p{Cs}]|[^\n\t\P{Cc}]/u;

const LINK = {
  ...{ ifindex: 7, ifname: "tun0", flags: ["UP", "LOWER_UP"], mtu: 1480, ifalias: TUNNEL.mark },
  linkinfo: { info_kind: "ipip", info_data: { proto: "ipip", local: "10.0.0.1", remote: "10.0.0.2" } },
  addr_info: [],
};
const listing = (...links: unknown[]) => `cat <<'end'\n${JSON.stringify(links)}\nend\n`;
const many = (char: string, bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' '${char}'`;

let server: SshServer;
let fake: FakeIp;
afterEach(() => server.stop());

async function start(answers: Record<string, string>, changes: Record<string, unknown> = {}) {
  fake = fakeIp(answers);
  server = await SshServer.start({ bin: fake.bin });
  const lifecycle = new Lifecycle(ipipTunnel, hostFor);
  const { inputs } = lifecycle.check({ ...TUNNEL, connection: server.connection(changes) });
  return { lifecycle, desired: inputs as Desired };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** read looks at the tunnel on a host of which the listing is answered so. */
async function read(answer: string, changes: Record<string, unknown> = {}): Promise<unknown> {
  const { lifecycle, desired } = await start({ '*"address show"*': answer }, changes);
  return await lifecycle.read({ ...desired, schemaVersion: 1 });
}

describe("an ip that lies", () => {
  test.each([
    ["null in place of a device", "echo '[null]'"],
    ["another type", `echo '[{"ifindex":"seven","ifname":7}]'`],
    ["no list", "echo '{}'; echo '[]x'"],
    ["numbers beyond all bounds", `echo '[{"ifindex":1e999,"ifname":"tun0","flags":[],"mtu":-1e999}]'`],
    ["five million brackets", `${many("[", 5_000_000)}; echo`],
    [
      "a flag that is none, a million times",
      `printf '[{"ifindex":1,"ifname":"tun0","mtu":1,"flags":[0'; yes ,0 | head -n 1000000 | tr -d '\\n'; echo ']}]'`,
    ],
    ["bytes that are no text", "printf '[\\000\\377\\376]\\n'"],
    ["a name that leads elsewhere", listing({ ...LINK, ifname: "../../etc" })],
    [
      "an address with words behind it",
      listing({ ...LINK, addr_info: [{ local: "10.0.0.1 dev lo", prefixlen: 8 }] }),
    ],
  ])("with %s is not understood, and nothing else", async (_, answer) => {
    const error = await failure(read(answer));
    expect(error).toBeInstanceOf(IpipError);
    expect((error as Error).message).toMatch(/This is not what iproute2 prints|the host left out/);
    expect((error as Error).message.length).toBeLessThan(3000);
    const asked = fake.log().filter((line) => !line.startsWith("batch"));
    // A long-lived `ip` is told to end when it may know something old.
    expect(asked.filter((line) => !/address show|^end$/.test(line))).toEqual([]);
  });

  test("with another device under the name tells of drift, and no more", async () => {
    const found = (await read(listing({ ...LINK, mtu: 9000, ifalias: "somebody's" }))) as { outputs: Fields };
    expect(found.outputs).toMatchObject({ mark: "somebody's", effectiveMtu: 9000, owner: TUNNEL.mark });
  });

  test.each([
    ["empty lines", "yes ''", /said 10000 lines, and no answer/],
    ["one line", "cat /dev/zero", /more than 64 MB/],
    ["a list that goes on", "printf '['; yes 1, | tr -d '\\n'", /more than 64 MB/],
    ["nothing", "sleep 5", /no answer within 1 s/],
  ])("without an end, in %s, is given up", async (_, answer, why) => {
    const error = await failure(
      read(answer, { operationTimeout: 20, ...(answer.startsWith("sleep") && { operationTimeout: 1 }) }),
    );
    expect(error).toBeInstanceOf(IpipError);
    expect((error as Error).message).toMatch(why);
  });

  test("with 50 MB before its answer is understood, and its complaint is not kept", async () => {
    const found = (await read(`${many("x", 50_000_000)}; echo; ${listing(LINK)}`)) as { outputs: Fields };
    expect(found.outputs.mark).toBe(TUNNEL.mark);
  });

  test("with markers of a batch and of a script in what it says is still told from its own answers", async () => {
    const noise = "echo 'Command failed -:1'; echo 'k 0'; echo 'lo UNKNOWN'; echo '@0 0'; echo '0123 end';";
    const found = (await read(`${noise} ${listing(LINK)}`)) as { outputs: Fields };
    expect(found.outputs.mark).toBe(TUNNEL.mark);
  });
});

const HOSTILE = "\u001b[2J\u001b]0;x\u0007\n::error title=x::y\n##[error]z\u202e pulumi:shop/dev/tunnel";

describe("what a host says reaches nobody's terminal as it is", () => {
  async function message(answers: Record<string, string>): Promise<string> {
    const { lifecycle, desired } = await start(answers);
    const error = await failure(door(lifecycle).create(desired));
    return (error as Error).message;
  }

  function insistOnVisible(said: string): void {
    expect(CONTROL.test(said)).toBe(false);
    for (const line of said.split("\n")) expect(line).not.toMatch(/^\s*::.*::|##\[/);
    expect(said).toContain("\\u001b[2J");
  }

  test("as the alias of a device in the way, which is not taken for ours", async () => {
    const said = await message({
      '"link add"*': "echo 'RTNETLINK answers: File exists' >&2; return 2",
      '*"address show"*': listing({ ...LINK, ifalias: HOSTILE, linkinfo: { info_kind: "dummy" } }),
    });
    insistOnVisible(said);
    expect(said).toContain("the name tun0 is taken by a dummy, alias \\u001b[2J");
    expect(fake.log().filter((line) => /delete|set/.test(line))).toEqual([]);
  });

  test("as the answer to a command", async () => {
    const said = await message({
      '"link add"*': `printf '%s\\n' '${HOSTILE}' >&2; return 2`,
      '*"address show"*': "echo '[]'",
    });
    insistOnVisible(said);
  });

  test("as the host's own name, of which sudo speaks", async () => {
    const bin = scratch();
    addProgram(bin, "sudo", `printf 'sudo: unable to resolve host %s\\n' '${HOSTILE}' >&2; exit 1`);
    server = await SshServer.start({ bin });
    const lifecycle = new Lifecycle(ipipTunnel, hostFor);
    const connection = server.connection({ user: "ops", become: { method: "sudo" } });
    const { inputs } = lifecycle.check({ ...TUNNEL, connection });
    const error = await failure(door(lifecycle).create(inputs));
    insistOnVisible((error as Error).message);
  });
});

test("a host that talks while nobody asks is left, and logged in to anew when there is something to ask", async () => {
  const bin = scratch();
  addProgram(bin, "printenv", "{ sleep 0.1; head -c 1000000 /dev/zero; } & echo here");
  server = await SshServer.start({ bin });
  const host = hostFor(server.connection());
  const ask = (...argv: string[]) => host.exchange({ steps: [], queries: [{ argv }] });
  expect((await ask("printenv")).answers[0]?.stdout).toBe("here\n");
  while (server.open > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await ask("echo", "here")).answers).toEqual([{ code: 0, stdout: "here\n", stderr: "" }]);
});
