import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "../provider/host/connection";
import { markOf } from "../provider/mark";
import type { Parent, ResourceType } from "../provider/resource";
import { type Door, doors } from "./door";

/** Named is a resource whose object others are in or on; it may be given wherever its name may. */
export type Named = pulumi.CustomResource & { readonly name: pulumi.Output<string> };

const labels = new WeakMap<object, string>();

/** labelOf is the name that a program gave a resource of ours, which stays the same while the resource does. */
export function labelOf(resource: pulumi.Resource): string | undefined {
  return labels.get(resource);
}

/** In brackets no union is taken apart: an `Output<boolean>` is no `Input<true> | Input<false>`. */
export type Value<T> = [T] extends [Parent]
  ? pulumi.Input<string> | Named
  : [T] extends [readonly (infer Item)[]]
    ? pulumi.Input<Value<Item>[]>
    : [T] extends [object]
      ? pulumi.Input<Values<T>>
      : pulumi.Input<T>;

export type Values<T> = { [K in keyof T]: Value<Exclude<T[K], undefined>> | Extract<T[K], undefined> };

/** What the class gives when the program doesn't. */
type Given<T> = T extends { mark: string } ? Omit<T, "mark"> & Partial<Pick<T, "mark">> : T;

/** Args are the arguments of a resource's class: its contract's inputs, each as a value, a promise or an output. */
export type Args<I extends z.ZodObject> = Values<Given<z.input<I>>>;

/** ConnectionArgs say how to reach a host; each may be an output of another resource. */
export type ConnectionArgs = Values<z.input<typeof Connection>>;

/** Outputs are the properties of a resource: its inputs in canonical form, and what the host tells besides. */
export type Outputs<I extends z.ZodObject, O extends z.ZodObject> = {
  readonly [K in keyof z.output<I>]-?: pulumi.Output<z.output<I>[K]>;
} & { readonly [K in keyof z.output<O>]-?: pulumi.Output<z.output<O>[K]> };

/** ResourceClass is the class of a resource, with the properties of its contract. */
export interface ResourceClass<I extends z.ZodObject, O extends z.ZodObject> {
  new (
    name: string,
    args: Args<I>,
    opts?: pulumi.CustomResourceOptions,
  ): pulumi.CustomResource & Outputs<I, O>;
  /** What the engine calls it. */
  readonly type: string;
  /** Whether a value is a resource of this type, also one of another copy of this package. */
  isInstance(value: unknown): value is pulumi.CustomResource & Outputs<I, O>;
}

/** resource makes the class of a contract: `class IpipTunnel extends resource(ipipTunnel, dynamic) {}`. */
export function resource<I extends z.ZodObject, O extends z.ZodObject>(
  contract: ResourceType<I, O>,
  door: Door,
): ResourceClass<I, O> {
  const type = door.type(contract.type);
  const others = doors
    .filter((other) => other !== door)
    .map((other) => ({ type: other.type(contract.type) }));
  const properties = [...Object.keys(contract.inputs.shape), ...Object.keys(contract.outputs.shape)];

  class Resource extends pulumi.CustomResource {
    static readonly type = type;

    constructor(name: string, args: Record<string, unknown>, opts: pulumi.CustomResourceOptions = {}) {
      const { inputs, parents } = namesOf(args, contract);
      const marked = "mark" in contract.inputs.shape && inputs.mark === undefined;
      const mark = marked ? { mark: markOf(pulumi.getProject(), pulumi.getStack(), name) } : {};
      super(
        type,
        name,
        {
          // A property that is named here is there to be read later, also when the program doesn't set it.
          ...Object.fromEntries(properties.map((key) => [key, undefined])),
          ...(secretly(contract.inputs, inputs) as pulumi.Inputs),
          ...mark,
          ...door.bridge(contract.type),
        },
        // The same object by the other door: a stack may go from one to the other.
        { ...withParents(opts, parents, inputs.persist), aliases: [...(opts.aliases ?? []), ...others] },
      );
      labels.set(this, name);
    }

    static override isInstance(value: unknown): value is pulumi.CustomResource {
      return (
        pulumi.CustomResource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === type
      );
    }
  }
  return Resource as unknown as ResourceClass<I, O>;
}

