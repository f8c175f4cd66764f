/**
 * relay.ts runs in a lab's network namespace and carries connections to the machines in it. The sockets that it
 * listens on come from outside: they stay what they are, ports of the outer machine's loopback.
 */
import { connect, Server, type Socket } from "node:net";
import { RelayOrder } from "./relay-order";

function carry(client: Socket, address: string): void {
  const machine = connect({ host: address, port: 22, noDelay: true });
  client.setNoDelay(true);
  const ways: [Socket, Socket][] = [
    [client, machine],
    [machine, client],
  ];
  for (const [from, to] of ways) {
    from.pipe(to);
    // A machine that is down, or a client that broke off, is a broken connection for the other side as well.
    from.on("error", () => to.resetAndDestroy());
  }
}

process.on("message", (message, handle) => {
  const { address } = RelayOrder.parse(message);
  if (!(handle instanceof Server)) throw new Error(`no socket came with the order for ${address}`);
  handle.on("connection", (client) => carry(client, address));
  process.send?.({ address } satisfies RelayOrder);
});
