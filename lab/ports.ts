import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { spawnRecorded } from "./process";
import { labFolder, netnsPath, pidFile } from "./record";
import { RelayOrder } from "./relay-order";
import { lastLines } from "./wait";

/**
 * openPorts opens a port on loopback for each address in a lab's namespace and gives them back in the same order.
 * The process behind them lives as long as the lab.
 */
export async function openPorts(id: string, addresses: readonly string[]): Promise<number[]> {
  const servers = await Promise.all(addresses.map(listen));
  const logFile = join(labFolder(id), "relay.log");
  const log = openSync(logFile, "a");
  const tsx = pathToFileURL(require.resolve("tsx")).href;
  const relay = spawnRecorded(
    pidFile(id, "relay"),
    [process.execPath, "--import", tsx, resolve(__dirname, "relay.ts")],
    { netns: netnsPath(id), cwd: labFolder(id), stdio: ["ignore", log, log, "ipc"] },
  );
  closeSync(log);
  const failed = once(relay, "exit").then(() => {
    throw new Error(`the relay of lab ${id} ended:\n${lastLines(logFile)}`);
  });
  const handedOver = servers.map(async (server, index) => {
    const { port } = server.address() as AddressInfo;
    await Promise.race([handOver(relay, addresses[index] ?? "", server), failed]);
    return port;
  });
  const ports = await Promise.all(handedOver);
  relay.disconnect();
  relay.unref();
  return ports;
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function handOver(relay: ChildProcess, address: string, server: Server): Promise<void> {
  const taken = new Promise<void>((resolve) => {
    const onMessage = (answer: unknown) => {
      if (RelayOrder.parse(answer).address !== address) return;
      relay.off("message", onMessage);
      resolve();
    };
    relay.on("message", onMessage);
  });
  relay.send({ address } satisfies RelayOrder, server);
  await taken;
  server.close();
}