/** Parents are the resources that a program gave in place of their names. */
interface Parents {
  /** Those that the object is in, or on: it goes when one of them goes. */
  readonly around: readonly pulumi.Resource[];
  /** Those that only a part of it is in, or that it outlives: it is replaced with them. */
  readonly beside: readonly pulumi.Resource[];
}

/** A resource that is neither is given for its name alone. */
function namesOf(
  args: Record<string, unknown>,
  { containers, replacedWith = [] }: Pick<ResourceType, "containers" | "replacedWith">,
): { inputs: Record<string, unknown>; parents: Parents } {
  const around: pulumi.Resource[] = [];
  const beside: pulumi.Resource[] = [];
  const named = (value: unknown, path: string): unknown => {
    if (pulumi.Resource.isInstance(value)) {
      const wholly = containers.includes(path) && !path.includes(".");
      if (wholly) around.push(value);
      else if (containers.includes(path) || replacedWith.includes(path)) beside.push(value);
      return (value as Named).name;
    }
    if (Array.isArray(value)) return value.map((item) => named(item, path));
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
      return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, named(inner, `${path}.${key}`)]),
    );
  };
  const inputs = Object.fromEntries(Object.entries(args).map(([key, value]) => [key, named(value, key)]));
  return { inputs, parents: { around, beside } };
}

/**
 * The kernel removes what is in a namespace, or on a device, with it. So whatever has a parent is replaced with it,
 * although its own inputs read the same, and what is wholly inside need not be deleted by itself. But of what a host makes
 * again when it boots, only its own deletion takes that away.
 */
function withParents(
  opts: pulumi.CustomResourceOptions,
  { around, beside }: Parents,
  persist: unknown,
): pulumi.CustomResourceOptions {
  const [deletedWith] = persist === undefined || persist === "none" ? around : [];
  const replaceWith = [...(opts.replaceWith ?? []), ...around, ...beside];
  return {
    ...(deletedWith !== undefined && { deletedWith }),
    ...opts,
    // Told to replace something (`--replace`, a taint, `replaceWith`) the engine asks us nothing, makes the new object,
    // and then deletes the old one. Where both have one name they are the same object, and it would be gone.
    deleteBeforeReplace: opts.deleteBeforeReplace ?? true,
    ...(replaceWith.length > 0 && { replaceWith }),
  };
}

/** secretly makes secrets of the values that a schema calls so, wherever a program gives them in clear. */
export function secretly(schema: z.ZodType, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (schema.meta()?.secret === true) return pulumi.secret(value);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return secretly(schema.unwrap() as z.ZodType, value);
  }
  // What is in an output or a promise can't be seen yet: there all of it becomes one secret, if any of it may be.
  if (pulumi.Output.isInstance(value) || value instanceof Promise)
    return hasSecrets(schema) ? pulumi.secret(value) : value;
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.map((item) => secretly(schema.element as z.ZodType, item));
  if (schema instanceof z.ZodRecord && typeof value === "object" && value !== null)
    return mapped(value, (inner) => secretly(schema.valueType as z.ZodType, inner));
  if (!(schema instanceof z.ZodObject) || typeof value !== "object" || value === null) return value;
  return mapped(value, (inner, key) => {
    const within = schema.shape[key];
    return within === undefined ? inner : secretly(within as z.ZodType, inner);
  });
}

function mapped(value: object, to: (inner: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, to(inner, key)]));
}

function hasSecrets(schema: z.ZodType): boolean {
  if (schema.meta()?.secret === true) return true;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return hasSecrets(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodArray) return hasSecrets(schema.element as z.ZodType);
  if (schema instanceof z.ZodRecord) return hasSecrets(schema.valueType as z.ZodType);
  return (
    schema instanceof z.ZodObject &&
    Object.values(schema.shape).some((inner) => hasSecrets(inner as z.ZodType))
  );
}
