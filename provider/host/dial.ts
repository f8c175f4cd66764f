import { connect as openSocket, type Socket } from "node:net";
import { type AnyAuthMethod, Client } from "ssh2";
import type { Connection } from "./connection";
import type { HostProof } from "./host-key";
import { Refusal } from "./refusal";

/** Line is an SSH connection that is logged in. */
export interface Line {
  readonly client: Client;
  readonly socket: Socket;
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

/** dial makes one attempt to connect and log in. It fails with a Refusal. */
export function dial(
  connection: Connection,
  methods: readonly AnyAuthMethod[],
  proof: HostProof,
  signal: AbortSignal,
): Promise<Line> {
  return new Promise((resolve, reject) => {
    const { host, port, user, perDialTimeout } = connection;
    const client = new Client();
    const socket = openSocket({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE,
    });
    const attempt = new Attempt(connection, methods);
    const fail = (refusal: Refusal) => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      reject(refusal);
    };
    const abort = () => fail(new Refusal("nobody waits for it any more", "", true));
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
      signal.removeEventListener("abort", abort);
      resolve({ client, socket });
    });
    client.connect({
      sock: socket,
      username: user,
      readyTimeout: perDialTimeout * 1000,
      algorithms: { serverHostKey: proof.algorithms },
      hostVerifier: (key: Buffer) => {
        wrongKey = proof.verify(key);
        return wrongKey === undefined;
      },
      authHandler: (left: string[] | null) => attempt.next(left),
    });
  });
}

/** Attempt keeps what was tried, to say it well when it fails. */
class Attempt {
  agentTrouble: string | undefined;
  private readonly methods: AnyAuthMethod[];
  private readonly tried: string[] = [];
  private taken: readonly string[] = [];

  constructor(
    private readonly connection: Connection,
    methods: readonly AnyAuthMethod[],
  ) {
    // The first question is what the host takes, as OpenSSH asks it.
    this.methods = [{ type: "none", username: connection.user }, ...methods];
  }

  /** next is the way to log in that is tried after the host has refused one and said which it takes. */
  next(left: readonly string[] | null): AnyAuthMethod | false {
    if (left !== null) this.taken = left;
    const method = this.methods.shift();
    if (method === undefined) return false;
    const name = method.type === "agent" ? "publickey" : method.type;
    if (left !== null && !left.includes(name)) return this.next(left);
    if (method.type !== "none") this.tried.push(method.type === "agent" ? "the agent's keys" : name);
    return method;
  }

  /** refusal is what an error means, after the host has said something or has been silent. */
  refusal(error: Error & { level?: string; code?: unknown }, silent: boolean): Refusal {
    const { host, port, perDialTimeout } = this.connection;
    const code = String(error.code);
    const passing = PASSING[code];
    if (passing !== undefined)
      return new Refusal(passing, this.isItUp(), true, silent && !OUR_OWN.includes(code));
    if (code === "ENOTFOUND")
      return new Refusal(`the name ${host} is not known`, "Check connection.host.", false, true);
    if (error.level === "client-timeout") {
      return new Refusal(`there was no answer within ${perDialTimeout} s`, this.isItUp(), true, silent);
    }
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

  closed(): Refusal {
    return new Refusal(
      "the host closed the connection before anybody was logged in",
      "A busy sshd does so (MaxStartups in sshd_config), and a firewall or fail2ban.",
      true,
    );
  }

  private isItUp(): string {
    const { port } = this.connection;
    return `Is the machine up, and does its sshd listen on port ${port}?`;
  }

  private notLoggedIn(said: string): Refusal {
    const { user } = this.connection;
    const tried = this.tried.length === 0 ? "nothing that it takes" : this.tried.join(" and ");
    const taken = this.taken.length === 0 ? "" : `; it takes ${this.taken.join(", ")}`;
    const agent = this.agentTrouble === undefined ? "" : `; the agent said: ${this.agentTrouble}`;
    const detail = /authentication methods failed/.test(said) ? "" : ` (${said})`;
    const key = `that the key is in ~/.ssh/authorized_keys of ${user} on the host`;
    const password = "connection.password, and PasswordAuthentication and PermitRootLogin in its sshd_config";
    const check = this.tried.join() === "password" ? password : key;
    return new Refusal(
      `${user} was refused with ${tried}${taken}${agent}${detail}`,
      `Check connection.user, and ${check}.`,
      false,
    );
  }
}
