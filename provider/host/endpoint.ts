import { canonicalIp } from "../net";

/** Endpoint is the two ends of an SSH connection as the host sees them: SSH_CONNECTION (ssh(1)). */
export interface Endpoint {
  /** The address that the connection comes from: that of the machine before the host, whatever is behind it. */
  readonly peer: string;
  /** The address of the host that it came to. */
  readonly local: string;
  /** The port that sshd took it at. */
  readonly port: number;
  /** The device of an address that is one on one device only (RFC 4007). */
  readonly zone?: string;
}

/** endpointOf reads the value of SSH_CONNECTION; undefined where there is none, or nothing that can be read. */
export function endpointOf(text: string): Endpoint | undefined {
  const [from = "", , to = "", at = "", ...more] = text.trim().split(" ");
  const [peer, local] = [from, to].map((address) => canonicalIp(address.split("%")[0] ?? "")?.text);
  const port = Number(at);
  if (peer === undefined || local === undefined || !Number.isInteger(port) || more.length > 0)
    return undefined;
  const zone = from.split("%")[1];
  return { peer, local, port, ...(zone && { zone }) };
}
