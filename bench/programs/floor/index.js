// Tunnels that are in the state and nowhere else: what the engine costs by itself.
require("../tunnels").declare(require("../classes"));
