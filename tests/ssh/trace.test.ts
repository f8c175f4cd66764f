import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hostFor } from "../../provider/host/session";
import { SshServer } from "../support/ssh-server";
import { addProgram, fakeIp } from "./fake-ip";
import { scratch } from "./scratch";

/** What PULUMI_IPIP_TRACE writes down of the way to a host and back. */

let server: SshServer;
afterEach(async () => {
  delete process.env.PULUMI_IPIP_TRACE;
  await server.stop();
});

const traced = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("everything that is sent and answered is written down, with the time and the host", async () => {
  const fake = fakeIp({ '"link add b"': "echo refused >&2; return 2" });
  server = await SshServer.start({ bin: fake.bin });
  const file = join(scratch(), "trace");
  process.env.PULUMI_IPIP_TRACE = file;
  const host = hostFor(server.connection());
  await host.exchange({
    steps: [{ argv: ["ip", "link", "add", "b"] }],
    queries: [{ argv: ["echo", "here"] }],
  });
  server.drop();
  await host.exchange({ steps: [], queries: [{ argv: ["echo", "again"] }] });
  const events = traced(file);
  expect(new Set(events.map(({ host: label }) => label))).toEqual(new Set([`127.0.0.1:${server.port}`]));
  expect(events.every(({ time }) => !Number.isNaN(Date.parse(String(time))))).toBe(true);
  expect(
    events
      .map(({ sent }) => sent)
      .filter(Boolean)
      .join("\n"),
  ).toMatch(/link add b(.|\n)*echo here/);
  const got = events.filter((event) => "got" in event).map((event) => event.got);
  expect(got).toContainEqual({ order: "link add b", code: 2, stdout: "", stderr: "refused\n" });
  expect(got).toContainEqual(expect.objectContaining({ stdout: expect.stringContaining("here\n") }));
  expect(events).toContainEqual(expect.objectContaining({ lost: expect.any(String) }));
  // What hosts say is for nobody else on this machine.
  expect(statSync(file).mode & 0o077).toBe(0);
});

test("a password is masked, also where a host repeats it", async () => {
  const bin = scratch();
  addProgram(bin, "sudo", `printf '%s' "$3" | tr -s % >&2; read -r word; shift 6; exec "$@"`);
  addProgram(bin, "tell", `echo 'it "was" hush-hush'`);
  server = await SshServer.start({ bin });
  const file = join(scratch(), "trace");
  process.env.PULUMI_IPIP_TRACE = file;
  const become = { method: "sudo", password: "hush-hush" };
  const host = hostFor(server.connection({ become }));
  const { answers } = await host.exchange({ steps: [], queries: [{ argv: ["tell"] }] });
  expect(answers[0]?.stdout).toBe('it "was" hush-hush\n');
  const text = readFileSync(file, "utf8");
  expect(text).toContain('it \\"was\\" [secret]');
  expect(text).not.toContain("hush-hush");
});

test("a file that can't be written is no reason to fail", async () => {
  server = await SshServer.start();
  const file = join(scratch(), "no", "such", "folder");
  process.env.PULUMI_IPIP_TRACE = file;
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  const host = hostFor(server.connection());
  const { answers } = await host.exchange({ steps: [], queries: [{ argv: ["echo", "here"] }] });
  expect(answers[0]?.stdout).toBe("here\n");
  expect(existsSync(file)).toBe(false);
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    expect.stringMatching(/^PULUMI_IPIP_TRACE: nothing is written down: .*ENOENT/),
  ]);
  write.mockRestore();
});
