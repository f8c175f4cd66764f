import { Metadata, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import provider from "@pulumi/pulumi/proto/provider_pb";
import rpc from "@pulumi/pulumi/proto/status_pb";
import any from "google-protobuf/google/protobuf/any_pb";
import empty from "google-protobuf/google/protobuf/empty_pb";
import { cancel } from "../operation";
import { useEngine } from "../progress";
import { shown } from "../secrets";
import type { Made } from "../subject";
import { Told } from "../told";
import type { Detail } from "./detailed";
import type { CheckedBag, Plugin } from "./plugin";
import { fieldsOf, structOf } from "./struct";

/** The gRPC service of a provider (pulumi, proto/pulumi/provider.proto), over a plugin. */

type Served = Pick<
  IResourceProviderServer,
  | "handshake"
  | "getSchema"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "invoke"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel"
  | "getPluginInfo"
  | "getMapping"
  | "getMappings"
>;

/** serviceOf answers the engine's calls; `schema` is the text of the package's schema. */
export function serviceOf(door: Plugin, version: string, schema: () => Promise<string>): Served {
  return {
    handshake: unary((request: provider.ProviderHandshakeRequest) => {
      useEngine(request.getEngineAddress());
      // Secrets stay the engine's affair: it hands over values, and marks what comes back under the same names.
      return new provider.ProviderHandshakeResponse();
    }),

    getSchema: unary(async () => new provider.GetSchemaResponse().setSchema(await schema())),

    getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(version)),

    checkConfig: unary((request: provider.CheckRequest) =>
      checkResponse(door.checkConfig(fieldsOf(request.getNews()))),
    ),

    // Another way to reach a host, or another host, changes no object.
    diffConfig: unary(() => new provider.DiffResponse()),

    configure: unary((request: provider.ConfigureRequest) => {
      door.configure(fieldsOf(request.getArgs()));
      return new provider.ConfigureResponse().setSupportspreview(true);
    }),

    invoke: unary(async (request: provider.InvokeRequest) => {
      const found = await door.invoke(request.getTok(), fieldsOf(request.getArgs()));
      return new provider.InvokeResponse().setReturn(structOf(found));
    }),

    check: unary(async (request: provider.CheckRequest) =>
      checkResponse(await door.check(request.getUrn(), fieldsOf(request.getNews()))),
    ),

    diff: unary(async (request: provider.DiffRequest) => {
      const { changed, replaces, details, deleteBeforeReplace } = await door.diff(
        request.getUrn(),
        fieldsOf(request.getOlds()),
        fieldsOf(request.getNews()),
      );
      const response = new provider.DiffResponse();
      const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
      response.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
      response.setReplacesList([...replaces]);
      response.setDiffsList([...changed]);
      response.setDeletebeforereplace(deleteBeforeReplace);
      for (const detail of details) response.getDetaileddiffMap().set(detail.path, propertyDiff(detail));
      response.setHasdetaileddiff(details.length > 0);
      return response;
    }),

    create: unary(async (request: provider.CreateRequest) => {
      const [urn, desired] = [request.getUrn(), fieldsOf(request.getProperties())];
      const { id, outputs } = request.getPreview()
        ? await door.preview(urn, undefined, desired)
        : await door.create(urn, desired, request.getTimeout());
      return new provider.CreateResponse().setId(id).setProperties(structOf(outputs));
    }),

    update: unary(async (request: provider.UpdateRequest) => {
      const [urn, state] = [request.getUrn(), fieldsOf(request.getOlds())];
      const desired = fieldsOf(request.getNews());
      const { outputs } = request.getPreview()
        ? await door.preview(urn, state, desired)
        : await door.update(urn, state, desired, request.getTimeout());
      return new provider.UpdateResponse().setProperties(structOf(outputs));
    }),

    read: unary(async (request: provider.ReadRequest) => {
      const found = await door.read(
        request.getUrn(),
        request.getId(),
        fieldsOf(request.getProperties()),
        fieldsOf(request.getInputs()),
        request.getTimeout(),
      );
      const response = new provider.ReadResponse();
      // No id tells the engine that the object is gone.
      if (found === undefined) return response;
      const { outputs, inputs, failing } = found;
      const id = request.getId() || found.id;
      if (failing !== undefined) throw new Told(failing, { id, outputs });
      return response.setId(id).setProperties(structOf(outputs)).setInputs(structOf(inputs));
    }),

    delete: unary(async (request: provider.DeleteRequest) => {
      const state = fieldsOf(request.getProperties());
      await door.delete(request.getUrn(), request.getId(), state, request.getTimeout());
      return new empty.Empty();
    }),

    cancel: unary(() => {
      cancel();
      return new empty.Empty();
    }),

    // There is no other tool whose state could be converted.
    getMapping: unary(() => new provider.GetMappingResponse()),
    getMappings: unary(() => new provider.GetMappingsResponse()),
  };
}

/** unary makes a handler of a function, of which whatever is thrown becomes an error that the engine understands. */
function unary<Request, Response>(answer: (request: Request) => Response | Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, reply: sendUnaryData<Response>): void => {
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => reply(null, response),
        (error: unknown) => reply(failureOf(error)),
      );
  };
}

/** failureOf is an error as gRPC carries it; what is half made travels with it, and the engine records it. */
function failureOf(error: unknown) {
  const message = error instanceof Told ? error.message : shown(error, []);
  const code = status.UNKNOWN;
  const metadata = new Metadata();
  if (error instanceof Told && error.made !== undefined) {
    const details = new any.Any();
    details.pack(halfMade(error.made, message).serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const told = new rpc.Status().setCode(code).setMessage(message);
    told.addDetails(details);
    metadata.add("grpc-status-details-bin", Buffer.from(told.serializeBinary()));
  }
  return { code, message, details: message, metadata };
}

function halfMade({ id, outputs }: Made, reason: string): provider.ErrorResourceInitFailed {
  const failed = new provider.ErrorResourceInitFailed();
  return failed.setId(id).setProperties(structOf(outputs)).setReasonsList([reason]);
}

function checkResponse({ inputs, failures }: CheckedBag): provider.CheckResponse {
  const response = new provider.CheckResponse().setInputs(structOf(inputs));
  for (const { property, reason } of failures)
    response.addFailures(new provider.CheckFailure().setProperty(property).setReason(reason));
  return response;
}

function propertyDiff({ kind, replaces }: Detail): provider.PropertyDiff {
  const { Kind } = provider.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  return new provider.PropertyDiff().setKind(kinds[kind][replaces ? 1 : 0]);
}
