import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { AgentProtocol, type ParsedKey, utils } from "ssh2";
import { scratch } from "../ssh/scratch";

/** agent is an SSH agent with these keys; it gives its socket's path. */
export async function agent(keys: readonly string[]): Promise<string> {
  const path = join(scratch(), "socket");
  const parsed = keys.map((key) => utils.parseKey(key) as ParsedKey);
  const listener = createServer((socket) => {
    const protocol = new AgentProtocol(false);
    protocol.on("identities", (request) => protocol.getIdentitiesReply(request, parsed));
    protocol.on("sign", (request, asked, data) => {
      const key = parsed.find((each) => each.getPublicSSH().equals(asked.getPublicSSH()));
      if (key === undefined) protocol.failureReply(request);
      else protocol.signReply(request, key.sign(data));
    });
    socket.pipe(protocol).pipe(socket);
  });
  listener.listen(path).unref();
  await once(listener, "listening");
  return path;
}
