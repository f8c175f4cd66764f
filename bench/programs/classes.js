// What the SDK's factory makes of a contract, for providers that have none: the same kind of type, properties, options
// and constant text in the state, so that the engine has the same work with their resources as with ours.
const pulumi = require("@pulumi/pulumi");

const shared = ["connection", "namespace", "name", "adopt", "mark"];
const properties = {
  IpipTunnel: [
    ...shared,
    ...["local", "remote", "dev", "ttl", "tos", "pmtudisc", "mtu", "addresses", "up"],
    ...["ifindex", "effectiveMtu", "state", "flags"],
  ],
  Route: [
    ...shared,
    ...["destination", "via", "dev", "src", "metric", "table", "mtu", "onlink", "scope", "type"],
    ...["effectiveDev", "effectiveSrc", "effectiveScope"],
  ],
};

function resource(type) {
  return class extends pulumi.CustomResource {
    constructor(name, { dev, ...args }) {
      super(
        `pulumi-nodejs:dynamic/bench:${type}`,
        name,
        {
          ...Object.fromEntries(properties[type].map((key) => [key, undefined])),
          ...args,
          ...(dev !== undefined && { dev: dev.name }),
          mark: `pulumi:${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
          __provider: `exports.handler=()=>require("./provider").handlers.${type};`,
        },
        {
          deleteBeforeReplace: true,
          ...(dev !== undefined && { deletedWith: dev, replaceWith: [dev] }),
        },
      );
    }
  };
}

exports.IpipTunnel = resource("IpipTunnel");
exports.Route = resource("Route");
