// A dynamic provider as it is usually written, and written well: each operation connects, runs one command after
// another, each an exec of its own, reads back what it has made, and hangs up.
const { readFileSync } = require("node:fs");
const { isDeepStrictEqual } = require("node:util");
const { setTimeout: delay } = require("node:timers/promises");
const { Client } = require("ssh2");

/** A default sshd turns connections away while more than ten are half open (MaxStartups in sshd_config(5)). */
const DIALS = 10;

const keys = new Map();

function keyAt(path) {
  if (!keys.has(path)) keys.set(path, readFileSync(path));
  return keys.get(path);
}

function dialOnce({ host, port, hostKey, privateKeyPath }) {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.on("ready", () => resolve(client));
    client.on("error", reject);
    client.connect({
      host,
      port,
      username: "root",
      privateKey: keyAt(privateKeyPath),
      hostVerifier: (key) => key.toString("base64") === hostKey.split(" ")[1],
    });
  });
}

async function dial(connection) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dialOnce(connection);
    } catch (error) {
      if (attempt === DIALS) throw error;
      await delay(250 * attempt * (1 + Math.random()));
    }
  }
}

function exec(client, command) {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      const [stdout, stderr] = [[], []];
      let code;
      channel.on("data", (chunk) => stdout.push(chunk));
      channel.stderr.on("data", (chunk) => stderr.push(chunk));
      channel.on("exit", (status) => {
        code = status;
      });
      channel.on("close", () => {
        if (code === 0) resolve(Buffer.concat(stdout).toString());
        else reject(new Error(`${command}: exit code ${code}: ${Buffer.concat(stderr)}`));
      });
    });
  });
}

async function connected(connection, work) {
  const client = await dial(connection);
  try {
    return await work((command) => exec(client, command));
  } finally {
    client.end();
  }
}

/** resource is a provider of objects that can be made, changed, looked at and removed with a `run` for commands. */
function resource({ id, properties, make, change, look, remove }) {
  return {
    check: async (_olds, news) => ({ inputs: news, failures: [] }),
    diff: async (_id, olds, news) => ({
      changes: properties.some((key) => !isDeepStrictEqual(olds[key], news[key])),
    }),
    create: (inputs) =>
      connected(inputs.connection, async (run) => {
        await make(run, inputs);
        return { id: id(inputs), outs: { ...inputs, ...(await look(run, inputs)) } };
      }),
    read: (known, props) =>
      connected(props.connection, async (run) => {
        const found = await look(run, props);
        if (found === undefined) return { id: "" };
        const inputs = Object.fromEntries(
          Object.keys(props).map((key) => [key, properties.includes(key) ? found[key] : props[key]]),
        );
        return { id: known, props: { ...props, ...found }, inputs };
      }),
    update: (_id, olds, news) =>
      connected(news.connection, async (run) => {
        await change(run, olds, news);
        return { outs: { ...news, ...(await look(run, news)) } };
      }),
    delete: (_id, props) => connected(props.connection, (run) => remove(run, props)),
  };
}

const ends = ({ local, remote, ttl }) => `type ipip mode ipip local ${local} remote ${remote} ttl ${ttl}`;

const IpipTunnel = resource({
  id: ({ name }) => name,
  properties: ["name", "local", "remote", "ttl", "addresses"],

  async make(run, tunnel) {
    await run(`ip link add ${tunnel.name} ${ends(tunnel)}`);
    for (const address of tunnel.addresses) await run(`ip address add ${address} dev ${tunnel.name}`);
    await run(`ip link set ${tunnel.name} up`);
  },

  async change(run, before, tunnel) {
    await run(`ip link change ${tunnel.name} ${ends(tunnel)}`);
    for (const address of before.addresses.filter((one) => !tunnel.addresses.includes(one))) {
      await run(`ip address delete ${address} dev ${tunnel.name}`);
    }
    for (const address of tunnel.addresses.filter((one) => !before.addresses.includes(one))) {
      await run(`ip address add ${address} dev ${tunnel.name}`);
    }
  },

  async look(run, { name }) {
    const links = await run(`ip -json -details address show dev ${name} || true`);
    const [link] = links.trim() === "" ? [] : JSON.parse(links);
    if (link === undefined) return undefined;
    const { local, remote, ttl } = link.linkinfo.info_data;
    const addresses = link.addr_info
      .filter(({ scope }) => scope === "global")
      .map((address) => `${address.local}/${address.prefixlen}`);
    return { name, local, remote, ttl, addresses, ifindex: link.ifindex, effectiveMtu: link.mtu };
  },

  async remove(run, { name }) {
    await run(`ip link delete ${name}`);
  },
});

const Route = resource({
  id: ({ destination }) => destination,
  properties: ["destination", "dev"],

  async make(run, { destination, dev }) {
    await run(`ip route add ${destination} dev ${dev}`);
  },

  async change(run, _before, { destination, dev }) {
    await run(`ip route replace ${destination} dev ${dev}`);
  },

  async look(run, { destination }) {
    const routes = JSON.parse((await run(`ip -json route show ${destination}`)).trim() || "[]");
    return routes.length === 0 ? undefined : { destination, dev: routes[0].dev };
  },

  async remove(run, { destination, dev }) {
    await run(`ip route delete ${destination} dev ${dev}`);
  },
});

exports.handlers = { IpipTunnel, Route };
