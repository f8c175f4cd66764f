import { connect as openSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type AnyAuthMethod, Client } from "ssh2";
import type { Credentials } from "./credentials";
import type { HostProof } from "./host-key";
import { Refusal } from "./refusal";
import type { Stop } from "./stop";

/** Dialled is a machine that somebody is logged in to, and the connection that leaves this machine for it. */
export interface Dialled {
  readonly client: Client;
  readonly socket: Socket;
}

/** Via is the machine that a connection goes through. */
export interface Via extends Dialled {
  readonly label: string;
}

/** Milliseconds of silence after which the kernel asks whether the host is still there. */
const KEEP_ALIVE = 15_000;

/** What a socket's error code means, where the next attempt may go better. */
const PASSING: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  ECONNABORTED: "the connection was aborted",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "there is no route to the host",
  EHOSTDOWN: "the host is down",
  ENETUNREACH: "the network is unreachable",
  ENETDOWN: "the network is down",
  EAI_AGAIN: "its name could not be looked up for the moment",
};

/** Those that tell of the machine that runs Pulumi, and nothing of the host. */
const OUR_OWN = ["EAI_AGAIN", "ENETDOWN"];

/** dial makes one attempt to connect and log in, through another machine if need be. It fails with a Refusal. */
export function dial(
  stop: Stop,
  credentials: Credentials,
  proof: HostProof,
  signal: AbortSignal,
  via?: Via,
): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    const { host, port, user, perDialTimeout } = stop;
    const client = new Client();
    const keeping = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE };
    const socket = via?.socket ?? openSocket({ host, port, ...keeping });
    const attempt = new Attempt(stop, credentials);
    const settle = () => {
      clearTimeout(deadline);
      signal.removeEventListener("abort", abort);
    };
    const fail = (refusal: Refusal) => {
      settle();
      socket.destroy();
      reject(refusal);
    };
    const abort = () => fail(new Refusal("nobody waits for it any more", "", true));
    const deadline = setTimeout(() => fail(attempt.late(socket.bytesRead === 0)), perDialTimeout * 1000);
    signal.addEventListener("abort", abort);

    let wrongKey: Refusal | undefined;
    // The listeners stay: whatever a connection says after this has been settled is heard and changes nothing.
    client.on("error", (error: Error & { level?: string; code?: unknown }) => {
      // An agent that fails leaves the other ways to log in.
      if (error.level === "agent") attempt.agentTrouble = error.message;
      else fail(wrongKey ?? attempt.refusal(error, socket.bytesRead === 0));
    });
    client.on("close", () => fail(wrongKey ?? attempt.closed()));
    client.on("change password", () => {
      fail(new Refusal(`the password of ${user} has expired`, "Log in by hand and set a new one.", false));
    });
    client.on("ready", () => {
      settle();
      resolve({ client, socket });
    });
    const start = (sock: Duplex) =>
      client.connect({
        sock,
        username: user,
        // The time is ours: it runs while a machine on the way connects, too.
        readyTimeout: 0,
        algorithms: { serverHostKey: proof.algorithms },
        hostVerifier: (key: Buffer) => {
          wrongKey = proof.verify(key);
          return wrongKey === undefined;
        },
        authHandler: (left: string[] | null) => attempt.next(left),
      });
    if (via === undefined) return start(socket);
    // Whoever uses the connection by then hears why it ends; what carries it is the first to know.
    const lost = (why: string) => client.emit("error", new HopLost(`the hop ${via.label} was lost: ${why}`));
    via.client.on("error", ({ message }) => lost(message));
    via.client.on("close", () => lost("the connection was closed"));
    passThrough(via, stop, start, fail);
  });
}

/** HopLost: the machine that a connection goes through is gone. */
class HopLost extends Error {}

/** NotPassed is what one machine says of the way to the next; it names itself. */
export class NotPassed extends Refusal {}

