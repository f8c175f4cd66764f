// Tunnels by this package.
require("../tunnels").declare(require("pulumi-ipip"));
