// The least that there is of a provider on the server of Pulumi's SDK.
const { main } = require("@pulumi/pulumi/provider");

main({ version: "0.0.0", schema: "{}" }, process.argv.slice(2));
