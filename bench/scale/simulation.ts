import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CLIENT_KEY, HOST_KEY, SshServer } from "../../tests/support/ssh-server";
import type { Target } from "../contenders/contender";

const IP = readFileSync(resolve(__dirname, "ip.bash"), "utf8");
/** Bash takes over functions that its environment holds under such names, so that no process is started for them. */
const FUNCTIONS = new Map(
  [...IP.matchAll(/^(\w+)\(\) (\{\n.*?^\})/gms)].map(([, name, body]) => [
    `BASH_FUNC_${name}%%`,
    `() ${body}`,
  ]),
);
const LOOK_MS = 20;

/** ip.bash looks for this name. */
const folderOf = (folder: string, host: number) => join(folder, `simulated-host-${host}`);

/** Simulation is many hosts on loopback: real SSH, a real shell for each, and an `ip` that has one tunnel to look after. */
export class Simulation {
  private most = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly servers: readonly SshServer[],
    readonly targets: readonly Target[],
    private readonly folder: string,
  ) {
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  static async start(folder: string, count: number): Promise<Simulation> {
    mkdirSync(folder, { recursive: true });
    const privateKeyPath = join(folder, "key");
    writeFileSync(privateKeyPath, CLIENT_KEY.private, { mode: 0o600 });
    Object.assign(process.env, Object.fromEntries(FUNCTIONS));
    const servers: SshServer[] = [];
    for (let host = 0; host < count; host++) {
      const bin = folderOf(folder, host);
      mkdirSync(bin);
      // For whoever asks which program `ip` is, or runs it in a way that goes past functions.
      writeFileSync(join(bin, "ip"), `#!/bin/bash\n${IP}\nip "$@"\n`);
      chmodSync(join(bin, "ip"), 0o755);
      servers.push(await SshServer.start({ shell: "/bin/bash", bin }));
    }
    const targets = servers.map(({ port }) => ({
      connection: { host: "127.0.0.1", port, hostKey: HOST_KEY.public, privateKeyPath },
    }));
    return new Simulation(servers, targets, folder);
  }

  /** connections gives how many there were, and the most at one time, since it was asked the last time. */
  connections(): { all: number; most: number } {
    const all = this.servers.reduce((total, { connections }) => total + connections, 0);
    const { most } = this;
    this.most = 0;
    for (const server of this.servers) server.connections = 0;
    return { all, most };
  }

  /** tunnels is how many of the hosts have their tunnel. */
  tunnels(): number {
    return this.servers.filter((_, host) => has(join(folderOf(this.folder, host), "tunnel"))).length;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (const name of FUNCTIONS.keys()) delete process.env[name];
    for (const server of this.servers) await server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private look(): void {
    const open = this.servers.reduce((total, server) => total + server.open, 0);
    this.most = Math.max(this.most, open);
  }
}

function has(file: string): boolean {
  try {
    return readFileSync(file, "utf8") !== "";
  } catch {
    return false;
  }
}
