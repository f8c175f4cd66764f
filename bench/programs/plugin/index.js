// The same tunnels by the plugin.
require("../tunnels").declare(require("pulumi-ipip/plugin"));
