import { HostUnreachable } from "../../provider/errors";
import { hostFor } from "../../provider/host/session";
import { SshServer } from "../support/ssh-server";
import { addProgram } from "./fake-ip";
import { scratch } from "./scratch";

const PASSWORD = "open sesame";
const who = { steps: [], queries: [{ argv: ["printenv", "BECAME"] }] };
const root = { answers: [{ code: 0, stdout: "root\n", stderr: "" }] };

/**
 * A sudo that is as the real one where it matters: the prompt on standard error with its %% made one, the password
 * from standard input up to the end of the line and not a byte more, three attempts.
 */
const sudo = (asks: boolean, lecture = "") => `
test "$1 $2 $4 $6" = "-S -p -u --" || { echo "usage: $*" >&2; exit 1; }
prompt=$(printf %s "$3" | sed s/%%/%/g) user=$5
shift 6
if ${asks}; then
  tries=3
  printf '%s' '${lecture}' >&2
  while :; do
    printf %s "$prompt" >&2
    IFS= read -r password || exit 1
    test "$password" = '${PASSWORD}' && break
    tries=$((tries - 1))
    test $tries = 0 && { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
    echo "Sorry, try again." >&2
  done
fi
BECAME=$user exec "$@"`;

let server: SshServer;
afterEach(() => server.stop());

async function start(programs: Record<string, string>) {
  const bin = scratch();
  for (const [name, script] of Object.entries(programs)) addProgram(bin, name, script);
  server = await SshServer.start({ bin });
}

const ask = (become: Record<string, unknown>) =>
  hostFor(server.connection({ user: "deploy", become })).exchange(who);

async function refusal(become: Record<string, unknown>): Promise<string> {
  const error = await ask(become).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof HostUnreachable)) throw new Error(`not refused as expected: ${String(error)}`);
  expect(error.retryable).toBe(false);
  expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(PASSWORD);
  return error.message;
}

test("sudo that asks gets the password, on standard input only", async () => {
  await start({ sudo: sudo(true) });
  expect(await ask({ method: "sudo", password: PASSWORD })).toEqual(root);
  expect(server.commands.join()).not.toContain(PASSWORD);
  expect(server.input.toString().indexOf(`${PASSWORD}\n`)).toBe(0);
});

test("sudo that lectures first gets the password once", async () => {
  await start({ sudo: sudo(true, "We trust you have received the usual lecture.\nPassword: ") });
  expect(await ask({ method: "sudo", password: PASSWORD })).toEqual(root);
});

test("sudo that does not ask never gets to see the password, nor does the shell", async () => {
  await start({ sudo: sudo(false) });
  expect(await ask({ method: "sudo", password: PASSWORD })).toEqual(root);
  expect(server.input.toString()).not.toContain(PASSWORD);
});

test("another user than root is asked for by name", async () => {
  await start({ sudo: sudo(false) });
  const { answers } = await ask({ method: "sudo", user: "network" });
  expect(answers[0]?.stdout).toBe("network\n");
});

test("sudo that asks without there being a password says what to do", async () => {
  await start({ sudo: sudo(true) });
  expect(await refusal({ method: "sudo" })).toContain(
    "sudo asks for the password of deploy\nSet connection.become.password, or let deploy do so without: " +
      "deploy ALL=(root) NOPASSWD: /bin/sh",
  );
});

test("a wrong password is given once", async () => {
  await start({ sudo: sudo(true) });
  expect(await refusal({ method: "sudo", password: `not ${PASSWORD}` })).toContain(
    "sudo did not take connection.become.password",
  );
  expect(server.input.toString().trim()).toBe(`not ${PASSWORD}`);
});

test("a user without the right is told so, with the line of sudoers that would do", async () => {
  await start({ sudo: `echo "deploy is not in the sudoers file." >&2; exit 1` });
  const message = await refusal({ method: "sudo" });
  expect(message).toContain("the host said: deploy is not in the sudoers file.");
  expect(message).toContain("deploy ALL=(root) NOPASSWD: /bin/sh");
});

test("a host that repeats the password does not bring it into the message", async () => {
  await start({
    sudo: `printf %s "$3" | sed s/%%/%/g >&2; read -r password; echo "what is $password?" >&2; exit 1`,
  });
  expect(await refusal({ method: "sudo", password: PASSWORD })).toContain("what is ***?");
});

test("doas runs the shell where doas.conf says nopass", async () => {
  await start({ doas: `test "$1 $2 $4" = "-n -u --" || exit 1; user=$3; shift 4; BECAME=$user exec "$@"` });
  expect(await ask({ method: "doas" })).toEqual(root);
});

test("doas that refuses says which line of doas.conf would do", async () => {
  await start({ doas: `echo "doas: Operation not permitted" >&2; exit 1` });
  const message = await refusal({ method: "doas" });
  expect(message).toContain("the host said: doas: Operation not permitted");
  expect(message).toContain("permit nopass deploy as root cmd /bin/sh");
});
