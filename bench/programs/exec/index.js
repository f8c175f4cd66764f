// Tunnels by a provider as it is usually written.
require("../tunnels").declare(require("../classes"));