/** passThrough has a machine connect on to the next one. */
function passThrough(
  via: Via,
  { host, port }: Stop,
  start: (sock: Duplex) => void,
  fail: (refusal: Refusal) => void,
): void {
  const refuse = (error: Error & { reason?: unknown }) => fail(notPassed(via.label, host, port, error));
  try {
    via.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      if (error) refuse(error);
      else start(channel);
    });
  } catch (error) {
    refuse(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Why a machine does not connect on, by the reason that its sshd gives: RFC 4254, 5.1. */
function notPassed(
  label: string,
  host: string,
  port: number,
  { message, reason }: Error & { reason?: unknown },
): NotPassed {
  const said = message.replace(/^\(SSH\) Channel open failure: /, "");
  if (reason === 1) {
    return new NotPassed(
      `the hop ${label} does not let connections to ${host}:${port} pass: ${said}`,
      `Its sshd must let them: AllowTcpForwarding and PermitOpen in its sshd_config, and no-port-forwarding or restrict in authorized_keys.`,
      false,
    );
  }
  if (reason === 2) {
    return new NotPassed(
      `the hop ${label} can't connect to ${host}:${port}: ${said}`,
      `Is the machine up, and does its sshd listen on port ${port}? The name or address must be one that ${label} knows.`,
      true,
      true,
    );
  }
  return new NotPassed(`the hop ${label} failed: ${said}`, "", true);
}

/** Attempt keeps what was tried, to say it well when it fails. */
class Attempt {
  agentTrouble: string | undefined;
  private readonly methods: AnyAuthMethod[];
  private readonly notes: readonly string[];
  private readonly tried = new Set<string>();
  private taken: readonly string[] = [];

  constructor(
    private readonly stop: Stop,
    { methods, notes }: Credentials,
  ) {
    // The first question is what the host takes, as OpenSSH asks it.
    this.methods = [{ type: "none", username: stop.user }, ...methods];
    this.notes = notes;
  }

  /**
   * next is the way to log in that is tried after the host has refused one, or wants another one too, and said which
   * it takes. What it does not take now it may take after that.
   */
  next(left: readonly string[] | null): AnyAuthMethod | false {
    if (left !== null) this.taken = left;
    const at = this.methods.findIndex((method) => left === null || left.includes(nameOf(method)));
    const [method] = at === -1 ? [] : this.methods.splice(at, 1);
    if (method === undefined) return false;
    if (method.type !== "none") this.tried.add(method.type === "agent" ? "the agent's keys" : method.type);
    return method;
  }

  /** refusal is what an error means, after the host has said something or has been silent. */
  refusal(error: Error & { level?: string; code?: unknown }, silent: boolean): Refusal {
    if (error instanceof HopLost) return new NotPassed(error.message, "", true);
    const { host, port } = this.stop;
    const code = String(error.code);
    const passing = PASSING[code];
    if (passing !== undefined)
      return new Refusal(passing, this.isItUp(), true, silent && !OUR_OWN.includes(code));
    if (code === "ENOTFOUND")
      return new Refusal(`the name ${host} is not known`, `Check ${this.stop.named("host")}.`, false, true);
    if (/lost before handshake/.test(error.message)) return this.closed();
    // A number is the reason that the host gave as it hung up, such as too many keys tried.
    if (error.level === "client-authentication" || typeof error.code === "number")
      return this.notLoggedIn(error.message);
    return new Refusal(
      `no SSH connection came about: ${error.message}`,
      `Check that sshd listens on port ${port} and speaks the algorithms of today.`,
      false,
    );
  }

  late(silent: boolean): Refusal {
    return new Refusal(
      `there was no answer within ${this.stop.perDialTimeout} s`,
      this.isItUp(),
      true,
      silent,
    );
  }

  closed(): Refusal {
    return new Refusal(
      "the host closed the connection before anybody was logged in",
      "A busy sshd does so (MaxStartups in sshd_config), and a firewall or fail2ban.",
      true,
    );
  }

  private isItUp(): string {
    const { host, port, label } = this.stop;
    const where = label.includes(host) ? "" : ` of ${host}`;
    return `Is the machine up, and does its sshd listen on port ${port}${where}?`;
  }

  private notLoggedIn(said: string): Refusal {
    const { user, named } = this.stop;
    const tried = this.tried.size === 0 ? "nothing that it takes" : [...this.tried].join(" and ");
    const taken = this.taken.length === 0 ? "" : `; it takes ${this.taken.join(", ")}`;
    const agent = this.agentTrouble === undefined ? "" : `; the agent said: ${this.agentTrouble}`;
    const notes = this.notes.map((note) => `; ${note}`).join("");
    const detail = /authentication methods failed/.test(said) ? "" : ` (${said})`;
    const key = `that the key is in ~/.ssh/authorized_keys of ${user} on the host`;
    const password = `${named("password")}, and PasswordAuthentication and PermitRootLogin in its sshd_config`;
    const onlyPassword = this.tried.size > 0 && [...this.tried].every((one) => PASSWORDS.includes(one));
    // sshd says no more than this when it has counted enough keys.
    const many = /too many authentication failures/i.test(said) && this.tried.has("the agent's keys");
    const choose = many ? ` ${named("agentIdentity")} names the one key of the agent to offer.` : "";
    return new Refusal(
      `${user} was refused with ${tried}${taken}${agent}${notes}${detail}`,
      `Check ${named("user")}, and ${onlyPassword ? password : key}.${choose}`,
      false,
    );
  }
}

/** Ways to log in that take a password. */
const PASSWORDS = ["password", "keyboard-interactive"];

function nameOf({ type }: AnyAuthMethod): string {
  return type === "agent" ? "publickey" : type;
}
