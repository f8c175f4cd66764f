// Old output must not survive a rename: what is in dist is what is published.
require("node:fs").rmSync("dist", { recursive: true, force: true });
