// The program of all contenders that are Pulumi providers; they differ in the classes alone.
const { readFileSync } = require("node:fs");

/** declare makes the tunnels of the specification that the benchmark has written. */
exports.declare = ({ IpipTunnel, Route }) => {
  const { connections, tunnels } = JSON.parse(readFileSync(process.env.BENCH_SPECIFICATION, "utf8"));
  for (const { host, name, local, remote, ttl, addresses, destination } of tunnels) {
    const connection = connections[host];
    const tunnel = new IpipTunnel(name, { connection, name, local, remote, ttl, addresses });
    // A host of the simulation has a tunnel alone.
    if (destination !== undefined) new Route(`${name}-route`, { connection, destination, dev: tunnel });
  }
};
