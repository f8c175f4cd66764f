// Resources with the inputs and outputs of this package's, the defaults and what a host tells besides among them, that
// do nothing at all.
const { isDeepStrictEqual } = require("node:util");

/** What the package fills in where a program says nothing of how to connect. */
const CONNECTION = {
  user: "root",
  insecureIgnoreHostKey: false,
  perDialTimeout: 15,
  dialErrorLimit: 10,
  operationTimeout: 300,
};

function resource(id, defaults, told) {
  const inputsOf = ({ __provider, ...props }) =>
    Object.fromEntries(Object.entries(props).filter(([key]) => !(key in told) && key !== "owner"));
  return {
    check: async (_olds, { __provider, connection, ...news }) => ({
      inputs: { ...defaults, ...news, connection: { ...CONNECTION, ...connection } },
      failures: [],
    }),
    diff: async (_id, olds, news) => {
      const changed = Object.keys(news).filter(
        (key) => key !== "__provider" && !isDeepStrictEqual(olds[key], news[key]),
      );
      return changed.length === 0 ? { changes: false } : { deleteBeforeReplace: true };
    },
    create: async ({ __provider, ...inputs }) => ({
      id: id(inputs),
      outs: { ...inputs, ...told, owner: inputs.mark },
    }),
    read: async (known, { __provider, ...props }) => ({ id: known, props, inputs: inputsOf(props) }),
    update: async (_id, _olds, { __provider, ...news }) => ({ outs: { ...news, ...told, owner: news.mark } }),
    delete: async () => {},
  };
}

const on = ({ host, port }) => `${host}:${port}`;

exports.handlers = {
  IpipTunnel: resource(
    ({ connection, name }) => `${on(connection)}//${name}`,
    { tos: 0, pmtudisc: true, up: true, adopt: false },
    {
      ifindex: 100,
      effectiveMtu: 1480,
      state: "up",
      flags: ["POINTOPOINT", "NOARP", "UP", "LOWER_UP"],
      schemaVersion: 1,
    },
  ),
  Route: resource(
    ({ connection, destination }) => `${on(connection)}//${destination}/254/0`,
    { table: 254, onlink: false, type: "unicast", adopt: false },
    { effectiveDev: "bench0", effectiveScope: "link", schemaVersion: 1 },
  ),
};
