import { Client, credentials } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { currentUrn } from "./operation";
import { visibleText } from "./visible";

/** What the engine shows while it works: the log service of the engine that has started this process. */

/** Milliseconds between two status messages: each is a line where the engine's display is no terminal. */
const PACE = 1000;
/** Milliseconds that the engine may take to accept a message; an engine that has ended takes none. */
const LIMIT = 5000;
/** How many of the hosts that are waited for are named. */
const MAX_NAMED = 3;

let address = addressOfDynamic();
let engine: Client | undefined;
let latest = "";
let timer: NodeJS.Timeout | undefined;
/** Messages arrive in the order in which they were sent. */
let queue = Promise.resolve(true);

/** showWaits shows what hosts keep us waiting for, as a status that is gone when the work is done. */
export function showWaits(waits: readonly string[]): void {
  const named = waits.slice(0, MAX_NAMED).join("; ");
  const more = waits.length > MAX_NAMED ? `; and ${waits.length - MAX_NAMED} more` : "";
  latest = waits.length === 0 ? "" : `waiting for ${named}${more}`;
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    void send(LogSeverity.INFO, latest, true);
  }, PACE).unref();
}

/** inform shows a text that stays, and returns when the engine has it. */
export async function inform(text: string): Promise<void> {
  await send(LogSeverity.INFO, text, false);
}

/** warn shows a warning, and returns when the engine has it. */
export async function warn(text: string): Promise<void> {
  if (await send(LogSeverity.WARNING, text, false)) return;
  process.stderr.write(`warning: ${visibleText(text)}\n`);
}

/** useEngine has messages go to the engine at an address. */
export function useEngine(at: string): void {
  address = at;
  engine = undefined;
}

function send(severity: LogSeverity, text: string, ephemeral: boolean): Promise<boolean> {
  const request = new LogRequest();
  request.setUrn(ephemeral ? "" : (currentUrn() ?? ""));
  request.setSeverity(severity);
  request.setMessage(visibleText(text));
  request.setEphemeral(ephemeral);
  queue = queue.then(() => log(request));
  return queue;
}

/** log hands a message to the engine and tells whether that went well. Without a URN it is shown beside the stack. */
function log(request: LogRequest): Promise<boolean> {
  // A proxy that the environment names leads out of this machine.
  if (address !== undefined)
    engine ??= new Client(address, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  const { path, requestSerialize, responseDeserialize } = EngineService.log;
  const options = { deadline: Date.now() + LIMIT };
  return new Promise((resolve) => {
    if (engine === undefined) return resolve(false);
    engine.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error) =>
      resolve(error === null),
    );
  });
}

/**
 * A dynamic provider is not told where its engine listens, but the engine starts it with that address as its only
 * argument (@pulumi/pulumi, cmd/dynamic-provider). Undefined in any other process.
 */
function addressOfDynamic(): string | undefined {
  const [, program = "", at = ""] = process.argv;
  return /\bdynamic-provider\b/.test(program) && /:\d+$/.test(at) ? at : undefined;
}
