/**
 * The executable `pulumi-resource-ipip`: the engine starts it with the address where it listens itself, and reads from
 * standard output the port that it is to call.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { hostFor } from "../host/session";
import { onWait } from "../host/waits";
import { lookingOver, lookups, servicesOver } from "../index";
import { limited } from "../operation";
import { showWaits, useEngine } from "../progress";
import { Plugin } from "./plugin";
import { serviceOf } from "./server";

/** Written in when the executable is made. */
declare const PLUGIN_VERSION: string;

/** The engine's own limit for a message; a state may be large (pulumi, sdk/go/common/util/rpcutil). */
const MAX_MESSAGE = 400 * 1024 * 1024;

const [, , engine] = process.argv;
if (engine !== undefined) useEngine(engine);
onWait(showWaits);

const open = limited(hostFor);
const door = new Plugin(servicesOver(open), lookingOver(open), lookups);
const server = new Server({
  "grpc.max_receive_message_length": MAX_MESSAGE,
  "grpc.max_send_message_length": MAX_MESSAGE,
});
const schema = () => readFile(join(__dirname, "schema.json"), "utf8");
server.addService(ResourceProviderService, { ...serviceOf(door, PLUGIN_VERSION, schema) });
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
