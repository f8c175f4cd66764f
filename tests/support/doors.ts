import type { Metadata } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import provider from "@pulumi/pulumi/proto/provider_pb";
import rpc from "@pulumi/pulumi/proto/status_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { handlers, lookingOver, lookups, type Services, servicesOver } from "../../provider";
import { door as doorTo, type Provider } from "../../provider/dynamic";
import type { Host } from "../../provider/host/host";
import { hostFor } from "../../provider/host/session";
import { limited } from "../../provider/operation";
import { Plugin } from "../../provider/plugin/plugin";
import { serviceOf } from "../../provider/plugin/server";
import { bare } from "../../provider/plugin/struct";
import type { Fields } from "../../provider/state";
import type { Served } from "./mini-engine";

/** The doors by which the engine comes to our code, so that one test may go through each. */

export const DOORS = ["dynamic", "plugin"] as const;
export type Door = (typeof DOORS)[number];

/** Handler is the engine's calls for one type, in the words of the dynamic provider whichever door they go through. */
export type Handler = Omit<Provider, "configure">;

/**
 * doorFor is the door that a test goes through: they take turns, so that both share a suite. With DOOR, as in `make doors`,
 * all tests go through that one.
 */
export function doorFor(index: number): Door {
  const wanted = DOORS.find((door) => door === process.env.DOOR);
  return wanted ?? DOORS[index % DOORS.length] ?? "dynamic";
}

/** doorsFor are those that a suite goes through which is worth its time twice. */
export function doorsFor(): readonly Door[] {
  return process.env.DOOR === undefined ? DOORS : [doorFor(0)];
}

/** handlerOf is a type's handler behind a door. */
export function handlerOf(type: string, door: Door): Handler {
  const found = handlers[type];
  if (found === undefined) throw new Error(`there is no handler for ${type}`);
  if (door === "dynamic") return found;
  wire ??= new Wire(servicesOver(limited(hostFor)));
  return wire.handler(type);
}

/** servedBy is a type as a door serves it, over one host. */
export function servedBy(door: Door, type: string, host: Host): Served {
  const services = servicesOver(limited(() => host));
  const service = services[type];
  if (service === undefined) throw new Error(`there is no service for ${type}`);
  const handler = door === "dynamic" ? doorTo(service) : new Wire(services).handler(type);
  const checked = async (inputs: Fields) => {
    const { inputs: right, failures } = await handler.check({}, { ...inputs, __provider: "…" });
    expect(failures).toEqual([]);
    return { ...right, __provider: "…" };
  };
  return {
    async diff(state, desired, id) {
      const found = await handler.diff(id, state, await checked(desired));
      const { changes, replaces = [], deleteBeforeReplace = false } = found;
      return { changed: changes === false ? [] : ["something"], replaces, deleteBeforeReplace };
    },
    async create(desired) {
      const { id, outs } = await handler.create(await checked(desired));
      return { id, outputs: { ...outs, __provider: "…" } };
    },
    async update(state, desired, id) {
      const { outs } = await handler.update(id, state, await checked(desired));
      return { id, outputs: { ...outs, __provider: "…" } };
    },
    async read(state, was) {
      const { id, props, inputs } = await handler.read(was, state);
      return id === "" ? undefined : { id: was, outputs: { ...props, __provider: "…" }, inputs };
    },
    delete: (state, id) => handler.delete(id, state),
  };
}

let wire: Wire | undefined;

type Bag = Readonly<Record<string, unknown>>;

/** Wire calls the plugin's service as the engine does, with each message in the bytes that it has on the way. */
export class Wire {
  private service: ReturnType<typeof serviceOf>;

  constructor(private readonly services: Services) {
    this.service = this.started();
  }

  private started() {
    const looking = lookingOver(limited(hostFor));
    return serviceOf(new Plugin(this.services, looking, lookups), "0.0.0", async () => "{}");
  }

  /** call gives what the service answers; an error is as the engine gets it. */
  async call<Request, Response>(name: keyof typeof this.service, request: Request): Promise<Response> {
    const method = ResourceProviderService[name] as unknown as {
      requestSerialize(one: Request): Buffer;
      requestDeserialize(bytes: Buffer): Request;
      responseSerialize(one: Response): Buffer;
      responseDeserialize(bytes: Buffer): Response;
    };
    const answer = this.service[name] as unknown as (
      call: { request: Request },
      reply: (error: Error | null, response?: Response) => void,
    ) => void;
    const received = method.requestDeserialize(method.requestSerialize(request));
    const response = await new Promise<Response>((resolve, reject) =>
      answer({ request: received }, (error, one) =>
        error === null ? resolve(one as Response) : reject(error),
      ),
    );
    return method.responseDeserialize(method.responseSerialize(response));
  }

