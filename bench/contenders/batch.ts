import type { Op } from "../rows";
import type { Tunnel } from "../tunnels";
import { command } from "./command";
import type { Contender, Task, Worker } from "./contender";
import { sshConfig } from "./openssh";

/** All that there is on a host, as one who wants to know what his changes came to has it printed. */
const READ = [
  "ip -json -details address show",
  "ip -json -details -4 route show table all",
  "ip -json -details -6 route show table all",
].join(" && ");

/** linesOf is what somebody would write by hand into the file of `ip -batch`. */
function linesOf(op: Op, { name, local, remote, ttl, addresses, destination }: Tunnel): string[] {
  const ends = `type ipip mode ipip local ${local} remote ${remote} ttl ${ttl}`;
  if (op === "update") return [`link change name ${name} ${ends}`];
  if (op === "destroy") return [`link delete dev ${name}`];
  if (op !== "up") return [];
  return [
    `link add name ${name} ${ends}`,
    ...addresses.map((address) => `address add ${address} dev ${name}`),
    `link set dev ${name} up`,
    ...(destination === undefined ? [] : [`route add ${destination} dev ${name}`]),
  ];
}

async function start({ hosts, folder }: Task, readBack: boolean): Promise<Worker> {
  const config = sshConfig(folder, hosts);
  return {
    async perform(op, tunnels, signal) {
      const work = hosts.map(async (_, host) => {
        const lines = tunnels
          .filter((tunnel) => tunnel.host === host)
          .flatMap((tunnel) => linesOf(op, tunnel));
        const change = lines.length === 0 ? [] : ["ip -batch -"];
        const remote = [...change, ...(readBack ? [READ] : [])].join(" && ");
        const stdin = `${lines.join("\n")}\n`;
        await command(["ssh", "-F", config, `h${host}`, remote], { signal, stdin });
      });
      await Promise.all(work);
      return { providerMb: null };
    },
  };
}

/** One file of `ip -batch` for each host, over one OpenSSH connection: the limit of the host's side. */
export const batch: Contender = {
  name: "batch",
  engine: false,
  real: true,
  ops: ["up", "update", "destroy"],
  start: (task) => start(task, false),
};

/** The same, and everything read back in the same command; with nothing to do, only that. */
export const batchWithRead: Contender = {
  ...batch,
  name: "batch+read",
  ops: ["up", "no change", "refresh", "update", "destroy"],
  start: (task) => start(task, true),
};
