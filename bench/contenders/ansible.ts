import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CACHE } from "../../lab/engine";
import { OPS, type Op } from "../rows";
import { command } from "./command";
import type { Contender, Task, Worker } from "./contender";
import { sshConfig } from "./openssh";

/** Where setup has put it. */
const BIN = join(CACHE, "ansible", "bin");
export const ANSIBLE = join(BIN, "ansible");
const PLAYBOOK = resolve(__dirname, "../ansible/playbook.yml");

/** Ansible has no state to refresh: to look for drift is to run the playbook without leave to change anything. */
const ARGUMENTS: Readonly<Record<Op, readonly string[]>> = {
  up: [],
  "no change": [],
  refresh: ["--check"],
  update: [],
  destroy: ["-e", "state=absent"],
};

async function start({ hosts, folder }: Task, atOnce: boolean): Promise<Worker> {
  const config = sshConfig(folder, hosts);
  const names = hosts.map((_, host) => `h${host}`);
  writeFileSync(join(folder, "inventory"), names.map((name, host) => `${name} number=${host}\n`).join(""));
  return {
    async perform(op, tunnels, signal) {
      const variables = join(folder, "tunnels.json");
      writeFileSync(variables, JSON.stringify({ tunnels }));
      // The path of a control socket may not be long.
      const sockets = mkdtempSync(join(tmpdir(), "bench-"));
      const env = {
        ...process.env,
        PATH: `${BIN}:${process.env.PATH}`,
        ANSIBLE_HOME: join(folder, "ansible"),
        ANSIBLE_FORKS: "10",
        ANSIBLE_PIPELINING: "True",
        ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
        ANSIBLE_DISPLAY_SKIPPED_HOSTS: "False",
        ANSIBLE_SSH_ARGS: `-F ${config} -o ControlMaster=auto -o ControlPersist=60s`,
        ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
      };
      const playbook = [
        join(BIN, "ansible-playbook"),
        "-i",
        join(folder, "inventory"),
        "-e",
        `@${variables}`,
      ];
      try {
        const extent = ["-e", `at_once=${atOnce}`];
        await command([...playbook, ...extent, ...ARGUMENTS[op], PLAYBOOK], { signal, env });
      } finally {
        // Between two runs of a playbook a user's connection has long ended.
        for (const socket of readdirSync(sockets)) {
          await command(["ssh", "-o", `ControlPath=${join(sockets, socket)}`, "-O", "exit", "h0"], {
            signal,
          });
        }
        rmSync(sockets, { recursive: true, force: true });
      }
      return { providerMb: null };
    },
  };
}

/** A playbook in the usual way: an item of a loop for each tunnel, which is run only where something differs. */
export const ansible: Contender = {
  name: "ansible",
  engine: false,
  real: true,
  ops: OPS,
  start: (task) => start(task, false),
};

/** The same with one file of `ip -batch` for all of a host: what an expert may do who knows how slow loops are. */
export const ansibleAtOnce: Contender = {
  ...ansible,
  name: "ansible at once",
  start: (task) => start(task, true),
};