  /** handler is a type's handler behind this service. */
  handler(type: string): Handler {
    const urn = `urn:pulumi:dev::test::ipip:index:${type}::it`;
    const made = async <T>(bag: Bag, work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw asThrown(error as Error & { metadata?: Metadata }, bag);
      }
    };
    return {
      check: (olds, news) => made(news, () => this.check(urn, olds ?? {}, news)),
      diff: async (id, olds, news) => made(news, () => this.diff(urn, id, olds, news)),
      create: async (inputs) =>
        made(inputs, async () => {
          const request = new provider.CreateRequest().setUrn(urn).setProperties(struct(inputs));
          const response = await this.call<typeof request, provider.CreateResponse>("create", request);
          return { id: response.getId(), outs: fields(response.getProperties()) };
        }),
      read: async (id, props = {}) =>
        made(props, async () => {
          const request = new provider.ReadRequest().setUrn(urn).setId(id).setProperties(struct(props));
          request.setInputs(struct(props));
          const response = await this.call<typeof request, provider.ReadResponse>("read", request);
          const found = { props: fields(response.getProperties()), inputs: fields(response.getInputs()) };
          return response.getId() === "" ? { id: "" } : { id: response.getId(), ...found };
        }),
      update: async (id, olds, news) =>
        made(news, async () => {
          const request = new provider.UpdateRequest().setUrn(urn).setId(id);
          request.setOlds(struct(olds)).setNews(struct(news));
          const response = await this.call<typeof request, provider.UpdateResponse>("update", request);
          return { outs: fields(response.getProperties()) };
        }),
      delete: async (id, props) =>
        made(props, async () => {
          // What is not replaced is deleted by a later run, which has a process of its own.
          this.service = this.started();
          const request = new provider.DeleteRequest().setUrn(urn).setId(id).setProperties(struct(props));
          await this.call("delete", request);
        }),
    };
  }

  private async check(urn: string, olds: Bag, news: Bag) {
    const request = new provider.CheckRequest().setUrn(urn).setOlds(struct(olds)).setNews(struct(news));
    const response = await this.call<typeof request, provider.CheckResponse>("check", request);
    const failures = response.getFailuresList().map((one) => ({
      property: one.getProperty(),
      reason: one.getReason(),
    }));
    return { inputs: fields(response.getInputs()), failures };
  }

  private async diff(urn: string, id: string, olds: Bag, news: Bag) {
    const request = new provider.DiffRequest()
      .setUrn(urn)
      .setId(id)
      .setOlds(struct(olds))
      .setNews(struct(news));
    const response = await this.call<typeof request, provider.DiffResponse>("diff", request);
    const replaces = response.getReplacesList();
    const places: string[] = [];
    response.getDetaileddiffMap().forEach((_, place) => {
      places.push(place);
    });
    // What is told in detail is just what has changed.
    const roots = [...new Set(places.map((place) => /^[^.[]*/.exec(place)?.[0]))].sort();
    if (response.getHasdetaileddiff()) expect(roots).toEqual([...response.getDiffsList()].sort());
    const none = response.getChanges() === provider.DiffResponse.DiffChanges.DIFF_NONE;
    const deleteBeforeReplace = response.getDeletebeforereplace();
    return none ? { changes: false } : { replaces, deleteBeforeReplace };
  }
}

/** The engine takes out what belongs to dynamic resources alone when a stack has moved over. */
function struct({ __provider: _, ...bag }: Bag): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(bag)) as Record<string, JavaScriptValue>);
}

/** The engine opens secrets before it hands them back. */
function fields(bag: Struct | undefined): Record<string, unknown> {
  return bare(bag?.toJavaScript() ?? {}) as Record<string, unknown>;
}

/** asThrown is an error of the service in the form that the dynamic provider's have. */
function asThrown({ message, metadata }: Error & { metadata?: Metadata }, bag: Bag): Error {
  const thrown = Object.assign(new Error(message), { stack: "" });
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!(bytes instanceof Buffer)) return thrown;
  const [detail] = rpc.Status.deserializeBinary(bytes).getDetailsList();
  const failed = provider.ErrorResourceInitFailed.deserializeBinary(
    detail?.getValue_asU8() ?? new Uint8Array(),
  );
  const properties = { ...fields(failed.getProperties()), __provider: bag.__provider };
  return Object.assign(thrown, { id: failed.getId(), properties, reasons: failed.getReasonsList() });
}
